/* What is counted of a destination, and what waits for it. */
#include "base/mem.h"
#include "contract.h"

START_TEST(counters_add_up)
{
	struct store_request r = { .verb = STORE_COUNT, .name = "contoso" };

	open_store(_i);
	for (uint64_t i = 0; i < DEST_COUNTERS; i++)
		r.u.count.add[i] = i;
	ask(&r);
	ask(&r);
	struct store_reply reply = destination("contoso");
	for (uint64_t i = 0; i < DEST_COUNTERS; i++)
		ck_assert_uint_eq(reply.u.destination.counters[i], 2 * i);
}
END_TEST

static void
tell_backlog(const char *host, uint32_t messages, uint32_t expiring,
    int64_t oldest_ms)
{
	ask(&(struct store_request){
		.verb = STORE_BACKLOG,
		.name = "contoso",
		.u.backlog = { host, { .messages = messages,
		    .expiring = expiring, .oldest_ms = oldest_ms } },
	    });
}

static struct store_reply
backlog_seen_by(const char *host)
{
	return ask(&(struct store_request){
		.verb = STORE_DESTINATION,
		.name = "contoso",
		.u.destination.host = host,
	    });
}

START_TEST(backlogs_of_all_hosts_are_added_up)
{
	struct store_reply r;

	open_store(_i);
	r = backlog_seen_by("a");
	ck_assert_uint_eq(r.u.destination.backlog.messages, 0);
	ck_assert_int_eq(r.u.destination.backlog.at_ms, 0);
	tell_backlog("a", 9, 0, 5000);
	tell_backlog("b", 7, 1, 4000);
	tell_backlog("a", 10, 2, 6000);
	r = backlog_seen_by("a");
	ck_assert_uint_eq(r.u.destination.backlog.messages, 17);
	ck_assert_uint_eq(r.u.destination.backlog.expiring, 3);
	ck_assert_int_eq(r.u.destination.backlog.oldest_ms, 4000);
	ck_assert_int_gt(r.u.destination.backlog.at_ms, 0);
	ck_assert_uint_eq(r.u.destination.here.messages, 10);
	ck_assert_uint_eq(r.u.destination.here.expiring, 2);
	ck_assert_int_le(r.u.destination.here.at_ms, r.now_ms);

	tell_backlog("a", 0, 0, 0);
	r = backlog_seen_by("a");
	ck_assert_uint_eq(r.u.destination.backlog.messages, 7);
	ck_assert_uint_eq(r.u.destination.here.messages, 0);
	r = backlog_seen_by(NULL);
	ck_assert_uint_eq(r.u.destination.here.messages, 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		counters_add_up, backlogs_of_all_hosts_are_added_up,
	};
	TCase *tc = contract_case("destination");

	contract_every_store(tc, tests, MW_N_OF(tests));
	return contract_main(tc);
}
