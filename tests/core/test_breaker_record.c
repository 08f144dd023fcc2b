/* What of a breaker can be stored, and what of it can be loaded. */
#include "core/breaker.h"

#include "base/mem.h"

#include "suite.h"

#define NOW 1000000

static const char *const states[] = {
	"closed", "shedding", "open", "half-open", "ramp",
};
static const char *const reasons[] = {
	"", "bad-share", "streak", "trial-failed", "ramp-failed", "wait-over",
	"trials-won", "ramp-step", "ramp-back", "recovered", "shared", "step-back", "dns",
};

START_TEST(names_go_both_ways)
{
	enum breaker_state state;
	enum breaker_reason reason;

	for (size_t i = 0; i < MW_N_OF(states); i++) {
		ck_assert(breaker_state_parse(span_of(states[i]), &state));
		ck_assert_uint_eq(state, i);
		ck_assert_str_eq(breaker_state_name(state), states[i]);
	}
	for (size_t i = 0; i < MW_N_OF(reasons); i++) {
		ck_assert(breaker_reason_parse(span_of(reasons[i]), &reason));
		ck_assert_uint_eq(reason, i);
		ck_assert_str_eq(breaker_reason_name(reason), reasons[i]);
	}
	ck_assert(!breaker_state_parse(SPAN(""), &state));
	ck_assert(!breaker_state_parse(SPAN("Open"), &state));
	ck_assert(!breaker_state_parse(SPAN("opened"), &state));
	ck_assert(!breaker_reason_parse(SPAN("shar"), &reason));
}
END_TEST

static const struct {
	const char *says;
	bool sane;
	struct breaker b;
} records[] = {
	{ "a new one", true, { 0 } },
	{ "closed again", true,
	    { .reason = BREAKER_RECOVERED, .since_ms = NOW } },
	{ "no such state", false, { .state = 5 } },
	{ "no such reason", false, { .reason = 13 } },
	{ "before all time", false, { .since_ms = -1 } },
	{ "closed with trips", false, { .trips = 1 } },
	{ "closed with a wait", false, { .until_ms = 1 } },
	{ "closed, stepped back", true, { .reason = BREAKER_STEP_BACK,
	    .backed = 450, .since_ms = NOW, .until_ms = NOW + 1 } },
	{ "stepped back until before that", false,
	    { .reason = BREAKER_STEP_BACK, .since_ms = NOW, .until_ms = 1 } },
	{ "stepped back from more than all", false, { .backed = 1001 } },
	{ "closed with an allowance", false, { .allowance = 1000 } },
	{ "shedding", true, { .state = BREAKER_SHEDDING, .allowance = 1 } },
	{ "shedding everything", false, { .state = BREAKER_SHEDDING } },
	{ "shedding nothing", false,
	    { .state = BREAKER_SHEDDING, .allowance = 1000 } },
	{ "open", true, { .state = BREAKER_OPEN, .trips = 1, .until_ms = 1 } },
	{ "open without a trip", false,
	    { .state = BREAKER_OPEN, .until_ms = 1 } },
	{ "open until before it began", false,
	    { .state = BREAKER_OPEN, .trips = 1, .since_ms = 2,
	    .until_ms = 1 } },
	{ "half-open", true, { .state = BREAKER_HALF_OPEN, .trips = 1 } },
	{ "open, and since when it takes no mail", true,
	    { .state = BREAKER_OPEN, .trips = 1, .until_ms = 9, .down_ms = 1 } },
	{ "takes no mail since before all time", false,
	    { .state = BREAKER_OPEN, .trips = 1, .down_ms = -1 } },
	{ "ramp, and takes no mail", false, { .state = BREAKER_RAMP,
	    .trips = 1, .allowance = 50, .down_ms = 1 } },
	{ "half-open with a wait", false,
	    { .state = BREAKER_HALF_OPEN, .trips = 1, .until_ms = 1 } },
	{ "ramp", true, { .state = BREAKER_RAMP, .trips = 1, .step = 7,
	    .allowance = 1000 } },
	{ "ramp beyond its end", false, { .state = BREAKER_RAMP, .trips = 1,
	    .step = 8, .allowance = 1000 } },
	{ "ramp with more than all", false, { .state = BREAKER_RAMP,
	    .trips = 1, .allowance = 1001 } },
	{ "ramp until before it began", false, { .state = BREAKER_RAMP,
	    .trips = 1, .allowance = 50, .since_ms = 2, .until_ms = 1 } },
	{ "ramp with nothing", false, { .state = BREAKER_RAMP, .trips = 1 } },
	{ "a step that is not of a ramp", false, { .step = 1 } },
};

START_TEST(what_can_be_loaded)
{
	ck_assert_msg(breaker_sane(&records[_i].b) == records[_i].sane, "%s",
	    records[_i].says);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("breaker record");
	TCase *tc = tcase_create("breaker record");

	tcase_add_test(tc, names_go_both_ways);
	tcase_add_loop_test(tc, what_can_be_loaded, 0, MW_N_OF(records));
	suite_add_tcase(s, tc);
	return suite_main(s);
}
