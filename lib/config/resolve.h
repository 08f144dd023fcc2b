/*
 * resolve - the steps that turn what the file said into the plan: names
 * become indices, texts become values, and what no single key can know is
 * checked. Each step complains about all that it finds.
 */
#ifndef CONFIG_RESOLVE_H
#define CONFIG_RESOLVE_H

#include "load.h"

/* The groups that stand once: store, listen, hold, log and their like. */
void resolve_settings(struct load *l);
/* The keys of a breaker; only_set: what the section is silent of stays. */
void resolve_breaker(const struct load *l, const struct section *s,
    bool only_set, struct breaker_rules *rules);
void resolve_upstreams(struct load *l);
/* Routes and caps; needs the upstreams. */
void resolve_destinations(struct load *l);
/* Which domain belongs to which destination; needs the destinations. */
void resolve_domains(struct load *l);

/* The value of a key in a group that stands once. */
const struct value *resolve_value(const struct load *l, enum key key);
/* Letters first, then letters, digits, '-' and '_'; PLAN_NAME_MAX at most.
 * Complains about the section otherwise. */
bool resolve_name(const struct load *l, const struct section *s);

#endif
