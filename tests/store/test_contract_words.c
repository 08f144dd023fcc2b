/* What is said for a time: overrides, holds, and locks. */
#include "base/mem.h"
#include "contract.h"

START_TEST(an_override_lasts_as_long_as_it_says)
{
	struct store_request force = {
		.verb = STORE_OVERRIDE,
		.name = "filter",
		.u.override = { .state = OVERRIDE_OPEN, .for_ms = 60000,
		    .by = "anna", .reason = "their cache" },
	};

	open_store(_i);
	const int64_t until = ask(&force).now_ms + 60000;
	struct store_reply r = observe((struct seen){ .host = "a" });
	ck_assert_int_eq(r.u.upstream.override.state, OVERRIDE_OPEN);
	ck_assert_int_eq(r.u.upstream.override.until_ms, until);
	ck_assert_str_eq(r.u.upstream.override.by, "anna");
	ck_assert_str_eq(r.u.upstream.override.reason, "their cache");

	force.u.override.state = OVERRIDE_NONE;
	ask(&force);
	r = observe((struct seen){ .host = "a" });
	ck_assert_int_eq(r.u.upstream.override.state, OVERRIDE_NONE);

	force.u.override.state = OVERRIDE_CLOSED;
	force.u.override.for_ms = 30;
	ask(&force);
	nap(60);
	r = observe((struct seen){ .host = "a" });
	ck_assert_int_eq(r.u.upstream.override.state, OVERRIDE_NONE);
}
END_TEST

START_TEST(a_lock_is_never_made_shorter)
{
	struct store_request said = {
		.verb = STORE_PREFLIGHT, .name = "exchange",
	};
	struct store_reply r;
	int64_t good_ms, locked_ms;

	open_store(_i);
	good_ms = ask(&said).now_ms;
	r = ask(&(struct store_request){
		.verb = STORE_OBSERVE, .name = "exchange",
		.u.observe = { .host = "a", .window_ms = 1000 },
	    });
	ck_assert_int_eq(r.u.upstream.preflight.good_ms, good_ms);
	ck_assert_int_eq(r.u.upstream.preflight.locked_ms, 0);
	ck_assert_int_eq(r.u.upstream.record.version, 0);

	said.u.preflight.lock_ms = 60000;
	locked_ms = ask(&said).now_ms + 60000;
	said.u.preflight.lock_ms = 30000;
	ask(&said);
	r = ask(&(struct store_request){
		.verb = STORE_OBSERVE, .name = "exchange",
		.u.observe = { .host = "b", .window_ms = 1000 },
	    });
	ck_assert_int_eq(r.u.upstream.preflight.locked_ms, locked_ms);
	ck_assert_int_eq(r.u.upstream.preflight.good_ms, good_ms);
}
END_TEST

START_TEST(a_hold_is_of_a_destination_alone)
{
	struct store_request word = {
		.verb = STORE_OVERRIDE,
		.name = "filter",	/* an upstream has the same name */
		.u.override = { .destination = true, .state = OVERRIDE_HOLD,
		    .for_ms = 60000, .by = "anna", .reason = "their move" },
	};

	open_store(_i);
	const int64_t until = ask(&word).now_ms + 60000;
	struct store_reply r = destination("filter");
	ck_assert_int_eq(r.u.destination.hold.state, OVERRIDE_HOLD);
	ck_assert_int_eq(r.u.destination.hold.until_ms, until);
	ck_assert_uint_eq(r.u.destination.hold.rate, 0);
	ck_assert_str_eq(r.u.destination.hold.by, "anna");
	ck_assert_str_eq(r.u.destination.hold.reason, "their move");
	r = observe((struct seen){ .host = "a" });
	ck_assert_int_eq(r.u.upstream.override.state, OVERRIDE_NONE);

	word.u.override.state = OVERRIDE_RELEASE;
	word.u.override.rate = 7;
	word.u.override.for_ms = 50;
	ask(&word);
	r = destination("filter");
	ck_assert_int_eq(r.u.destination.hold.state, OVERRIDE_RELEASE);
	ck_assert_uint_eq(r.u.destination.hold.rate, 7);
	nap(80);
	ck_assert_int_eq(destination("filter").u.destination.hold.state,
	    OVERRIDE_NONE);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		an_override_lasts_as_long_as_it_says,
		a_hold_is_of_a_destination_alone, a_lock_is_never_made_shorter,
	};
	TCase *tc = contract_case("words");

	contract_every_store(tc, tests, MW_N_OF(tests));
	return contract_main(tc);
}
