#include "policy/prober.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/probe.h"
#include "core/route.h"
#include "core/shield.h"
#include "policy/dialogue.h"

#define MOVED_ON_TIMES 3	/* within breaker.window: ask why */
#define PROBE_MS_MIN 1000	/* for all of a probe */
#define PROBE_MS_MAX 60000
#define PREFLIGHT_MS 20000	/* between two good ones, and two at all */
#define SILENCE_MS 5000		/* not heard of for so long: the store is away */

/* What a probe is for. */
struct errand {
	bool on_trial;			/* the upstream was half-open */
	bool preflight;			/* a way past the filter */
	const char *to;			/* borrowed, until it has begun */
	int64_t began_ms;
};

/* An upstream that is asked, or was before a reload. */
struct subject {
	struct subject *next;
	struct prober *prober;
	struct fleet_upstream *u;
	struct dialogue *dialogue;	/* NULL: none under way */
	struct errand errand;		/* its */
	int64_t next_ms;		/* no other before */
	int64_t next_preflight_ms;	/* the same of preflights */
	unsigned moved_on;		/* since moved_on_ms, no other bad */
	int64_t moved_on_ms;
	bool wanted;			/* it was so often that we ask why */
	bool mute;			/* it asks for TLS, and that is all it
					 * ever says to a probe */
};

struct prober {
	struct server *server;
	struct dialogues *dialogues;
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
end(struct subject *s, int64_t now_ms)
{
	dialogue_free(&s->dialogue);
	line_give(fleet_line(s->u), s->errand.began_ms, now_ms);
}

/* A recipient that is refused may be nobody: not a good sign, nor a bad one. */
static void
conclude(struct fleet_upstream *u, const struct probe *probe,
    enum outcome_class class, int64_t now_ms)
{
	const struct span status = span_of(probe->status);
	struct dsn code;

	if (outcome_is_reply(status, &code) && shield_is_lock(code)) {
		fleet_lock(u, now_ms);
		fleet_shielded(u, shield_name(SHIELD_LOCK), status, now_ms);
	} else if (class == OUTCOME_OK && probe->whole)
		fleet_preflight(u, now_ms);
}

/* Is its answer one that the shield would not believe? */
static bool
is_shielded(const struct subject *s, struct span status)
{
	const int index = fleet_index(s->u);

	return index >= 0 && shield_lists(
	    &server_plan(s->prober->server)->upstreams[index], status);
}

static void
finish(struct subject *s, const struct probe *probe)
{
	struct server *server = s->prober->server;
	const struct span status = span_of(probe->status);
	const int64_t now_ms = clock_mono_ms();
	struct outcome o = outcome_classify(server->config->rules, status);

	log_info(s->errand.preflight ? "preflight" : "probe",
	    LOG_TEXT("upstream", fleet_name(s->u)),
	    LOG_TEXT("class", outcome_class_name(o.class)),
	    LOG_TEXT("rule", o.rule), LOG_TEXT("status", probe->status));
	if (s->errand.preflight)
		conclude(s->u, probe, o.class, now_ms);
	s->mute = outcome_weight(o.class).good > 0 && !probe->whole;
	o.class = probe_evidence(probe, o.class, s->errand.on_trial,
	    is_shielded(s, status));
	fleet_observe(server->fleet, s->u, o, status, s->errand.began_ms,
	    now_ms);
	end(s, now_ms);
}

static void
on_done(void *arg, const struct probe *probe)
{
	struct subject *s = arg;

	if (probe != NULL) {
		finish(s, probe);
		return;
	}
	log_warning("probe", LOG_TEXT("upstream", fleet_name(s->u)),
	    LOG_TEXT("nexthop", dialogue_nexthop(s->dialogue)),
	    LOG_TEXT("skipped", "its address was not found in time"));
	end(s, clock_mono_ms());
}

/* How long all of a probe may take: as long as two answers of real mail. */
static int64_t
time_for(const struct upstream *up)
{
	const int64_t ms = 2 * up->breaker.slow_after_ms;

	return ms < PROBE_MS_MIN ? PROBE_MS_MIN :
	    ms > PROBE_MS_MAX ? PROBE_MS_MAX : ms;
}

/* With the slot in hand. A preflight does as real mail does, whatever probes
 * are told to. */
static void
begin(struct subject *s, const struct upstream *up,
    const struct probe_target *target, const struct errand *errand)
{
	const struct config *config = s->prober->server->config;
	probe_name names[PROBE_NAMES];

	s->wanted = false;
	s->errand = *errand;
	s->dialogue = dialogue_begin(s->prober->dialogues,
	    &(struct dialogue_order){
		.target = *target,
		.script = {
			.nexthop = target->nexthop, .helo = config->host,
			.from = config->probe.from, .to = errand->to,
			.tls = errand->preflight || config->probe.starttls ?
			    probe_tls(up) : PROBE_TLS_NEVER,
		},
		.names = names, .n_names = probe_names(up, target->host, names),
		.exchange_ms = time_for(up) / 2, .whole_ms = time_for(up),
		.done = on_done, .arg = s,
	    });
}

/* Once a slot is to be had. False: not now. */
static bool
send_out(struct subject *s, const struct upstream *up,
    const struct errand *errand)
{
	struct probe_target target;

	if (s->dialogue != NULL || !probe_target(up, &target))
		return false;
	if (line_take(fleet_line(s->u), errand->began_ms)) {
		begin(s, up, &target, errand);
		return true;
	}
	line_wish(fleet_line(s->u), errand->began_ms);
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
		.on_trial = state == BREAKER_HALF_OPEN,
		.to = config->probe.to, .began_ms = now_ms,
	    }))
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
		.on_trial = state == BREAKER_HALF_OPEN, .preflight = true,
		.to = to, .began_ms = now_ms,
	    }))
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
	p->dialogues = dialogues_new(server->base);
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
		if (s->dialogue != NULL)
			end(s, clock_mono_ms());
		mem_free(s);
	}
	dialogues_free(&p->dialogues);
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
