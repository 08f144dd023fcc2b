#include "milter/session.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/printable.h"

/* What is known now. */
struct outlook {
	const struct snapshot *now;
	int64_t now_ms;
};

static struct outlook
look(const struct session *s)
{
	struct outlook o;

	o.now = s->world->look(s->world->self, &o.now_ms);
	return o;
}

static void
look_away(const struct session *s, const struct outlook *o)
{
	s->world->look_away(s->world->self, o->now);
}

static const struct destination *
destination_of(const struct session *s, const struct session_errand *e)
{
	return &s->world->plan->destinations[e->destination];
}

static struct client
client_of(const struct session *s)
{
	return (struct client){
		.address = span_of(s->address),
		.sasl_username = span_of(s->sasl_username),
	};
}

/* The errand to where this recipient's mail goes; NULL: not our concern. */
static struct session_errand *
errand_for(struct session *s, struct span recipient)
{
	const int found = s->world->match(s->world->self, recipient);

	if (found < 0)
		return NULL;
	for (uint32_t i = 0; i < s->n; i++) {
		if (s->errands[i].destination == (uint32_t)found)
			return &s->errands[i];
	}
	if (s->n == s->room) {
		s->room = s->room == 0 ? 4 : s->room * 2;
		s->errands = mem_resize(s->errands, s->room,
		    sizeof(*s->errands));
	}
	s->errands[s->n] = (struct session_errand){
		.destination = (uint32_t)found,
	};
	return &s->errands[s->n++];
}

/* Count and log what was decided; true when it is to be acted on. */
static bool
tell(const struct session *s, const struct session_errand *e,
    const struct intake_verdict *v)
{
	if (v->reason == DECIDE_FINE)
		return false;
	s->world->count_verdict(s->world->self, e->destination, v);
	log_info(v->enforced ? "deferred" : "would-defer",
	    LOG_TEXT("destination", destination_of(s, e)->name),
	    LOG_TEXT("upstream", v->upstream),
	    LOG_TEXT("reason", decide_reason_name(v->reason)),
	    LOG_TEXT("client", s->address),
	    LOG_TEXT("queue_id", s->queue_id),
	    LOG_TEXT("incident", v->incident));
	return v->enforced;
}

/* Does the destination take mail at all now? */
static bool
may_come_in(struct session *s, struct session_errand *e,
    struct reply *out_reply)
{
	struct outlook o = look(s);
	const struct client client = client_of(s);
	const struct intake_verdict v = decide_intake(s->world->plan,
	    destination_of(s, e), o.now, &client, o.now_ms);
	const bool refused = tell(s, e, &v);

	if (refused) {
		/* The policy service may not have known yet, and taken one. */
		e->marked = true;
		*out_reply = v.reply;
	}
	look_away(s, &o);
	return !refused;
}

/* Is there a place for it? In observe mode it goes on without one. */
static bool
take_place(struct session *s, struct session_errand *e,
    struct reply *out_reply)
{
	struct intake_verdict v;

	if (e->leased || s->member[0] == '\0')
		return true;
	e->leased = s->world->take(s->world->self, e->destination, s->member);
	v = decide_lease(s->world->plan, destination_of(s, e), e->leased);
	if (!tell(s, e, &v))
		return true;
	*out_reply = v.reply;
	return false;
}

/* Has a destination with a recipient in this message gone on hold? Each that
 * has is counted; the first one's reply is the message's. */
static bool
turned_bad(const struct session *s, const struct outlook *o,
    struct reply *out_reply)
{
	const struct client client = client_of(s);
	bool bad = false;

	for (uint32_t i = 0; i < s->n; i++) {
		const struct session_errand *e = &s->errands[i];
		struct intake_verdict v;

		if (!e->wanted)
			continue;
		v = decide_late(s->world->plan, destination_of(s, e), o->now,
		    &client, o->now_ms);
		if (tell(s, e, &v) && !bad) {
			bad = true;
			*out_reply = v.reply;
		}
	}
	return bad;
}

static void
count_accepted(const struct session *s, const struct outlook *o)
{
	for (uint32_t i = 0; i < s->n; i++) {
		const struct session_errand *e = &s->errands[i];

		if (e->wanted)
			s->world->count_accepted(s->world->self,
			    e->destination, decide_on_hold(s->world->plan,
			    destination_of(s, e), o->now, o->now_ms));
	}
}

void
session_begin(struct session *s, const struct session_world *world,
    const struct session_peer *peer)
{
	session_end(s);
	s->world = world;
	/* Postfix: mail that comes from no SMTP client has port 0. */
	s->simulated = span_eq(peer->client_port, SPAN("0"));
	printable(s->address, sizeof(s->address),
	    lease_address(peer->address));
	if (!s->simulated)
		lease_name(peer->host, peer->address, peer->client_port,
		    peer->server_port, s->member);
}

void
session_mail(struct session *s, struct span sasl_username)
{
	session_over(s);
	printable(s->sasl_username, sizeof(s->sasl_username), sasl_username);
}

bool
session_rcpt(struct session *s, struct span recipient,
    struct reply *out_reply)
{
	struct session_errand *e = errand_for(s, recipient);

	if (e == NULL)
		return true;
	/* Postfix cannot refuse a recipient of such mail. */
	if (!s->simulated && (!may_come_in(s, e, out_reply) ||
	    !take_place(s, e, out_reply)))
		return false;
	e->wanted = true;
	return true;
}

void
session_rcpt_rejected(struct session *s, struct span recipient)
{
	struct session_errand *e = errand_for(s, recipient);

	if (e != NULL)
		e->marked = true;
}

bool
session_eom(struct session *s, struct span queue_id,
    struct reply *out_reply)
{
	bool bad = false;

	printable(s->queue_id, sizeof(s->queue_id), queue_id);
	if (s->n > 0) {
		struct outlook o = look(s);

		bad = !s->simulated && turned_bad(s, &o, out_reply);
		if (!bad)
			count_accepted(s, &o);
		look_away(s, &o);
	}
	session_over(s);
	return !bad;
}

void
session_over(struct session *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		const struct session_errand *e = &s->errands[i];

		if (s->member[0] != '\0' && (e->leased || e->marked))
			s->world->give_back(s->world->self, e->destination,
			    s->member);
	}
	s->n = 0;
	s->queue_id[0] = '\0';
}

void
session_end(struct session *s)
{
	session_over(s);
	mem_free(s->errands);
	*s = (struct session){ 0 };
}
