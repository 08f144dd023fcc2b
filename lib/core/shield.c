#include "core/shield.h"

#include "base/buf.h"
#include "base/mem.h"
#include "core/outcome.h"

#include <assert.h>

static const char *const names[] = {
	[SHIELD_NONE] = "",
	[SHIELD_TROUBLE] = "shield",
	[SHIELD_LOCK] = "connector-lock",
};

/* Exchange Online: this tenant takes mail from its filter only. Source:
 * conf/outcomes.rules, connector-lock. */
static const struct dsn locks[] = { { 5, 7, 51 }, { 5, 7, 64 }, { 5, 7, 68 } };

static bool
is_one_of(const struct dsn *list, size_t n, struct dsn code)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].class == code.class &&
		    list[i].subject == code.subject &&
		    list[i].detail == code.detail)
			return true;
	}
	return false;
}

static enum shield
find(const struct upstream *u, const struct route *r,
    const struct upstream_view *v, struct dsn code, int64_t now_ms)
{
	if (r->unfiltered && shield_is_lock(code))
		return SHIELD_LOCK;
	if (view_state(v, now_ms) != BREAKER_CLOSED &&
	    is_one_of(u->shield, u->n_shield, code))
		return SHIELD_TROUBLE;
	return SHIELD_NONE;
}

static struct reply
reply_for(const char *upstream, enum shield shield, struct dsn code,
    const char *incident)
{
	struct buf b = buf_new(REPLY_TEXT_MAX);
	struct reply reply;

	buf_addf(&b, "Mailweir: %s answered %u.%u.%u%s, kept in the queue",
	    upstream, code.class, code.subject, code.detail,
	    shield == SHIELD_TROUBLE ? " while in trouble" : "");
	if (incident[0] != '\0')
		buf_addf(&b, " (incident %s)", incident);
	if (!reply_make(451, REPLY_DSN_NOT_ACCEPTING, buf_text(&b), NULL,
	    &reply))
		(void)reply_make(451, REPLY_DSN_NOT_ACCEPTING,
		    "Mailweir: mail has to wait", NULL, &reply);
	buf_free(&b);
	return reply;
}

const char *
shield_name(enum shield shield)
{
	assert((unsigned)shield < MW_N_OF(names));
	return names[shield];
}

bool
shield_lists(const struct upstream *u, struct span status)
{
	struct dsn code;

	return outcome_is_reply(status, &code) &&
	    is_one_of(u->shield, u->n_shield, code);
}

bool
shield_is_lock(struct dsn code)
{
	return is_one_of(locks, MW_N_OF(locks), code);
}

struct shield_verdict
shield_judge(const struct plan *p, const struct destination *d,
    uint32_t route, const struct upstream_view *views, struct span status,
    int64_t now_ms)
{
	const struct route *r = &d->routes[route];
	const struct upstream *u = &p->upstreams[r->upstream];
	const struct upstream_view *v = &views[r->upstream];
	struct shield_verdict verdict = { .shield = SHIELD_NONE };
	struct dsn code;

	if (p->mode != PLAN_ENFORCE || !outcome_is_reply(status, &code))
		return verdict;
	verdict.shield = find(u, r, v, code, now_ms);
	if (verdict.shield != SHIELD_NONE)
		verdict.reply = reply_for(u->name, verdict.shield, code,
		    view_record(v)->incident);
	return verdict;
}

enum outcome_class
shield_evidence(enum shield shield, enum outcome_class class)
{
	return shield == SHIELD_TROUBLE && class == OUTCOME_REFUSED ?
	    OUTCOME_IGNORE : class;
}
