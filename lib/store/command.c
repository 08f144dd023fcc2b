#include "command.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/number.h"
#include "base/printable.h"
#include "script.h"

#define ARGS_MAX 32768
#define KEY_MAX 256
#define FORGET_BACKLOG_MS INT64_C(86400000)
#define FORGET_HOST_MS (7 * INT64_C(86400000))

/* A word of so many bytes, or an array of so many words. */
static void
begin(struct buf *out, const char *what, size_t len)
{
	char text[24];

	buf_add_text(out, what);
	buf_add_span(out, number_text((int64_t)len, text));
	buf_add_text(out, "\r\n");
}

void
command_word(struct buf *out, struct span word)
{
	begin(out, "$", word.len);
	buf_add_span(out, word);
	buf_add_text(out, "\r\n");
}

void
command_channel(struct buf *out, const char *prefix)
{
	buf_addf(out, "%s:changed", prefix);
}

static void
add_span(struct command *c, struct span s)
{
	command_word(&c->args, s);
	c->argc++;
}

static void
add_text(struct command *c, const char *text)
{
	add_span(c, span_of(text));
}

static void
add_int(struct command *c, int64_t n)
{
	char text[24];

	add_span(c, number_text(n, text));
}

/* One that a person may have typed: made safe to show, cut to fit. */
static void
add_words(struct command *c, const char *text, size_t max)
{
	char safe[256];

	assert(max < sizeof(safe));
	add_text(c, printable(safe, max + 1, span_of(text)));
}

/* One word of a value that is several: no blanks in it, never empty. */
static void
add_token(struct command *c, const char *text, size_t max)
{
	char safe[64];

	assert(max < sizeof(safe));
	printable(safe, max + 1, span_of(text));
	for (char *p = safe; *p != '\0'; p++)
		if (*p == ' ')
			*p = '_';
	add_text(c, safe[0] != '\0' ? safe : "-");
}

/* A key of the fleet, or of one thing: PREFIX:KIND:{NAME}PART. */
static void
add_key(struct command *c, const char *prefix, const char *kind,
    const char *name, const char *part)
{
	struct buf key = buf_new(KEY_MAX);

	buf_add_text(&key, prefix);
	buf_add_text(&key, ":");
	buf_add_text(&key, kind);
	if (name != NULL) {
		buf_add_text(&key, ":{");
		buf_add_text(&key, name);
		buf_add_text(&key, "}");
		buf_add_text(&key, part);
	}
	c->args.overflowed |= buf_overflowed(&key);
	add_span(c, buf_span(&key));
	buf_free(&key);
}

static void
add_channel(struct command *c, const char *prefix)
{
	struct buf channel = buf_new(KEY_MAX);

	command_channel(&channel, prefix);
	add_span(c, buf_span(&channel));
	buf_free(&channel);
}

static void
add_keys(struct command *c, const char *prefix, const struct store_request *r)
{
	const char *name = r->name;

	switch (r->verb) {
	case STORE_LEASE_TAKE:
	case STORE_LEASE_RENEW:
	case STORE_LEASE_DROP:
		add_text(c, "1");
		add_key(c, prefix, "dest", name, ":leases");
		break;
	case STORE_SLOTS:
		add_text(c, "2");
		add_key(c, prefix, "upstream", name, "");
		add_key(c, prefix, "upstream", name, ":slots");
		break;
	case STORE_OBSERVE:
		add_text(c, "4");
		add_key(c, prefix, "upstream", name, "");
		add_key(c, prefix, "override", name, "");
		add_key(c, prefix, "upstream", name, ":window");
		add_key(c, prefix, "upstream", name, ":alone");
		break;
	case STORE_COMMIT:
		add_text(c, "2");
		add_key(c, prefix, "upstream", name, "");
		add_key(c, prefix, "upstream", name, ":window");
		break;
	case STORE_DESTINATION:
		add_text(c, "4");
		add_key(c, prefix, "dest", name, "");
		add_key(c, prefix, "dest", name, ":leases");
		add_key(c, prefix, "override:dest", name, "");
		add_key(c, prefix, "dest", name, ":queue");
		break;
	case STORE_COUNT:
		add_text(c, "1");
		add_key(c, prefix, "dest", name, "");
		break;
	case STORE_BACKLOG:
		add_text(c, "1");
		add_key(c, prefix, "dest", name, ":queue");
		break;
	case STORE_OVERRIDE:
		add_text(c, "1");
		add_key(c, prefix, r->u.override.destination ?
		    "override:dest" : "override", name, "");
		break;
	case STORE_PREFLIGHT:
		add_text(c, "1");
		add_key(c, prefix, "upstream", name, "");
		break;
	case STORE_HEARTBEAT:
	case STORE_HOSTS:
		add_text(c, "1");
		add_key(c, prefix, "hosts", NULL, "");
		break;
	case STORE_EVENT_ADD:
	case STORE_EVENTS:
		add_text(c, "1");
		add_key(c, prefix, "events", NULL, "");
		break;
	}
}

static void
add_members(struct command *c, const char *const *members, uint32_t n)
{
	assert(n <= STORE_MEMBERS_MAX);
	for (uint32_t i = 0; i < n; i++)
		add_text(c, members[i]);
}

static void
add_take(struct command *c, const struct store_request *r)
{
	add_text(c, r->u.lease_take.member);
	add_int(c, r->u.lease_take.limit);
	add_int(c, r->u.lease_take.ttl_ms);
	add_members(c, r->u.lease_take.drops, r->u.lease_take.n_drops);
}

static void
add_renew(struct command *c, const struct store_request *r)
{
	assert(r->u.lease_renew.n >= 1);
	add_int(c, r->u.lease_renew.ttl_ms);
	add_members(c, r->u.lease_renew.members, r->u.lease_renew.n);
	c->n = r->u.lease_renew.n;
}

static void
add_drop(struct command *c, const struct store_request *r)
{
	assert(r->u.lease_drop.n + r->u.lease_drop.n_enter >= 1);
	add_int(c, r->u.lease_drop.ttl_ms);
	add_int(c, r->u.lease_drop.n);
	add_members(c, r->u.lease_drop.members, r->u.lease_drop.n);
	add_members(c, r->u.lease_drop.enter, r->u.lease_drop.n_enter);
}

static void
add_slots(struct command *c, const struct store_request *r)
{
	add_text(c, r->u.slots.host);
	add_int(c, r->u.slots.in_use);
	add_int(c, r->u.slots.waiting);
	add_int(c, r->u.slots.old);
	add_int(c, r->u.slots.held);
	add_int(c, r->u.slots.cap);
	add_int(c, r->u.slots.limit);
	add_int(c, r->u.slots.ttl_ms);
	add_int(c, r->u.slots.settle_ms);
}

/* "STATE ALLOWANCE UNTIL", "-" to take it away, "" to leave it. */
static void
add_alone(struct command *c, const struct store_request *r)
{
	const struct upstream_record *own = r->u.observe.alone;
	char text[64] = "";

	if (own != NULL && own->breaker.state == BREAKER_CLOSED)
		snprintf(text, sizeof(text), "-");
	else if (own != NULL)
		snprintf(text, sizeof(text), "%s %u %" PRId64,
		    breaker_state_name(own->breaker.state),
		    breaker_allowance(&own->breaker), own->breaker.until_ms);
	add_text(c, text);
	add_token(c, own != NULL ? own->incident : "", INCIDENT_MAX);
	add_int(c, r->u.observe.alone_ttl_ms);
}

static void
add_observe(struct command *c, const struct store_request *r)
{
	const uint32_t *counts = r->u.observe.counts;
	const char *host = r->u.observe.host != NULL ? r->u.observe.host : "";
	int64_t bad = 0;

	for (int i = 0; i < OUTCOME_CLASSES; i++)
		if (outcome_weight((enum outcome_class)i).bad > 0)
			bad += counts[i];
	add_text(c, host);
	add_int(c, r->u.observe.version);
	add_int(c, r->u.observe.window_ms);
	add_int(c, window_bucket_ms(r->u.observe.window_ms));
	add_int(c, r->u.observe.had_good);
	add_int(c, r->u.observe.bad_tail);
	add_int(c, bad);
	add_alone(c, r);
	for (int i = 0; i < OUTCOME_CLASSES; i++)
		if (counts[i] > 0) {
			add_text(c, outcome_class_name((enum outcome_class)i));
			add_int(c, counts[i]);
		}
	c->window_ms = r->u.observe.window_ms;
	if (!span_copy(c->host, sizeof(c->host), span_of(host)))
		c->args.overflowed = true;
}

static void
add_commit(struct command *c, const char *prefix, const struct store_request *r)
{
	const struct upstream_record *record = &r->u.commit.record;
	const struct breaker *b = &record->breaker;
	const struct throttle *t = &record->throttle;

	add_int(c, r->u.commit.version);
	add_int(c, r->u.commit.afresh);
	add_channel(c, prefix);
	add_text(c, r->name);
	add_text(c, "state");
	add_text(c, breaker_state_name(b->state));
	add_text(c, "since");
	add_int(c, b->since_ms);
	add_text(c, "allowance");
	add_int(c, breaker_allowance(b));
	add_text(c, "reason");
	add_text(c, breaker_reason_name(b->reason));
	add_text(c, "rule");
	add_words(c, record->rule, OUTCOME_RULE_NAME_MAX);
	add_text(c, "sample");
	add_words(c, record->sample, SAMPLE_MAX);
	add_text(c, "incident");
	add_words(c, record->incident, INCIDENT_MAX);
	add_text(c, "trips");
	add_int(c, b->trips);
	add_text(c, "step");
	add_int(c, b->step);
	add_text(c, "stepped_back");
	add_int(c, b->backed);
	add_text(c, "next_step_at");
	add_int(c, b->until_ms);
	add_text(c, "down_since");
	add_int(c, b->down_ms);
	add_text(c, "cap_limit");
	add_int(c, t->cap);
	add_text(c, "cap_step");
	add_int(c, t->step);
	add_text(c, "cap_refused");
	add_int(c, t->refused);
	add_text(c, "cap_cut_at");
	add_int(c, t->cut_ms);
	add_text(c, "cap_raised_at");
	add_int(c, t->raised_ms);
}

static void
add_override(struct command *c, const char *prefix,
    const struct store_request *r)
{
	add_channel(c, prefix);
	add_text(c, r->name);
	add_text(c, override_state_name(r->u.override.state));
	add_int(c, r->u.override.for_ms);
	add_words(c, r->u.override.by, sizeof((struct override){ 0 }.by) - 1);
	add_words(c, r->u.override.reason,
	    sizeof((struct override){ 0 }.reason) - 1);
	add_int(c, r->u.override.rate);
}

static void
add_backlog(struct command *c, const struct store_request *r)
{
	const struct backlog *b = &r->u.backlog.backlog;

	add_text(c, r->u.backlog.host);
	add_int(c, b->messages);
	add_int(c, b->expiring);
	add_int(c, b->oldest_ms);
	add_int(c, FORGET_BACKLOG_MS);
}

static void
add_heartbeat(struct command *c, const struct store_request *r)
{
	add_text(c, r->u.heartbeat.host);
	add_token(c, r->u.heartbeat.version,
	    sizeof((struct store_host){ 0 }.version) - 1);
	add_token(c, r->u.heartbeat.digest,
	    sizeof((struct store_host){ 0 }.digest) - 1);
	add_token(c, r->u.heartbeat.mode,
	    sizeof((struct store_host){ 0 }.mode) - 1);
	add_int(c, FORGET_HOST_MS);
}

static void
add_event(struct command *c, const struct store_request *r)
{
	const uint32_t n = r->u.event_add.n;

	assert(n >= 1 && n <= STORE_PAIRS_MAX);
	add_int(c, r->u.event_add.keep);
	for (uint32_t i = 0; i < n; i++) {
		add_token(c, r->u.event_add.pairs[i].name, 23);
		add_words(c, r->u.event_add.pairs[i].value, 200);
	}
}

static void
add_arguments(struct command *c, const char *prefix,
    const struct store_request *r)
{
	switch (r->verb) {
	case STORE_LEASE_TAKE:
		add_take(c, r);
		break;
	case STORE_LEASE_RENEW:
		add_renew(c, r);
		break;
	case STORE_LEASE_DROP:
		add_drop(c, r);
		break;
	case STORE_SLOTS:
		add_slots(c, r);
		break;
	case STORE_OBSERVE:
		add_observe(c, r);
		break;
	case STORE_COMMIT:
		add_commit(c, prefix, r);
		break;
	case STORE_COUNT:
		for (int i = 0; i < DEST_COUNTERS; i++)
			if (r->u.count.add[i] > 0) {
				add_text(c, dest_counter_name(
				    (enum dest_counter)i));
				add_int(c, (int64_t)r->u.count.add[i]);
			}
		break;
	case STORE_BACKLOG:
		add_backlog(c, r);
		break;
	case STORE_OVERRIDE:
		add_override(c, prefix, r);
		break;
	case STORE_PREFLIGHT:
		add_channel(c, prefix);
		add_text(c, r->name);
		add_int(c, r->u.preflight.lock_ms);
		break;
	case STORE_HEARTBEAT:
		add_heartbeat(c, r);
		break;
	case STORE_EVENT_ADD:
		add_event(c, r);
		break;
	case STORE_EVENTS:
		add_text(c, r->u.events.after);
		add_int(c, r->u.events.last < STORE_LIST_MAX ?
		    r->u.events.last : STORE_LIST_MAX);
		break;
	case STORE_DESTINATION:
		snprintf(c->host, sizeof(c->host), "%s",
		    r->u.destination.host != NULL ? r->u.destination.host : "");
		break;
	case STORE_HOSTS:
		break;
	}
}

int
command_make(struct command *c, const char *prefix,
    const struct store_request *request, struct err *err)
{
	*c = (struct command){
		.verb = request->verb,
		.args = buf_new(ARGS_MAX),
	};
	add_keys(c, prefix, request);
	add_arguments(c, prefix, request);
	if (buf_overflowed(&c->args))
		return err_set(err, ERR_SYNTAX, "store: a name is too long");
	return 0;
}

void
command_free(struct command *c)
{
	buf_free(&c->args);
}

static void
render(const struct command *c, const char *how, struct span script,
    struct buf *out)
{
	begin(out, "*", c->argc + 2);
	command_word(out, span_of(how));
	command_word(out, script);
	buf_add_span(out, buf_span(&c->args));
}

void
command_by_name(const struct command *c, struct buf *out)
{
	render(c, "EVALSHA", span_of(script_name(c->verb)), out);
}

void
command_by_text(const struct command *c, struct buf *out)
{
	render(c, "EVAL", script_text(c->verb), out);
}
