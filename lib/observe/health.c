#include "observe/health.h"

#include "base/buf.h"
#include "base/mem.h"
#include "observe/words.h"

#include <stdio.h>

static const char *const grade_names[] = {
	[HEALTH_WRONG] = "wrong",
	[HEALTH_PARTLY] = "partly",
	[HEALTH_NOTE] = "note",
};
static const char *const about_names[] = {
	[HEALTH_UPSTREAM] = "upstream",
	[HEALTH_DESTINATION] = "destination",
	[HEALTH_HOST] = "host",
	[HEALTH_FLEET] = "fleet",
};

#define say(dst, ...) snprintf((dst), sizeof(dst), __VA_ARGS__)

/* The next one of the list, valid until there is another. */
static struct finding *
add(struct health *h, enum health_grade grade, enum health_about about,
    const char *name)
{
	struct finding *f;

	h->list = mem_resize(h->list, h->n + 1, sizeof(*h->list));
	f = &h->list[h->n++];
	*f = (struct finding){ .grade = grade, .about = about, .name = name,
	    .incident = "" };
	h->count[grade]++;
	return f;
}

/* "by alice: their move", and when that ends. */
static void
tell_word(const struct status *s, const struct override *o,
    struct finding *f)
{
	char wait[24];

	say(f->why, "by %s%s%s", o->by, o->reason[0] != '\0' ? ": " : "",
	    o->reason);
	say(f->next, "ends by itself in %s",
	    words_wait(o->until_ms - s->now_ms, wait));
}

static void
find_forced(struct health *h, const struct status *s,
    const struct upstream_status *u, const struct override *forced)
{
	const enum breaker_state own = u->view.record.breaker.state;
	const bool open = forced->state == OVERRIDE_OPEN;
	struct finding *f = add(h, open ? HEALTH_WRONG : HEALTH_NOTE,
	    HEALTH_UPSTREAM, u->upstream->name);

	if (open)
		say(f->what, "is forced open: takes no mail");
	else
		say(f->what, "is forced closed: gets all mail%s%s",
		    own == BREAKER_CLOSED ? "" : ", though its breaker is ",
		    own == BREAKER_CLOSED ? "" : breaker_state_name(own));
	tell_word(s, forced, f);
}

static void
say_state(const struct upstream_status *u, const struct breaker *b,
    const char *wait, struct finding *f)
{
	char share[16];

	words_share(breaker_allowance(b), share);
	switch (b->state) {
	case BREAKER_CLOSED:
		break;
	case BREAKER_SHEDDING:
		say(f->what, "is shedding: gets %s of the mail", share);
		break;
	case BREAKER_OPEN:
		say(f->what, "is open: takes no mail");
		say(f->next, "is tried again in %s", wait);
		break;
	case BREAKER_HALF_OPEN:
		say(f->what, "is half-open: one trial at a time");
		say(f->next, "%u good trials bring mail back to it",
		    u->upstream->breaker.trials);
		break;
	case BREAKER_RAMP:
		say(f->what, "is on its way back: gets %s of the mail",
		    share);
		say(f->next, "gets more in %s", wait);
		break;
	}
}

static void
find_state(struct health *h, const struct status *s,
    const struct upstream_status *u)
{
	const struct upstream_record *r = &u->view.record;
	const struct breaker *b = &r->breaker;
	struct finding *f = add(h, b->state == BREAKER_OPEN ? HEALTH_WRONG :
	    HEALTH_PARTLY, HEALTH_UPSTREAM, u->upstream->name);
	char wait[24];

	f->since_ms = b->down_ms > 0 ? b->down_ms : b->since_ms;
	f->incident = r->incident;
	say_state(u, b, words_wait(status_next_step(s, u), wait), f);
	if (b->reason != BREAKER_NO_REASON)
		say(f->why, "%s (%s)%s%s%s%s", words_reason(b->reason),
		    breaker_reason_name(b->reason),
		    r->sample[0] != '\0' ? "; " : "", r->rule,
		    r->rule[0] != '\0' ? ": " : "", r->sample);
}

/* It is closed, and all the same there is something. */
static void
find_limit(struct health *h, const struct upstream_status *u)
{
	struct finding *f;

	if (u->cap < u->upstream->connections) {
		f = add(h, HEALTH_NOTE, HEALTH_UPSTREAM, u->upstream->name);
		f->since_ms = u->view.record.throttle.cut_ms;
		say(f->what, "gets fewer connections: %u instead of %u",
		    u->cap, u->upstream->connections);
		say(f->why, "it asked for fewer");
	}
	if (u->waiting > 0 && u->in_use >= u->cap) {
		f = add(h, HEALTH_PARTLY, HEALTH_UPSTREAM, u->upstream->name);
		say(f->what, "is full: %u of %u connections in use, %u wait "
		    "for one", u->in_use, u->cap, u->waiting);
	}
}

/* Hosts that alone see trouble there; as a rule there is one. */
static void
find_alone(struct health *h, const struct status *s,
    const struct upstream_status *u)
{
	const struct alone_view *a = &u->alone[0];
	struct finding *f;
	char wait[24];

	if (u->n_alone == 0)
		return;
	f = add(h, HEALTH_PARTLY, HEALTH_UPSTREAM, u->upstream->name);
	f->incident = a->incident;
	if (u->n_alone == 1)
		say(f->what, "is %s on %s alone",
		    breaker_state_name(a->state), a->host);
	else
		say(f->what, "is %s on %s, and in trouble on %u more hosts, "
		    "on each alone", breaker_state_name(a->state), a->host,
		    u->n_alone - 1);
	say(f->why, "other hosts fare well with it: look at that host");
	if (a->until_ms > s->now_ms)
		say(f->next, "next step in %s",
		    words_wait(a->until_ms - s->now_ms, wait));
}

static void
find_upstream(struct health *h, const struct status *s,
    const struct upstream_status *u)
{
	const struct override *forced = status_override(s,
	    &u->view.override);
	const int64_t locked_ms = u->view.preflight.locked_ms;
	char wait[24];

	if (forced != NULL)
		find_forced(h, s, u, forced);
	else if (u->view.record.breaker.state != BREAKER_CLOSED)
		find_state(h, s, u);
	else
		find_limit(h, u);
	find_alone(h, s, u);
	if (locked_ms > s->now_ms) {
		struct finding *f = add(h, HEALTH_NOTE, HEALTH_UPSTREAM,
		    u->upstream->name);

		say(f->what, "is locked: takes mail from the filter only");
		say(f->next, "is asked again in %s",
		    words_wait(locked_ms - s->now_ms, wait));
	}
}

/* No upstream may take its mail: since the last of them went, until the first
 * of them is tried. */
static void
tell_routes(const struct status *s, const struct destination *d,
    struct finding *f)
{
	int64_t next_ms = -1;
	char wait[24];

	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct upstream_status *u =
		    &s->upstreams[d->routes[i].upstream];
		const int64_t down_ms = u->view.record.breaker.down_ms;
		const int64_t step_ms = status_next_step(s, u);

		if (down_ms > f->since_ms && !d->routes[i].unfiltered)
			f->since_ms = down_ms;
		if (step_ms >= 0 && (next_ms < 0 || step_ms < next_ms))
			next_ms = step_ms;
	}
	if (next_ms >= 0)
		say(f->next, "the first of them has its next step in %s",
		    words_wait(next_ms, wait));
}

/* What a destination may suffer from. Many that suffer alike are one finding:
 * one relay down is one thing to read of, whomever it hits. */
enum ill { ILL_HELD, ILL_NO_WAY, ILL_EXPIRING, ILL_AT_CAP };

static bool
has(const struct status *s, const struct destination_status *d,
    enum ill ill)
{
	const bool held = override_says(&d->word, OVERRIDE_HOLD, s->now_ms);

	switch (ill) {
	case ILL_HELD:
		return held;
	case ILL_NO_WAY:
		return d->on_hold && !held;
	case ILL_EXPIRING:
		return d->backlog.expiring > 0;
	case ILL_AT_CAP:
		return d->destination->cap != 0 &&
		    d->leases >= d->destination->cap;
	}
	return false;
}

/* n suffer from it, d is the first of them. */
static void
tell_destinations(struct health *h, const struct status *s,
    const struct destination_status *d, uint32_t n, enum ill ill)
{
	struct finding *f = add(h, ill == ILL_AT_CAP ? HEALTH_PARTLY :
	    HEALTH_WRONG, HEALTH_DESTINATION, d->destination->name);
	char more[32] = "";

	if (n > 1)
		snprintf(more, sizeof(more), "and %u more ", n - 1);
	switch (ill) {
	case ILL_HELD:
		say(f->what, "%s%s on hold", more, n > 1 ? "are" : "is");
		tell_word(s, &d->word, f);
		break;
	case ILL_NO_WAY:
		say(f->what, "%s%s on hold: no upstream may take the mail",
		    more, n > 1 ? "are" : "is");
		tell_routes(s, d->destination, f);
		break;
	case ILL_EXPIRING:
		say(f->what, "%s%s mail in the queue that Postfix will soon "
		    "return", more, n > 1 ? "have" : "has");
		say(f->why, "%u messages for %s wait since long",
		    d->backlog.expiring, d->destination->name);
		say(f->next, "\"mailweir hold --shelter\" keeps them");
		break;
	case ILL_AT_CAP:
		say(f->what, "%s%s at the cap", more, n > 1 ? "are" : "is");
		say(f->why, "%u of %u transactions under way", d->leases,
		    d->destination->cap);
		say(f->next, "senders of more are told 451 4.3.2");
		break;
	}
}

static void
find_destinations(struct health *h, const struct status *s, enum ill ill)
{
	const struct destination_status *first = NULL;
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->plan->n_destinations; i++) {
		if (!has(s, &s->destinations[i], ill))
			continue;
		if (n++ == 0)
			first = &s->destinations[i];
	}
	if (n > 0)
		tell_destinations(h, s, first, n, ill);
}

static void
find_lost(struct health *h, const struct status *s)
{
	const struct host_status *first = NULL;
	struct finding *f;
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n_hosts; i++)
		if (status_lost(s, &s->hosts[i]) && n++ == 0)
			first = &s->hosts[i];
	if (n == 0)
		return;
	f = add(h, HEALTH_PARTLY, HEALTH_HOST, first->name);
	f->since_ms = first->seen_ms;
	if (n == 1)
		say(f->what, "is lost: no sign of life");
	else
		say(f->what, "and %u more are lost: no sign of life", n - 1);
}

/* " mx1=observe mx2=enforce" of the hosts that are there, as long as there is
 * room. */
static void
name_hosts(const struct status *s, bool digests, struct finding *f)
{
	struct buf b = buf_new(sizeof(f->why) - 1);

	for (uint32_t i = 0; i < s->n_hosts; i++) {
		const struct host_status *host = &s->hosts[i];

		if (!status_lost(s, host))
			buf_addf(&b, "%s%s=%s", b.len > 0 ? " " : "",
			    host->name, digests ? host->digest : host->mode);
	}
	say(f->why, "%s", buf_text(&b));
	buf_free(&b);
}

static void
find_fleet(struct health *h, const struct status *s)
{
	struct finding *f;

	if (s->n_hosts == 0) {
		f = add(h, HEALTH_WRONG, HEALTH_FLEET, "");
		say(f->what, "no host has been heard of yet");
		say(f->next, "mailweir-policyd has to run");
	}
	if (s->digests_differ) {
		f = add(h, HEALTH_PARTLY, HEALTH_FLEET, "");
		say(f->what, "hosts disagree about the configuration");
		name_hosts(s, true, f);
	}
	if (s->reload_due) {
		f = add(h, HEALTH_PARTLY, HEALTH_HOST, s->host);
		say(f->what, "runs on another configuration than its file");
		say(f->next, "check the file, and reload it");
	}
	if (s->modes_differ) {
		f = add(h, HEALTH_NOTE, HEALTH_FLEET, "");
		say(f->what, "hosts run in different modes");
		name_hosts(s, false, f);
	}
	if (s->plan->mode == PLAN_OBSERVE) {
		f = add(h, HEALTH_NOTE, HEALTH_HOST, s->host);
		say(f->what, "observes: counts what it would do, and does "
		    "nothing");
	}
}

/* The worst first, each grade in the order in which it was found. */
static void
sort(struct health *h)
{
	struct finding *sorted = mem_new(h->n, sizeof(*sorted));
	uint32_t n = 0;

	for (int grade = 0; grade < HEALTH_GRADES; grade++)
		for (uint32_t i = 0; i < h->n; i++)
			if (h->list[i].grade == (enum health_grade)grade)
				sorted[n++] = h->list[i];
	mem_free(h->list);
	h->list = sorted;
}

const char *
health_grade_name(enum health_grade grade)
{
	return grade_names[grade];
}

const char *
health_about_name(enum health_about about)
{
	return about_names[about];
}

struct health
health_of(const struct status *s)
{
	struct health h = { 0 };

	for (uint32_t i = 0; i < s->plan->n_upstreams; i++)
		find_upstream(&h, s, &s->upstreams[i]);
	for (int ill = ILL_HELD; ill <= ILL_AT_CAP; ill++)
		find_destinations(&h, s, (enum ill)ill);
	find_lost(&h, s);
	find_fleet(&h, s);
	sort(&h);
	return h;
}

void
health_free(struct health *h)
{
	mem_free(h->list);
	*h = (struct health){ 0 };
}

const char *
health_headline(const struct health *h, char dst[80])
{
	size_t len = 0;

	if (h->n == 0)
		snprintf(dst, 80, "all is well");
	for (int i = 0; i < HEALTH_GRADES; i++)
		if (h->count[i] > 0)
			len += (size_t)snprintf(dst + len, 80 - len,
			    "%s%u %s", len > 0 ? ", " : "", h->count[i],
			    grade_names[i]);
	return dst;
}
