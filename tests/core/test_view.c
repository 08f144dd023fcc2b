#include "core/view.h"

#include "base/mem.h"

#include "suite.h"

#define NOW 1000000

static const struct breaker closed = { 0 };
static const struct breaker shedding = {
	.state = BREAKER_SHEDDING, .allowance = 400,
};
static const struct breaker opened = {
	.state = BREAKER_OPEN, .trips = 1, .until_ms = NOW + 1,
};
static const struct breaker half = { .state = BREAKER_HALF_OPEN, .trips = 1 };

static const struct {
	const char *says;
	bool known;
	const struct breaker *breaker;
	uint32_t cap;
	enum override_state forced;
	int64_t until_ms;
	enum breaker_state state;
	uint32_t allowance, connections;	/* 20 configured */
} views[] = {
	{ "before the first snapshot mail flows", false, &opened, 5,
	    OVERRIDE_NONE, 0, BREAKER_CLOSED, 1000, 20 },
	{ "closed", true, &closed, 0,
	    OVERRIDE_NONE, 0, BREAKER_CLOSED, 1000, 20 },
	{ "closed, with a lowered cap", true, &closed, 5,
	    OVERRIDE_NONE, 0, BREAKER_CLOSED, 1000, 5 },
	{ "never above what is configured", true, &closed, 21,
	    OVERRIDE_NONE, 0, BREAKER_CLOSED, 1000, 20 },
	{ "shedding", true, &shedding, 5,
	    OVERRIDE_NONE, 0, BREAKER_SHEDDING, 400, 5 },
	{ "open", true, &opened, 5,
	    OVERRIDE_NONE, 0, BREAKER_OPEN, 0, 0 },
	{ "half-open", true, &half, 5,
	    OVERRIDE_NONE, 0, BREAKER_HALF_OPEN, 1000, 1 },
	{ "forced open", true, &closed, 0,
	    OVERRIDE_OPEN, NOW + 1, BREAKER_OPEN, 0, 0 },
	{ "forced closed", true, &opened, 5,
	    OVERRIDE_CLOSED, NOW + 1, BREAKER_CLOSED, 1000, 20 },
	{ "forced open before the first snapshot", false, &closed, 0,
	    OVERRIDE_OPEN, NOW + 1, BREAKER_OPEN, 0, 0 },
	{ "forced open until now", true, &closed, 0,
	    OVERRIDE_OPEN, NOW, BREAKER_CLOSED, 1000, 20 },
	{ "forced closed until now", true, &opened, 0,
	    OVERRIDE_CLOSED, NOW, BREAKER_OPEN, 0, 0 },
	{ "a destination's word is none of its", true, &opened, 0,
	    OVERRIDE_HOLD, NOW + 1, BREAKER_OPEN, 0, 0 },
	{ "a time alone forces nothing", true, &shedding, 0,
	    OVERRIDE_NONE, NOW + 1, BREAKER_SHEDDING, 400, 20 },
};

START_TEST(what_counts_now)
{
	const struct upstream_view v = {
		.known = views[_i].known,
		.record = { .breaker = *views[_i].breaker,
		    .throttle = { .cap = views[_i].cap } },
		.override = { .state = views[_i].forced,
		    .until_ms = views[_i].until_ms },
	};

	ck_assert_msg(view_state(&v, NOW) == views[_i].state &&
	    view_allowance(&v, NOW) == views[_i].allowance &&
	    view_connections(&v, 20, NOW) == views[_i].connections,
	    "%s: %s, %u, %u", views[_i].says,
	    breaker_state_name(view_state(&v, NOW)), view_allowance(&v, NOW),
	    view_connections(&v, 20, NOW));
}
END_TEST

static const struct {
	const char *says;
	const struct breaker *fleet, *own;
	enum override_state forced;
	enum breaker_state state;
	uint32_t allowance, own_connections;
	bool own_record;
} pairs[] = {
	{ "neither has anything against it", &closed, &closed,
	    OVERRIDE_NONE, BREAKER_CLOSED, 1000, UINT32_MAX, false },
	{ "this host alone", &closed, &opened,
	    OVERRIDE_NONE, BREAKER_OPEN, 0, 0, true },
	{ "this host tries it", &closed, &half,
	    OVERRIDE_NONE, BREAKER_HALF_OPEN, 1000, 1, true },
	{ "this host tries it with the share that all have", &shedding, &half,
	    OVERRIDE_NONE, BREAKER_HALF_OPEN, 400, 1, true },
	{ "the others alone", &opened, &shedding,
	    OVERRIDE_NONE, BREAKER_OPEN, 0, UINT32_MAX, false },
	{ "an operator opens it in spite of both", &shedding, &opened,
	    OVERRIDE_CLOSED, BREAKER_CLOSED, 1000, UINT32_MAX, true },
	{ "an operator closes it", &closed, &half,
	    OVERRIDE_OPEN, BREAKER_OPEN, 0, UINT32_MAX, true },
};

START_TEST(the_worse_of_two_counts)
{
	const struct upstream_view v = {
		.known = true,
		.record.breaker = *pairs[_i].fleet,
		.own.breaker = *pairs[_i].own,
		.override = { .state = pairs[_i].forced, .until_ms = NOW + 1 },
	};

	ck_assert_msg(view_state(&v, NOW) == pairs[_i].state &&
	    view_allowance(&v, NOW) == pairs[_i].allowance &&
	    view_own_connections(&v, NOW) == pairs[_i].own_connections &&
	    (view_record(&v) == &v.own) == pairs[_i].own_record,
	    "%s: %s, %u, %u", pairs[_i].says,
	    breaker_state_name(view_state(&v, NOW)), view_allowance(&v, NOW),
	    view_own_connections(&v, NOW));
	/* What the fleet may use is not one host's to say. */
	ck_assert_uint_eq(view_connections(&v, 20, NOW), view_connections(
	    &(struct upstream_view){ .known = true, .record = v.record,
	    .override = v.override }, 20, NOW));
}
END_TEST

START_TEST(names_go_both_ways)
{
	static const char *const names[] = { "", "open", "closed" };
	enum override_state state;

	for (size_t i = 0; i < MW_N_OF(names); i++) {
		ck_assert(override_state_parse(span_of(names[i]), &state));
		ck_assert_uint_eq(state, i);
		ck_assert_str_eq(override_state_name(state), names[i]);
	}
	ck_assert(!override_state_parse(SPAN("auto"), &state));
	ck_assert(!override_state_parse(SPAN("ope"), &state));
}
END_TEST

START_TEST(what_can_be_loaded)
{
	struct upstream_record r = { 0 };

	ck_assert(record_sane(&r));
	r = (struct upstream_record){ .version = -1 };
	ck_assert(!record_sane(&r));
	r = (struct upstream_record){ .breaker = { .trips = 1 } };
	ck_assert(!record_sane(&r));
	r = (struct upstream_record){ .throttle = { .cut_ms = -1 } };
	ck_assert(!record_sane(&r));
	r = (struct upstream_record){ 0 };
	memset(r.incident, 'x', INCIDENT_MAX);
	memset(r.rule, 'x', OUTCOME_RULE_NAME_MAX);
	memset(r.sample, 'x', SAMPLE_MAX);
	ck_assert(record_sane(&r));
	r.incident[INCIDENT_MAX] = 'x';
	ck_assert(!record_sane(&r));
	r.incident[INCIDENT_MAX] = '\0';
	r.rule[OUTCOME_RULE_NAME_MAX] = 'x';
	ck_assert(!record_sane(&r));
	r.rule[OUTCOME_RULE_NAME_MAX] = '\0';
	r.sample[SAMPLE_MAX] = 'x';
	ck_assert(!record_sane(&r));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("view");
	TCase *tc = tcase_create("view");

	tcase_add_loop_test(tc, what_counts_now, 0, MW_N_OF(views));
	tcase_add_loop_test(tc, the_worse_of_two_counts, 0, MW_N_OF(pairs));
	tcase_add_test(tc, names_go_both_ways);
	tcase_add_test(tc, what_can_be_loaded);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
