/*
 * policy_conn - the policy delegation protocol, as smtpd(8) speaks it
 * (SMTPD_POLICY_README): whether mail may come in at RCPT, and a lease for it
 * where no milter is at work.
 *
 * Postfix repeats a request that it got no answer to, on a new connection;
 * a lease is taken by name, so that the repetition finds it taken already.
 */
#include "policy/backlog.h"
#include "policy/conn.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/printable.h"
#include "core/decide.h"
#include "core/lease.h"
#include "dns/resolver.h"
#include "wire/policy_request.h"

#include <stdio.h>
#include <string.h>

#define INSTANCE_MAX 64		/* pid.sec.usec.seq in hexadecimal */
#define QUEUE_ID_MAX 32
#define HELD_MAX 32		/* destinations of one transaction that are tracked */

struct policy_conn {
	struct conn conn;
	/* The question that waits for its lease. */
	char destination[PLAN_NAME_MAX + 1];
	char client[64];
	char queue_id[QUEUE_ID_MAX + 1];
	bool presence;		/* a milter's, which tells that it is there */
	/* No milter takes leases: what this transaction holds. */
	bool alone;
	char instance[INSTANCE_MAX + 1];
	char member[STORE_MEMBER_MAX + 1];
	char held[HELD_MAX][PLAN_NAME_MAX + 1];
	uint32_t n_held;
};

static struct conn *
make(void)
{
	struct policy_conn *p = mem_new(1, sizeof(*p));

	return &p->conn;
}

static bool
milter_is_configured(const struct server *s)
{
	return s->config->listen.milter[0] != '\0';
}

static enum conn_next
answer(struct policy_conn *p, const char *action)
{
	struct buf out = buf_new(REPLY_TEXT_MAX + 64);

	policy_reply_write(&out, span_of(action));
	conn_send(&p->conn, &out);
	buf_free(&out);
	return CONN_ANSWERED;
}

/* Say what the verdict says, and tell it once in log and counter. */
static enum conn_next
answer_verdict(struct policy_conn *p, const char *destination,
    const struct intake_verdict *v)
{
	struct server *s = p->conn.server;
	const int index = plan_destination(server_plan(s),
	    span_of(destination));
	char action[REPLY_TEXT_MAX + 16];

	/* What is only observed goes on to the milter, which tells of it. */
	if (v->reason == DECIDE_FINE ||
	    (!v->enforced && milter_is_configured(s)))
		return answer(p, "DUNNO");
	if (index >= 0)
		tally_verdict(s->tally, (uint32_t)index, v);
	log_info(v->enforced ? "deferred" : "would-defer",
	    LOG_TEXT("destination", destination),
	    LOG_TEXT("upstream", v->upstream),
	    LOG_TEXT("reason", decide_reason_name(v->reason)),
	    LOG_TEXT("client", p->client),
	    LOG_TEXT("instance", p->instance),
	    LOG_TEXT("queue_id", p->queue_id),
	    LOG_TEXT("incident", v->incident));
	if (!v->enforced || !reply_render(&v->reply, REPLY_SMTP, action,
	    sizeof(action)))
		return answer(p, "DUNNO");
	return answer(p, action);
}

static void
drop_all(struct policy_conn *p)
{
	for (uint32_t i = 0; i < p->n_held; i++)
		intake_drop(p->conn.server->intake, p->held[i], p->member);
	p->n_held = 0;
}

static bool
holds(const struct policy_conn *p, const char *destination)
{
	for (uint32_t i = 0; i < p->n_held; i++)
		if (span_eq(span_of(p->held[i]), span_of(destination)))
			return true;
	return false;
}

static void
remember(struct policy_conn *p, const char *destination)
{
	if (p->n_held < HELD_MAX && !holds(p, destination))
		snprintf(p->held[p->n_held++], sizeof(p->held[0]), "%s",
		    destination);
}

static void
closed(struct conn *c)
{
	struct policy_conn *p = (struct policy_conn *)c;

	drop_all(p);
	if (p->presence)
		companion_gone(&c->server->milter);
	if (!c->waiting)
		mem_free(p);
}

static void
lease_known(void *arg, bool granted)
{
	struct policy_conn *p = arg;
	struct conn *c = &p->conn;
	const struct plan *plan = server_plan(c->server);
	const int index = plan_destination(plan, span_of(p->destination));

	if (c->fd < 0) {
		/* smtpd is gone, and nobody else knows of this lease. */
		if (granted)
			intake_drop(c->server->intake, p->destination,
			    p->member);
		mem_free(p);
		return;
	}
	if (granted)
		remember(p, p->destination);
	if (index < 0)		/* a reload took it away */
		answer(p, "DUNNO");
	else {
		const struct intake_verdict v = decide_lease(plan,
		    &plan->destinations[index], granted);

		answer_verdict(p, p->destination, &v);
	}
	conn_answered(c);
}

/* A new transaction on this connection: what the old one held is over. */
static void
begin_transaction(struct policy_conn *p, const struct policy_request *r)
{
	char instance[INSTANCE_MAX + 1];

	if (!span_copy(instance, sizeof(instance), r->instance) ||
	    span_eq(span_of(instance), span_of(p->instance)))
		return;
	drop_all(p);
	snprintf(p->instance, sizeof(p->instance), "%s", instance);
}

/* Who is to take leases is settled once for each session of a client. */
static void
settle_who(struct policy_conn *p, const char *member)
{
	const struct server *s = p->conn.server;

	if (!milter_is_configured(s) ||
	    !companion_works(&s->milter, clock_mono_ms()))
		p->alone = true;
	else if (strcmp(p->member, member) != 0)
		p->alone = false;
}

static struct client
client_of(const struct policy_request *r)
{
	return (struct client){
		.address = r->client_address,
		.sasl_username = r->sasl_username,
	};
}

/* Which destination a recipient belongs to, -1 for none. False: the request
 * waits for DNS. */
static bool
match(struct conn *c, struct span recipient, int *out_destination)
{
	const struct plan *plan = server_plan(c->server);
	struct domain domain, mx;

	*out_destination = plan_match(plan, recipient);
	if (!domain_of_address(recipient, &domain) ||
	    !plan_asks_mx(plan, &domain))
		return true;
	if (!conn_mx(c, &domain, RESOLVER_PATIENCE_MS, &mx))
		return false;
	*out_destination = plan_match_mx(plan, &mx);
	return true;
}

/* One transaction, one lease of each destination. */
static enum conn_next
take_lease(struct policy_conn *p, const struct plan *plan,
    const struct destination *d)
{
	struct intake *intake = p->conn.server->intake;
	const struct intake_lease lease = {
		.destination = d->name,
		.member = p->member,
		.cap = d->cap,
		.ttl_ms = plan->lease_ttl_ms,
	};

	if (holds(p, d->name))
		return answer(p, "DUNNO");
	if (intake_pass(intake, &lease)) {
		remember(p, d->name);
		return answer(p, "DUNNO");
	}
	snprintf(p->destination, sizeof(p->destination), "%s", d->name);
	intake_take(intake, &lease, lease_known, p);
	return CONN_WAIT;
}

static enum conn_next
at_rcpt(struct policy_conn *p, const struct policy_request *r)
{
	struct server *s = p->conn.server;
	const struct plan *plan = server_plan(s);
	const struct client client = client_of(r);
	const struct snapshot now = server_snapshot(s);
	const struct destination *d;
	struct intake_verdict v;
	char member[STORE_MEMBER_MAX + 1];
	int index;

	if (!match(&p->conn, r->recipient, &index))
		return CONN_WAIT;
	begin_transaction(p, r);
	if (index < 0)
		return answer(p, "DUNNO");
	d = &plan->destinations[index];
	printable(p->client, sizeof(p->client), r->client_address);
	v = decide_intake(plan, d, &now, &client, server_fleet_ms(s));
	if (v.reason != DECIDE_FINE)
		return answer_verdict(p, d->name, &v);
	if (!lease_name(s->config->host, r->client_address, r->client_port,
	    r->server_port, member))
		return answer(p, "DUNNO");	/* not an SMTP client's */
	settle_who(p, member);
	memcpy(p->member, member, sizeof(member));
	if (!p->alone)
		return answer(p, "DUNNO");
	return take_lease(p, plan, d);
}

/* The first destination of this transaction that went on hold meanwhile. */
static const char *
turned_bad(const struct policy_conn *p, const struct policy_request *r,
    struct intake_verdict *out_v)
{
	const struct server *s = p->conn.server;
	const struct plan *plan = server_plan(s);
	const struct client client = client_of(r);
	const struct snapshot now = server_snapshot(s);

	for (uint32_t i = 0; i < p->n_held; i++) {
		const int index = plan_destination(plan, span_of(p->held[i]));

		if (index < 0)
			continue;
		*out_v = decide_late(plan, &plan->destinations[index],
		    &now, &client, server_fleet_ms(s));
		if (out_v->reason != DECIDE_FINE)
			return p->held[i];
	}
	return NULL;
}

static void
accepted(struct server *s, uint32_t index)
{
	const struct plan *plan = server_plan(s);
	const struct snapshot now = server_snapshot(s);

	tally_add(s->tally, index, DEST_ACCEPTED, 1);
	if (decide_on_hold(plan, &plan->destinations[index], &now,
	    server_fleet_ms(s)))
		backlogs_add(s->backlogs, index);
}

static enum conn_next
at_end_of_message(struct policy_conn *p, const struct policy_request *r)
{
	struct server *s = p->conn.server;
	struct intake_verdict v;
	const char *bad;

	if (milter_is_configured(s)) {
		drop_all(p);
		return answer(p, "DUNNO");
	}
	bad = turned_bad(p, r, &v);
	if (bad != NULL) {
		answer_verdict(p, bad, &v);
		drop_all(p);
		return CONN_ANSWERED;
	}
	for (uint32_t i = 0; i < p->n_held; i++) {
		const int index = plan_destination(server_plan(s),
		    span_of(p->held[i]));

		if (index >= 0)
			accepted(s, (uint32_t)index);
	}
	drop_all(p);
	return answer(p, "DUNNO");
}

/* Whoever else may say so could take the caps away. */
static enum conn_next
presence(struct policy_conn *p)
{
	if (!conn_peer_is_ours(&p->conn))
		return CONN_BAD;
	p->presence = true;
	companion_heard(&p->conn.server->milter, clock_mono_ms());
	return answer(p, "DUNNO");
}

static enum conn_next
input(struct conn *c, struct span in, size_t *out_used)
{
	struct policy_conn *p = (struct policy_conn *)c;
	struct policy_request r;

	switch (policy_request_read(in, &r, out_used)) {
	case POLICY_MORE:
		return CONN_MORE;
	case POLICY_BAD:
		return CONN_BAD;
	case POLICY_DONE:
		break;
	}
	if (span_eq(r.request, SPAN(POLICY_PRESENCE)))
		return presence(p);
	if (!span_eq(r.request, SPAN("smtpd_access_policy")))
		return CONN_BAD;
	printable(p->queue_id, sizeof(p->queue_id), r.queue_id);
	if (span_eq(r.protocol_state, SPAN("RCPT")))
		return at_rcpt(p, &r);
	if (span_eq(r.protocol_state, SPAN("END-OF-MESSAGE")))
		return at_end_of_message(p, &r);
	return answer(p, "DUNNO");
}

const struct conn_kind policy_conn_kind = {
	.name = "policy",
	.request_max = POLICY_REQUEST_MAX,
	.make = make,
	.input = input,
	.closed = closed,
};
