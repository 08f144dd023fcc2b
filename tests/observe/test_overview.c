#include "suite.h"

#include "base/buf.h"
#include "base/mem.h"
#include "observe/overview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1795255200000

static const struct upstream upstreams[] = {
	{ .name = "filter", .connections = 20 },
	{ .name = "second", .connections = 10 },
};
static const struct destination destinations[] = {
	{ .name = "contoso", .cap = 100, .n_routes = 1 },
};
static const struct plan plan = {
	.mode = PLAN_ENFORCE,
	.upstreams = upstreams, .n_upstreams = 2,
	.destinations = destinations, .n_destinations = 1,
};

static struct upstream_status up[2];
static struct destination_status dest;
static struct overview_upstream up_more[2];
static struct overview_destination dest_more;
static struct host_status host;
static struct history history;
static uint64_t here[OUTCOME_CLASSES];
static struct overview_event event;
static struct overview o;
static struct buf text;

static void
set_up(void)
{
	memset(up, 0, sizeof(up));
	for (int i = 0; i < 2; i++) {
		up[i].upstream = &upstreams[i];
		up[i].view.known = true;
		up[i].cap = upstreams[i].connections;
		up_more[i] = (struct overview_upstream){
			.told_ms = NOW - 1000 * (i + 1), .here = here,
			.history = &history,
		};
	}
	dest = (struct destination_status){ .destination = &destinations[0] };
	dest_more = (struct overview_destination){ .told_ms = NOW };
	host = (struct host_status){ "mx1", "0.1.0", "0123456789abcdef",
	    "enforce", NOW };
	event = (struct overview_event){ .at_ms = NOW };
	o = (struct overview){
		.status = { .plan = &plan, .host = "mx1",
		    .digest = "0123456789abcdef", .now_ms = NOW, .n_hosts = 1,
		    .hosts = &host, .upstreams = up, .destinations = &dest },
		.version = "0.1.0", .redis_fine = true, .redis = "fine",
		.redis_says = "", .upstreams = up_more,
		.destinations = &dest_more, .events = &event,
	};
	text = buf_new(1 << 20);
}

static void
tear_down(void)
{
	buf_free(&text);
}

#define put(dst, src) snprintf((dst), sizeof(dst), "%s", (src))

static bool
metrics_have(const char *line)
{
	buf_clear(&text);
	overview_metrics(&o, &text);
	ck_assert(!buf_overflowed(&text));
	return strstr(buf_text(&text), line) != NULL;
}

static bool
page_has(const char *piece)
{
	buf_clear(&text);
	overview_page(&o, &text);
	ck_assert(!buf_overflowed(&text));
	return strstr(buf_text(&text), piece) != NULL;
}

START_TEST(what_was_not_read_is_no_zero)
{
	static const char *const lines[] = {
		"mailweir_fleet_outcomes_total{upstream=\"second\",",
		"mailweir_fleet_upstream_connections{upstream=\"second\"}",
		"mailweir_fleet_upstream_state{upstream=\"second\",",
	};

	for (size_t i = 0; i < MW_N_OF(lines); i++) {
		up_more[1].told_ms = NOW;
		ck_assert_msg(metrics_have(lines[i]), "%s", lines[i]);
		up_more[1].told_ms = 0;
		ck_assert_msg(!metrics_have(lines[i]), "%s", lines[i]);
	}
	ck_assert(metrics_have("mailweir_fleet_outcomes_total{upstream="
	    "\"filter\","));
	ck_assert(metrics_have("mailweir_fleet_accepted_total{"));
	dest_more.told_ms = 0;
	ck_assert(!metrics_have("mailweir_fleet_accepted_total{"));
}
END_TEST

START_TEST(the_age_is_that_of_the_oldest_part)
{
	ck_assert_int_eq(overview_told(&o), NOW - 2000);
	ck_assert(metrics_have("\nmailweir_fleet_told_timestamp_seconds "
	    "1795255198.000\n"));
	up_more[0].told_ms = 0;
	ck_assert_int_eq(overview_told(&o), 0);
}
END_TEST

START_TEST(times_are_seconds_and_shares_are_ratios)
{
	up[0].view.record.breaker = (struct breaker){
		.state = BREAKER_RAMP, .allowance = 250,
		.since_ms = NOW - 1, .until_ms = NOW + 5000,
	};
	ck_assert(metrics_have("_allowance_ratio{upstream=\"filter\"} 0.250\n"));
	ck_assert(metrics_have("_state_since_timestamp_seconds{"
	    "upstream=\"filter\"} 1795255199.999\n"));
	ck_assert(metrics_have("_next_step_timestamp_seconds{"
	    "upstream=\"filter\"} 1795255205.000\n"));
	ck_assert(metrics_have("_state{upstream=\"filter\",state=\"ramp\"} 1\n"));
	ck_assert(metrics_have("_state{upstream=\"filter\",state=\"open\"} 0\n"));
}
END_TEST

START_TEST(hosts_are_compared_by_a_number)
{
	ck_assert(metrics_have("\nmailweir_config_hash 1250999896491\n"));
}
END_TEST

START_TEST(counters_beyond_32_bits_are_whole)
{
	here[OUTCOME_OK] = UINT64_C(9000000000);
	ck_assert(metrics_have("mailweir_outcomes_total{upstream=\"filter\","
	    "class=\"ok\"} 9000000000\n"));
	here[OUTCOME_OK] = 0;
}
END_TEST

#define EVIL "<img src=x onerror=alert(1)>\"'&\n\x1b[31m"
#define HARMLESS "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;??[31m"

START_TEST(strangers_text_is_no_markup)
{
	put(up[0].view.record.incident, "6b01bc06eb5");
	put(up[0].view.record.sample, EVIL);
	ck_assert(page_has("<code>" HARMLESS "</code>"));
	ck_assert(!page_has("<img"));
	up[0].view.override = (struct override){
		.state = OVERRIDE_OPEN, .until_ms = NOW + 60000,
	};
	put(up[0].view.override.by, "<b>");
	put(up[0].view.override.reason, EVIL);
	ck_assert(page_has("forced open by <b>&lt;b&gt;</b> for another "
	    "1m00s: " HARMLESS));
	ck_assert(!page_has("<img"));
	host.name = host.mode = host.digest = EVIL;
	o.redis_fine = false;
	o.redis = o.redis_says = EVIL;
	o.n_events = 1;
	event.n = 2;
	event.pairs[0].name = event.pairs[1].name = EVIL;
	event.pairs[0].value = event.pairs[1].value = EVIL;
	ck_assert(!page_has("<img"));
	event.pairs[0].name = "until";
	event.pairs[0].value = "<img src=x onerror=a(1)>";	/* as long as a time */
	event.pairs[1].name = "allowance";
	o.status.host = o.status.digest = EVIL;
	ck_assert(!page_has("<img"));
	ck_assert(page_has(HARMLESS));
}
END_TEST

static const struct {
	const char *says;
	enum breaker_state first, second;
	bool on_hold;
	const char *headline;
} headlines[] = {
	{ "nothing is wrong", BREAKER_CLOSED, BREAKER_CLOSED, false,
	    "good\">all is well<" },
	{ "one is down", BREAKER_OPEN, BREAKER_CLOSED, false,
	    "bad\">1 wrong<" },
	{ "both are", BREAKER_OPEN, BREAKER_OPEN, true,
	    "bad\">3 wrong<" },
	{ "one comes back", BREAKER_CLOSED, BREAKER_RAMP, false,
	    "part\">1 partly<" },
};

START_TEST(the_worst_comes_first)
{
	up[0].view.record.breaker.state = headlines[_i].first;
	up[1].view.record.breaker.state = headlines[_i].second;
	dest.on_hold = headlines[_i].on_hold;
	ck_assert_msg(page_has(headlines[_i].headline), "%s",
	    headlines[_i].says);
}
END_TEST

START_TEST(what_is_wrong_is_told_as_the_status_tells_it)
{
	struct upstream_record *r = &up[0].view.record;

	r->breaker.state = BREAKER_OPEN;
	r->breaker.down_ms = NOW - 96000;
	r->breaker.reason = BREAKER_STREAK;
	snprintf(r->incident, sizeof(r->incident), "69205f0c1a2");
	snprintf(r->sample, sizeof(r->sample), "451 <b>");
	ck_assert(page_has("<li class=\"bad\"><p><b>filter</b> is open: "
	    "takes no mail, for 1m36s</p>"));
	ck_assert(page_has("451 &lt;b&gt;</p><p class=\"next\">is tried "
	    "again in "));
	ck_assert(page_has("<small>incident 69205f0c1a2</small></li>"));
}
END_TEST

START_TEST(an_away_redis_is_told)
{
	ck_assert(!page_has("Redis is"));
	o.redis_fine = false;
	o.redis = "silent";
	ck_assert(page_has("Redis is silent."));
	ck_assert(page_has("was read 2s ago"));
	ck_assert(metrics_have("\nmailweir_redis_up 0\n"));
	buf_clear(&text);
	overview_health(&o, &text);
	ck_assert_ptr_nonnull(strstr(buf_text(&text), "\"silent\""));
}
END_TEST

START_TEST(a_host_alone_in_trouble_stands_apart)
{
	up_more[0].state = BREAKER_OPEN;
	up[0].n_alone = 1;
	up[0].alone[0] = (struct alone_view){
		.host = "mx7", .state = BREAKER_OPEN,
		.until_ms = NOW + 28000, .incident = "69205f0c1a2",
	};
	ck_assert(metrics_have("mailweir_upstream_state{upstream=\"filter\","
	    "state=\"open\"} 1\n"));
	ck_assert(metrics_have("mailweir_fleet_upstream_state{upstream="
	    "\"filter\",state=\"open\"} 0\n"));
	ck_assert(page_has("on <b>mx7</b> alone: open, next step in 28s "
	    "<small>incident 69205f0c1a2</small>"));
	ck_assert(page_has("part\">1 partly<"));
}
END_TEST

START_TEST(mail_that_grows_too_old_is_told)
{
	ck_assert(!page_has("will soon return"));
	dest.backlog = (struct backlog){
		.at_ms = NOW, .messages = 12345, .expiring = 7,
		.oldest_ms = NOW - 4 * 86400000,
	};
	ck_assert(page_has("<b>contoso</b> has mail in the queue that Postfix "
	    "will soon return"));
	ck_assert(page_has("12 345<small>oldest 4d00h</small><strong>7 "
	    "expiring</strong>"));
	ck_assert(metrics_have("_queued_messages{destination=\"contoso\"} "
	    "12345\n"));
	ck_assert(metrics_have("_expiring_messages{destination=\"contoso\"} "
	    "7\n"));
	ck_assert(metrics_have("_oldest_message_timestamp_seconds{"
	    "destination=\"contoso\"} 1794909600\n"));
}
END_TEST

START_TEST(events_are_told_in_peoples_words)
{
	o.n_events = 1;
	event.at_ms = NOW - 86400000;
	event.n = 3;
	event.pairs[0].name = "event";
	event.pairs[0].value = "override";
	event.pairs[1].name = "until";
	event.pairs[1].value = "2026-11-21T11:30:00.000Z";
	event.pairs[2].name = "allowance";
	event.pairs[2].value = "250";
	ck_assert(page_has("<time>11-20 10:00:00</time><em>override</em>"));
	ck_assert(page_has("<i>until</i> <time>11:30:00</time>"));
	ck_assert(page_has("<i>allowance</i> <span>25 %</span>"));
	event.at_ms = INT64_MAX;
	ck_assert(page_has("<time>-</time><em>override</em>"));
}
END_TEST

static const char *
number_after(const char *at, char before, long *out)
{
	char *end;

	ck_assert_int_eq(at[0], before);
	*out = strtol(at + 1, &end, 10);
	ck_assert(end > at + 1);
	return end;
}

/* "M5 3h4v41h-4z" */
static const char *
check_bar(const char *at)
{
	long x, y, width, height;

	at = number_after(at, 'M', &x);
	at = number_after(at, ' ', &y);
	at = number_after(at, 'h', &width);
	at = number_after(at, 'v', &height);
	ck_assert(x >= 0 && x + width < 300);
	ck_assert(y >= 0 && height > 0 && y + height <= 44);
	return strchr(at, 'z') + 1;
}

static const struct {
	const char *says;
	uint64_t good, bad, other;
	int pieces;
} bars[] = {
	{ "nothing", 0, 0, 0, 0 },
	{ "one of each", 1, 1, 1, 3 },
	{ "one bad one among many", 1000000, 1, 0, 2 },
	{ "one other among many bad", 0, 99, 1, 2 },
	{ "one bad among many others", 0, 1, 99, 2 },
	{ "few of both among many", 5000, 1, 1, 3 },
	{ "more than 32 bits can add", UINT32_MAX, UINT32_MAX, UINT32_MAX, 3 },
};

START_TEST(bars_stay_in_their_picture)
{
	uint64_t totals[OUTCOME_CLASSES] = { 0 };
	const char *at;
	int n = 0;

	history_note(&history, totals, NOW);
	totals[OUTCOME_OK] = bars[_i].good;
	totals[OUTCOME_TROUBLE] = bars[_i].bad;
	totals[OUTCOME_UNKNOWN] = bars[_i].other;
	if (bars[_i].good == UINT32_MAX)
		history.bars[NOW / HISTORY_BAR_MS % HISTORY_BARS] =
		    (struct history_bar){ UINT32_MAX, UINT32_MAX, UINT32_MAX };
	else
		history_note(&history, totals, NOW);
	ck_assert(page_has("<svg class=\"spark\""));
	at = strstr(buf_text(&text), "<path class=\"good\"");
	for (; strncmp(at, "</svg>", 6) != 0; at++)
		for (; *at == 'M'; n++)
			at = check_bar(at);
	ck_assert_msg(n == bars[_i].pieces, "%s: %d", bars[_i].says, n);
	history = (struct history){ 0 };
}
END_TEST

START_TEST(the_fleet_is_told_in_five_numbers)
{
	up[0].in_use = 7;
	up[1].in_use = 10;
	up[1].waiting = 3;
	up[0].view.record.breaker.state = BREAKER_OPEN;
	dest.leases = 42;
	ck_assert(page_has("<dt>Good answers</dt><dd class=\"zero\">-</dd>"));
	ck_assert(page_has("<dt>Connections</dt><dd>17<small>of 10, 3 waiting"
	    "</small></dd>"));
	ck_assert(page_has("<dt>Coming in</dt><dd>42</dd>"));
	ck_assert(page_has("<dt>In queues</dt><dd class=\"zero\">0</dd>"));
	ck_assert(page_has("<dt>Hosts</dt><dd>1<small>of 1</small></dd>"));
}
END_TEST

#define MANY 60

static int
count(const char *piece)
{
	const char *at;
	int n = 0;

	ck_assert(page_has("</html>"));
	for (at = buf_text(&text); (at = strstr(at, piece)) != NULL; at++)
		n++;
	return n;
}

START_TEST(of_many_destinations_the_bad_ones_have_a_row)
{
	struct destination all[MANY];
	struct destination_status status[MANY] = { 0 };
	struct overview_destination more[MANY] = { 0 };
	struct plan big = plan;

	for (int i = 0; i < MANY; i++) {
		all[i] = (struct destination){ .name = "quiet", .cap = 10,
		    .n_routes = 1 };
		status[i].destination = &all[i];
	}
	big.destinations = all;
	big.n_destinations = MANY;
	o.status.plan = &big;
	o.status.destinations = status;
	o.destinations = more;
	ck_assert_int_eq(count("<th scope=\"row\">"), 0);
	ck_assert_int_eq(count("<li class=\"closed\"><strong>quiet<"), MANY);
	all[17].name = "held";
	status[17].on_hold = true;
	all[30].name = "full";
	status[30].leases = 10;
	all[40].name = "late";
	status[40].backlog.expiring = status[40].backlog.messages = 1;
	ck_assert_int_eq(count("<th scope=\"row\">"), 3);
	ck_assert(page_has("<th scope=\"row\">held<"));
	ck_assert(page_has("<th scope=\"row\">full<"));
	ck_assert(page_has("<th scope=\"row\">late<"));
	ck_assert_int_eq(count("<strong>quiet<"), MANY - 3);
	for (int i = 0; i < MANY; i++)
		status[i].on_hold = true;
	ck_assert_int_eq(count("<th scope=\"row\">") +
	    count("<li class=\"closed held\">"), MANY);
	ck_assert_int_lt(count("<th scope=\"row\">"), MANY / 2);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("overview");
	Suite *s = suite_create("observe");

	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_was_not_read_is_no_zero);
	tcase_add_test(tc, the_age_is_that_of_the_oldest_part);
	tcase_add_test(tc, times_are_seconds_and_shares_are_ratios);
	tcase_add_test(tc, hosts_are_compared_by_a_number);
	tcase_add_test(tc, counters_beyond_32_bits_are_whole);
	tcase_add_test(tc, strangers_text_is_no_markup);
	tcase_add_loop_test(tc, the_worst_comes_first, 0, MW_N_OF(headlines));
	tcase_add_test(tc, what_is_wrong_is_told_as_the_status_tells_it);
	tcase_add_test(tc, an_away_redis_is_told);
	tcase_add_test(tc, a_host_alone_in_trouble_stands_apart);
	tcase_add_test(tc, mail_that_grows_too_old_is_told);
	tcase_add_test(tc, events_are_told_in_peoples_words);
	tcase_add_loop_test(tc, bars_stay_in_their_picture, 0,
	    MW_N_OF(bars));
	tcase_add_test(tc, the_fleet_is_told_in_five_numbers);
	tcase_add_test(tc, of_many_destinations_the_bad_ones_have_a_row);
	return suite_main(s);
}
