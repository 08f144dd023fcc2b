/*
 * page_parts - the pieces of the status page, from the top to the bottom;
 * page.c puts them together.
 */
#ifndef LIB_OBSERVE_PAGE_PARTS_H
#define LIB_OBSERVE_PAGE_PARTS_H

#include "observe/health.h"
#include "observe/overview.h"

/* How an upstream is, the way the eye sorts it. */
enum light { LIGHT_RED, LIGHT_AMBER, LIGHT_GREEN };

enum light page_light(const struct overview *o, uint32_t upstream);
/* An operator's word; NULL: none is in force, and nothing is added. */
void page_override(struct buf *to, const struct status *s,
    const struct override *override);

/* Where this is, and what is wrong. */
void page_header(struct buf *to, const struct overview *o,
    const struct health *health);
void page_upstreams(struct buf *to, const struct overview *o);
/* Those that have a row of figures: all, or the worst where they are many. */
void page_destinations(struct buf *to, const struct overview *o);
void page_events(struct buf *to, const struct overview *o);
/* The rest, small. */
void page_other_destinations(struct buf *to, const struct overview *o);

#endif
