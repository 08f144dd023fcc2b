#include "policy/release.h"

#include "base/buf.h"
#include "base/chance.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/table.h"
#include "core/decide.h"
#include "dns/resolver.h"
#include "policy/backlog.h"
#include "policy/helper.h"
#include "wire/postqueue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MS 60000		/* between two looks to count what waits */
#define LOOK_MS 10000		/* between two to release, for a destination */
#define LOOK_GAP_MS 1000	/* the same for whomever; and ten times as long
				 * as the first one took */
#define ASK_MS (3600 * INT64_C(1000))	/* how long Postfix keeps a message */
#define LIFETIME_MS (5 * 86400 * INT64_C(1000))	/* its default */
#define TRIAL_MS 1000		/* between two messages to try an upstream with */
#define POSTQUEUE_SECONDS 60	/* for one of them */
#define HELD_MAX 10000		/* kept of one look, the oldest */
#define LET_GO_MAX 5000		/* remembered in each of two tables */
#define STATUS_MAX 4096		/* bytes of a reason that are looked at */

/* A destination, and what its recoveries have come to. */
struct course {
	char name[PLAN_NAME_MAX + 1];
	enum decide_release may;
	uint32_t recovery;	/* counts them */
	bool wanted;		/* there may be held mail that a look will find */
	int64_t look_ms;	/* no look for it before */
	bool waiting;		/* mail may wait, and is to be counted */
	bool sought, found;	/* in the present look */
	int64_t order_ms;	/* the operator's order to release, by its end */
	int64_t trial_ms;	/* no message to try it with before */
};

struct held {
	char id[POSTQUEUE_ID_MAX + 1];
	bool gone;
	uint32_t destination;
	int64_t arrived_s;
};

struct release {
	struct server *server;
	struct helper *helper;
	struct event *timer;
	struct course *courses;		/* by destination */
	uint32_t n_courses;
	struct held *held;		/* of the last look, oldest first */
	size_t n_held, room;
	struct table *let_go, *let_go_before;
	bool asking, looking;
	int going;			/* whose message is under way; -1: none */
	/* none before: a question, a look to count or to release, a message */
	int64_t ask_ms, count_ms, look_ms, go_ms;
	int64_t looked_ms;		/* when the last look began */
	int64_t lifetime_ms;		/* that Postfix gives a message */
	bool complained;
	char said[200];			/* by postqueue, of its trouble */
};

static const struct plan *
plan_of(const struct release *r)
{
	return server_plan(r->server);
}

/* Once, until it works again. */
static void
complain(struct release *r, const char *why)
{
	if (!r->complained)
		log_warning("release", LOG_TEXT("command",
		    r->server->config->release_command),
		    LOG_TEXT("failed", why), LOG_TEXT("advice",
		    "held mail waits for Postfix's own retries"));
	r->complained = true;
}

/* The key under which a message is remembered for this recovery. */
static const char *
key_of(const struct release *r, const struct held *m, char dst[96])
{
	const struct course *c = &r->courses[m->destination];

	snprintf(dst, 96, "%s %s %u", m->id, c->name, c->recovery);
	return dst;
}

static bool
was_let_go(const struct release *r, const struct held *m)
{
	char key[96];
	uint64_t value;

	key_of(r, m, key);
	return table_get(r->let_go, span_of(key), &value) ||
	    table_get(r->let_go_before, span_of(key), &value);
}

/* With the table full, the older half of what is remembered is forgotten. */
static void
remember(struct release *r, const struct held *m)
{
	char key[96];

	if (table_count(r->let_go) >= LET_GO_MAX) {
		table_free(&r->let_go_before);
		r->let_go_before = r->let_go;
		r->let_go = table_new();
	}
	(void)table_add(r->let_go, span_of(key_of(r, m, key)), 0, NULL);
}

static int
by_age(const void *a, const void *b)
{
	const struct held *one = a, *other = b;

	return (one->arrived_s > other->arrived_s) -
	    (one->arrived_s < other->arrived_s);
}

static void
sort_held(struct release *r)
{
	if (r->n_held > 0)
		qsort(r->held, r->n_held, sizeof(*r->held), by_age);
	if (r->n_held > HELD_MAX)
		r->n_held = HELD_MAX;
}

static void
add_held(struct release *r, const struct held *m)
{
	if (r->n_held == 2 * HELD_MAX)
		sort_held(r);
	if (r->n_held == r->room) {
		r->room = r->room == 0 ? 64 : 2 * r->room;
		r->held = mem_resize(r->held, r->room, sizeof(*r->held));
	}
	r->held[r->n_held++] = *m;
}

/*
 * The code that belongs to a reason, which the queue keeps without it: the
 * relay's own, where it said something; the connection's otherwise.
 */
static struct dsn
code_of(struct span why)
{
	struct span rest = why, after;
	struct dsn dsn;

	while (rest.at != NULL) {
		(void)span_cut(&rest, ':');
		if (rest.len > 5 && rest.at[0] == ' ' && rest.at[1] == '4')
			return dsn_parse((struct span){ rest.at + 5,
			    rest.len - 5 }, &dsn, &after) ? dsn :
			    (struct dsn){ 4, 0, 0 };
	}
	if (span_starts(why, SPAN("Host or domain name not found")))
		return (struct dsn){ 4, 4, 3 };
	return span_starts(why, SPAN("connect to ")) ?
	    (struct dsn){ 4, 4, 1 } : (struct dsn){ 4, 4, 2 };
}

/* Is this message here because of us, or of its upstream's trouble? */
static bool
is_held(const struct release *r, struct span why)
{
	const struct dsn code = code_of(why);
	struct buf status;
	struct outcome o;

	if (span_starts(why, SPAN("Mailweir: ")))
		return true;
	status = buf_new(STATUS_MAX);
	buf_addf(&status, "%u.%u.%u ", code.class, code.subject, code.detail);
	buf_add_span(&status, why);
	o = outcome_classify(r->server->config->rules, buf_span(&status));
	buf_free(&status);
	return outcome_weight(o.class).bad > 0 || o.class == OUTCOME_DNS;
}

static void
on_recipient(void *arg, const struct postqueue_message *message,
    struct span address, struct span why)
{
	struct release *r = arg;
	const int destination = resolver_match(r->server->resolver,
	    plan_of(r), address, 0);
	struct held m = {
		.destination = (uint32_t)destination,
		.arrived_s = message->arrived_s,
	};

	if (destination < 0)
		return;
	backlogs_note(r->server->backlogs, m.destination, message);
	if (!r->courses[destination].sought || !is_held(r, why))
		return;
	memcpy(m.id, message->id, sizeof(m.id));
	if (was_let_go(r, &m))
		return;
	r->courses[destination].found = true;
	add_held(r, &m);
}

static void
on_line(void *arg, struct span line)
{
	struct release *r = arg;

	if (r->looking && postqueue_read(line, on_recipient, r))
		return;
	if (r->asking && postqueue_time(line, &r->lifetime_ms))
		return;
	if (line.len > 0)
		printable(r->said, sizeof(r->said), line);
}

/* How long will Postfix keep what waits? False: there is no way to ask. */
static bool
ask(struct release *r, int64_t now_ms)
{
	static const char *const question[] = {
		"-h", "maximal_queue_lifetime", NULL,
	};
	const char *command = r->server->config->release_command;
	char postconf[CONFIG_COMMAND_MAX + 1];
	struct err err;

	r->ask_ms = now_ms + ASK_MS;
	r->asking = postqueue_sibling(command, "postconf", postconf,
	    sizeof(postconf)) &&
	    helper_start(r->helper, &(struct helper_job){
		.command = postconf, .more = question,
	    }, &err) == 0;
	return r->asking;
}

/* A look is over, this way or that. */
static void
put_off_looks(struct release *r, int64_t now_ms)
{
	const int64_t took_ms = now_ms - r->looked_ms;

	r->look_ms = now_ms + LOOK_GAP_MS + 10 * took_ms;
	for (uint32_t i = 0; i < r->n_courses; i++)
		if (r->courses[i].sought)
			r->courses[i].look_ms = now_ms + LOOK_MS;
}

static void
look(struct release *r, int64_t now_ms)
{
	static const char *const list[] = { "-j", NULL };
	struct err err;

	r->n_held = 0;
	r->looked_ms = now_ms;
	r->count_ms = now_ms + COUNT_MS;
	for (uint32_t i = 0; i < r->n_courses; i++) {
		struct course *c = &r->courses[i];

		/* What waits now may go before there is another look. */
		c->sought = c->wanted || c->waiting;
		c->found = false;
	}
	r->said[0] = '\0';
	backlogs_begin(r->server->backlogs, r->lifetime_ms);
	r->looking = helper_start(r->helper, &(struct helper_job){
		.command = r->server->config->release_command, .more = list,
	    }, &err) == 0;
	if (!r->looking) {
		put_off_looks(r, now_ms);
		complain(r, err.text);
	}
}

static void
has_looked(struct release *r)
{
	bool wanted = false;

	sort_held(r);
	for (uint32_t i = 0; i < r->n_courses; i++) {
		struct course *c = &r->courses[i];

		wanted |= c->wanted;
		if (c->sought && !c->found)
			c->wanted = false;
	}
	if (wanted)
		log_info("release", LOG_INT("found", (int64_t)r->n_held));
	backlogs_end(r->server->backlogs);
}

/* Messages a second: the operator's, or the file's. */
static uint32_t
rate_of(const struct release *r, uint32_t destination)
{
	const struct snapshot now = fleet_snapshot(r->server->fleet);
	const struct override *word = &now.holds[destination];

	if (override_says(word, OVERRIDE_RELEASE, server_fleet_ms(r->server)) &&
	    word->rate > 0)
		return word->rate;
	return r->server->config->release_rate;
}

/* The oldest message that may go now, or NULL. */
static struct held *
next_held(struct release *r, int64_t now_ms)
{
	for (size_t i = 0; i < r->n_held; i++) {
		struct held *m = &r->held[i];
		const struct course *c = &r->courses[m->destination];

		if (m->gone || c->may == RELEASE_NOTHING ||
		    (c->may == RELEASE_TRIALS && now_ms < c->trial_ms))
			continue;
		/* Two recipients of a message, say. */
		if (!was_let_go(r, m))
			return m;
		m->gone = true;
	}
	return NULL;
}

static void
let_go(struct release *r, struct held *m, int64_t now_ms)
{
	const char *const message[] = { "-i", m->id, NULL };
	const uint32_t pause_ms = 1000 / rate_of(r, m->destination);
	/* Late by a moment each time, it would be late by seconds. */
	const int64_t due_ms = now_ms - r->go_ms < pause_ms ? r->go_ms : now_ms;
	struct err err;

	r->go_ms = due_ms + pause_ms / 2 + chance_below(pause_ms + 1);
	r->courses[m->destination].trial_ms = now_ms + TRIAL_MS;
	r->going = (int)m->destination;
	r->said[0] = '\0';
	m->gone = true;
	remember(r, m);
	if (helper_start(r->helper, &(struct helper_job){
		.command = r->server->config->release_command, .more = message,
	    }, &err) < 0)
		complain(r, err.text);
}

static bool
wants_look(const struct release *r, int64_t now_ms)
{
	for (uint32_t i = 0; i < r->n_courses; i++) {
		const struct course *c = &r->courses[i];

		if ((c->wanted && now_ms >= c->look_ms &&
		    now_ms >= r->look_ms) ||
		    (c->waiting && now_ms >= r->count_ms))
			return true;
	}
	return false;
}

static void
proceed(struct release *r)
{
	const int64_t now_ms = clock_mono_ms();
	struct held *m;

	if (helper_runs(r->helper) ||
	    r->server->config->release_command[0] == '\0')
		return;
	m = next_held(r, now_ms);
	if (m != NULL && now_ms >= r->go_ms)
		let_go(r, m, now_ms);
	else if (m != NULL) {
		const int64_t wait_ms = r->go_ms - now_ms;

		event_add(r->timer, &(struct timeval){
			.tv_sec = (time_t)(wait_ms / 1000),
			.tv_usec = (suseconds_t)(wait_ms % 1000 * 1000),
		    });
	} else if (wants_look(r, now_ms) &&
	    (now_ms < r->ask_ms || !ask(r, now_ms)))
		look(r, now_ms);
}

static void
on_ended(void *arg, bool well)
{
	struct release *r = arg;

	if (r->looking)
		put_off_looks(r, clock_mono_ms());
	if (r->asking)
		r->asking = false;
	else if (!well)
		complain(r, r->said[0] != '\0' ? r->said : "it did not end well");
	else if (r->looking)
		has_looked(r);
	else if (r->going >= 0)
		tally_add(r->server->tally, (uint32_t)r->going, DEST_RELEASED,
		    1);
	r->complained = r->complained && !well;
	r->looking = false;
	r->going = -1;
	proceed(r);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	proceed(arg);
}

/* Does mail wait for it, or may it have to? */
static bool
is_troubled(const struct release *r, uint32_t index,
    const struct snapshot *now, int64_t fleet_ms)
{
	const struct destination *d = &plan_of(r)->destinations[index];

	if (now->queued[index] > 0 ||
	    decide_on_hold(plan_of(r), d, now, fleet_ms))
		return true;
	for (uint32_t i = 0; i < d->n_routes; i++)
		if (view_state(&now->upstreams[d->routes[i].upstream],
		    fleet_ms) != BREAKER_CLOSED)
			return true;
	return false;
}

/* Has it begun to recover, or was it told to let go? */
static void
watch(struct course *c, enum decide_release may, const struct override *word,
    int64_t fleet_ms)
{
	const bool ordered = override_says(word, OVERRIDE_RELEASE, fleet_ms) &&
	    word->until_ms != c->order_ms;

	if (ordered)
		c->order_ms = word->until_ms;
	if (may == RELEASE_NOTHING)
		c->wanted = false;
	else if (may > c->may || ordered) {
		c->recovery++;
		c->wanted = true;
		c->sought = false;	/* a look under way has missed some */
	}
	c->may = may;
}

struct release *
release_new(struct server *server)
{
	struct release *r = mem_new(1, sizeof(*r));
	const struct helper_options options = {
		.deadline_s = POSTQUEUE_SECONDS,
		.line = on_line, .ended = on_ended, .arg = r,
	};

	r->server = server;
	r->helper = helper_new(server->base, &options);
	r->timer = evtimer_new(server->base, on_timer, r);
	r->let_go = table_new();
	r->let_go_before = table_new();
	r->going = -1;
	r->lifetime_ms = LIFETIME_MS;
	release_reload(r);
	return r;
}

void
release_free(struct release **release)
{
	struct release *r = *release;

	if (r == NULL)
		return;
	helper_free(&r->helper);
	event_free(r->timer);
	table_free(&r->let_go);
	table_free(&r->let_go_before);
	mem_free(r->courses);
	mem_free(r->held);
	mem_free(r);
	*release = NULL;
}

void
release_reload(struct release *r)
{
	const struct plan *plan = plan_of(r);
	struct course *fresh = mem_new(plan->n_destinations, sizeof(*fresh));

	for (uint32_t i = 0; i < r->n_courses; i++) {
		const int index = plan_destination(plan,
		    span_of(r->courses[i].name));

		if (index >= 0)
			fresh[index] = r->courses[i];
	}
	for (uint32_t i = 0; i < plan->n_destinations; i++)
		snprintf(fresh[i].name, sizeof(fresh[i].name), "%s",
		    plan->destinations[i].name);
	mem_free(r->courses);
	r->courses = fresh;
	r->n_courses = plan->n_destinations;
	/* These go by the old plan's indices; the next look finds them again. */
	r->n_held = 0;
	r->going = -1;
	r->ask_ms = 0;
}

void
release_tick(struct release *r)
{
	const struct plan *plan = plan_of(r);
	const struct snapshot now = server_snapshot(r->server);
	const int64_t fleet_ms = server_fleet_ms(r->server);

	for (uint32_t i = 0; i < r->n_courses; i++) {
		r->courses[i].waiting = is_troubled(r, i, &now, fleet_ms);
		watch(&r->courses[i], decide_release(plan,
		    &plan->destinations[i], &now, fleet_ms), &now.holds[i],
		    fleet_ms);
	}
	proceed(r);
}
