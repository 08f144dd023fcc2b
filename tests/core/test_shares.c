#include "core/shares.h"

#include "suite.h"

#include "base/chance.h"
#include "base/mem.h"

#define NOW INT64_C(1795255200000)

static struct upstream upstreams[3] = {
	{ .name = "filter", .share = 100 },
	{ .name = "filter-eu", .share = 200 },
	{ .name = "last", .share = 1000 },
};
static const struct plan plan = {
	.upstreams = upstreams, .n_upstreams = 3,
};
static const struct destination contoso = {
	.name = "contoso", .n_routes = 3,
	.routes = { { .upstream = 0 }, { .upstream = 1 }, { .upstream = 2 } },
};

/* A delivery that comes to this route; does it go through it? */
static bool
deliver(struct shares *s, uint32_t route, int64_t now_ms)
{
	shares_earn(s, &plan, &contoso);
	if (shares_used_up(s, &plan, &contoso, route, now_ms))
		return false;
	shares_use(s, route, now_ms);
	return true;
}

static const struct {
	const char *says;
	uint32_t before;	/* deliveries through the first route */
	uint32_t route;
	uint32_t n, every_ms;	/* deliveries that come to route then */
	uint32_t go;		/* so many go through it */
} rows[] = {
	{ "the first one goes", 0, 1, 1, 0, 1 },
	{ "then each fifth", 0, 1, 26, 0, 6 },
	{ "the first route has no share", 0, 0, 1000, 0, 1000 },
	{ "nor one that may have all", 0, 2, 1000, 0, 1000 },
	{ "what was saved goes at once", 50, 1, 13, 0, 12 },
	{ "but never more than is saved up", 1000, 1, 13, 0, 12 },
	{ "with little mail, one a minute", 0, 1, 8, 30000, 4 },
	{ "with less mail, all of it", 0, 1, 8, 60000, 8 },
};

START_TEST(an_alternate_gets_its_share)
{
	struct shares s = { 0 };
	uint32_t go = 0;

	for (uint32_t n = 0; n < rows[_i].before; n++)
		ck_assert(deliver(&s, 0, NOW));
	for (uint32_t n = 0; n < rows[_i].n; n++)
		go += deliver(&s, rows[_i].route, NOW + n * rows[_i].every_ms);
	ck_assert_msg(go == rows[_i].go, "%s: %u", rows[_i].says, go);
}
END_TEST

START_TEST(alternates_have_shares_of_their_own)
{
	struct shares s = { 0 };

	upstreams[2].share = 300;
	ck_assert(deliver(&s, 1, NOW));
	ck_assert(!deliver(&s, 1, NOW));
	ck_assert(deliver(&s, 2, NOW));
	ck_assert(!deliver(&s, 2, NOW));
	ck_assert(!deliver(&s, 2, NOW));
	ck_assert(!deliver(&s, 2, NOW));
	ck_assert_msg(deliver(&s, 2, NOW), "by now it has earned one");
	upstreams[2].share = 1000;
}
END_TEST

/*
 * Mail that comes to the alternate now and then, or all of it for a while:
 * never more than its share and one, where a share is something.
 */
START_TEST(the_share_is_never_exceeded)
{
	struct shares s = { 0 };
	bool outage = false;
	uint32_t through = 0;
	int64_t now_ms = NOW;

	chance_seed((uint64_t)_i);
	upstreams[1].share = 10 + 10 * chance_below(99);
	for (uint32_t all = 1; all <= 20000; all++) {
		now_ms += chance_below(400);
		if (chance_below(500) == 0)
			outage = !outage;
		if (outage || chance_below(20) == 0)
			through += deliver(&s, 1, now_ms);
		else
			ck_assert(deliver(&s, 0, now_ms));
		ck_assert_uint_le(through * 1000,
		    all * upstreams[1].share + 1000);
	}
	ck_assert_uint_gt(through, 0);
	upstreams[1].share = 200;
}
END_TEST

/* ... and in an outage that lasts it has all of it, at least. */
START_TEST(nothing_of_the_share_is_wasted)
{
	struct shares s = { 0 };
	uint32_t through = 0;

	for (uint32_t all = 1; all <= 1000; all++) {
		through += deliver(&s, 1, NOW + (int64_t)all * 400 * _i);
		ck_assert_uint_ge(through * 1000 + 999, all * 200);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("shares");
	Suite *s = suite_create("core");

	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, an_alternate_gets_its_share, 0,
	    MW_N_OF(rows));
	tcase_add_test(tc, alternates_have_shares_of_their_own);
	tcase_add_loop_test(tc, the_share_is_never_exceeded, 1, 21);
	tcase_add_loop_test(tc, nothing_of_the_share_is_wasted, 0, 100);
	return suite_main(s);
}
