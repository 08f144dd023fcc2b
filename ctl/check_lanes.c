/*
 * The lanes: does each of them ask the gate first, tell what came of it, and
 * leave the caps to Mailweir?
 */
#include "base/mem.h"
#include "base/number.h"
#include "ctl/fault.h"
#include "ctl/lane.h"
#include "ctl/list.h"

#include <stdio.h>

struct lane {
	const struct destination *d;
	char name[sizeof(LANE_PREFIX) + PLAN_NAME_MAX];
	struct span wanted;		/* its line in master.cf */
	struct service service;		/* as it is; line at NULL: missing */
};

/* What an -o of the wanted line says; at NULL for none. */
static struct span
wanted_option(const struct lane *lane, const char *name)
{
	struct list words = list_words(lane->wanted);
	struct span found = { NULL, 0 };

	for (uint32_t i = 0; i < words.n; i++) {
		struct span rest = words.at[i];

		if (span_eq(span_cut(&rest, '='), span_of(name)) &&
		    rest.at != NULL)
			found = rest;
	}
	list_free(&words);
	return found;
}

static void
option_found(const struct wired *w, const struct lane *lane, enum fault fault,
    const char *name, struct span right)
{
	const struct span is = live_option(w->live, &lane->service, name);
	char what[LIVE_PATH_MAX];

	snprintf(what, sizeof(what), "is %.*s", is.len > 0 ? (int)is.len : 5,
	    is.len > 0 ? is.at : "empty");
	fault_in_option(w->found, fault, &lane->service, name, right, what);
}

/* "socketmap:unix:mailweir/map:gate.NAME" of this lane and our socket? */
static bool
asks(const struct wired *w, const struct lane *lane, const char *what,
    struct span table)
{
	char tail[PLAN_NAME_MAX + 16];
	struct span socket = table;

	snprintf(tail, sizeof(tail), ":%s.%s", what, lane->d->name);
	if (!span_starts(table, SPAN("socketmap:")) ||
	    !span_ends_fold(table, span_of(tail)))
		return false;
	(void)span_cut(&socket, ':');
	socket.len -= strlen(tail);
	return live_is_socket(w->live, socket, w->config->listen.map);
}

static bool
holds(const struct list *l, struct span word)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (span_eq(l->at[i], word))
			return true;
	return false;
}

static bool
leaves_tls_to_main(const struct plan *p, const struct destination *d)
{
	for (uint32_t i = 0; i < d->n_routes; i++)
		if (p->upstreams[d->routes[i].upstream].tls == TLS_UNSET)
			return true;
	return false;
}

/* The gate, and then main.cf's tables where they have a say. */
static struct buf
right_policy(const struct wired *w, const struct lane *lane)
{
	struct buf right = buf_new(LINES_MAX);
	struct list site = list_words(live_value(w->live,
	    "smtp_tls_policy_maps"));

	buf_add_span(&right, wanted_option(lane, "smtp_tls_policy_maps"));
	for (uint32_t i = 0; leaves_tls_to_main(&w->config->plan, lane->d) &&
	    i < site.n; i++) {
		buf_add_text(&right, ",");
		buf_add_span(&right, site.at[i]);
	}
	list_free(&site);
	return right;
}

static void
check_gate(const struct wired *w, const struct lane *lane)
{
	static const char name[] = "smtp_tls_policy_maps";
	struct list is = list_words(live_option(w->live, &lane->service, name));
	struct list site = list_words(live_value(w->live, name));
	struct buf right = right_policy(w, lane);
	bool lost = false;

	for (uint32_t i = 0; i < site.n; i++)
		lost |= !holds(&is, site.at[i]);
	if (is.n == 0 || !asks(w, lane, "gate", is.at[0]))
		option_found(w, lane, FAULT_NO_GATE, name, buf_span(&right));
	else if (lost && leaves_tls_to_main(&w->config->plan, lane->d))
		option_found(w, lane, FAULT_TLS_POLICY, name,
		    buf_span(&right));
	buf_free(&right);
	list_free(&site);
	list_free(&is);
}

static void
check_outcome(const struct wired *w, const struct lane *lane)
{
	static const char name[] = "smtp_delivery_status_filter";
	struct list is = list_words(live_option(w->live, &lane->service, name));

	if (is.n == 0 || !asks(w, lane, "outcome", is.at[0]))
		option_found(w, lane, FAULT_NO_OUTCOME, name,
		    wanted_option(lane, name));
	list_free(&is);
}

/* "socketmap:unix:/path:gate.NAME", from within a chroot. */
static void
check_chroot(const struct wired *w, const struct lane *lane)
{
	const struct span is = live_option(w->live, &lane->service,
	    "smtp_tls_policy_maps");
	char where[LIVE_PATH_MAX + 16];

	if (!lane->service.chroot || !span_starts(is,
	    SPAN("socketmap:unix:/")))
		return;
	snprintf(where, sizeof(where), "%s/chroot", lane->service.id);
	fault_found(w->found, FAULT_CHROOT, &(struct change){
	    .place = PLACE_FIELD, .where = span_of(where), .value = SPAN("n"),
	}, "%s is chrooted, and asks %.*s", lane->name, (int)is.len, is.at);
}

static void
check_options(const struct wired *w, const struct lane *lane)
{
	static const char *const timeouts[] = {
		"smtp_connect_timeout", "smtp_helo_timeout",
		"smtp_starttls_timeout", "smtp_xforward_timeout",
		"smtp_mail_timeout", "smtp_rcpt_timeout",
		"smtp_data_init_timeout", "smtp_rset_timeout",
	};
	static const struct {
		const char *name, *right;
		enum fault fault;
	} exact[] = {
		{ "smtp_connection_cache_on_demand", "no", FAULT_LANE_CACHE },
		{ "smtp_connection_cache_destinations", "", FAULT_LANE_CACHE },
		{ "smtp_fallback_relay", "", FAULT_LANE_FALLBACK },
	};
	const struct span log = live_option(w->live, &lane->service,
	    "syslog_name");

	for (size_t i = 0; i < MW_N_OF(exact); i++)
		if (!span_eq(live_option(w->live, &lane->service,
		    exact[i].name), span_of(exact[i].right)))
			option_found(w, lane, exact[i].fault, exact[i].name,
			    span_of(exact[i].right));
	for (size_t i = 0; i < MW_N_OF(timeouts); i++) {
		const struct span most = wanted_option(lane, timeouts[i]);

		if (most.at != NULL && postfix_seconds(live_option(w->live,
		    &lane->service, timeouts[i])) > postfix_seconds(most))
			option_found(w, lane, FAULT_LANE_PATIENCE, timeouts[i],
			    most);
	}
	if (!span_ends_fold(log, span_of(lane->name)))
		option_found(w, lane, FAULT_LANE_LOG, "syslog_name",
		    wanted_option(lane, "syslog_name"));
}

/* "-": as many as default_process_limit; 0: no limit. */
static void
check_size(const struct wired *w, const struct lane *lane)
{
	struct span is = lane->service.limit;
	const uint32_t right = lane_size(&w->config->plan, lane->d);
	char where[LIVE_PATH_MAX + 16], value[16];
	int64_t limit;

	if (span_eq(is, SPAN("-")))
		is = live_value(w->live, "default_process_limit");
	if (number_parse(is, 0, INT32_MAX, &limit) &&
	    (limit == 0 || limit >= right))
		return;
	snprintf(where, sizeof(where), "%s/process_limit", lane->service.id);
	snprintf(value, sizeof(value), "%u", right);
	fault_found(w->found, FAULT_LANE_SIZE, &(struct change){
	    .place = PLACE_FIELD, .where = span_of(where),
	    .value = span_of(value),
	}, "%s: %.*s processes at most", lane->name, (int)is.len, is.at);
}

/* A limit of the queue manager's. postconf knows those of lanes that are
 * there, main.cf may have others, and the rest is as for all transports. */
static struct span
limit_of(const struct wired *w, const char *name, const char *usual)
{
	struct span is = live_value(w->live, name);

	if (is.at == NULL)
		is = lines_find(&w->live->set, span_of(name));
	return is.at != NULL ? is : live_value(w->live, usual);
}

enum rule { NO_LESS, NO_LESS_OR_0, ZERO, NOT_1 };

static bool
is_right(enum rule rule, int64_t is, int64_t wanted)
{
	switch (rule) {
	case NO_LESS:
		return is >= wanted;
	case NO_LESS_OR_0:
		return is >= wanted || is == 0;
	case ZERO:
		return is == 0;
	case NOT_1:
		return is != 1;
	}
	return true;
}

static void
check_limits(const struct wired *w, const struct lane *lane)
{
	static const struct {
		const char *name, *usual;
		enum rule rule;
		enum fault fault;
	} limits[] = {
		{ "_destination_concurrency_limit",
		    "default_destination_concurrency_limit", NO_LESS_OR_0,
		    FAULT_CONCURRENCY },
		{ "_initial_destination_concurrency",
		    "initial_destination_concurrency", NO_LESS,
		    FAULT_INITIAL },
		{ "_destination_concurrency_failed_cohort_limit",
		    "default_destination_concurrency_failed_cohort_limit",
		    ZERO, FAULT_COHORT },
		{ "_destination_recipient_limit",
		    "default_destination_recipient_limit", NOT_1,
		    FAULT_RECIPIENT_LIMIT },
		{ "_destination_rate_delay", "default_destination_rate_delay",
		    ZERO, FAULT_RATE_DELAY },
		{ "_transport_rate_delay", "default_transport_rate_delay",
		    ZERO, FAULT_RATE_DELAY },
	};

	for (size_t i = 0; i < MW_N_OF(limits); i++) {
		char name[sizeof(lane->name) + 64];
		struct span is, right;

		snprintf(name, sizeof(name), "%s%s", lane->name,
		    limits[i].name);
		is = limit_of(w, name, limits[i].usual);
		right = lines_find(&w->main, span_of(name));
		if (right.at == NULL)
			right = SPAN("0");
		if (is_right(limits[i].rule, postfix_seconds(is),
		    postfix_seconds(right)))
			continue;
		fault_found(w->found, limits[i].fault, &(struct change){
		    .place = PLACE_MAIN, .where = span_of(name),
		    .value = right,
		}, "%s is %.*s", name, (int)is.len, is.at);
	}
}

/* The whole service, with what this main.cf makes necessary. */
static void
missing(const struct wired *w, const struct lane *lane)
{
	static const char name[] = "smtp_tls_policy_maps=";
	const struct span gate = wanted_option(lane, "smtp_tls_policy_maps");
	const size_t start = (size_t)(gate.at - lane->wanted.at);
	struct buf policy = right_policy(w, lane), line = buf_new(LINES_MAX);
	const bool blank = span_find(buf_span(&policy), ' ') >= 0;
	char id[sizeof(lane->name) + 8];

	snprintf(id, sizeof(id), "%s/unix", lane->name);
	buf_add(&line, lane->wanted.at, start - strlen(name));
	buf_addf(&line, "%s%s%s%s", blank ? "{" : "", name, buf_text(&policy),
	    blank ? "}" : "");
	buf_add(&line, gate.at + gate.len, lane->wanted.len - start - gate.len);
	if (live_value(w->live, "smtp_fallback_relay").len > 0)
		buf_add_text(&line, " -o smtp_fallback_relay=");
	fault_found(w->found, FAULT_NO_LANE, &(struct change){
	    .place = PLACE_SERVICE, .where = span_of(id),
	    .value = buf_span(&line),
	}, "there is no lane %s", lane->name);
	buf_free(&line);
	buf_free(&policy);
}

static void
check_lane(const struct wired *w, const struct lane *lane)
{
	char where[LIVE_PATH_MAX + 16];

	check_limits(w, lane);
	if (lane->service.line.at == NULL) {
		missing(w, lane);
		return;
	}
	if (!span_eq(lane->service.program, SPAN("smtp"))) {
		snprintf(where, sizeof(where), "%s", lane->service.id);
		fault_found(w->found, FAULT_LANE_PROGRAM, &(struct change){
		    .place = PLACE_SERVICE, .where = span_of(where),
		    .value = lane->wanted,
		}, "%s runs %.*s", lane->name,
		    (int)lane->service.program.len, lane->service.program.at);
		return;
	}
	check_gate(w, lane);
	check_chroot(w, lane);
	check_outcome(w, lane);
	check_options(w, lane);
	check_size(w, lane);
}

static void
check_stale_lanes(const struct wired *w)
{
	for (uint32_t i = 0; i < live_services(w->live); i++) {
		const struct service s = live_service(w->live, i);

		if (lane_is_one(w->live, &s) &&
		    plan_lane(&w->config->plan, s.name) < 0)
			fault_found(w->found, FAULT_STALE_LANE,
			    &(struct change){
			    .place = PLACE_SERVICE, .where = span_of(s.id),
			    .out = true,
			}, "the lane %.*s", (int)s.name.len, s.name.at);
	}
}

/* "mw-NAME_..." of no destination. */
static void
check_stale_limits(const struct wired *w)
{
	const struct plan *p = &w->config->plan;

	for (uint32_t i = 0; i < w->live->set.n; i++) {
		const struct span name = lines_key(&w->live->set, i);
		bool known = !span_starts(name, SPAN(LANE_PREFIX)) ||
		    lines_find(&w->main, name).at != NULL;

		for (uint32_t k = 0; k < p->n_destinations && !known; k++) {
			char prefix[sizeof(LANE_PREFIX) + PLAN_NAME_MAX + 2];

			snprintf(prefix, sizeof(prefix), LANE_PREFIX "%s_",
			    p->destinations[k].name);
			known = span_starts(name, span_of(prefix));
		}
		if (!known)
			fault_found(w->found, FAULT_STALE_LIMIT,
			    &(struct change){
			    .place = PLACE_MAIN, .where = name, .out = true,
			}, "%.*s is of no destination", (int)name.len,
			    name.at);
	}
}

void
check_lanes(const struct wired *w)
{
	const struct plan *p = &w->config->plan;

	if (w->config->listen.map[0] == '\0')
		return;
	for (uint32_t i = 0; i < p->n_destinations; i++) {
		struct lane lane = { .d = &p->destinations[i] };

		snprintf(lane.name, sizeof(lane.name), LANE_PREFIX "%s",
		    lane.d->name);
		lane.wanted = w->master.list[i];
		if (!live_find_service(w->live, span_of(lane.name),
		    &lane.service))
			lane.service = (struct service){ 0 };
		check_lane(w, &lane);
	}
	check_stale_lanes(w);
	check_stale_limits(w);
}
