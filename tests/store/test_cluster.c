/*
 * What each request says to Redis, said to a Redis Cluster of three nodes: all
 * keys of a request lie in one slot, so some node takes it. The store's own
 * clients know no cluster; here the test goes where a node sends it.
 */
#include "redis.h"

#include "suite.h"

#include "base/mem.h"
#include "command.h"

#include <hiredis.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NODES 3
#define SLOTS 16384

static struct redis nodes[NODES];
static unsigned served[NODES];

static const char *const member = "mx1/192.0.2.1:40000/25";
static const struct store_pair pair = { "event", "test" };
static const struct store_request requests[] = {
	{ .verb = STORE_LEASE_TAKE, .u.lease_take = { "mx1/1", 5, 1000, &member,
	    1 } },
	{ .verb = STORE_LEASE_RENEW, .u.lease_renew = { &member, 1, 1000 } },
	{ .verb = STORE_LEASE_DROP, .u.lease_drop = { .members = &member, .n = 1 } },
	{ .verb = STORE_SLOTS, .u.slots = { .host = "mx1", .in_use = 1,
	    .cap = 9, .limit = 9, .ttl_ms = 1000, .settle_ms = 10 } },
	{ .verb = STORE_OBSERVE, .u.observe = { .host = "mx1",
	    .window_ms = 1000, .counts = { 1, 1, 1 } } },
	{ .verb = STORE_COMMIT, .u.commit = { .afresh = true } },
	{ .verb = STORE_DESTINATION, .u.destination = { "mx1" } },
	{ .verb = STORE_COUNT, .u.count.add = { 1, 2 } },
	{ .verb = STORE_BACKLOG, .u.backlog = { "mx1", { 0, 7, 1, 5 } } },
	{ .verb = STORE_OVERRIDE, .u.override = { false, OVERRIDE_OPEN, 1000,
	    0, "me", "a test" } },
	{ .verb = STORE_OVERRIDE, .u.override = { true, OVERRIDE_HOLD, 1000,
	    0, "me", "a test" } },
	{ .verb = STORE_PREFLIGHT, .u.preflight = { 1000 } },
	{ .verb = STORE_HEARTBEAT, .u.heartbeat = { "mx1", "1", "0",
	    "enforce" } },
	{ .verb = STORE_HOSTS },
	{ .verb = STORE_EVENT_ADD, .u.event_add = { &pair, 1, 10 } },
	{ .verb = STORE_EVENTS, .u.events = { "", 5 } },
};

static const char *const names[] = {
	"contoso", "filter", "a", "b", "c", "d", "outlook", "a-b_c.d",
};

static void
give_slots(const struct redis *r, int first, int end)
{
	struct buf said = buf_new(1 << 20);
	redisContext *c = redisConnectUnix(r->unix_address.path);
	redisReply *heard = NULL;
	char number[8];

	buf_addf(&said, "*%d\r\n", 2 + end - first);
	command_word(&said, SPAN("CLUSTER"));
	command_word(&said, SPAN("ADDSLOTS"));
	for (int slot = first; slot < end; slot++) {
		snprintf(number, sizeof(number), "%d", slot);
		command_word(&said, span_of(number));
	}
	redisAppendFormattedCommand(c, buf_span(&said).at,
	    buf_span(&said).len);
	ck_assert_int_eq(redisGetReply(c, (void **)&heard), REDIS_OK);
	ck_assert_str_eq(heard->str, "OK");
	freeReplyObject(heard);
	redisFree(c);
	buf_free(&said);
}

static bool
all_agree(void)
{
	for (int i = 0; i < NODES; i++) {
		const char *info = redis_say(&nodes[i], "CLUSTER INFO");

		if (strstr(info, "cluster_state:ok") == NULL ||
		    strstr(info, "cluster_known_nodes:3") == NULL)
			return false;
	}
	return true;
}

static void
start_cluster(void)
{
	for (int i = 0; i < NODES; i++) {
		redis_start_node(&nodes[i]);
		redis_say(&nodes[i], "CLUSTER SET-CONFIG-EPOCH %d", i + 1);
		give_slots(&nodes[i], SLOTS * i / NODES,
		    SLOTS * (i + 1) / NODES);
	}
	for (int i = 1; i < NODES; i++)
		redis_say(&nodes[0], "CLUSTER MEET 127.0.0.1 %d",
		    nodes[i].port);
	for (int i = 0; i < 600 && !all_agree(); i++)
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	ck_assert_msg(all_agree(), "%s", redis_say(&nodes[0], "CLUSTER INFO"));
}

static void
stop_cluster(void)
{
	for (int i = 0; i < NODES; i++)
		redis_stop(&nodes[i]);
}

/* The node which a refusal names: "MOVED 3999 127.0.0.1:6381"; -1: none. */
static int
sent_to(const redisReply *heard)
{
	const char *port;

	if (heard->type != REDIS_REPLY_ERROR ||
	    strncmp(heard->str, "MOVED ", 6) != 0)
		return -1;
	port = strrchr(heard->str, ':');
	ck_assert_ptr_nonnull(port);
	for (int i = 0; i < NODES; i++)
		if (strtol(port + 1, NULL, 10) == nodes[i].port)
			return i;
	ck_abort_msg("%s", heard->str);
}

static redisReply *
say(int node, struct span bytes)
{
	redisContext *c = redisConnectUnix(nodes[node].unix_address.path);
	redisReply *heard = NULL;

	redisAppendFormattedCommand(c, bytes.at, bytes.len);
	ck_assert_int_eq(redisGetReply(c, (void **)&heard), REDIS_OK);
	redisFree(c);
	return heard;
}

static void
ask(const struct store_request *request)
{
	struct buf bytes = buf_new(65536);
	struct command c;
	struct err err;
	redisReply *heard;
	int node = 0, next;

	ck_assert_int_eq(command_make(&c, "mailweir", request, &err), 0);
	command_by_text(&c, &bytes);
	heard = say(node, buf_span(&bytes));
	next = sent_to(heard);
	if (next >= 0) {
		node = next;
		freeReplyObject(heard);
		heard = say(node, buf_span(&bytes));
	}
	ck_assert_msg(heard->type == REDIS_REPLY_ARRAY, "verb %d of %s: %s",
	    request->verb, request->name,
	    heard->str != NULL ? heard->str : "no array");
	served[node]++;
	freeReplyObject(heard);
	buf_free(&bytes);
	command_free(&c);
}

START_TEST(each_request_has_its_keys_in_one_slot)
{
	bool seen[32] = { false };

	for (size_t i = 0; i < MW_N_OF(requests); i++)
		for (size_t n = 0; n < MW_N_OF(names); n++) {
			struct store_request r = requests[i];

			r.name = names[n];
			seen[r.verb] = true;
			ask(&r);
		}
	for (int verb = STORE_LEASE_TAKE; verb <= STORE_EVENTS; verb++)
		ck_assert_msg(seen[verb], "verb %d was not asked", verb);
	for (int i = 0; i < NODES; i++)
		ck_assert_msg(served[i] > 0, "node %d had nothing to do", i);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store/cluster");
	TCase *tc = tcase_create("cluster");

	if (!redis_there()) {
		puts("1..0 # SKIP redis-server is not installed");
		return EXIT_SUCCESS;
	}
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, start_cluster, stop_cluster);
	tcase_add_test(tc, each_request_has_its_keys_in_one_slot);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
