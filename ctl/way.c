#include "ctl/way.h"

#include "core/route.h"
#include "ctl/lane.h"
#include "ctl/list.h"
#include "ctl/wiring.h"

#include <stdio.h>
#include <stdlib.h>

/* The destination of whose routes this next hop is a named one, the catch-all
 * first; NULL for none. */
static const struct destination *
owner(const struct plan *p, struct span nexthop)
{
	const struct destination *found = NULL;

	for (uint32_t i = 0; i < p->n_destinations; i++) {
		const struct destination *d = &p->destinations[i];
		const int at = route_find(p, d, nexthop);

		if (at < 0 || (found != NULL && (int)i != p->catch_all))
			continue;
		if (nexthop.at[0] != '[' &&
		    p->upstreams[d->routes[at].upstream].mx)
			continue;	/* a domain's own MX is no upstream's */
		found = d;
	}
	return found;
}

/* The first next hop of a way that is an upstream's; its owner, or NULL. */
static const struct destination *
reaches(const struct plan *p, struct span nexthops, char dst[NEXTHOP_MAX + 1])
{
	struct list l = list_words(nexthops);
	const struct destination *d = NULL;

	for (uint32_t i = 0; i < l.n && d == NULL; i++)
		if (route_nexthop(l.at[i], dst))
			d = owner(p, span_of(dst));
	list_free(&l);
	return d;
}

/* A next hop in a lane that its gate does not know; false for none. */
static bool
has_unknown(const struct plan *p, const struct destination *d,
    struct span nexthops, char dst[NEXTHOP_MAX + 1])
{
	struct list l = list_words(nexthops);
	bool unknown = false;

	for (uint32_t i = 0; i < l.n && !unknown; i++)
		unknown = !route_nexthop(l.at[i], dst) ||
		    route_find(p, d, span_of(dst)) < 0;
	list_free(&l);
	return unknown;
}

/* What is to stand at that place. */
static struct span
line_of(const struct way *way, struct span value, struct buf *b)
{
	if (way->place == PLACE_HAND)
		buf_addf(b, "%.*s  %.*s", (int)way->where.len, way->where.at,
		    (int)value.len, value.at);
	else if (way->place != PLACE_OPTION || !list_blankless(value, b))
		return value;
	return buf_span(b);
}

/* The way goes to one of our upstreams, and by no lane. What has no transport
 * cannot name a lane: main.cf's relayhost becomes default_transport, a
 * sender's is main.cf's again, and a fallback goes. */
static void
bypass_found(const struct wired *w, const struct way *way,
    const struct destination *d, struct span nexthops, const char *reached)
{
	struct way right = *way;
	struct buf value = buf_new(LINES_MAX);
	char why[NEXTHOP_MAX + 64];

	buf_addf(&value, LANE_PREFIX "%s:%.*s", d->name, (int)nexthops.len,
	    nexthops.at);
	if (way->place == PLACE_MAIN && span_eq(way->where, SPAN("relayhost")))
		right.where = SPAN("default_transport");
	else if (way->nexthop_only)
		buf_clear(&value);
	if (way->nexthop_only && way->place == PLACE_HAND)
		buf_add_text(&value, "DUNNO");
	snprintf(why, sizeof(why), ": to %s past the gate", reached);
	way_found(w, FAULT_BYPASS, &right, buf_span(&value), why);
	buf_free(&value);
}

struct span
way_transport(struct span *rest)
{
	if (span_starts(*rest, SPAN("[")))
		return SPAN("");
	return span_trim(span_cut(rest, ':'));
}

bool
way_is_our_table(struct span word)
{
	return span_ends_fold(word, SPAN("/" WIRING_TABLE));
}

struct buf
way_right_maps(const struct wired *w)
{
	struct list l = list_words(lines_find(&w->live->set,
	    SPAN("transport_maps")));
	struct buf right = buf_new(LINES_MAX);

	buf_add_span(&right, lines_find(&w->main, SPAN("transport_maps")));
	for (uint32_t i = 0; i < l.n; i++) {
		if (way_is_our_table(l.at[i]))
			continue;
		buf_add_text(&right, ", ");
		buf_add_span(&right, l.at[i]);
	}
	list_free(&l);
	return right;
}

void
way_found(const struct wired *w, enum fault fault, const struct way *way,
    struct span right, const char *why)
{
	struct buf line = buf_new(LINES_MAX);

	fault_found(w->found, fault, &(struct change){
	    .place = way->place,
	    .where = way->place == PLACE_HAND ? way->file : way->where,
	    .value = line_of(way, right, &line),
	}, "%s is %.*s%s", way->what, (int)way->value.len, way->value.at, why);
	buf_free(&line);
}

/* The lane's own next hops are right in any case. */
static void
unknown_found(const struct wired *w, const struct way *way,
    const struct destination *d)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	if (to == NULL)
		abort();
	lane_write(to, &w->config->plan, d, NULL);
	fclose(to);
	way_found(w, FAULT_UNKNOWN_NEXTHOP, way,
	    span_trim((struct span){ text, len }), "");
	free(text);
}

void
way_check(const struct wired *w, const struct way *way)
{
	const struct plan *p = &w->config->plan;
	struct span nexthops = way->value, transport;
	const struct destination *d;
	char one[NEXTHOP_MAX + 1];
	int lane;

	transport = way->nexthop_only ? SPAN("") : way_transport(&nexthops);
	if (nexthops.at == NULL)
		return;		/* a transport only */
	if (transport.len == 0 && !way->nexthop_only) {
		struct span usual = live_value(w->live, "default_transport");

		transport = way_transport(&usual);
	}
	lane = plan_lane(p, transport);
	if (lane >= 0) {
		if (has_unknown(p, &p->destinations[lane], nexthops, one))
			unknown_found(w, way, &p->destinations[lane]);
		return;
	}
	d = reaches(p, nexthops, one);
	if (d != NULL)
		bypass_found(w, way, d, nexthops, one);
}
