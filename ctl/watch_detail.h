/*
 * watch_detail - all there is to say about one upstream or destination, or
 * about what is wrong, as lines; pure, like the model.
 */
#ifndef CTL_WATCH_DETAIL_H
#define CTL_WATCH_DETAIL_H

#include "base/buf.h"
#include "ctl/watch_model.h"

/* Append them, each with its newline. */
void watch_detail(const struct watch_past *past, const struct status *now,
    bool destination, uint32_t index, struct buf *to);

/* All findings, as lines. */
void watch_findings(const struct status *now, struct buf *to);

/* A rate as people read it: "0", "0.3", "12.5", "1043", into dst[16]. */
const char *watch_rate_text(uint32_t tenths, char dst[16]);

#endif
