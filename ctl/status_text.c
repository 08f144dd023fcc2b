/*
 * status for people: what is wrong first, then a table each of upstreams,
 * destinations and hosts.
 */
#include "base/mem.h"
#include "ctl/print.h"
#include "ctl/shelter.h"
#include "ctl/status.h"
#include "observe/health.h"
#include "observe/words.h"

#include <ctype.h>
#include <stdio.h>

#define ROWS_MAX 20		/* of a table on a terminal, where all is quiet */
#define INDENT 8		/* below "WRONG   " */

static enum print_colour
colour_of_grade(enum health_grade grade)
{
	switch (grade) {
	case HEALTH_WRONG:
		return PRINT_BAD;
	case HEALTH_PARTLY:
		return PRINT_PART;
	case HEALTH_NOTE:
		break;
	}
	return PRINT_HEAD;
}

static enum print_colour
colour_of_state(enum breaker_state state)
{
	switch (state) {
	case BREAKER_OPEN:
		return PRINT_BAD;
	case BREAKER_SHEDDING:
	case BREAKER_HALF_OPEN:
	case BREAKER_RAMP:
		return PRINT_PART;
	case BREAKER_CLOSED:
		break;
	}
	return PRINT_GOOD;
}

/* "WRONG   filter is open: takes no mail, for 1m36s", and below it why, and
 * what comes next. */
static void
show_finding(const struct status *s, const struct finding *f)
{
	char grade[INDENT + 1] = "", wait[24];

	for (size_t i = 0; health_grade_name(f->grade)[i] != '\0'; i++)
		grade[i] = (char)toupper(health_grade_name(f->grade)[i]);
	words_wait(s->now_ms > f->since_ms ? s->now_ms - f->since_ms : 0,
	    wait);
	print_line(colour_of_grade(f->grade), INDENT, INDENT,
	    "%-*s%s%s%s%s%s", INDENT, grade, f->name,
	    f->name[0] != '\0' ? " " : "", f->what,
	    f->since_ms > 0 ? ", for " : "", f->since_ms > 0 ? wait : "");
	if (f->why[0] != '\0')
		print_line(PRINT_PLAIN, 0, INDENT + 2, "%*swhy: %s", INDENT,
		    "", f->why);
	if (f->next[0] != '\0' || f->incident[0] != '\0')
		print_line(PRINT_PLAIN, 0, INDENT + 2, "%*snext: %s%s%s%s",
		    INDENT, "", f->next[0] != '\0' ? f->next : "-",
		    f->incident[0] != '\0' ? " (incident " : "", f->incident,
		    f->incident[0] != '\0' ? ")" : "");
}

static void
show_health(const struct status *s)
{
	struct health health = health_of(s);
	char line[80];
	size_t mark = 0;

	health_headline(&health, line);
	while (line[mark] != '\0' && line[mark] != ',')
		mark++;
	print_line(health.n == 0 ? PRINT_GOOD :
	    colour_of_grade(health.list[0].grade), mark, 0,
	    "%s; mode %s on %s, configuration %s", line,
	    s->plan->mode == PLAN_ENFORCE ? "enforce" : "observe", s->host,
	    s->digest);
	for (uint32_t i = 0; i < health.n; i++)
		show_finding(s, &health.list[i]);
	health_free(&health);
}

static struct columns *
headed(const char *const *heads, size_t n, size_t numbers)
{
	struct columns *c = columns_new(n);

	for (size_t i = 0; i < n; i++) {
		columns_add(c, "%s", heads[i]);
		columns_paint(c, PRINT_HEAD);
	}
	columns_numbers(c, numbers);
	return c;
}

/* What the last rows of a table have in common. */
static void
show_left_out(uint32_t n, const char *what)
{
	if (n > 0)
		print_line(PRINT_PLAIN, 0, 0, "and %u more %s, nothing under "
		    "way; --all shows them", n, what);
}

/* How many rows of quiet things there is room for. */
static uint32_t
room_for(uint32_t n, bool all)
{
	return all || print_width() == 0 || n <= ROWS_MAX ? n : ROWS_MAX;
}

static uint64_t
total_of(const struct upstream_status *u, bool bad)
{
	uint64_t sum = 0;

	for (int i = 0; i < OUTCOME_CLASSES; i++) {
		const struct outcome_weight w =
		    outcome_weight((enum outcome_class)i);

		if (bad ? w.bad > 0 : w.good > 0)
			sum += u->totals[i];
	}
	return sum;
}

static void
add_upstream(struct columns *c, const struct status *s,
    const struct upstream_status *u)
{
	const enum breaker_state state = view_state(&u->view, s->now_ms);
	char text[16];

	columns_add(c, "%s", u->upstream->name);
	columns_add(c, "%s", breaker_state_name(state));
	columns_paint(c, colour_of_state(state));
	columns_add(c, "%s", words_share(view_allowance(&u->view, s->now_ms),
	    text));
	columns_add(c, "%u/%u", u->in_use, u->cap);
	columns_add(c, "%u", u->waiting);
	columns_add(c, "%s", print_short(total_of(u, false), text));
	columns_add(c, "%s", print_short(total_of(u, true), text));
}

static bool
is_quiet_upstream(const struct status *s, const struct upstream_status *u)
{
	return view_state(&u->view, s->now_ms) == BREAKER_CLOSED &&
	    u->in_use == 0 && u->waiting == 0 && u->n_alone == 0;
}

static void
show_upstreams(const struct status *s, bool all)
{
	static const char *const heads[] = { "UPSTREAM", "STATE", "SHARE",
		"IN USE", "WAITING", "GOOD", "BAD" };
	struct columns *c = headed(heads, MW_N_OF(heads), 2);
	const uint32_t n = s->plan->n_upstreams;
	uint32_t room = room_for(n, all), left_out = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct upstream_status *u = &s->upstreams[i];

		if (is_quiet_upstream(s, u) && room == 0) {
			left_out++;
			continue;
		}
		room -= room > 0;
		add_upstream(c, s, u);
	}
	columns_print(c);
	columns_free(&c);
	show_left_out(left_out, "upstreams");
}

static void
note_release(struct columns *c, const struct status *s,
    const struct override *o)
{
	char wait[24], rate[32] = "";

	if (o == NULL || o->state != OVERRIDE_RELEASE)
		return;
	if (o->rate > 0)
		snprintf(rate, sizeof(rate), " at %u a second", o->rate);
	columns_note(c, "released%s by %s for another %s%s%s", rate, o->by,
	    words_wait(o->until_ms - s->now_ms, wait),
	    o->reason[0] != '\0' ? ": " : "", o->reason);
}

/* Its counters, the last two of what was done, or would have been. */
static const struct counted {
	const char *head;
	enum dest_counter counter;
} counted[] = {
	{ "DELIVERED", DEST_DELIVERED },
	{ "REROUTED", DEST_REROUTED },
	{ "DEFERRED", DEST_DEFERRED },
	{ "HELD", DEST_HELD },
}, counted_only[] = {
	{ "DELIVERED", DEST_DELIVERED },
	{ "REROUTED", DEST_REROUTED },
	{ "WOULD DEFER", DEST_WOULD_DEFER },
	{ "WOULD REFUSE", DEST_WOULD_REFUSE },
};

static const struct counted *
counters_of(const struct status *s)
{
	return s->plan->mode == PLAN_OBSERVE ? counted_only : counted;
}

static void
add_destination(struct columns *c, const struct status *s,
    const struct destination_status *d)
{
	const int64_t age_ms = s->now_ms - d->backlog.oldest_ms;
	char text[24];

	columns_add(c, "%s", d->destination->name);
	if (d->on_hold)
		columns_paint(c, PRINT_BAD);
	if (d->destination->cap != 0)
		columns_add(c, "%u/%u", d->leases, d->destination->cap);
	else
		columns_add(c, "%u", d->leases);
	columns_add(c, "%u", d->backlog.messages);
	for (size_t i = 0; i < MW_N_OF(counted); i++)
		columns_add(c, "%s", print_short(
		    d->counters[counters_of(s)[i].counter], text));
	note_release(c, s, status_override(s, &d->word));
	if (d->backlog.messages > 0)
		columns_note(c, "the oldest in the queue waits for %s",
		    words_wait(age_ms > 0 ? age_ms : 0, text));
}

static bool
is_quiet_destination(const struct status *s,
    const struct destination_status *d)
{
	return d->leases == 0 && d->backlog.messages == 0 &&
	    status_override(s, &d->word) == NULL;
}

static void
show_destinations(const struct status *s, const struct config *config,
    bool all)
{
	const char *const heads[] = { "DESTINATION", "IN USE", "QUEUED",
		counters_of(s)[0].head, counters_of(s)[1].head,
		counters_of(s)[2].head, counters_of(s)[3].head };
	struct columns *c = headed(heads, MW_N_OF(heads), 1);
	const uint32_t n = s->plan->n_destinations;
	uint32_t room = room_for(n, all), left_out = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct destination_status *d = &s->destinations[i];
		const uint32_t sheltered = shelter_count(config, i);

		if (is_quiet_destination(s, d) && sheltered == 0 &&
		    room == 0) {
			left_out++;
			continue;
		}
		room -= room > 0;
		add_destination(c, s, d);
		if (sheltered > 0)
			columns_note(c, "%u sheltered on %s, until it is "
			    "released there", sheltered, s->host);
	}
	columns_print(c);
	columns_free(&c);
	show_left_out(left_out, "destinations");
}

static void
show_hosts(const struct status *s)
{
	static const char *const heads[] = { "HOST", "MODE", "CONFIGURATION",
		"VERSION", "SEEN" };
	struct columns *c = headed(heads, MW_N_OF(heads), MW_N_OF(heads));
	char age[24];

	for (uint32_t i = 0; i < s->n_hosts; i++) {
		const struct host_status *h = &s->hosts[i];
		const int64_t ms = h->seen_ms < s->now_ms ?
		    s->now_ms - h->seen_ms : 0;

		columns_add(c, "%s", h->name);
		columns_add(c, "%s", h->mode);
		columns_add(c, "%s", h->digest);
		columns_add(c, "%s", h->version);
		columns_add(c, "%s%s ago", status_lost(s, h) ? "lost, " : "",
		    words_wait(ms, age));
		if (status_lost(s, h))
			columns_paint(c, PRINT_PART);
	}
	columns_print(c);
	columns_free(&c);
}

void
status_show_text(const struct status *s, const struct config *config,
    bool all)
{
	show_health(s);
	putchar('\n');
	show_upstreams(s, all);
	putchar('\n');
	show_destinations(s, config, all);
	if (s->n_hosts == 0)
		return;
	putchar('\n');
	show_hosts(s);
	if (!s->digests_differ)
		print_line(PRINT_PLAIN, 0, 0,
		    "all hosts have the same configuration");
}
