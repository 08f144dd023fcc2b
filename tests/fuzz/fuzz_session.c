/*
 * An SMTP session as strangers make it, one step a line, in any order:
 *
 *	C ADDRESS PORT SERVERPORT	connect, as Postfix's macros say
 *	M LOGIN			MAIL FROM, and who logged in
 *	R RECIPIENT		RCPT TO
 *	X RECIPIENT		one that another part of Postfix refused
 *	E, A, Q			end of message, abort, quit
 *	0, 1, 2			a destination goes on hold, or off it
 *	a, b, c			its cap is full, or no longer
 */
#include "fuzz.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/printable.h"
#include "milter/session.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define DESTINATIONS 3

static const struct upstream upstream = { .name = "filter", .connections = 1 };
static const struct destination destinations[DESTINATIONS] = {
	{ .name = "contoso", .cap = 2, .n_routes = 1 },
	{ .name = "fabrikam", .cap = 2, .n_routes = 1 },
	{ .name = "rest", .n_routes = 1 },
};
static struct plan plan = {
	.mode = PLAN_ENFORCE,
	.upstreams = &upstream, .n_upstreams = 1,
	.destinations = destinations, .n_destinations = DESTINATIONS,
	.catch_all = 2,
	.lease_ttl_ms = 60000,
	.hold_incoming = true, .hold_submission = true,
	.submission_authenticated = true,
	.replies = { "DESTINATION is at capacity", "DESTINATION waits",
	    "DESTINATION waits now" },
};

static struct {
	bool held[DESTINATIONS], full[DESTINATIONS];
	bool leased[DESTINATIONS];
} now;

/* It becomes part of a key's member in Redis. */
static void
check_member(const char *member)
{
	const size_t len = strlen(member);

	assert(len > 0 && len <= LEASE_NAME_MAX);
	assert(strspn(member, "mx1/:.0123456789abcdefABCDEF") == len);
}

static int
match(void *self, struct span recipient)
{
	(void)self;
	return plan_match(&plan, recipient);
}

static bool
take(void *self, uint32_t destination, const char *member)
{
	(void)self;
	assert(destination < DESTINATIONS && !now.leased[destination]);
	check_member(member);
	now.leased[destination] = !now.full[destination];
	return now.leased[destination];
}

static void
give_back(void *self, uint32_t destination, const char *member)
{
	(void)self;
	assert(destination < DESTINATIONS);
	check_member(member);
	now.leased[destination] = false;
}

static const struct snapshot *
look(void *self, int64_t *out_now_ms)
{
	static const struct upstream_view views[1] = { { .known = true } };
	static const uint32_t queued[DESTINATIONS];
	static struct override holds[DESTINATIONS];
	static const struct snapshot seen = { views, holds, queued };

	(void)self;
	for (int i = 0; i < DESTINATIONS; i++) {
		holds[i].state = now.held[i] ? OVERRIDE_HOLD :
		    OVERRIDE_NONE;
		holds[i].until_ms = 2000;
	}
	*out_now_ms = 1000;
	return &seen;
}

static void
look_away(void *self, const struct snapshot *seen)
{
	(void)self, (void)seen;
}

static void
count_verdict(void *self, uint32_t destination,
    const struct intake_verdict *verdict)
{
	(void)self;
	assert(destination < DESTINATIONS && verdict->reason != DECIDE_FINE);
}

static void
count_accepted(void *self, uint32_t destination, bool waits)
{
	(void)self, (void)waits;
	assert(destination < DESTINATIONS);
}

static const struct session_world world = {
	.plan = &plan,
	.match = match, .take = take, .give_back = give_back, .look = look,
	.look_away = look_away,
	.count_verdict = count_verdict, .count_accepted = count_accepted,
};

static void
make_domains(void)
{
	static struct destination_map *domains;
	struct destination_pattern p = { .destination = 0 }, other;

	if (domains != NULL)
		return;
	domains = destination_map_new();
	(void)domain_parse(SPAN("contoso.test"), &p.domain);
	(void)destination_map_add(domains, &p, &other);
	p = (struct destination_pattern){ .destination = 1, .suffix = true };
	(void)domain_parse(SPAN("fabrikam.test"), &p.domain);
	(void)destination_map_add(domains, &p, &other);
	plan.domains = domains;
	log_open("fuzz", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
}

static void
check_reply(bool good, const struct reply *reply)
{
	assert(good || (reply_sane(reply) && reply_is_temporary(reply)));
}

static void
begin(struct session *s, struct span words)
{
	const struct session_peer peer = {
		.host = "mx1",
		.address = span_cut(&words, ' '),
		.client_port = span_cut(&words, ' '),
		.server_port = words,
	};

	session_begin(s, &world, &peer);
	assert(printable_all(span_of(s->address)));
}

/* When it is over, nothing is held. */
static void
check_over(const struct session *s)
{
	assert(s->n == 0);
	for (int i = 0; i < DESTINATIONS; i++)
		assert(!now.leased[i]);
}

static void
step(struct session *s, struct span line)
{
	const char verb = line.len > 0 ? line.at[0] : 'A';
	struct span words = line;
	struct reply reply = { 0 };

	(void)span_cut(&words, ' ');
	if (verb >= '0' && verb < '0' + DESTINATIONS)
		now.held[verb - '0'] ^= true;
	else if (verb >= 'a' && verb < 'a' + DESTINATIONS)
		now.full[verb - 'a'] ^= true;
	else if (verb == 'C')
		begin(s, words);
	else if (verb == 'M')
		session_mail(s, words);
	else if (verb == 'R')
		check_reply(session_rcpt(s, words, &reply), &reply);
	else if (verb == 'X')
		session_rcpt_rejected(s, words);
	else if (verb == 'E')
		check_reply(session_eom(s, SPAN("4F1"), &reply), &reply);
	else if (verb == 'A')
		session_over(s);
	if (verb == 'C' || verb == 'M' || verb == 'E' || verb == 'A')
		check_over(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	struct session s = { 0 };

	make_domains();
	memset(&now, 0, sizeof(now));
	begin(&s, SPAN(""));
	while (in.at != NULL && in.len > 0)
		step(&s, span_cut(&in, '\n'));
	session_end(&s);
	check_over(&s);
	return 0;
}
