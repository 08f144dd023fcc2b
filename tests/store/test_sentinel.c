/*
 * What sentinels may say, and that both stores follow them to the primary.
 */
#include <hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "redis.h"
#include "sentinel.h"
#include "stores.h"
#include "suite.h"

/* Answers, as they come from the network */

static redisReply *
parsed(const char *bytes)
{
	redisReader *reader = redisReaderCreate();
	void *said = NULL;

	redisReaderFeed(reader, bytes, strlen(bytes));
	ck_assert_int_eq(redisReaderGetReply(reader, &said), REDIS_OK);
	ck_assert_ptr_nonnull(said);
	redisReaderFree(reader);
	return said;
}

#define ODD_SHAPE "sentinel: an answer of an odd shape"

static const struct {
	const char *said;
	enum store_trouble trouble;
	const char *host;	/* or what err says */
	uint16_t port;
} answers[] = {
	{ "*2\r\n$8\r\n10.0.0.1\r\n$4\r\n6379\r\n", STORE_FINE, "10.0.0.1", 6379 },
	{ "*2\r\n$3\r\n::1\r\n$5\r\n65535\r\n", STORE_FINE, "::1", 65535 },
	{ "*-1\r\n", STORE_UNREACHABLE, "it knows no primary of that name", 0 },
	{ "$-1\r\n", STORE_UNREACHABLE, "it knows no primary of that name", 0 },
	{ "-ERR unknown command `SENTINEL`\r\n", STORE_ODD, "unknown command", 0 },
	{ "-NOAUTH Authentication required.\r\n", STORE_DENIED, "NOAUTH", 0 },
	{ "-LOADING \x1b[31m\xff\r\n", STORE_LOADING, "LOADING ?[31m?", 0 },
	{ "*2\r\n$4\r\nmx-1\r\n$4\r\n6379\r\n", STORE_ODD, "\"mx-1\" is no address", 0 },
	{ "*2\r\n$3\r\n\x1b]0\r\n$4\r\n6379\r\n", STORE_ODD, "\"?]0\" is no address", 0 },
	{ "*2\r\n$0\r\n\r\n$4\r\n6379\r\n", STORE_ODD, "\"\" is no address", 0 },
	{ "*2\r\n$8\r\n10.0.0.1\r\n$1\r\n0\r\n", STORE_ODD, "is no address", 0 },
	{ "*2\r\n$8\r\n10.0.0.1\r\n$5\r\n65536\r\n", STORE_ODD, "is no address", 0 },
	{ "*2\r\n$8\r\n10.0.0.1\r\n$2\r\n-1\r\n", STORE_ODD, "is no address", 0 },
	{ "*2\r\n$8\r\n10.0.0.1\r\n$0\r\n\r\n", STORE_ODD, "is no address", 0 },
	{ "*2\r\n$8\r\n10.0.0.1\r\n$6\r\n1:6379\r\n", STORE_ODD, "is no address", 0 },
	{ "*2\r\n$14\r\n10.0.0.1]:1:[x\r\n$1\r\n9\r\n", STORE_ODD, "is no address", 0 },
	{ "*2\r\n$9\r\n10.0.0.1 \r\n$4\r\n6379\r\n", STORE_ODD, "is no address", 0 },
	{ "*2\r\n$70\r\n1111111111111111111111111111111111111111111111111111111111111111111111\r\n$4\r\n6379\r\n",
	    STORE_ODD, "1...\" is no address", 0 },
	{ "*1\r\n$8\r\n10.0.0.1\r\n", STORE_ODD, ODD_SHAPE, 0 },
	{ "*3\r\n$8\r\n10.0.0.1\r\n$4\r\n6379\r\n$1\r\nx\r\n", STORE_ODD, ODD_SHAPE, 0 },
	{ "*2\r\n$8\r\n10.0.0.1\r\n:6379\r\n", STORE_ODD, ODD_SHAPE, 0 },
	{ "*2\r\n$-1\r\n$-1\r\n", STORE_ODD, ODD_SHAPE, 0 },
	{ "*2\r\n*1\r\n$8\r\n10.0.0.1\r\n$4\r\n6379\r\n", STORE_ODD, ODD_SHAPE, 0 },
	{ "*0\r\n", STORE_ODD, ODD_SHAPE, 0 },
	{ "+OK\r\n", STORE_ODD, ODD_SHAPE, 0 },
	{ ":6379\r\n", STORE_ODD, ODD_SHAPE, 0 },
};

START_TEST(a_sentinel_names_an_address_or_none)
{
	redisReply *said = parsed(answers[_i].said);
	struct address where = { .port = 1 };
	struct err err = { 0 };

	ck_assert_str_eq(store_trouble_name(sentinel_answer(said, &where,
	    &err)), store_trouble_name(answers[_i].trouble));
	if (answers[_i].trouble == STORE_FINE) {
		ck_assert(!where.is_unix);
		ck_assert_str_eq(where.host, answers[_i].host);
		ck_assert_uint_eq(where.port, answers[_i].port);
	} else {
		ck_assert_msg(strstr(err.text, answers[_i].host) != NULL,
		    "%s", err.text);
		ck_assert_uint_eq(where.port, 1);
	}
	freeReplyObject(said);
}
END_TEST

START_TEST(a_zero_byte_is_in_no_address)
{
	char host[] = "10.0.0.1\0x", port[] = "6379\0";
	redisReply texts[] = {
		{ .type = REDIS_REPLY_STRING, .str = host, .len = 10 },
		{ .type = REDIS_REPLY_STRING, .str = port, .len = 4 },
	};
	redisReply *list[] = { &texts[0], &texts[1] };
	const redisReply said = {
		.type = REDIS_REPLY_ARRAY, .elements = 2, .element = list,
	};
	struct address where;
	struct err err;

	ck_assert_int_eq(sentinel_answer(&said, &where, &err), STORE_ODD);
	texts[0].len = 8;
	ck_assert_int_eq(sentinel_answer(&said, &where, &err), STORE_FINE);
	texts[1].len = 5;
	ck_assert_int_eq(sentinel_answer(&said, &where, &err), STORE_ODD);
}
END_TEST

static const struct {
	const char *said;
	enum store_trouble trouble;
} roles[] = {
	{ "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n", STORE_FINE },
	{ "*5\r\n$5\r\nslave\r\n$1\r\nx\r\n:1\r\n$1\r\ny\r\n:-1\r\n", STORE_READONLY },
	{ "*2\r\n$8\r\nsentinel\r\n*0\r\n", STORE_READONLY },
	{ "*1\r\n$7\r\nmasters\r\n", STORE_READONLY },
	{ "-NOPERM this user has no permissions\r\n", STORE_DENIED },
	{ "*0\r\n", STORE_ODD },
	{ "*1\r\n:1\r\n", STORE_ODD },
	{ "*-1\r\n", STORE_ODD },
	{ "$6\r\nmaster\r\n", STORE_ODD },
};

START_TEST(only_a_primary_is_good)
{
	redisReply *said = parsed(roles[_i].said);
	struct err err;

	ck_assert_str_eq(store_trouble_name(sentinel_role(said, &err)),
	    store_trouble_name(roles[_i].trouble));
	freeReplyObject(said);
}
END_TEST

/* Servers of a fleet */

static struct redis one, two, sentinels[3];

static void
set_up(void)
{
	redis_start(&one);
	redis_start(&two);
	n_told = 0;
	options = (struct store_options){
		.sentinels = { .name = "mw" },
		.prefix = "mailweir",
		.timeout_ms = TIMEOUT_MS,
	};
}

static void
tear_down(void)
{
	close_store();
	redis_stop(&two);
	redis_stop(&one);
	for (size_t i = 0; i < MW_N_OF(sentinels); i++)
		if (sentinels[i].dir[0] != '\0')
			redis_stop(&sentinels[i]);
}

static void
name_sentinel(const struct address *where)
{
	options.sentinels.list[options.sentinels.n++] = *where;
}

static void
start_sentinel(size_t i, const struct redis *primary)
{
	redis_start_sentinel(&sentinels[i], primary);
	name_sentinel(&sentinels[i].tcp_address);
}

static void
check_counted(const struct redis *r, const char *n)
{
	ck_assert_str_eq(redis_say(r, "HGET mailweir:dest:{contoso} accepted"),
	    n);
}

START_TEST(a_sentinel_says_where)
{
	start_sentinel(0, &two);
	open_store(_i);
	check_works(&count_one);
	check_counted(&two, "1");
	check_counted(&one, "");
	ck_assert_uint_eq(n_told, 1);
	check_told_last(STORE_FINE);
}
END_TEST

/* A sentinel that got it would complain: it has none. And one more right is
 * needed than without sentinels. */
START_TEST(the_password_is_for_the_primary)
{
	start_sentinel(0, &one);
	redis_say(&one, "CONFIG SET requirepass other");
	redis_say(&two, "ACL SETUSER mailweir on >secret ~mailweir:* "
	    "&mailweir:* -@all +eval +evalsha +ping +select +subscribe "
	    "+publish +time +hget +hset +hdel +hkeys +hgetall +del +pttl "
	    "+pexpire +zadd +zrem +zscore +zcard +zcount +zremrangebyscore "
	    "+xadd +xrange +xrevrange");
	start_sentinel(1, &two);
	options.username = "mailweir";
	options.password = "secret";
	open_store(_i);
	check_fails(&count_one, ERR_UNAVAILABLE);
	check_told_last(STORE_DENIED);
	ck_assert_ptr_nonnull(strstr(told_text, "NOPERM"));
	redis_say(&two, "ACL SETUSER mailweir +role");
	check_recovers(&count_one);
	check_counted(&two, "1");
}
END_TEST

/* Nobody listens, one knows no such name, one is a Redis and no sentinel, one
 * still names a replica: the last one is right, and asked first from then. */
START_TEST(the_next_one_is_asked)
{
	struct redis other;

	redis_start_sentinel(&other, &one);
	redis_say(&other, "SENTINEL REMOVE mw");
	redis_say(&one, "REPLICAOF 127.0.0.1 %u", two.port);
	name_sentinel(&(struct address){ .host = "127.0.0.1", .port = 1 });
	name_sentinel(&other.tcp_address);
	name_sentinel(&one.tcp_address);
	start_sentinel(0, &one);
	start_sentinel(1, &two);
	open_store(_i);
	check_works(&count_one);
	check_counted(&two, "1");
	ck_assert_uint_eq(n_told, 1);

	redis_say(&two, "CONFIG RESETSTAT");
	redis_say(&other, "CONFIG RESETSTAT");
	redis_say(&two, "CLIENT KILL TYPE normal");
	check_recovers(&count_one);
	check_told_last(STORE_FINE);
	redis_stop(&other);
}
END_TEST

/* Something listens there, and says nothing. */
START_TEST(a_silent_one_holds_nobody_up_for_long)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct address silent = { .is_unix = true };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s/silent", one.dir);
	snprintf(silent.path, sizeof(silent.path), "%s", un.sun_path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	ck_assert_int_eq(listen(fd, 100), 0);
	name_sentinel(&silent);
	start_sentinel(0, &one);
	open_store(_i);
	check_works(&count_one);
	ck_assert_uint_eq(n_told, 1);
	check_told_last(STORE_FINE);
	close(fd);
	unlink(un.sun_path);
}
END_TEST

START_TEST(sentinels_are_all_away)
{
	start_sentinel(0, &one);
	start_sentinel(1, &one);
	redis_kill(&sentinels[0]);
	redis_kill(&sentinels[1]);
	open_store(_i);
	check_fails(&count_one, ERR_UNAVAILABLE);
	check_told_last(STORE_UNREACHABLE);
	redis_restart(&sentinels[1]);
	check_recovers(&count_one);
	check_told_last(STORE_FINE);
	ck_assert_uint_eq(n_told, 2);

	/* whoever is connected asks nobody */
	redis_kill(&sentinels[1]);
	check_works(&count_one);
	ck_assert_uint_eq(n_told, 2);
}
END_TEST

/* The connection stays, but what it leads to may no longer write. */
START_TEST(a_primary_becomes_a_replica)
{
	start_sentinel(0, &one);
	open_store(_i);
	check_works(&count_one);
	redis_say(&sentinels[0], "SENTINEL REMOVE mw");
	redis_say(&sentinels[0], "SENTINEL MONITOR mw 127.0.0.1 %u 2",
	    two.port);
	redis_say(&one, "REPLICAOF 127.0.0.1 %u", two.port);
	check_fails(&count_one, ERR_UNAVAILABLE);
	check_told_last(STORE_READONLY);
	check_recovers(&count_one);
	check_told_last(STORE_FINE);
	check_counted(&two, "1");
	ck_assert_uint_eq(n_told, 3);
}
END_TEST

/* Fail-over, by three sentinels and a majority of them */

#define PLACE_MS 3000

static void
wait_for_text(const struct redis *r, const char *section, const char *text)
{
	const int64_t end = clock_mono_ms() + PATIENCE_MS;

	while (strstr(redis_say(r, "INFO %s", section), text) == NULL) {
		ck_assert_msg(clock_mono_ms() < end, "%s: %s: %s", section,
		    text, redis_say(r, "INFO %s", section));
		nap(50);
	}
}

static void
start_fleet(void)
{
	redis_say(&two, "REPLICAOF 127.0.0.1 %u", one.port);
	wait_for_text(&two, "replication", "master_link_status:up");
	for (size_t i = 0; i < MW_N_OF(sentinels); i++)
		start_sentinel(i, &one);
	for (size_t i = 0; i < MW_N_OF(sentinels); i++)
		wait_for_text(&sentinels[i], "sentinel",
		    "slaves=1,sentinels=3");
}

/* A message: its place is taken, kept for a moment, given back. Returns
 * whether the store answered all along. */
static bool
pass(unsigned n)
{
	char member[32];
	const char *const members[] = { member };
	const struct store_request steps[] = {
		{ STORE_LEASE_TAKE, "contoso",
		    { .lease_take = { .member = member, .limit = 10,
		    .ttl_ms = PLACE_MS } } },
		{ STORE_LEASE_RENEW, "contoso",
		    { .lease_renew = { members, 1, PLACE_MS } } },
		{ STORE_LEASE_DROP, "contoso",
		    { .lease_drop = { .members = members, .n = 1 } } },
	};
	struct answer a;

	snprintf(member, sizeof(member), "mx1/%u", n);
	for (size_t i = 0; i < MW_N_OF(steps); i++) {
		store->call(&steps[i], &a);
		if (a.rc < 0)
			return false;
		if (i == 0)
			ck_assert(a.reply.u.lease.granted);
	}
	return true;
}

START_TEST(a_fail_over_under_load)
{
	const struct store_request held = {
		STORE_LEASE_TAKE, "contoso",
		{ .lease_take = { .member = "mx1/held", .ttl_ms = 60000 } },
	};
	unsigned before = 0, failed = 0, after = 0;
	int64_t end;

	start_fleet();
	open_store(_i);
	check_works(&held);
	for (; before < 200; before++)
		ck_assert(pass(before));
	ck_assert_str_eq(redis_say(&one, "WAIT 1 5000"), "1");

	redis_kill(&one);
	end = clock_mono_ms() + 2 * PATIENCE_MS;
	while (after < 200 && clock_mono_ms() < end) {
		if (pass(before + failed + after))
			after++;
		else {
			failed++;
			nap(10);
		}
	}
	ck_assert_uint_eq(after, 200);
	ck_assert_uint_gt(failed, 0);
	ck_assert(store->up());
	check_tells_fine(&count_one);

	/* what was held is held; one that was cut off is given back by time */
	while (strcmp(redis_say(&two,
	    "ZCARD mailweir:dest:{contoso}:leases"), "1") != 0) {
		ck_assert(clock_mono_ms() < end);
		nap(100);
		ck_assert(pass(before + failed + after++));
	}
	ck_assert_str_ne(redis_say(&two,
	    "ZSCORE mailweir:dest:{contoso}:leases mx1/held"), "");
}
END_TEST

int
main(void)
{
	const TTest *const both[] = {
		a_sentinel_says_where, the_password_is_for_the_primary,
		the_next_one_is_asked, a_silent_one_holds_nobody_up_for_long,
		sentinels_are_all_away, a_primary_becomes_a_replica,
		a_fail_over_under_load,
	};
	Suite *s = suite_create("store/sentinel");
	TCase *answering = tcase_create("answers");
	TCase *leading = tcase_create("sentinels");

	tcase_add_loop_test(answering, a_sentinel_names_an_address_or_none, 0,
	    (int)MW_N_OF(answers));
	tcase_add_test(answering, a_zero_byte_is_in_no_address);
	tcase_add_loop_test(answering, only_a_primary_is_good, 0,
	    (int)MW_N_OF(roles));
	suite_add_tcase(s, answering);

	tcase_set_timeout(leading, 120);
	tcase_add_checked_fixture(leading, set_up, tear_down);
	for (size_t i = 0; i < MW_N_OF(both); i++)
		tcase_add_loop_test(leading, both[i], 0, STORES);
	if (redis_there())
		suite_add_tcase(s, leading);
	return suite_main(s);
}
