/* What a host tells of itself: that it is there, and that it is in trouble
 * alone. */
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "contract.h"

/* A host tells of its own breaker, or only reads (NULL). */
static struct store_reply
tell_alone(const char *host, const struct upstream_record *own, int64_t ttl_ms)
{
	return ask(&(struct store_request){
		.verb = STORE_OBSERVE,
		.name = "filter",
		.u.observe = { .host = host, .window_ms = 120000,
		    .alone = own, .alone_ttl_ms = ttl_ms },
	    });
}

START_TEST(who_is_alone_in_trouble_is_seen_by_all)
{
	const struct upstream_record open = an_open_record(), fine = { 0 };
	struct upstream_record ramp = open, own;
	struct store_reply r;

	open_store(_i);
	ramp.breaker = (struct breaker){ .state = BREAKER_RAMP, .trips = 1,
	    .allowance = 250, .until_ms = 1763728090000 };
	tell_alone("mx1", &open, 30000);
	tell_alone("mx2", &ramp, 30000);
	r = tell_alone("mx3", NULL, 0);
	ck_assert_uint_eq(r.u.upstream.n_alone, 2);
	ck_assert_int_eq(r.u.upstream.record.breaker.state, BREAKER_CLOSED);
	own = store_alone_record(&r, "mx1");
	ck_assert(record_sane(&own));
	ck_assert_int_eq(own.breaker.state, BREAKER_OPEN);
	ck_assert_int_eq(own.breaker.until_ms, open.breaker.until_ms);
	ck_assert_str_eq(own.incident, open.incident);
	own = store_alone_record(&r, "mx2");
	ck_assert(record_sane(&own));
	ck_assert_int_eq(own.breaker.state, BREAKER_RAMP);
	ck_assert_uint_eq(own.breaker.allowance, 250);
	own = store_alone_record(&r, "mx3");
	ck_assert_int_eq(own.breaker.state, BREAKER_CLOSED);
	/* Told again it has one row; closed it has none. */
	r = tell_alone("mx1", &ramp, 30000);
	ck_assert_uint_eq(r.u.upstream.n_alone, 2);
	ck_assert_int_eq(store_alone_record(&r, "mx1").breaker.state,
	    BREAKER_RAMP);
	tell_alone("mx1", &fine, 30000);
	r = tell_alone("mx2", NULL, 0);
	ck_assert_uint_eq(r.u.upstream.n_alone, 1);
	ck_assert_str_eq(r.u.upstream.alone[0].host, "mx2");
}
END_TEST

START_TEST(what_a_host_said_of_itself_ends)
{
	const struct upstream_record open = an_open_record();

	open_store(_i);
	tell_alone("mx2", &open, 30000);
	tell_alone("mx1", &open, 1);
	nap(20);
	ck_assert_uint_eq(tell_alone("mx3", NULL, 0).u.upstream.n_alone, 1);
	if (store_is_redis())
		ck_assert_str_eq(redis_say(&redis, "HLEN "
		    "mailweir:upstream:{filter}:alone"), "2");
	/* Who tells of itself clears away what has ended. */
	tell_alone("mx2", &open, 30000);
	if (store_is_redis())
		ck_assert_str_eq(redis_say(&redis, "HLEN "
		    "mailweir:upstream:{filter}:alone"), "1");
}
END_TEST

START_TEST(nonsense_about_a_host_is_left_out)
{
	static const char *const values[] = {
		"open 0 1 9999999999999 id", "closed 0 1 9999999999999 id",
		"ajar 0 1 9999999999999 id", "open 0 1 1 id", "open", "",
	};

	open_store(_i);
	for (size_t i = 0; i < MW_N_OF(values); i++)
		redis_say(&redis, "HSET mailweir:upstream:{filter}:alone h%d "
		    "%s", (int)i, values[i]);
	ck_assert_uint_eq(tell_alone("mx1", NULL, 0).u.upstream.n_alone,
	    store_is_redis() ? 1 : 0);
}
END_TEST

START_TEST(hosts_are_listed)
{
	struct store_request beat = {
		.verb = STORE_HEARTBEAT,
		.u.heartbeat = { "mx1.example.org", "0.1.0", "0123456789abcdef",
		    "observe" },
	};

	open_store(_i);
	ask(&beat);
	beat.u.heartbeat.mode = "enforce";
	const int64_t at = ask(&beat).now_ms;

	struct store_reply r = ask(&(struct store_request){
		.verb = STORE_HOSTS,
	});
	ck_assert_uint_eq(r.u.hosts.n, 1);
	ck_assert_str_eq(r.u.hosts.list[0].name, "mx1.example.org");
	ck_assert_str_eq(r.u.hosts.list[0].version, "0.1.0");
	ck_assert_str_eq(r.u.hosts.list[0].digest, "0123456789abcdef");
	ck_assert_str_eq(r.u.hosts.list[0].mode, "enforce");
	ck_assert_int_eq(r.u.hosts.list[0].seen_ms, at);
	store_reply_clear(&r);
}
END_TEST

START_TEST(silent_hosts_are_forgotten_after_a_week)
{
	static const char rows[] = "HLEN mailweir:hosts";
	const int64_t day_ms = 24 * 3600000;
	struct store_request beat = {
		.verb = STORE_HEARTBEAT,
		.u.heartbeat = { "mx1", "1", "0", "observe" },
	};

	open_store(POOL);
	const int64_t now = ask(&beat).now_ms;
	char six[48], eight[48];

	snprintf(six, sizeof(six), "%" PRId64 " 1 0 observe", now - 6 * day_ms);
	snprintf(eight, sizeof(eight), "%" PRId64 " 1 0 observe",
	    now - 8 * day_ms);
	redis_say(&redis, "HSET mailweir:hosts mx6 %s mx8 %s", six, eight);
	beat.u.heartbeat.host = "mx2";	/* a new one finds it */
	ask(&beat);
	ck_assert_str_eq(redis_say(&redis, rows), "3");

	/* So does an old one within an hour. */
	redis_say(&redis, "HSET mailweir:hosts mx1 %s mx8 %s", six, eight);
	beat.u.heartbeat.host = "mx1";
	ask(&beat);
	ck_assert_str_eq(redis_say(&redis, rows), "3");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		who_is_alone_in_trouble_is_seen_by_all,
		what_a_host_said_of_itself_ends,
		nonsense_about_a_host_is_left_out, hosts_are_listed,
	};
	TCase *tc = contract_case("hosts");

	contract_every_store(tc, tests, MW_N_OF(tests));
	tcase_add_test(tc, silent_hosts_are_forgotten_after_a_week);
	return contract_main(tc);
}
