#include "answer.h"

#include <hiredis.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/printable.h"
#include "trouble.h"

#define TIME_MAX INT64_C(999999999999999)	/* 15 digits, as in prelude.lua */

/* A walk through what HGETALL gives: name, value, name, value. */
struct fields {
	const redisReply *flat;
	size_t next;
	struct span name, value;
};

static bool
is_text(const redisReply *r)
{
	return r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS;
}

static bool
next_field(struct fields *f)
{
	while (f->next + 2 <= f->flat->elements) {
		const redisReply *name = f->flat->element[f->next];
		const redisReply *value = f->flat->element[f->next + 1];

		f->next += 2;
		if (is_text(name) && is_text(value)) {
			f->name = (struct span){ name->str, name->len };
			f->value = (struct span){ value->str, value->len };
			return true;
		}
	}
	return false;
}

static bool
is(struct span s, const char *text)
{
	return span_eq(s, span_of(text));
}

static int64_t
number(struct span s, int64_t max)
{
	int64_t n;

	return number_parse(s, 0, max, &n) ? n : 0;
}

static uint32_t
small(struct span s)
{
	return (uint32_t)number(s, UINT32_MAX);
}

/* An integer of the answer itself. */
static uint32_t
count_of(const redisReply *r)
{
	if (r->integer < 0)
		return 0;
	return r->integer > UINT32_MAX ? UINT32_MAX : (uint32_t)r->integer;
}

static void
read_record(const redisReply *flat, struct upstream_record *out)
{
	struct upstream_record r = { 0 };
	struct fields f = { .flat = flat };
	struct breaker *b = &r.breaker;
	struct throttle *t = &r.throttle;
	uint32_t allowance = 0;
	int64_t down_ms = 0;
	bool odd = false;

	while (next_field(&f)) {
		if (is(f.name, "state"))
			odd |= !breaker_state_parse(f.value, &b->state);
		else if (is(f.name, "reason"))
			odd |= !breaker_reason_parse(f.value, &b->reason);
		else if (is(f.name, "since"))
			b->since_ms = number(f.value, TIME_MAX);
		else if (is(f.name, "next_step_at"))
			b->until_ms = number(f.value, TIME_MAX);
		else if (is(f.name, "down_since"))
			down_ms = number(f.value, TIME_MAX);
		else if (is(f.name, "allowance"))
			allowance = small(f.value);
		else if (is(f.name, "stepped_back"))
			b->backed = small(f.value);
		else if (is(f.name, "trips"))
			b->trips = small(f.value);
		else if (is(f.name, "step"))
			b->step = small(f.value);
		else if (is(f.name, "version"))
			r.version = number(f.value, TIME_MAX);
		else if (is(f.name, "cap_limit"))
			t->cap = small(f.value);
		else if (is(f.name, "cap_step"))
			t->step = small(f.value);
		else if (is(f.name, "cap_refused"))
			t->refused = small(f.value);
		else if (is(f.name, "cap_cut_at"))
			t->cut_ms = number(f.value, TIME_MAX);
		else if (is(f.name, "cap_raised_at"))
			t->raised_ms = number(f.value, TIME_MAX);
		else if (is(f.name, "incident"))
			printable(r.incident, sizeof(r.incident), f.value);
		else if (is(f.name, "rule"))
			printable(r.rule, sizeof(r.rule), f.value);
		else if (is(f.name, "sample"))
			printable(r.sample, sizeof(r.sample), f.value);
	}
	/* Redis shows what counts for people, 1000 while closed, say. */
	if (b->state == BREAKER_SHEDDING || b->state == BREAKER_RAMP)
		b->allowance = allowance;
	if (b->state == BREAKER_OPEN || b->state == BREAKER_HALF_OPEN)
		b->down_ms = down_ms;
	/* Nonsense counts as a new record, under the version that is there,
	 * so that the next commit puts it right. */
	if (odd || !record_sane(&r))
		r = (struct upstream_record){ .version = r.version };
	*out = r;
}

/* What of the hash is no part of the record. */
static void
read_totals(const redisReply *flat, struct store_reply *out)
{
	const struct span prefix = SPAN("outcome_");
	struct preflight *preflight = &out->u.upstream.preflight;
	struct fields f = { .flat = flat };
	enum outcome_class class;

	while (next_field(&f)) {
		if (is(f.name, "streak"))
			out->u.upstream.streak = small(f.value);
		else if (is(f.name, "in_use"))
			out->u.upstream.in_use = small(f.value);
		else if (is(f.name, "waiting"))
			out->u.upstream.waiting = small(f.value);
		else if (is(f.name, "preflight_at"))
			preflight->good_ms = number(f.value, TIME_MAX);
		else if (is(f.name, "locked_until"))
			preflight->locked_ms = number(f.value, TIME_MAX);
		else if (span_starts(f.name, prefix) && outcome_class_parse(
		    (struct span){ f.name.at + prefix.len,
		    f.name.len - prefix.len }, &class))
			out->u.upstream.totals[class] =
			    (uint64_t)number(f.value, INT64_MAX);
	}
}

static void
read_override(const redisReply *flat, struct override *out)
{
	struct override o = { 0 };
	struct fields f = { .flat = flat };

	while (next_field(&f)) {
		if (is(f.name, "state")) {
			if (!override_state_parse(f.value, &o.state))
				o.state = OVERRIDE_NONE;
		} else if (is(f.name, "until"))
			o.until_ms = number(f.value, TIME_MAX);
		else if (is(f.name, "rate"))
			o.rate = small(f.value);
		else if (is(f.name, "by"))
			printable(o.by, sizeof(o.by), f.value);
		else if (is(f.name, "reason"))
			printable(o.reason, sizeof(o.reason), f.value);
	}
	*out = o.state != OVERRIDE_NONE ? o : (struct override){ 0 };
}

/* The asking host is number 0, the others follow as they come; those that
 * find no number share the last. */
struct numbering {
	struct span host[WINDOW_HOSTS];
	uint32_t n;
	bool self_seen;
};

static uint8_t
number_of(struct numbering *of, struct span host)
{
	for (uint32_t i = 0; i < of->n; i++)
		if (span_eq(of->host[i], host)) {
			of->self_seen |= i == 0;
			return (uint8_t)i;
		}
	if (of->n == WINDOW_HOSTS)
		return WINDOW_HOSTS - 1;
	of->host[of->n] = host;
	return (uint8_t)of->n++;
}

static void
read_window(const struct command *asked, const redisReply *flat,
    struct store_reply *out)
{
	const int64_t now = window_bucket(asked->window_ms, out->now_ms);
	struct numbering hosts = { .host = { span_of(asked->host) }, .n = 1 };
	struct fields f = { .flat = flat };

	while (next_field(&f)) {
		struct span host = f.name;
		const struct span bucket = span_cut(&host, ':');
		const struct span class = span_cut(&host, ':');
		struct window_row row = { .count = small(f.value) };
		enum outcome_class of;

		if (!number_parse(bucket, now - WINDOW_BUCKETS + 1, now,
		    &row.bucket)
		    || !outcome_class_parse(class, &of) || host.len == 0
		    || host.len > STORE_HOST_MAX || row.count == 0)
			continue;
		row.class = (uint8_t)of;
		row.host = number_of(&hosts, host);
		window_add_row(&out->u.upstream.window, &row);
	}
	out->u.upstream.self = 0;
	out->u.upstream.n_hosts = hosts.n - (hosts.self_seen ? 0 : 1);
}

/* "state allowance until expiry incident" */
static bool
read_lone_host(const struct fields *f, int64_t now_ms, struct alone_view *out)
{
	struct span rest = f->value;
	int64_t expiry_ms;

	if (f->name.len == 0 || f->name.len > STORE_HOST_MAX ||
	    !breaker_state_parse(span_cut(&rest, ' '), &out->state) ||
	    out->state == BREAKER_CLOSED)
		return false;
	out->allowance = (uint32_t)number(span_cut(&rest, ' '), 1000);
	out->until_ms = number(span_cut(&rest, ' '), TIME_MAX);
	expiry_ms = number(span_cut(&rest, ' '), TIME_MAX);
	printable(out->host, sizeof(out->host), f->name);
	printable(out->incident, sizeof(out->incident), rest);
	return expiry_ms > now_ms;
}

static void
read_alone(const redisReply *flat, struct store_reply *out)
{
	struct fields f = { .flat = flat };
	uint32_t n = 0;

	while (n < WINDOW_HOSTS && next_field(&f))
		if (read_lone_host(&f, out->now_ms, &out->u.upstream.alone[n]))
			n++;
	out->u.upstream.n_alone = n;
}

static void
read_counters(const redisReply *flat, uint64_t counters[DEST_COUNTERS])
{
	struct fields f = { .flat = flat };

	while (next_field(&f))
		for (int i = 0; i < DEST_COUNTERS; i++)
			if (is(f.name, dest_counter_name((enum dest_counter)i)))
				counters[i] = (uint64_t)number(f.value,
				    INT64_MAX);
}

/* "time messages expiring oldest" */
static bool
read_backlog(struct span text, struct backlog *out)
{
	*out = (struct backlog){
		.at_ms = number(span_cut(&text, ' '), TIME_MAX),
		.messages = small(span_cut(&text, ' ')),
		.expiring = small(span_cut(&text, ' ')),
	};
	out->oldest_ms = number(text, TIME_MAX);
	return out->at_ms > 0 && out->messages > 0 && text.at != NULL;
}

static void
read_backlogs(const struct command *asked, const redisReply *flat,
    struct store_reply *out)
{
	struct fields f = { .flat = flat };
	struct backlog one;

	while (next_field(&f)) {
		if (!read_backlog(f.value, &one))
			continue;
		backlog_add(&out->u.destination.backlog, &one);
		if (span_eq(f.name, span_of(asked->host)))
			out->u.destination.here = one;
	}
}

/* "time version digest mode" */
static bool
read_host(const struct fields *f, struct store_host *out)
{
	struct span rest = f->value;

	if (f->name.len == 0 || f->name.len > STORE_HOST_MAX ||
	    !number_parse(span_cut(&rest, ' '), 0, TIME_MAX, &out->seen_ms))
		return false;
	printable(out->name, sizeof(out->name), f->name);
	printable(out->version, sizeof(out->version), span_cut(&rest, ' '));
	printable(out->digest, sizeof(out->digest), span_cut(&rest, ' '));
	printable(out->mode, sizeof(out->mode), span_cut(&rest, ' '));
	return true;
}

static void
read_hosts(const redisReply *flat, struct store_reply *out)
{
	struct fields f = { .flat = flat };
	uint32_t n = 0;

	out->u.hosts.list = mem_new(flat->elements / 2 < STORE_LIST_MAX ?
	    flat->elements / 2 + 1 : STORE_LIST_MAX, sizeof(struct store_host));
	while (n < STORE_LIST_MAX && next_field(&f))
		if (read_host(&f, &out->u.hosts.list[n]))
			n++;
	out->u.hosts.n = n;
}

static bool
read_event(const redisReply *r, struct store_event *out)
{
	struct fields f;

	if (r->type != REDIS_REPLY_ARRAY || r->elements != 2 ||
	    !is_text(r->element[0]) || r->element[1]->type != REDIS_REPLY_ARRAY)
		return false;
	if (!span_copy(out->id, sizeof(out->id),
	    (struct span){ r->element[0]->str, r->element[0]->len }))
		return false;
	f = (struct fields){ .flat = r->element[1] };
	while (out->n < STORE_PAIRS_MAX && next_field(&f)) {
		printable(out->pairs[out->n].name,
		    sizeof(out->pairs[out->n].name), f.name);
		printable(out->pairs[out->n].value,
		    sizeof(out->pairs[out->n].value), f.value);
		out->n++;
	}
	return true;
}

static void
read_events(const redisReply *r, struct store_reply *out)
{
	const size_t most = r->elements < STORE_LIST_MAX ?
	    r->elements : STORE_LIST_MAX;
	uint32_t n = 0;

	out->u.events.list = mem_new(most + 1, sizeof(struct store_event));
	for (size_t i = 0; i < most; i++)
		if (read_event(r->element[i], &out->u.events.list[n]))
			n++;
	out->u.events.n = n;
}

static void
read_missing(const struct command *asked, const redisReply *r,
    struct store_reply *out)
{
	for (uint32_t i = 0; i < asked->n; i++)
		if (i >= r->elements || r->element[i]->integer != 1)
			out->u.renew.missing |= UINT64_C(1) << i;
}

/* What each script answers: 'i' an integer, 'a' an array. */
static const char *const shapes[] = {
	[STORE_LEASE_TAKE] = "iii",
	[STORE_LEASE_RENEW] = "ia",
	[STORE_LEASE_DROP] = "iii",
	[STORE_SLOTS] = "iiiii",
	[STORE_OBSERVE] = "iaaaa",
	[STORE_COMMIT] = "iia",
	[STORE_DESTINATION] = "iaiaa",
	[STORE_COUNT] = "i",
	[STORE_BACKLOG] = "i",
	[STORE_OVERRIDE] = "i",
	[STORE_PREFLIGHT] = "i",
	[STORE_HEARTBEAT] = "i",
	[STORE_HOSTS] = "ia",
	[STORE_EVENT_ADD] = "i",
	[STORE_EVENTS] = "ia",
};

static bool
has_shape(const redisReply *r, const char *shape)
{
	if (r->type != REDIS_REPLY_ARRAY || r->elements != strlen(shape))
		return false;
	for (size_t i = 0; i < r->elements; i++)
		if (r->element[i]->type != (shape[i] == 'i' ?
		    REDIS_REPLY_INTEGER : REDIS_REPLY_ARRAY))
			return false;
	return r->element[0]->integer > 0 &&
	    r->element[0]->integer <= TIME_MAX;
}

/* e: the elements, of the shape that belongs to the verb. */
static void
read_elements(const struct command *asked, redisReply *const *e,
    struct store_reply *out)
{
	switch (asked->verb) {
	case STORE_LEASE_TAKE:
	case STORE_LEASE_DROP:
		out->u.lease.granted = e[1]->integer > 0;
		out->u.lease.count = count_of(e[2]);
		break;
	case STORE_LEASE_RENEW:
		read_missing(asked, e[1], out);
		break;
	case STORE_SLOTS:
		out->u.slots.granted = count_of(e[1]);
		out->u.slots.in_use = count_of(e[2]);
		out->u.slots.waiting = count_of(e[3]);
		out->u.slots.hosts = count_of(e[4]);
		break;
	case STORE_OBSERVE:
		read_record(e[1], &out->u.upstream.record);
		read_totals(e[1], out);
		read_override(e[2], &out->u.upstream.override);
		read_window(asked, e[3], out);
		read_alone(e[4], out);
		break;
	case STORE_COMMIT:
		out->u.commit.stale = e[1]->integer != 0;
		read_record(e[2], &out->u.commit.record);
		break;
	case STORE_DESTINATION:
		read_counters(e[1], out->u.destination.counters);
		out->u.destination.leases = count_of(e[2]);
		read_override(e[3], &out->u.destination.hold);
		read_backlogs(asked, e[4], out);
		break;
	case STORE_HOSTS:
		read_hosts(e[1], out);
		break;
	case STORE_EVENTS:
		read_events(e[1], out);
		break;
	case STORE_COUNT:
	case STORE_BACKLOG:
	case STORE_OVERRIDE:
	case STORE_PREFLIGHT:
	case STORE_HEARTBEAT:
	case STORE_EVENT_ADD:
		break;
	}
}

static enum store_trouble
read_error(const redisReply *said, struct err *err)
{
	const struct span text = { said->str, said->len };
	const enum store_trouble trouble = trouble_of(text);
	char safe[160];

	err_set(err, trouble == STORE_ODD ? ERR_SYNTAX : ERR_UNAVAILABLE,
	    "redis: %s", printable(safe, sizeof(safe), text));
	return trouble;
}

bool
answer_wants_text(const redisReply *said)
{
	return said->type == REDIS_REPLY_ERROR && span_starts(
	    (struct span){ said->str, said->len }, SPAN("NOSCRIPT"));
}

enum store_trouble
answer_read(const struct command *asked, const redisReply *said,
    struct store_reply *out_reply, struct err *err)
{
	if (said->type == REDIS_REPLY_ERROR)
		return read_error(said, err);
	if (!has_shape(said, shapes[asked->verb])) {
		err_set(err, ERR_SYNTAX, "redis: an answer of an odd shape");
		return STORE_ODD;
	}
	store_reply_begin(out_reply, asked->verb, said->element[0]->integer);
	read_elements(asked, said->element, out_reply);
	return STORE_FINE;
}

enum store_trouble
answer_greeting(const redisReply *said, struct err *err)
{
	return said->type == REDIS_REPLY_ERROR ?
	    read_error(said, err) : STORE_FINE;
}
