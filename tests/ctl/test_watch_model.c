#include "suite.h"

#include "base/mem.h"
#include "ctl/watch_detail.h"
#include "ctl/watch_keys.h"

#include <stdio.h>
#include <string.h>

#define NOW INT64_C(1795255200000)

static const struct upstream upstreams[] = {
	{ .name = "filter", .connections = 20 },
	{ .name = "backup", .connections = 10 },
	{ .name = "exchange", .connections = 40 },
};
static const struct destination destinations[] = {
	{ .name = "contoso", .cap = 100, .n_routes = 2,
	    .routes = { { .upstream = 0 }, { .upstream = 1 } } },
	{ .name = "all", .n_routes = 1, .routes = { { .upstream = 0 } } },
};
static const struct plan plan = {
	.mode = PLAN_ENFORCE,
	.upstreams = upstreams, .n_upstreams = MW_N_OF(upstreams),
	.destinations = destinations,
	.n_destinations = MW_N_OF(destinations),
};

static struct upstream_status up[MW_N_OF(upstreams)];
static struct destination_status dest[MW_N_OF(destinations)];
static struct status s;
static struct watch_past *past;
static struct watch_row rows[MW_N_OF(upstreams) + MW_N_OF(destinations)];
static struct watch_view view;
static uint32_t n;

static void
set_up(void)
{
	memset(up, 0, sizeof(up));
	memset(dest, 0, sizeof(dest));
	for (size_t i = 0; i < MW_N_OF(up); i++) {
		up[i].upstream = &upstreams[i];
		up[i].view.known = true;
		up[i].cap = upstreams[i].connections;
	}
	for (size_t i = 0; i < MW_N_OF(dest); i++)
		dest[i].destination = &destinations[i];
	s = (struct status){ .plan = &plan, .host = "mx1", .digest = "",
	    .now_ms = NOW, .upstreams = up, .destinations = dest };
	view = (struct watch_view){ 0 };
	past = watch_past_new(&plan);
	n = 0;
}

static void
tear_down(void)
{
	watch_past_free(&past);
}

static const struct watch_row *
row_of(enum watch_sort sort, const char *filter, const char *name)
{
	ck_assert_uint_ge(MW_N_OF(rows), watch_rows_max(&plan));
	n = watch_rows(past, &s, sort, filter, rows);
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* Names in their order, with a blank behind each. */
static const char *
order(enum watch_sort sort, const char *filter)
{
	static char text[200];

	text[0] = '\0';
	n = watch_rows(past, &s, sort, filter, rows);
	for (uint32_t i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%s ", rows[i].name);
	return text;
}

START_TEST(one_reading_has_no_rates)
{
	up[0].totals[OUTCOME_OK] = 1000000;
	watch_past_keep(past, &s);
	ck_assert_uint_eq(row_of(WATCH_BY_NAME, "", "filter")->rate, 0);
}
END_TEST

START_TEST(a_rate_is_growth_by_time)
{
	const struct watch_row *row;

	watch_past_keep(past, &s);
	s.now_ms += 2000;
	up[0].totals[OUTCOME_OK] = 25;
	up[0].totals[OUTCOME_REFUSED] = 1;
	up[0].totals[OUTCOME_TROUBLE] = 3;
	up[0].totals[OUTCOME_IGNORE] = 10;
	dest[0].counters[DEST_ACCEPTED] = 4;
	dest[0].counters[DEST_DELIVERED] = 26;
	dest[0].counters[DEST_DEFERRED] = 6;
	dest[0].counters[DEST_DEFERRED_CAP] = 1;
	dest[0].counters[DEST_DEFERRED_HOLD] = 2;
	dest[0].counters[DEST_DEFERRED_LATE] = 3;
	row = row_of(WATCH_BY_NAME, "", "filter");
	ck_assert_uint_eq(row->u.up.good, 130);
	ck_assert_uint_eq(row->u.up.bad, 15);
	ck_assert_uint_eq(row->rate, 195);
	row = row_of(WATCH_BY_NAME, "", "contoso");
	ck_assert_uint_eq(row->u.dest.delivered, 130);
	ck_assert_uint_eq(row->u.dest.at_cap, 5);
	ck_assert_uint_eq(row->u.dest.on_hold, 10);
	ck_assert_uint_eq(row->u.dest.late, 15);
	ck_assert_uint_eq(row->rate, 180);
}
END_TEST

START_TEST(rates_are_of_the_last_seconds)
{
	for (int i = 0; i < 60; i++) {
		up[0].totals[OUTCOME_OK] += i < 30 ? 100 : 7;
		watch_past_keep(past, &s);
		s.now_ms += 1000;
	}
	ck_assert_uint_eq(row_of(WATCH_BY_NAME, "", "filter")->u.up.good,
	    7 * 9 * 10 / 10);
}
END_TEST

START_TEST(a_gap_is_part_of_the_time)
{
	watch_past_keep(past, &s);
	s.now_ms += 1000;
	watch_past_keep(past, &s);
	s.now_ms += 600000;
	up[0].totals[OUTCOME_OK] = 1200;
	ck_assert_uint_eq(row_of(WATCH_BY_NAME, "", "filter")->u.up.good, 20);
}
END_TEST

START_TEST(an_emptied_store_is_no_rate)
{
	up[0].totals[OUTCOME_OK] = 1000;
	watch_past_keep(past, &s);
	s.now_ms += 1000;
	up[0].totals[OUTCOME_OK] = 3;
	ck_assert_uint_eq(row_of(WATCH_BY_NAME, "", "filter")->rate, 0);
	s.now_ms = NOW - 5000;	/* and a clock that went back is none */
	up[0].totals[OUTCOME_OK] = 2000;
	ck_assert_uint_eq(row_of(WATCH_BY_NAME, "", "filter")->rate, 0);
}
END_TEST

START_TEST(rows_say_how_it_is)
{
	const struct watch_row *row;

	up[0].view.record.breaker = (struct breaker){ .state = BREAKER_OPEN,
	    .until_ms = NOW + 9000 };
	up[1].in_use = 10;
	up[1].waiting = 3;
	dest[0].leases = 100;
	dest[1].on_hold = true;
	row = row_of(WATCH_BY_NAME, "", "filter");
	ck_assert(!row->fine && row->grade == HEALTH_WRONG);
	ck_assert_str_eq(row->state, "open");
	ck_assert_int_eq(row->u.up.next_ms, 9000);
	ck_assert_uint_eq(row->u.up.allowance, 0);
	row = row_of(WATCH_BY_NAME, "", "backup");
	ck_assert(!row->fine && row->grade == HEALTH_PARTLY);
	ck_assert(row_of(WATCH_BY_NAME, "", "exchange")->fine);
	ck_assert_str_eq(row_of(WATCH_BY_NAME, "", "contoso")->state, "cap");
	ck_assert_str_eq(row_of(WATCH_BY_NAME, "", "all")->state, "hold");
}
END_TEST

START_TEST(sorts_keep_upstreams_and_destinations_apart)
{
	watch_past_keep(past, &s);
	s.now_ms += 1000;
	up[1].view.record.breaker.state = BREAKER_OPEN;
	up[2].view.record.breaker = (struct breaker){
	    .state = BREAKER_RAMP, .allowance = 100 };
	up[0].in_use = 1;
	up[2].in_use = 30;
	up[0].totals[OUTCOME_OK] = 9;
	dest[1].on_hold = true;
	dest[0].leases = 1;
	ck_assert_str_eq(order(WATCH_BY_TROUBLE, ""),
	    "backup exchange filter all contoso ");
	ck_assert_str_eq(order(WATCH_BY_NAME, ""),
	    "backup exchange filter all contoso ");
	ck_assert_str_eq(order(WATCH_BY_USE, ""),
	    "exchange filter backup contoso all ");
	ck_assert_str_eq(order(WATCH_BY_RATE, ""),
	    "filter backup exchange contoso all ");
	ck_assert_str_eq(order(WATCH_BY_NAME, "CO"), "contoso ");
	ck_assert_str_eq(order(WATCH_BY_NAME, "open"), "backup ");
	ck_assert_str_eq(order(WATCH_BY_NAME, "nothing"), "");
}
END_TEST

START_TEST(the_detail_has_what_there_is)
{
	struct buf text = buf_new(1 << 16);

	watch_past_keep(past, &s);
	s.now_ms += 1000;
	up[0].totals[OUTCOME_TROUBLE] = 5;
	snprintf(up[0].view.record.sample, SAMPLE_MAX, "4.3.2 later");
	up[0].view.record.breaker = (struct breaker){ .state = BREAKER_OPEN,
	    .reason = BREAKER_STREAK, .since_ms = NOW - 60000 };
	watch_detail(past, &s, false, 0, &text);
	ck_assert_ptr_nonnull(strstr(buf_text(&text), "4.3.2 later"));
	ck_assert_ptr_nonnull(strstr(buf_text(&text),
	    "  trouble                  5      5.0/s\n"));
	ck_assert_ptr_nonnull(strstr(buf_text(&text), "  contoso\n  all\n"));
	buf_clear(&text);
	watch_detail(past, &s, true, 0, &text);
	ck_assert_ptr_nonnull(strstr(buf_text(&text),
	    "  filter: open\n  backup: closed\n"));
	buf_clear(&text);
	watch_findings(&s, &text);
	ck_assert_ptr_nonnull(strstr(buf_text(&text),
	    "wrong: filter is open: takes no mail, for 1m01s\n"));
	buf_free(&text);
}
END_TEST

static const struct {
	uint32_t tenths;
	const char *text;
} rates[] = { { 0, "0" }, { 3, "0.3" }, { 125, "12.5" }, { 999, "99.9" },
	{ 1000, "100" }, { UINT32_MAX, "429496729" } };

START_TEST(a_rate_is_short)
{
	char text[16];

	ck_assert_str_eq(watch_rate_text(rates[_i].tenths, text),
	    rates[_i].text);
}
END_TEST

/* Press each; the last one's wish. */
static enum watch_wish
press(const char *keys)
{
	enum watch_wish wish = WATCH_STAY;

	for (; *keys != '\0'; keys++) {
		n = watch_rows(past, &s, view.sort, view.filter, rows);
		wish = watch_press(&view, rows, n, 2, *keys == '\n' ?
		    WATCH_KEY_ENTER : *keys == '\033' ? WATCH_KEY_ESCAPE :
		    *keys == '\b' ? WATCH_KEY_ERASE : *keys == 'U' ?
		    WATCH_KEY_PAGE_UP : *keys == 'D' ? WATCH_KEY_PAGE_DOWN :
		    *keys == 'H' ? WATCH_KEY_HOME : *keys == 'E' ?
		    WATCH_KEY_END : *keys);
	}
	n = watch_rows(past, &s, view.sort, view.filter, rows);
	return wish;
}

static const char *
at(void)
{
	return rows[watch_cursor(&view, rows, n)].name;
}

static const struct {
	const char *keys, *name;
} moves[] = {
	{ "", "filter" }, { "j", "backup" }, { "jjj", "contoso" },
	{ "jjk", "backup" }, { "k", "filter" }, { "jjjjjjjj", "all" },
	{ "D", "exchange" }, { "DU", "filter" }, { "E", "all" },
	{ "EH", "filter" }, { "/cont\n", "contoso" },
	{ "j/nothing\n\033", "backup" },
};

START_TEST(keys_move_the_cursor)
{
	ck_assert_int_eq(press(moves[_i].keys), WATCH_STAY);
	ck_assert_msg(strcmp(at(), moves[_i].name) == 0, "%s: %s",
	    moves[_i].keys, at());
}
END_TEST

START_TEST(the_cursor_stays_with_its_row)
{
	press("j");
	ck_assert_str_eq(at(), "backup");
	up[2].view.record.breaker.state = BREAKER_OPEN;
	press("");
	ck_assert_str_eq(rows[0].name, "exchange");
	ck_assert_str_eq(at(), "backup");
	press("s");
	ck_assert_int_eq(view.sort, WATCH_BY_NAME);
	ck_assert_str_eq(at(), "backup");
	press("sss");
	ck_assert_int_eq(view.sort, WATCH_BY_TROUBLE);
}
END_TEST

static const struct {
	const char *says, *keys, *words, *reason;
	enum watch_verb verb;
	int64_t for_ms, rate;
} acts[] = {
	{ "force", "fo2h\nits move\n", "filter open", "its move",
	    WATCH_FORCE, 7200000, 0 },
	{ "another state", "jfc10m\nx\n", "backup closed", "x", WATCH_FORCE,
	    600000, 0 },
	{ "let go", "fa", "filter auto", "", WATCH_FORCE, 0, 0 },
	{ "a mistake is mended", "fo2hx\n\b\b\b3m\nyz\b\n", "filter open",
	    "y", WATCH_FORCE, 180000, 0 },
	{ "no reason is none", "fo2h\n\nwhy\n", "filter open", "why",
	    WATCH_FORCE, 7200000, 0 },
	{ "hold", "Eh90s\nwhy\n", "all", "why", WATCH_HOLD, 90000, 0 },
	{ "release", "Er\n\n", "all", "", WATCH_RELEASE, 0, 0 },
	{ "release slowly", "Erok\n0\n\b12\n", "all", "ok", WATCH_RELEASE, 0,
	    12 },
	{ "begun again", "fo2h\n\033Eh1h\nwhy\n", "all", "why", WATCH_HOLD,
	    3600000, 0 },
};

START_TEST(an_act_is_asked_for_and_composed)
{
	char *words[3], said[80];
	struct options o;

	ck_assert_msg(press(acts[_i].keys) == WATCH_ACT, "%s",
	    acts[_i].says);
	o = watch_options(&view, words);
	ck_assert_int_eq(view.verb, acts[_i].verb);
	snprintf(said, sizeof(said), "%s%s%s", words[0],
	    words[1] != NULL ? " " : "", words[1] != NULL ? words[1] : "");
	ck_assert_str_eq(said, acts[_i].words);
	ck_assert_ptr_null(words[2]);
	ck_assert_ptr_eq(o.words, words);
	ck_assert_int_eq(o.for_ms, acts[_i].for_ms);
	ck_assert_int_eq(o.rate, acts[_i].rate);
	ck_assert_str_eq(o.reason != NULL ? o.reason : "", acts[_i].reason);
	ck_assert_int_eq(view.question, WATCH_NO_QUESTION);
}
END_TEST

static const struct {
	const char *says, *keys;
} idle[] = {
	{ "a destination is not forced", "Ef" },
	{ "an upstream is not held", "h" },
	{ "nor released", "r" },
	{ "an escape ends it", "fo2h\nwhy\033" },
	{ "nothing is there", "/nothing\nf" },
	{ "what is looked into and left the rows", "\n/nothing\n\nf" },
	{ "an unknown key", "x" },
};

START_TEST(nothing_is_done_by_mistake)
{
	ck_assert_msg(press(idle[_i].keys) == WATCH_STAY &&
	    view.question == WATCH_NO_QUESTION, "%s", idle[_i].says);
}
END_TEST

START_TEST(pages_are_left_as_they_were_entered)
{
	ck_assert_int_eq(press("q"), WATCH_QUIT);
	ck_assert_int_eq(press("jwjj"), WATCH_STAY);
	ck_assert_int_eq(view.page, WATCH_WRONG);
	ck_assert_uint_eq(view.line, 2);
	press("U");
	ck_assert_uint_eq(view.line, 0);
	press("k");
	ck_assert_uint_eq(view.line, 0);
	ck_assert_int_eq(press("q"), WATCH_STAY);
	ck_assert_int_eq(view.page, WATCH_LIST);
	ck_assert_str_eq(at(), "backup");
	press("\n");
	ck_assert_int_eq(view.page, WATCH_ONE);
	press("e");
	ck_assert_int_eq(view.page, WATCH_EVENTS);
	press("\033");
	ck_assert_int_eq(view.page, WATCH_LIST);
}
END_TEST

START_TEST(an_answer_has_an_end)
{
	press("fo2h\n");
	for (int i = 0; i < 100; i++)
		press("x");
	ck_assert_uint_eq(strlen(view.text), WATCH_TEXT_MAX);
	press("\033/");
	for (int i = 0; i < 100; i++)
		press("x");
	ck_assert_uint_eq(strlen(view.filter), WATCH_FILTER_MAX);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("watch");
	TCase *t = tcase_create("watch");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, one_reading_has_no_rates);
	tcase_add_test(t, a_rate_is_growth_by_time);
	tcase_add_test(t, rates_are_of_the_last_seconds);
	tcase_add_test(t, a_gap_is_part_of_the_time);
	tcase_add_test(t, an_emptied_store_is_no_rate);
	tcase_add_test(t, rows_say_how_it_is);
	tcase_add_test(t, sorts_keep_upstreams_and_destinations_apart);
	tcase_add_test(t, the_detail_has_what_there_is);
	tcase_add_loop_test(t, a_rate_is_short, 0, (int)MW_N_OF(rates));
	tcase_add_loop_test(t, keys_move_the_cursor, 0, (int)MW_N_OF(moves));
	tcase_add_test(t, the_cursor_stays_with_its_row);
	tcase_add_loop_test(t, an_act_is_asked_for_and_composed, 0,
	    (int)MW_N_OF(acts));
	tcase_add_loop_test(t, nothing_is_done_by_mistake, 0,
	    (int)MW_N_OF(idle));
	tcase_add_test(t, pages_are_left_as_they_were_entered);
	tcase_add_test(t, an_answer_has_an_end);
	suite_add_tcase(suite, t);
	return suite_main(suite);
}
