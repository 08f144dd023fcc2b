#include "resolve.h"

#include "base/mem.h"
#include "base/printable.h"
#include "core/probe.h"
#include "core/route.h"

static struct place
later(struct place a, struct place b)
{
	return a.line >= b.line ? a : b;
}

/* At least as much as, or the later of the two lines is to blame. */
static void
check_order(const struct load *l, const struct section *s, enum key less,
    enum key more, int64_t low, int64_t high)
{
	if (low > high)
		fault_at(l, later(section_value(s, less)->at,
		    section_value(s, more)->at), s, less,
		    "greater than %s", key_row(more)->name);
}

static void
resolve_ramp(const struct load *l, const struct section *s,
    struct breaker_rules *rules)
{
	const struct value *v = section_value(s, KEY_BREAKER_RAMP);
	int64_t before = 0;

	if (v->n == 0 || v->n > BREAKER_RAMP_MAX) {
		fault(l, s, KEY_BREAKER_RAMP, "wants 1 to %d steps",
		    BREAKER_RAMP_MAX);
		return;
	}
	for (size_t i = 0; i < v->n; i++) {
		if (v->items[i].number <= before) {
			fault(l, s, KEY_BREAKER_RAMP,
			    "each step must be greater than the one before");
			return;
		}
		before = v->items[i].number;
		rules->ramp[i] = (uint32_t)before;
	}
	if (before != 1000)
		fault(l, s, KEY_BREAKER_RAMP, "the last step must be 100");
	rules->n_ramp = (uint32_t)v->n;
}

static bool
given(const struct section *s, enum key key, bool only_set)
{
	return !only_set || section_value(s, key)->set;
}

void
resolve_breaker(const struct load *l, const struct section *s, bool only_set,
    struct breaker_rules *rules)
{
	const struct {
		enum key key;
		uint32_t *to;
	} numbers[] = {
		{ KEY_BREAKER_MIN_OUTCOMES, &rules->min_outcomes },
		{ KEY_BREAKER_MIN_HOSTS, &rules->min_hosts },
		{ KEY_BREAKER_CONSECUTIVE, &rules->consecutive },
		{ KEY_BREAKER_SHED_AT, &rules->shed_at },
		{ KEY_BREAKER_OPEN_AT, &rules->open_at },
		{ KEY_BREAKER_TRIALS, &rules->trials },
	};
	const struct {
		enum key key;
		int64_t *to;
	} times[] = {
		{ KEY_BREAKER_WINDOW, &rules->window_ms },
		{ KEY_BREAKER_OPEN_FOR, &rules->open_for_ms },
		{ KEY_BREAKER_OPEN_MAX, &rules->open_max_ms },
		{ KEY_BREAKER_SLOW_AFTER, &rules->slow_after_ms },
		{ KEY_BREAKER_RAMP_STEP, &rules->ramp_step_ms },
	};

	for (size_t i = 0; i < MW_N_OF(numbers); i++) {
		if (given(s, numbers[i].key, only_set))
			*numbers[i].to = (uint32_t)section_value(s,
			    numbers[i].key)->number;
	}
	for (size_t i = 0; i < MW_N_OF(times); i++) {
		if (given(s, times[i].key, only_set))
			*times[i].to = section_value(s, times[i].key)->number;
	}
	if (given(s, KEY_BREAKER_RAMP, only_set))
		resolve_ramp(l, s, rules);
	check_order(l, s, KEY_BREAKER_SHED_AT, KEY_BREAKER_OPEN_AT,
	    rules->shed_at, rules->open_at);
	check_order(l, s, KEY_BREAKER_OPEN_FOR, KEY_BREAKER_OPEN_MAX,
	    rules->open_for_ms, rules->open_max_ms);
}

static void
resolve_nexthops(struct load *l, const struct section *s, struct upstream *u)
{
	const struct value *v = section_value(s, KEY_UPSTREAM_NEXTHOP);
	char nexthop[NEXTHOP_MAX + 1];

	if (v->n > PLAN_NEXTHOPS) {
		fault(l, s, KEY_UPSTREAM_NEXTHOP, "more than %d",
		    PLAN_NEXTHOPS);
		return;
	}
	for (size_t i = 0; i < v->n; i++) {
		if (route_nexthop(span_of(v->items[i].text), nexthop))
			u->nexthops[u->n_nexthops++] = arena_text(
			    l->config->memory, span_of(nexthop));
		else
			fault_at(l, v->items[i].at, s, KEY_UPSTREAM_NEXTHOP,
			    "\"%.60s\" is no next hop such as "
			    "\"[relay.example.net]:25\"", v->items[i].text);
	}
	if (v->n == 0 && !v->wrong && !u->mx)
		fault_section(l, s, "needs a nexthop, or mx = true");
}

static bool
tls_level_parse(struct span name, enum tls_level *out)
{
	for (int level = TLS_NONE; level <= TLS_SECURE; level++) {
		if (span_eq(name, span_of(tls_level_name(
		    (enum tls_level)level)))) {
			*out = (enum tls_level)level;
			return true;
		}
	}
	return false;
}

/* "name=value", as in postconf(5) smtp_tls_policy_maps. */
static bool
is_attribute(struct span word)
{
	const ptrdiff_t equals = span_find(word, '=');

	if (equals <= 0 || (size_t)equals + 1 == word.len)
		return false;
	for (ptrdiff_t i = 0; i < equals; i++) {
		if (!(word.at[i] >= 'a' && word.at[i] <= 'z') &&
		    word.at[i] != '_')
			return false;
	}
	return printable_all(word);
}

static void
resolve_tls(struct load *l, const struct section *s, struct upstream *u)
{
	const char *text = section_value(s, KEY_UPSTREAM_TLS)->text;
	struct span rest = span_trim(span_of(text)), word;

	u->tls_policy = arena_text(l->config->memory, rest);
	if (rest.len == 0)
		return;
	word = span_cut(&rest, ' ');
	if (!tls_level_parse(word, &u->tls)) {
		fault(l, s, KEY_UPSTREAM_TLS, "\"%.40s\" is none of: %s",
		    text, key_row(KEY_UPSTREAM_TLS)->range);
		return;
	}
	while (rest.at != NULL) {
		word = span_cut(&rest, ' ');
		if (word.len > 0 && !is_attribute(word))
			fault(l, s, KEY_UPSTREAM_TLS, "\"%.*s\" is no "
			    "attribute such as match=nexthop",
			    (int)(word.len > 60 ? 60 : word.len), word.at);
	}
}

static void
resolve_shield(struct load *l, const struct section *s, struct upstream *u)
{
	const struct value *v = section_value(s, KEY_UPSTREAM_SHIELD);

	for (size_t i = 0; i < v->n; i++) {
		struct span rest;
		struct dsn dsn;

		if (i == MW_N_OF(u->shield)) {
			fault(l, s, KEY_UPSTREAM_SHIELD, "more than %zu", i);
			return;
		}
		if (dsn_parse(span_of(v->items[i].text), &dsn, &rest) &&
		    rest.len == 0 && dsn.class == 5)
			u->shield[u->n_shield++] = dsn;
		else
			fault_at(l, v->items[i].at, s, KEY_UPSTREAM_SHIELD,
			    "\"%.40s\" is no permanent code such as \"5.4.1\"",
			    v->items[i].text);
	}
}

/* A probe that will never be made. */
static void
note_probe(const struct load *l, const struct section *s,
    const struct upstream *u)
{
	const struct place at = section_value(s, KEY_UPSTREAM_PROBE)->at;
	struct probe_target target;

	if (!u->probe)
		return;
	if (resolve_value(l, KEY_PROBE_TO)->text[0] == '\0')
		errors_note(l->errors, at,
		    "%s.probe: nothing is asked without probe.to", s->path);
	if (!probe_target(u, &target))
		errors_note(l->errors, at, "%s.probe: none of its next hops "
		    "is one \"[host]\" that can be asked", s->path);
}

static void
resolve_upstream(struct load *l, const struct section *s, struct upstream *u)
{
	const struct section *own = section_below(s, "breaker");

	u->name = arena_text(l->config->memory, span_of(s->name));
	resolve_name(l, s);
	u->mx = section_value(s, KEY_UPSTREAM_MX)->number == 1;
	u->connections =
	    (uint32_t)section_value(s, KEY_UPSTREAM_CONNECTIONS)->number;
	u->rate = (uint32_t)section_value(s, KEY_UPSTREAM_RATE)->number;
	u->share = (uint32_t)section_value(s, KEY_UPSTREAM_SHARE)->number;
	u->probe = section_value(s, KEY_UPSTREAM_PROBE)->number == 1;
	resolve_nexthops(l, s, u);
	note_probe(l, s, u);
	resolve_tls(l, s, u);
	resolve_shield(l, s, u);
	/* Every domain's own MX: one that is ill is no streak of all. */
	if (u->mx && u->n_nexthops == 0)
		u->breaker.consecutive = 0;
	if (own != NULL)
		resolve_breaker(l, own, true, &u->breaker);
}

void
resolve_upstreams(struct load *l)
{
	const struct section *s = section_below(l->top, "upstreams.X");
	struct plan *p = &l->config->plan;
	struct breaker_rules common = { 0 };
	struct upstream *upstreams = arena_get(l->config->memory,
	    PLAN_UPSTREAMS, sizeof(*upstreams));

	resolve_breaker(l, section_below(l->top, "breaker"), false, &common);
	if (s == NULL)
		fault_section(l, l->top, "no upstreams: say where mail may go");
	for (; s != NULL; s = section_next(s)) {
		if (p->n_upstreams == PLAN_UPSTREAMS) {
			fault_section(l, s, "more than %d upstreams",
			    PLAN_UPSTREAMS);
			break;
		}
		upstreams[p->n_upstreams].breaker = common;
		resolve_upstream(l, s, &upstreams[p->n_upstreams]);
		p->n_upstreams++;
	}
	p->upstreams = upstreams;
}
