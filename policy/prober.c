#include "policy/prober.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/probe.h"
#include "core/route.h"
#include "core/shield.h"
#include "policy/starttls.h"
#include "wire/smtp_reply.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MOVED_ON_TIMES 3	/* within breaker.window: ask why */
#define PROBE_MS_MIN 1000	/* for all of a probe */
#define PROBE_MS_MAX 60000
#define PREFLIGHT_MS 20000	/* between two good ones, and two at all */
#define SILENCE_MS 5000		/* not heard of for so long: the store is away */
#define INPUT_MAX 4096		/* bytes read ahead; more than a line */

/* An upstream that is asked, or was before a reload. */
struct subject {
	struct subject *next;
	struct prober *prober;
	struct fleet_upstream *u;
	struct run *run;		/* NULL: none under way */
	int64_t next_ms;		/* no other before */
	int64_t next_preflight_ms;	/* the same of preflights */
	unsigned moved_on;		/* since moved_on_ms, no other bad */
	int64_t moved_on_ms;
	bool wanted;			/* it was so often that we ask why */
	bool mute;			/* it asks for TLS, and that is all it
					 * ever says to a probe */
};

/* A probe under way. It outlives a reload, so its words are its own. */
struct run {
	struct subject *subject;
	bool on_trial;			/* the upstream was half-open */
	bool preflight;			/* a way past the filter */
	int64_t began_ms, end_ms;	/* end_ms: at the latest */
	int64_t exchange_ms;		/* for a command and its reply */
	struct bufferevent *bev;
	struct event *timer;
	struct probe probe;
	struct smtp_reply reply;	/* the lines of it that are here */
	struct probe_script script;	/* these: */
	char nexthop[NEXTHOP_MAX + 1];
	char helo[65];
	char from[PROBE_ADDRESS_MAX + 1], to[PROBE_ADDRESS_MAX + 1];
	probe_name names[PROBE_NAMES];	/* of the certificate */
	int n_names;			/* as probe_names() has it */
};

/* What a run is for. */
struct errand {
	const char *to;
	bool on_trial, preflight;
};

struct prober {
	struct server *server;
	struct evdns_base *dns;		/* NULL: no name was looked up yet */
	struct starttls *tls;		/* NULL: none was needed yet */
	struct subject *subjects;
};

static struct subject *
subject_of(struct prober *p, struct fleet_upstream *u)
{
	struct subject *s = p->subjects;

	while (s != NULL && s->u != u)
		s = s->next;
	if (s != NULL)
		return s;
	s = mem_new(1, sizeof(*s));
	s->prober = p;
	s->u = u;
	s->next = p->subjects;
	p->subjects = s;
	return s;
}

/* What the configuration says of an upstream, NULL where it is not asked. */
static const struct upstream *
asked(const struct server *server, const struct fleet_upstream *u)
{
	const int index = fleet_index(u);
	const struct upstream *up;

	if (index < 0 || server->config->probe.to[0] == '\0')
		return NULL;
	up = &server_plan(server)->upstreams[index];
	return up->probe ? up : NULL;
}

/* The connection is closed, the slot given back. */
static void
run_free(struct run *r, int64_t now_ms)
{
	struct subject *s = r->subject;
	const int64_t began_ms = r->began_ms;

	bufferevent_free(r->bev);
	event_free(r->timer);
	mem_free(r);
	s->run = NULL;
	line_give(fleet_line(s->u), began_ms, now_ms);
}

/* A recipient that is refused may be nobody: not a good sign, nor a bad one. */
static void
conclude(const struct run *r, enum outcome_class class, int64_t now_ms)
{
	struct fleet_upstream *u = r->subject->u;
	const struct span status = span_of(r->probe.status);
	struct dsn code;

	if (outcome_is_reply(status, &code) && shield_is_lock(code)) {
		fleet_lock(u, now_ms);
		fleet_shielded(u, shield_name(SHIELD_LOCK), status, now_ms);
	} else if (class == OUTCOME_OK && r->probe.whole)
		fleet_preflight(u, now_ms);
}

/*
 * A good answer is evidence only of a trial, and only where it was asked about
 * mail: one to deliveries that went elsewhere would outweigh them. What the
 * shield does not believe is a bad answer here: the recipient is ours, and no
 * stranger chose it.
 */
static enum outcome_class
evidence_of(const struct run *r, enum outcome_class class)
{
	const struct plan *plan = server_plan(r->subject->prober->server);
	const int index = fleet_index(r->subject->u);

	if (r->on_trial && index >= 0 && shield_lists(&plan->upstreams[index],
	    span_of(r->probe.status)))
		return OUTCOME_TROUBLE;
	if (outcome_weight(class).good > 0 &&
	    !(r->on_trial && r->probe.whole))
		return OUTCOME_IGNORE;
	return class;
}

static void
finish(struct run *r)
{
	struct server *server = r->subject->prober->server;
	struct fleet_upstream *u = r->subject->u;
	const struct span status = span_of(r->probe.status);
	const int64_t now_ms = clock_mono_ms();
	struct outcome o = outcome_classify(server->config->rules, status);

	log_info(r->preflight ? "preflight" : "probe",
	    LOG_TEXT("upstream", fleet_name(u)),
	    LOG_TEXT("class", outcome_class_name(o.class)),
	    LOG_TEXT("rule", o.rule), LOG_TEXT("status", r->probe.status));
	if (r->preflight)
		conclude(r, o.class, now_ms);
	r->subject->mute = outcome_weight(o.class).good > 0 && !r->probe.whole;
	o.class = evidence_of(r, o.class);
	fleet_observe(server->fleet, u, o, status, r->began_ms, now_ms);
	run_free(r, now_ms);
}

/* DNS is a matter of its own, and real mail will tell of it. */
static void
give_up(struct run *r)
{
	log_warning("probe", LOG_TEXT("upstream", fleet_name(r->subject->u)),
	    LOG_TEXT("nexthop", r->nexthop),
	    LOG_TEXT("skipped", "its address was not found in time"));
	run_free(r, clock_mono_ms());
}

static void
set_timer(struct run *r)
{
	const int64_t now_ms = clock_mono_ms();
	const int64_t left = r->end_ms - now_ms;
	const int64_t wait = left < 0 ? 0 :
	    left < r->exchange_ms ? left : r->exchange_ms;
	const struct timeval tv = {
		.tv_sec = (time_t)(wait / 1000),
		.tv_usec = (suseconds_t)(wait % 1000 * 1000),
	};

	event_add(r->timer, &tv);
}

static void
say(struct run *r)
{
	char command[PROBE_COMMAND_MAX + 1];

	probe_command(&r->probe, &r->script, command);
	bufferevent_write(r->bev, command, strlen(command));
	set_timer(r);
}

static void
broke(struct run *r, enum probe_end end)
{
	probe_broke(&r->probe, &r->script, end);
	finish(r);
}

static void on_read(struct bufferevent *bev, void *arg);
static void on_event(struct bufferevent *bev, short what, void *arg);

static void
not_secured(struct run *r, const char *why)
{
	probe_not_secured(&r->probe, why);
	finish(r);
}

/* What came in clear behind the reply is not of whom TLS will speak for. */
static void
begin_tls(struct run *r)
{
	struct prober *p = r->subject->prober;
	struct bufferevent *bev = NULL;

	if (evbuffer_get_length(bufferevent_get_input(r->bev)) > 0) {
		broke(r, PROBE_GARBLED);
		return;
	}
	if (p->tls == NULL)
		p->tls = starttls_new();
	if (r->n_names >= 0)
		bev = starttls_begin(p->tls, r->bev, r->names, r->n_names);
	if (bev == NULL) {
		not_secured(r, "Server certificate cannot be checked");
		return;
	}
	r->bev = bev;
	bufferevent_setcb(bev, on_read, NULL, on_event, r);
	bufferevent_setwatermark(bev, EV_READ, 0, INPUT_MAX);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	set_timer(r);
}

static void
end_handshake(struct run *r, bool well)
{
	const char *why = well ? NULL : starttls_trouble(r->bev);

	if (well) {
		probe_secured(&r->probe);
		say(r);
	} else if (why != NULL)
		not_secured(r, why);
	else
		broke(r, PROBE_LOST);
}

/* False when the run has no more to hear in clear, or is gone. */
static bool
heard(struct run *r)
{
	const struct smtp_reply reply = r->reply;

	r->reply = (struct smtp_reply){ 0 };
	probe_heard(&r->probe, &r->script, &(struct probe_reply){
		.code = reply.code, .dsn = reply.dsn, .text = reply.text,
		.starttls = reply.starttls,
	    });
	if (r->probe.stage == PROBE_OVER) {
		finish(r);
		return false;
	}
	if (r->probe.stage == PROBE_HANDSHAKE) {
		begin_tls(r);
		return false;
	}
	say(r);
	return true;
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct run *r = arg;
	struct evbuffer *input = bufferevent_get_input(bev);
	enum smtp_reply_read read;

	do {
		const size_t len = evbuffer_get_length(input);
		const struct span in = {
			(const char *)evbuffer_pullup(input, -1), len,
		};
		size_t used = 0;

		read = smtp_reply_read(&r->reply, in, &used);
		if (read == SMTP_REPLY_BAD) {
			broke(r, PROBE_GARBLED);
			return;
		}
		evbuffer_drain(input, used);
	} while (read == SMTP_REPLY_DONE && heard(r));
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct run *r = arg;
	const int error = EVUTIL_SOCKET_ERROR();

	if (r->probe.stage == PROBE_HANDSHAKE)
		end_handshake(r, (what & BEV_EVENT_CONNECTED) != 0);
	else if (what & BEV_EVENT_CONNECTED) {
		probe_connected(&r->probe);
		set_timer(r);
	} else if (r->probe.stage != PROBE_CONNECT)
		broke(r, PROBE_LOST);
	else if (bufferevent_socket_get_dns_error(bev) != 0)
		give_up(r);
	else {
		probe_not_connected(&r->probe, &r->script, strerror(error));
		finish(r);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;

	(void)fd, (void)what;
	if (r->probe.stage != PROBE_CONNECT)
		broke(r, PROBE_TIMED_OUT);
	else if (bufferevent_getfd(r->bev) < 0)	/* still looking it up */
		give_up(r);
	else {
		probe_not_connected(&r->probe, &r->script,
		    strerror(ETIMEDOUT));
		finish(r);
	}
}

/* Without the search list: Postfix does not use it either. */
static struct evdns_base *
resolver(struct prober *p)
{
	if (p->dns != NULL)
		return p->dns;
	p->dns = evdns_base_new(p->server->base,
	    EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	(void)evdns_base_resolv_conf_parse(p->dns, DNS_OPTION_NAMESERVERS |
	    DNS_OPTION_MISC | DNS_OPTION_HOSTSFILE, "/etc/resolv.conf");
	return p->dns;
}

/* A preflight does as real mail does, whatever probes are told to. */
static void
write_script(struct run *r, const struct config *config,
    const struct upstream *up, const struct probe_target *target)
{
	snprintf(r->nexthop, sizeof(r->nexthop), "%s", target->nexthop);
	snprintf(r->helo, sizeof(r->helo), "%s", config->host);
	snprintf(r->from, sizeof(r->from), "%s", config->probe.from);
	r->script = (struct probe_script){
		.nexthop = r->nexthop, .helo = r->helo, .from = r->from,
		.to = r->to, .tls = r->preflight || config->probe.starttls ?
		    probe_tls(up) : PROBE_TLS_NEVER,
	};
	r->n_names = probe_names(up, target->host, r->names);
}

/* How long all of a probe may take: as long as two answers of real mail. */
static int64_t
time_for(const struct upstream *up)
{
	const int64_t ms = 2 * up->breaker.slow_after_ms;

	return ms < PROBE_MS_MIN ? PROBE_MS_MIN :
	    ms > PROBE_MS_MAX ? PROBE_MS_MAX : ms;
}

/* With the slot in hand. Callbacks are deferred: none comes within this. */
static void
begin(struct subject *s, const struct upstream *up,
    const struct probe_target *target, const struct errand *errand,
    int64_t now_ms)
{
	struct prober *p = s->prober;
	struct run *r = mem_new(1, sizeof(*r));

	s->run = r;
	s->wanted = false;
	r->subject = s;
	r->on_trial = errand->on_trial;
	r->preflight = errand->preflight;
	snprintf(r->to, sizeof(r->to), "%s", errand->to);
	r->began_ms = now_ms;
	r->end_ms = now_ms + time_for(up);
	r->exchange_ms = time_for(up) / 2;
	write_script(r, p->server->config, up, target);
	r->timer = evtimer_new(p->server->base, on_timer, r);
	r->bev = bufferevent_socket_new(p->server->base, -1,
	    BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	bufferevent_setcb(r->bev, on_read, NULL, on_event, r);
	bufferevent_setwatermark(r->bev, EV_READ, 0, INPUT_MAX);
	bufferevent_enable(r->bev, EV_READ | EV_WRITE);
	set_timer(r);
	(void)bufferevent_socket_connect_hostname(r->bev, resolver(p),
	    AF_UNSPEC, target->host, target->port);
}

/* Once a slot is to be had. False: not now. */
static bool
send_out(struct subject *s, const struct upstream *up,
    const struct errand *errand, int64_t now_ms)
{
	struct probe_target target;

	if (s->run != NULL || !probe_target(up, &target))
		return false;
	if (line_take(fleet_line(s->u), now_ms)) {
		begin(s, up, &target, errand, now_ms);
		return true;
	}
	line_wish(fleet_line(s->u), now_ms);
	return false;
}

static bool
is_wanted(struct subject *s, enum breaker_state state, int64_t now_ms)
{
	switch (state) {
	case BREAKER_HALF_OPEN:
		return true;
	case BREAKER_CLOSED:
	case BREAKER_SHEDDING:
		return s->wanted || fleet_is_silent(s->u, now_ms);
	case BREAKER_OPEN:
	case BREAKER_RAMP:
		s->wanted = false;
		return false;
	}
	return false;
}

static void
look(struct prober *p, struct fleet_upstream *u, const struct upstream *up,
    int64_t now_ms)
{
	const struct upstream_view *view = fleet_view(u);
	const enum breaker_state state = view_state(view,
	    server_fleet_ms(p->server));
	const struct config *config = p->server->config;
	struct subject *s = subject_of(p, u);

	if (view->known && is_wanted(s, state, now_ms) && now_ms >= s->next_ms &&
	    send_out(s, up, &(struct errand){
		.to = config->probe.to, .on_trial = state == BREAKER_HALF_OPEN,
	    }, now_ms))
		s->next_ms = now_ms + config->probe.every_ms;
}

/* The pause is as short as probes are told, so that a few that fail do not
 * end a bypass. */
static void
fly(struct prober *p, const struct destination *d, uint32_t route,
    int64_t now_ms)
{
	const struct server *server = p->server;
	const struct config *config = server->config;
	const uint32_t index = d->routes[route].upstream;
	struct fleet_upstream *u = fleet_upstream(server->fleet, index);
	const enum breaker_state state = view_state(fleet_view(u),
	    server_fleet_ms(server));
	struct subject *s = subject_of(p, u);
	char to[PROBE_ADDRESS_MAX + 1];

	if (state != BREAKER_OPEN && now_ms >= s->next_preflight_ms &&
	    probe_recipient(&config->plan, d, config->probe.to, to) &&
	    send_out(s, &config->plan.upstreams[index], &(struct errand){
		.to = to, .on_trial = state == BREAKER_HALF_OPEN,
		.preflight = true,
	    }, now_ms))
		s->next_preflight_ms = now_ms +
		    (config->probe.every_ms < PREFLIGHT_MS ?
		    config->probe.every_ms : PREFLIGHT_MS);
}

/* Is a good preflight all that is missing, or will it be soon? Not with the
 * store away: nobody would hear of it. */
static bool
wants_preflight(const struct server *server, const struct destination *d,
    uint32_t route)
{
	const struct upstream_view *views = fleet_views(server->fleet);
	const struct upstream_view *v = &views[d->routes[route].upstream];
	const int64_t now_ms = server_fleet_ms(server);
	const int64_t age_ms = now_ms - v->preflight.good_ms;

	switch (route_bypass(server_plan(server), d, route, views, now_ms)) {
	case BYPASS_OK:
	case BYPASS_NO_PREFLIGHT:
		return now_ms - v->seen_ms < SILENCE_MS &&
		    (age_ms >= PREFLIGHT_MS || age_ms <= -PREFLIGHT_MS);
	case BYPASS_OBSERVE:
	case BYPASS_UNKNOWN:
	case BYPASS_PRIMARY_UP:
	case BYPASS_ALTERNATE_UP:
	case BYPASS_TOO_EARLY:
	case BYPASS_WEAKER_TLS:
	case BYPASS_LOCKED:
		break;
	}
	return false;
}

static void
tick_preflights(struct prober *p, int64_t now_ms)
{
	const struct plan *plan = server_plan(p->server);

	for (uint32_t i = 0; i < plan->n_destinations; i++) {
		const struct destination *d = &plan->destinations[i];

		for (uint32_t k = 0; k < d->n_routes; k++)
			if (d->routes[k].unfiltered &&
			    wants_preflight(p->server, d, k))
				fly(p, d, k, now_ms);
	}
}

struct prober *
prober_new(struct server *server)
{
	struct prober *p = mem_new(1, sizeof(*p));

	p->server = server;
	return p;
}

void
prober_free(struct prober **prober)
{
	struct prober *p = *prober;

	if (p == NULL)
		return;
	while (p->subjects != NULL) {
		struct subject *s = p->subjects;

		p->subjects = s->next;
		if (s->run != NULL)
			run_free(s->run, clock_mono_ms());
		mem_free(s);
	}
	if (p->dns != NULL)
		evdns_base_free(p->dns, 0);
	starttls_free(&p->tls);
	mem_free(p);
	*prober = NULL;
}

void
prober_tick(struct prober *prober, int64_t now_ms)
{
	const struct server *server = prober->server;

	for (uint32_t i = 0; i < server_plan(server)->n_upstreams; i++) {
		struct fleet_upstream *u = fleet_upstream(server->fleet, i);
		const struct upstream *up = asked(server, u);

		if (up != NULL)
			look(prober, u, up, now_ms);
	}
	tick_preflights(prober, now_ms);
}

bool
prober_tries(struct prober *prober, struct fleet_upstream *u)
{
	const struct upstream *up = asked(prober->server, u);
	struct probe_target target;

	return up != NULL && probe_target(up, &target) &&
	    !subject_of(prober, u)->mute;
}

void
prober_saw(struct prober *prober, struct fleet_upstream *u,
    enum outcome_class class, int64_t now_ms)
{
	const struct upstream *up = asked(prober->server, u);
	struct subject *s;

	if (up == NULL || outcome_weight(class).bad == 0)
		return;
	s = subject_of(prober, u);
	if (class != OUTCOME_MOVED_ON) {	/* it said why */
		s->moved_on = 0;
		return;
	}
	if (now_ms - s->moved_on_ms > up->breaker.window_ms)
		s->moved_on = 0;
	if (s->moved_on++ == 0)
		s->moved_on_ms = now_ms;
	if (s->moved_on >= MOVED_ON_TIMES) {
		s->moved_on = 0;
		s->wanted = true;
	}
}
