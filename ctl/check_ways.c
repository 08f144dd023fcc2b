/*
 * The ways that mail takes: does it get into its lane, and does nothing else
 * go to one of our upstreams?
 */
#include "base/mem.h"
#include "ctl/lane.h"
#include "ctl/list.h"
#include "ctl/way.h"
#include "ctl/wiring.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	bool nexthop_only;
} ways[] = {
	{ "default_transport", false },
	{ "relay_transport", false },
	{ "local_transport", false },
	{ "virtual_transport", false },
	{ "content_filter", false },
	{ "relayhost", true },
	{ "smtp_fallback_relay", true },
};

/* relayhost is for mail whose transport has no next hop of its own. */
static bool
uses_relayhost(const struct wired *w)
{
	struct span usual = live_value(w->live, "default_transport");
	struct span relay = live_value(w->live, "relay_transport");

	(void)way_transport(&usual);
	(void)way_transport(&relay);
	return (usual.len == 0 && w->config->plan.catch_all < 0) ||
	    (relay.len == 0 && live_value(w->live, "relay_domains").len > 0);
}

static void
check_parameters(const struct wired *w)
{
	for (size_t i = 0; i < MW_N_OF(ways); i++) {
		const struct way way = {
			.what = ways[i].name, .where = span_of(ways[i].name),
			.value = live_value(w->live, ways[i].name),
			.nexthop_only = ways[i].nexthop_only,
			.place = PLACE_MAIN,
		};

		if ((i == 0 && w->config->plan.catch_all >= 0) ||
		    (span_eq(way.where, SPAN("relayhost")) &&
		    !uses_relayhost(w)))
			continue;
		way_check(w, &way);
	}
}

/* The same as a service's own. */
static void
check_options(const struct wired *w)
{
	const struct lines *l = &w->live->options;

	for (uint32_t i = 0; i < l->n; i++) {
		const struct span key = lines_key(l, i);
		struct span name = key, service = key;
		char what[LIVE_PATH_MAX];

		(void)span_cut(&service, '/');
		while (span_find(name, '/') >= 0)
			(void)span_cut(&name, '/');
		service.len = key.len - name.len - 1;
		service.at = key.at;
		for (size_t k = 0; k < MW_N_OF(ways); k++) {
			if (!span_eq(name, span_of(ways[k].name)))
				continue;
			snprintf(what, sizeof(what), "%.*s: %s",
			    (int)service.len, service.at, ways[k].name);
			way_check(w, &(struct way){
			    .what = what, .where = key,
			    .value = lines_value(l, i),
			    .nexthop_only = ways[k].nexthop_only,
			    .place = PLACE_OPTION });
		}
	}
}

static void
check_maps(const struct wired *w)
{
	struct list words = list_words(live_value(w->live, "transport_maps"));
	struct buf right = way_right_maps(w);
	bool found = false;

	for (uint32_t i = 0; i < words.n; i++)
		found |= way_is_our_table(words.at[i]);
	if (!found)
		fault_found(w->found, FAULT_NO_TABLE, &(struct change){
		    .place = PLACE_MAIN, .where = SPAN("transport_maps"),
		    .value = buf_span(&right),
		}, "transport_maps has no " WIRING_TABLE);
	buf_free(&right);
	list_free(&words);
}

/* One that is in our table, and not of this configuration: the site's. */
static void
check_added(const struct wired *w, struct span key, struct span value)
{
	struct span rest = value;
	const struct span transport = way_transport(&rest);
	char what[LIVE_PATH_MAX];
	struct way way = {
		.what = what, .where = key, .value = value,
		.place = PLACE_TABLE,
	};

	snprintf(what, sizeof(what), WIRING_TABLE ": %.*s", (int)key.len,
	    key.at);
	if (span_starts(transport, SPAN(LANE_PREFIX)) &&
	    plan_lane(&w->config->plan, transport) < 0)
		fault_found(w->found, FAULT_STALE_ENTRY, &(struct change){
		    .place = PLACE_TABLE, .where = key, .out = true,
		}, "%s is %.*s", what, (int)value.len, value.at);
	else
		way_check(w, &way);
}

static void
check_table(const struct wired *w)
{
	const struct live *live = w->live;

	if (!live->has_table) {
		fault_found(w->found, FAULT_NO_FILE, &(struct change){
		    .place = PLACE_TABLE,
		    .value = SPAN("as `mailweir postfix` prints it"),
		}, "there is no %s", live->table);
		return;
	}
	for (uint32_t i = 0; i < w->entries.n; i++) {
		const struct span key = lines_key(&w->entries, i);
		const struct span right = lines_value(&w->entries, i);
		const struct span is = lines_find(&live->entries, key);
		const struct change change = {
			.place = PLACE_TABLE, .where = key, .value = right,
		};

		if (is.at == NULL)
			fault_found(w->found, FAULT_TABLE_MISSING, &change,
			    "%.*s is not in " WIRING_TABLE, (int)key.len,
			    key.at);
		else if (!span_eq(is, right))
			fault_found(w->found, FAULT_TABLE_LANE, &change,
			    WIRING_TABLE ": %.*s is %.*s", (int)key.len,
			    key.at, (int)is.len, is.at);
	}
	for (uint32_t i = 0; i < live->entries.n; i++) {
		const struct span key = lines_key(&live->entries, i);

		if (lines_find(&w->entries, key).at == NULL)
			check_added(w, key, lines_value(&live->entries, i));
	}
}

static void
transport_found(const struct wired *w, enum fault fault, const char *name)
{
	const struct span is = live_value(w->live, name);

	fault_found(w->found, fault, &(struct change){
	    .place = PLACE_MAIN, .where = span_of(name),
	    .value = lines_find(&w->main, span_of(name)),
	}, "%s is %.*s", name, (int)is.len, is.at);
}

/* relay_transport is the site's choice where main.cf has one; where nothing is
 * relayed, there is nothing to choose. */
static void
check_catch_all(const struct wired *w)
{
	const struct live *live = w->live;
	const struct span right = lines_find(&w->main,
	    SPAN("default_transport"));
	const struct span relayhost = live_value(live, "relayhost");

	if (right.at == NULL)
		return;
	if (!span_eq(live_value(live, "default_transport"), right))
		transport_found(w, FAULT_CATCH_ALL, "default_transport");
	if (live_value(live, "relay_domains").len > 0 &&
	    lines_find(&live->set, SPAN("relay_transport")).at == NULL)
		transport_found(w, FAULT_RELAY_TRANSPORT, "relay_transport");
	if (relayhost.len > 0 && span_ends_fold(right, SPAN(":")))
		fault_found(w->found, FAULT_RELAYHOST, &(struct change){
		    .place = PLACE_MAIN, .where = SPAN("relayhost"),
		}, "relayhost is %.*s, and the lane has no next hop of its own",
		    (int)relayhost.len, relayhost.at);
}

void
check_ways(const struct wired *w)
{
	if (w->config->listen.map[0] == '\0')
		return;
	check_maps(w);
	check_table(w);
	check_catch_all(w);
	check_parameters(w);
	check_options(w);
	way_check_tables(w, "transport_maps", false);
	way_check_tables(w, "sender_dependent_default_transport_maps", false);
	way_check_tables(w, "sender_dependent_relayhost_maps", true);
}
