/*
 * What can be the matter with Redis, and that nobody suffers more of it than
 * he has to.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "redis.h"
#include "stores.h"
#include "suite.h"

static struct redis redis;

static void
set_up(void)
{
	redis_start(&redis);
	n_told = 0;
	options = (struct store_options){
		.address = redis.unix_address,
		.prefix = "mailweir",
		.timeout_ms = TIMEOUT_MS,
	};
}

static void
tear_down(void)
{
	close_store();
	redis_stop(&redis);
}

START_TEST(scripts_are_flushed)
{
	open_store(_i);
	check_works(&count_one);
	redis_say(&redis, "SCRIPT FLUSH");
	redis_say(&redis, "CONFIG RESETSTAT");
	for (int i = 0; i < 5; i++)
		check_works(&count_one);
	ck_assert_str_eq(redis_say(&redis,
	    "HGET mailweir:dest:{contoso} accepted"), "6");
	/* asked in full once, by name then: the name is the right one */
	ck_assert_ptr_nonnull(strstr(redis_say(&redis, "INFO errorstats"),
	    "NOSCRIPT:count=1\r"));
	ck_assert_uint_eq(n_told, 1);
}
END_TEST

START_TEST(redis_is_restarted_between_requests)
{
	open_store(_i);
	check_works(&count_one);
	redis_kill(&redis);
	redis_restart(&redis);
	if (_i == 0) {		/* the pool looks before it asks */
		check_works(&count_one);
		ck_assert_uint_eq(n_told, 1);
	}
	check_recovers(&count_one);
	check_told_last(STORE_FINE);
}
END_TEST

START_TEST(redis_is_away_for_a_while)
{
	open_store(_i);
	check_works(&count_one);
	redis_kill(&redis);
	for (int i = 0; i < 50; i++) {
		struct answer a;

		store->call(&count_one, &a);
		ck_assert_int_eq(a.rc, -1);
		ck_assert_int_eq(a.err.kind, ERR_UNAVAILABLE);
		nap(10);
	}
	ck_assert(!store->up());
	ck_assert_uint_eq(n_told, 2);
	check_told_last(STORE_UNREACHABLE);
	redis_restart(&redis);
	check_recovers(&count_one);
	ck_assert_uint_eq(n_told, 3);
	check_told_last(STORE_FINE);
}
END_TEST

START_TEST(redis_was_never_there)
{
	redis_kill(&redis);
	open_store(_i);
	check_fails(&count_one, ERR_UNAVAILABLE);
	check_told_last(STORE_UNREACHABLE);
	redis_restart(&redis);
	check_recovers(&count_one);
}
END_TEST

/* One waits for its deadline, the next does not wait at all. */
START_TEST(redis_stands_still)
{
	struct answer first, second;

	open_store(_i);
	check_works(&count_one);
	kill(redis.pid, SIGSTOP);
	store->call(&count_one, &first);
	store->call(&count_one, &second);
	kill(redis.pid, SIGCONT);
	ck_assert_int_eq(first.rc, -1);
	ck_assert_int_eq(first.err.kind, ERR_TIMEOUT);
	ck_assert_int_lt(first.took_ms, 5 * TIMEOUT_MS);
	ck_assert_int_eq(second.rc, -1);
	ck_assert_int_eq(second.err.kind, ERR_UNAVAILABLE);
	ck_assert_int_lt(second.took_ms, first.took_ms);
	check_told_last(STORE_SILENT);
	check_recovers(&count_one);
	ck_assert_uint_eq(n_told, 3);
	check_told_last(STORE_FINE);
}
END_TEST

START_TEST(all_who_wait_are_told_together)
{
	struct answer a[20];

	open_store(1);
	check_works(&count_one);
	kill(redis.pid, SIGSTOP);
	for (size_t i = 0; i < MW_N_OF(a); i++) {
		ask(&count_one, &a[i]);
		turn();
	}
	for (size_t i = 0; i < MW_N_OF(a); i++)
		wait_for(&a[i]);
	kill(redis.pid, SIGCONT);
	ck_assert_int_eq(a[0].err.kind, ERR_TIMEOUT);
	for (size_t i = 0; i < MW_N_OF(a); i++) {
		ck_assert_int_eq(a[i].rc, -1);
		ck_assert_int_lt(a[i].took_ms, 5 * TIMEOUT_MS);
	}
	ck_assert_uint_eq(n_told, 2);
	/* late answers belong to nobody, and each request was made once */
	check_recovers(&read_upstream);
	ck_assert_str_eq(redis_say(&redis,
	    "HGET mailweir:dest:{contoso} accepted"), "21");
}
END_TEST

START_TEST(too_much_is_asked_at_once)
{
	static struct answer a[10500];
	uint32_t refused = 0;

	options.timeout_ms = PATIENCE_MS;
	open_store(1);
	for (size_t i = 0; i < MW_N_OF(a); i++)
		ask(&count_one, &a[i]);
	for (size_t i = 0; i < MW_N_OF(a); i++) {
		wait_for(&a[i]);
		refused += a[i].rc < 0;
	}
	ck_assert_uint_eq(refused, 500);
	ck_assert(store->up());
}
END_TEST

START_TEST(whoever_still_waits_at_the_end_is_told)
{
	struct answer a;

	open_store(1);
	ask(&count_one, &a);
	close_store();
	ck_assert(a.done);
	ck_assert_int_eq(a.err.kind, ERR_UNAVAILABLE);
}
END_TEST

START_TEST(memory_is_full)
{
	open_store(_i);
	check_works(&count_one);
	redis_say(&redis, "CONFIG SET maxmemory-policy noeviction");
	redis_say(&redis, "CONFIG SET maxmemory 1");
	check_fails(&count_one, ERR_UNAVAILABLE);
	check_works(&read_upstream);
	check_fails(&count_one, ERR_UNAVAILABLE);
	ck_assert(store->up());
	ck_assert_uint_eq(n_told, 2);
	check_told_last(STORE_FULL);
	redis_say(&redis, "CONFIG SET maxmemory 0");
	check_works(&count_one);
	check_tells_fine(&count_one);
	ck_assert_uint_eq(n_told, 3);
}
END_TEST

START_TEST(it_is_a_replica)
{
	open_store(_i);
	check_works(&count_one);
	redis_say(&redis, "REPLICAOF 127.0.0.1 1");
	check_fails(&count_one, ERR_UNAVAILABLE);
	check_told_last(STORE_READONLY);
	check_works(&read_upstream);
	check_fails(&count_one, ERR_UNAVAILABLE);
	ck_assert_uint_eq(n_told, 2);
	redis_say(&redis, "REPLICAOF NO ONE");
	check_works(&count_one);
}
END_TEST

START_TEST(a_password_is_wanted)
{
	redis_say(&redis, "CONFIG SET requirepass secret");
	open_store(_i);
	check_fails(&count_one, ERR_UNAVAILABLE);
	check_told_last(STORE_DENIED);
	ck_assert(strstr(told_text, "NOAUTH") != NULL);
	close_store();

	options.password = "wrong";
	n_told = 0;
	open_store(_i);
	check_fails(&count_one, ERR_UNAVAILABLE);
	check_told_last(STORE_DENIED);
	ck_assert(strstr(told_text, "WRONGPASS") != NULL);
	close_store();

	options.password = "secret";
	options.database = 3;
	n_told = 0;
	open_store(_i);
	check_works(&count_one);
	ck_assert_uint_eq(n_told, 1);
}
END_TEST

/* The rights that docs/store.md asks for, and no others. */
START_TEST(a_user_may_do_what_is_needed_only)
{
	static const char *const member = "a/1";
	static const enum store_verb verbs[] = {
		STORE_LEASE_TAKE, STORE_LEASE_DROP, STORE_SLOTS, STORE_OBSERVE,
		STORE_COMMIT, STORE_DESTINATION, STORE_COUNT, STORE_OVERRIDE,
		STORE_HEARTBEAT, STORE_HOSTS,
	};

	redis_say(&redis, "ACL SETUSER mailweir on >secret ~mailweir:* "
	    "&mailweir:* -@all +eval +evalsha +ping +select +subscribe "
	    "+publish +time +hget +hset +hdel +hkeys +hgetall +del +pttl "
	    "+pexpire +zadd +zrem +zscore +zcard +zcount +zremrangebyscore "
	    "+xadd +xrange +xrevrange");
	options.username = "mailweir";
	options.password = "secret";
	open_store(_i);
	for (size_t i = 0; i < MW_N_OF(verbs); i++) {
		struct store_request r = { .verb = verbs[i], .name = "x" };

		if (r.verb == STORE_LEASE_TAKE)
			r.u.lease_take.member = member;
		if (r.verb == STORE_LEASE_TAKE)
			r.u.lease_take.ttl_ms = 1000;
		if (r.verb == STORE_LEASE_DROP)
			r.u.lease_drop.members = &member;
		if (r.verb == STORE_LEASE_DROP)
			r.u.lease_drop.n = 1;
		if (r.verb == STORE_SLOTS)
			r.u.slots.host = "a";
		if (r.verb == STORE_SLOTS)
			r.u.slots.ttl_ms = 1000;
		if (r.verb == STORE_OBSERVE)
			r.u.observe.window_ms = 1000;
		if (r.verb == STORE_OBSERVE)
			r.u.observe.counts[OUTCOME_TROUBLE] = 1;
		if (r.verb == STORE_COMMIT)
			r.u.commit.afresh = true;
		check_works(&r);
	}
	check_works(&(struct store_request){
		.verb = STORE_LEASE_RENEW,
		.name = "x",
		.u.lease_renew = { (const char *[]){ "a/1" }, 1, 1000 },
	});
	check_works(&(struct store_request){
		.verb = STORE_EVENT_ADD,
		.u.event_add = { &(struct store_pair){ "event", "x" }, 1, 9 },
	});
	check_works(&(struct store_request){
		.verb = STORE_EVENTS,
		.u.events = { "0-1", 1 },
	});
	ck_assert_uint_eq(n_told, 1);

	redis_say(&redis, "ACL SETUSER mailweir -zadd");
	check_fails(&(struct store_request){
		.verb = STORE_LEASE_TAKE,
		.name = "contoso",
		.u.lease_take = { .member = "a/1", .ttl_ms = 1000 },
	}, ERR_UNAVAILABLE);
	check_told_last(STORE_DENIED);
	check_works(&count_one);
}
END_TEST

START_TEST(a_key_is_of_another_type)
{
	struct store_request other = count_one;

	open_store(_i);
	check_works(&count_one);
	redis_say(&redis, "SET mailweir:dest:{contoso} mine");
	check_fails(&count_one, ERR_SYNTAX);
	check_told_last(STORE_ODD);
	other.name = "fabrikam";
	check_works(&other);
	check_works(&read_upstream);
	ck_assert(store->up());
	ck_assert_uint_eq(n_told, 2);
}
END_TEST

START_TEST(every_field_holds_nonsense)
{
	static const char *const junk[] = { "", "-1", "x", "1e9",
	    "99999999999999999999999999", "closed\xff", "  1", "nan" };
	static const char *const fields[] = { "state", "since", "allowance",
	    "reason", "rule", "sample", "incident", "trips", "step",
	    "stepped_back", "next_step_at", "cap_limit", "cap_refused", "cap_cut_at",
	    "cap_raised_at", "streak", "settle", "in_use", "waiting",
	    "cap", "outcome_ok", "outcome_trouble" };
	struct store_request seen = read_upstream;
	struct store_request slots = {
		.verb = STORE_SLOTS,
		.name = "filter",
		.u.slots = { "a", 1, 2, 0, 1, 10, 10, 1000, 0 },
	};
	struct answer a;

	open_store(_i);
	seen.u.observe.counts[OUTCOME_OK] = 1;
	seen.u.observe.counts[OUTCOME_TROUBLE] = 1;
	for (size_t j = 0; j < MW_N_OF(junk); j++) {
		redis_say(&redis, "FLUSHALL");
		for (size_t f = 0; f < MW_N_OF(fields); f++)
			redis_say(&redis, "HSET mailweir:upstream:{filter} "
			    "%s %s", fields[f], junk[j]);
		redis_say(&redis, "HSET mailweir:upstream:{filter}:slots "
		    "b %s c %s", junk[j], "9 9 9 99999999999999 9");
		redis_say(&redis, "HSET mailweir:upstream:{filter}:window "
		    "%s 1 1:ok:a %s 0:nothing:b 1 1:ok 1 :: 1", junk[j],
		    junk[j]);
		redis_say(&redis, "HSET mailweir:override:{filter} state %s "
		    "by %s reason %s until %s", junk[j], junk[j], junk[j],
		    junk[j]);
		redis_say(&redis, "HSET mailweir:override:dest:{contoso} "
		    "state %s until %s rate %s", junk[j], junk[j], junk[j]);
		redis_say(&redis, "HSET mailweir:dest:{contoso} accepted %s",
		    junk[j]);
		redis_say(&redis, "HSET mailweir:hosts h %s i %s", junk[j],
		    "1 2");
		redis_say(&redis, "XADD mailweir:events * %s %s", junk[j],
		    junk[j]);

		store->call(&read_upstream, &a);
		ck_assert_msg(a.rc == 0, "%s", a.err.text);
		ck_assert(record_sane(&a.reply.u.upstream.record));
		ck_assert_int_eq(a.reply.u.upstream.override.state,
		    OVERRIDE_NONE);
		ck_assert_uint_eq(a.reply.u.upstream.window.n, 0);
		check_works(&seen);
		check_works(&count_one);
		store->call(&slots, &a);
		ck_assert_msg(a.rc == 0, "%s", a.err.text);
		ck_assert_uint_eq(a.reply.u.slots.granted, 10);
		ck_assert_uint_eq(a.reply.u.slots.hosts, 1);
		check_works(&(struct store_request){ .verb = STORE_HOSTS });
		check_works(&(struct store_request){
			.verb = STORE_EVENTS,
			.u.events = { "", 10 },
		});
		ck_assert_str_eq(redis_say(&redis,
		    "HGET mailweir:dest:{contoso} accepted"), "1");
	}
	ck_assert_uint_eq(n_told, 1);
}
END_TEST

/* One wrote fewer words into its row, one writes more. */
START_TEST(rows_of_other_versions_count)
{
	struct store_request slots = {
		.verb = STORE_SLOTS,
		.name = "filter",
		.u.slots = { "a", 0, 9, 0, 0, 10, 10, 1000, 0 },
	};
	struct answer a;
	char older[64], newer[64];

	open_store(_i);
	snprintf(older, sizeof(older), "3 2 0 %" PRId64,
	    clock_wall_ms() + 5000);
	snprintf(newer, sizeof(newer), "4 1 0 %" PRId64 " 0 7 new",
	    clock_wall_ms() + 5000);
	redis_say(&redis, "HSET mailweir:upstream:{filter}:slots "
	    "older %s newer %s", older, newer);
	store->call(&slots, &a);
	ck_assert_msg(a.rc == 0, "%s", a.err.text);
	ck_assert_uint_eq(a.reply.u.slots.granted, 3);
	ck_assert_uint_eq(a.reply.u.slots.hosts, 3);
	ck_assert_uint_eq(a.reply.u.slots.in_use, 3);
}
END_TEST

/* Whoever it was holds something; nobody knows how much. */
START_TEST(nothing_is_granted_on_a_row_of_nonsense)
{
	struct store_request slots = {
		.verb = STORE_SLOTS,
		.name = "filter",
		.u.slots = { "a", 0, 9, 0, 2, 10, 10, 1000, 60000 },
	};
	struct answer a;

	open_store(_i);
	redis_say(&redis, "HSET mailweir:upstream:{filter} settle 1");
	redis_say(&redis, "HSET mailweir:upstream:{filter}:slots b nonsense");
	store->call(&slots, &a);
	ck_assert_msg(a.rc == 0, "%s", a.err.text);
	ck_assert_uint_eq(a.reply.u.slots.granted, 2);
}
END_TEST

START_TEST(an_insane_record_can_be_put_right)
{
	struct store_request r = {
		.verb = STORE_COMMIT,
		.name = "filter",
	};
	struct answer a;

	open_store(_i);
	redis_say(&redis, "HSET mailweir:upstream:{filter} version 41 "
	    "state open allowance 7777");
	store->call(&read_upstream, &a);
	ck_assert_int_eq(a.rc, 0);
	ck_assert_int_eq(a.reply.u.upstream.record.version, 41);
	ck_assert_int_eq(a.reply.u.upstream.record.breaker.state,
	    BREAKER_CLOSED);
	r.u.commit.version = a.reply.u.upstream.record.version;
	store->call(&r, &a);
	ck_assert_int_eq(a.rc, 0);
	ck_assert(!a.reply.u.commit.stale);
	ck_assert_str_eq(redis_say(&redis,
	    "HGET mailweir:upstream:{filter} state"), "closed");
}
END_TEST

/* Something else listens there. */
static int
listen_at(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	unlink(path);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	ck_assert_int_eq(listen(fd, 100), 0);
	return fd;
}

START_TEST(a_server_accepts_and_says_nothing)
{
	int fd;

	redis_kill(&redis);
	fd = listen_at(redis.unix_address.path);
	open_store(_i);
	check_fails(&count_one, _i == 0 ? ERR_TIMEOUT : ERR_UNAVAILABLE);
	check_told_last(STORE_SILENT);
	check_fails(&count_one, ERR_UNAVAILABLE);
	close(fd);
	redis_restart(&redis);
	check_recovers(&count_one);
}
END_TEST

START_TEST(a_server_speaks_something_else)
{
	int fd, peer;

	redis_kill(&redis);
	fd = listen_at(redis.unix_address.path);
	if (fork() == 0) {
		alarm(60);
		while ((peer = accept(fd, NULL, NULL)) >= 0) {
			if (write(peer, "220 mail ESMTP\r\n", 16) != 16)
				_exit(1);
			close(peer);
		}
		_exit(0);
	}
	open_store(_i);
	check_fails(&count_one, ERR_UNAVAILABLE);
	ck_assert(!store->up());
	shutdown(fd, SHUT_RDWR);
	close(fd);
}
END_TEST

START_TEST(changes_are_told)
{
	const int64_t end = clock_mono_ms() + PATIENCE_MS;
	const struct store_request r = {
		.verb = STORE_COMMIT,
		.name = "filter",
	};
	struct answer a;

	open_store(1);
	do {			/* the listener may connect a little later */
		struct store_request again = r;

		store->call(&r, &a);
		again.u.commit.version = a.reply.u.commit.record.version;
		store->call(&again, &a);
		for (int i = 0; i < 20; i++)
			turn();
	} while (changed[0] == '\0' && clock_mono_ms() < end);
	ck_assert_str_eq(changed, "filter");

	changed[0] = '\0';
	redis_say(&redis, "PUBLISH mailweir:changed %s", "evil\x01name");
	redis_say(&redis, "PUBLISH mailweir:changed fabrikam");
	while (changed[0] == '\0' && clock_mono_ms() < end)
		turn();
	ck_assert_str_eq(changed, "fabrikam");
}
END_TEST

START_TEST(troubles_have_names_and_advice)
{
	ck_assert_str_eq(store_trouble_name(STORE_FINE), "fine");
	ck_assert_str_eq(store_trouble_name(STORE_ODD), "odd");
	for (int i = STORE_FINE; i <= STORE_ODD; i++)
		ck_assert_uint_gt(strlen(store_trouble_advice(
		    (enum store_trouble)i)), 10);
}
END_TEST

int
main(void)
{
	const TTest *const both[] = {
		scripts_are_flushed, redis_is_restarted_between_requests,
		redis_is_away_for_a_while, redis_was_never_there,
		redis_stands_still, memory_is_full, it_is_a_replica,
		a_password_is_wanted, a_user_may_do_what_is_needed_only,
		a_key_is_of_another_type, every_field_holds_nonsense,
		rows_of_other_versions_count,
		nothing_is_granted_on_a_row_of_nonsense,
		an_insane_record_can_be_put_right,
		a_server_accepts_and_says_nothing,
		a_server_speaks_something_else,
	};
	Suite *s = suite_create("store/faults");
	TCase *tc = tcase_create("faults");

	if (!redis_there()) {
		puts("1..0 # SKIP redis-server is not installed");
		return EXIT_SUCCESS;
	}
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	for (size_t i = 0; i < MW_N_OF(both); i++)
		tcase_add_loop_test(tc, both[i], 0, STORES);
	tcase_add_test(tc, all_who_wait_are_told_together);
	tcase_add_test(tc, too_much_is_asked_at_once);
	tcase_add_test(tc, whoever_still_waits_at_the_end_is_told);
	tcase_add_test(tc, changes_are_told);
	tcase_add_test(tc, troubles_have_names_and_advice);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
