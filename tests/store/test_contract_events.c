/* Events: kept in order, read from where one left off. */
#include "base/mem.h"
#include "contract.h"

static struct store_reply
events(const char *after, uint32_t last)
{
	return ask(&(struct store_request){
		.verb = STORE_EVENTS,
		.u.events = { after, last },
	});
}

START_TEST(events_come_oldest_first)
{
	open_store(_i);
	struct store_reply r = events("", 10);
	ck_assert_uint_eq(r.u.events.n, 0);
	store_reply_clear(&r);

	for (int i = 0; i < 5; i++) {
		const char number[] = { (char)('0' + i), '\0' };
		const struct store_pair pairs[] = {
			{ "event", "state" }, { "n", number },
			{ "sample", "451 4.3.2 \xff\r\n" },
		};

		ask(&(struct store_request){
			.verb = STORE_EVENT_ADD,
			.u.event_add = { pairs, 3, 1000 },
		});
	}
	r = events("", 3);
	ck_assert_uint_eq(r.u.events.n, 3);
	ck_assert_uint_eq(r.u.events.list[0].n, 3);
	ck_assert_str_eq(r.u.events.list[0].pairs[0].name, "event");
	ck_assert_str_eq(r.u.events.list[0].pairs[0].value, "state");
	ck_assert_str_eq(r.u.events.list[0].pairs[1].value, "2");
	ck_assert_str_eq(r.u.events.list[0].pairs[2].value, "451 4.3.2 ???");
	ck_assert_str_eq(r.u.events.list[2].pairs[1].value, "4");

	struct store_reply later = events(r.u.events.list[0].id, 10);
	ck_assert_uint_eq(later.u.events.n, 2);
	ck_assert_str_eq(later.u.events.list[0].pairs[1].value, "3");
	store_reply_clear(&later);
	later = events(r.u.events.list[0].id, 1);
	ck_assert_uint_eq(later.u.events.n, 1);
	ck_assert_str_eq(later.u.events.list[0].pairs[1].value, "3");
	store_reply_clear(&later);
	later = events(r.u.events.list[2].id, 10);
	ck_assert_uint_eq(later.u.events.n, 0);
	store_reply_clear(&later);
	store_reply_clear(&r);
}
END_TEST

START_TEST(an_odd_event_id_is_refused)
{
	const struct store_request request = {
		.verb = STORE_EVENTS,
		.u.events = { "yesterday", 1 },
	};
	struct store_reply reply;
	struct err err;

	open_store(_i);
	ck_assert_int_eq(store->call(&request, &reply, &err), -1);
	ck_assert_int_eq(err.kind, ERR_SYNTAX);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		events_come_oldest_first, an_odd_event_id_is_refused,
	};
	TCase *tc = contract_case("events");

	contract_every_store(tc, tests, MW_N_OF(tests));
	return contract_main(tc);
}
