#include "core/lease.h"

#include "base/mem.h"
#include "suite.h"

static const struct {
	const char *host, *addr, *client_port, *server_port;
	const char *name;	/* "": refused */
} rows[] = {
	{ "mx1", "192.0.2.1", "40000", "25", "mx1/192.0.2.1:40000/25" },
	{ "mx1", "2001:db8::1", "1", "25", "mx1/2001:db8::1:1/25" },
	/* the two hooks write an IPv6 address each in its way */
	{ "mx1", "IPv6:2001:DB8::1", "1", "25", "mx1/2001:DB8::1:1/25" },
	{ "mx1", "ipv6:::1", "1", "25", "mx1/::1:1/25" },
	{ "mx1", "::1", "1", "25", "mx1/::1:1/25" },
	{ "mx1", "", "1", "25", "" },
	{ "mx1", "IPv6:", "1", "25", "" },
	{ "mx1", "unknown", "1", "25", "" },
	{ "mx1", "192.0.2.1/x", "1", "25", "" },
	{ "mx1", "192.0.2.1\n", "1", "25", "" },
	{ "mx1", "192.0.2.1", "unknown", "25", "" },
	{ "mx1", "192.0.2.1", "", "25", "" },
	{ "mx1", "192.0.2.1", "1", "", "" },
	{ "mx1", "192.0.2.1", "123456", "25", "" },
	{ "mx1", "192.0.2.1", "-1", "25", "" },
	{ "mx1", "1111:2222:3333:4444:5555:6666:7777:8888:9999:a", "1", "25",
	    "" },
	{ "", "192.0.2.1", "1", "25", "" },
};

START_TEST(a_name_is_made_of_its_parts)
{
	char dst[LEASE_NAME_MAX + 1] = "before";
	bool good = lease_name(rows[_i].host, span_of(rows[_i].addr),
	    span_of(rows[_i].client_port), span_of(rows[_i].server_port), dst);

	ck_assert_str_eq(dst, rows[_i].name);
	ck_assert(good == (rows[_i].name[0] != '\0'));
}
END_TEST

START_TEST(a_name_that_is_too_long_is_refused)
{
	char host[LEASE_NAME_MAX + 1];
	char dst[LEASE_NAME_MAX + 1];
	size_t rest = strlen("/1:1/25");

	memset(host, 'h', sizeof(host));
	host[LEASE_NAME_MAX - rest] = '\0';
	ck_assert(lease_name(host, SPAN("1"), SPAN("1"), SPAN("25"), dst));
	ck_assert_uint_eq(strlen(dst), LEASE_NAME_MAX);
	host[LEASE_NAME_MAX - rest] = 'h';
	host[LEASE_NAME_MAX - rest + 1] = '\0';
	ck_assert(!lease_name(host, SPAN("1"), SPAN("1"), SPAN("25"), dst));
	ck_assert_str_eq(dst, "");
}
END_TEST

START_TEST(a_zero_byte_is_no_digit)
{
	char dst[LEASE_NAME_MAX + 1];

	ck_assert(!lease_name("h", (struct span){ "1\0", 2 }, SPAN("1"),
	    SPAN("25"), dst));
}
END_TEST

static const struct {
	uint32_t cap, in_use;
	bool roomy;
} rooms[] = {
	{ 0, 0, true },			/* there is no cap */
	{ 0, UINT32_MAX, true },
	{ 15, 0, false },		/* 16 places at least */
	{ 16, 0, true },
	{ 16, 1, false },
	{ 64, 48, true },		/* and a quarter */
	{ 64, 49, false },
	{ 1000, 750, true },
	{ 1000, 751, false },
	{ 1000, 1001, false },
};

START_TEST(there_is_room_or_not)
{
	ck_assert(lease_is_roomy(rooms[_i].cap, rooms[_i].in_use) ==
	    rooms[_i].roomy);
}
END_TEST

START_TEST(a_share_is_a_part_and_never_none)
{
	ck_assert_uint_eq(lease_share(10, 1), 10);
	ck_assert_uint_eq(lease_share(10, 3), 3);
	ck_assert_uint_eq(lease_share(10, 11), 1);
	ck_assert_uint_eq(lease_share(0, 3), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lease");
	TCase *t = tcase_create("lease");

	tcase_add_loop_test(t, a_name_is_made_of_its_parts, 0, MW_N_OF(rows));
	tcase_add_test(t, a_name_that_is_too_long_is_refused);
	tcase_add_test(t, a_zero_byte_is_no_digit);
	tcase_add_loop_test(t, there_is_room_or_not, 0, MW_N_OF(rooms));
	tcase_add_test(t, a_share_is_a_part_and_never_none);
	suite_add_tcase(s, t);
	return suite_main(s);
}
