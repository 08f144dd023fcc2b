/*
 * decide_sample - what the tests of decide have in common: a destination with
 * two filters and a way past them, a plan for it, and upstreams in any state.
 */
#ifndef TESTS_CORE_DECIDE_SAMPLE_H
#define TESTS_CORE_DECIDE_SAMPLE_H

#include "core/decide.h"

#define NOW 1000000
#define WAIT 20000		/* for a slot */
#define SPILL 250		/* the same where there is an alternate */

enum { FILTER, FILTER_EU, EXCHANGE, UPSTREAMS };

/* Its routes are in that order; exchange does not filter. */
extern const struct destination contoso;

extern const struct override nothing;
extern const struct override on_hold;	/* for 5 s from NOW on */

/* The views, and that no operator has said anything. */
#define SEEN(views) (&(struct snapshot){ (views), &nothing, NULL })
/* ... but that one holds the destination. */
#define HELD(views) (&(struct snapshot){ (views), &on_hold, NULL })

struct plan plan_in(enum plan_mode mode);
/* Known, and seen just now. */
struct upstream_view view_in(enum breaker_state state);

#endif
