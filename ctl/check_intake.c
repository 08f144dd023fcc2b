/*
 * Where mail comes in: is Mailweir asked by each smtpd, at the right place in
 * its lists, and does mail go on when nobody answers?
 */
#include "base/mem.h"
#include "base/number.h"
#include "ctl/fault.h"
#include "ctl/list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LONGEST_S 10		/* that a client may wait for a hanging part */

/* A list that an smtpd goes by: main.cf's (service NULL) or its own. */
struct spot {
	const char *name;
	const struct service *service;
	struct span value;
	bool unlisted;		/* unknown recipients are rejected at its end */
};

static struct span
option(const struct wired *w, const struct spot *s, const char *name)
{
	return live_option(w->live, s->service, name);
}

/* right: what the spot should say. */
static void
found(const struct wired *w, const struct spot *s, enum fault fault,
    const struct buf *right, const char *what)
{
	if (s->service == NULL)
		fault_found(w->found, fault, &(struct change){
		    .place = PLACE_MAIN, .where = span_of(s->name),
		    .value = buf_span(right) }, "%s: %s", s->name, what);
	else
		fault_in_option(w->found, fault, s->service, s->name,
		    buf_span(right), what);
}

static void
add_word(struct buf *b, struct span word)
{
	if (b->len > 0)
		buf_add_text(b, ", ");
	buf_add_span(b, word);
}

/* The server of "check_policy_service SERVER"; at NULL for others. */
static struct span
policy_of(struct span restriction)
{
	static const char name[] = "check_policy_service";

	if (!span_starts(restriction, span_of(name)))
		return (struct span){ NULL, 0 };
	restriction.at += strlen(name);
	restriction.len -= strlen(name);
	while (restriction.len > 0 && (restriction.at[0] == ' ' ||
	    restriction.at[0] == ',')) {
		restriction.at++;
		restriction.len--;
	}
	return restriction;
}

static bool
is_ours(const struct wired *w, struct span server, const char *listen)
{
	return server.at != NULL && live_is_socket(w->live,
	    server_name(server), listen);
}

static bool
permits(struct span restriction)
{
	return span_starts(restriction, SPAN("permit"));
}

static bool
rejects_unlisted(struct span restriction)
{
	return span_eq(restriction, SPAN("reject_unlisted_recipient")) ||
	    span_eq(restriction, SPAN("reject_unverified_recipient"));
}

/* Where it is in the list; the list's length for nowhere. */
static uint32_t
find_policy(const struct wired *w, const struct list *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (is_ours(w, policy_of(l->at[i]), w->config->listen.policy))
			return i;
	return l->n;
}

static struct span
wanted_policy(const struct wired *w, const char *name)
{
	struct list l = list_restrictions(lines_find(&w->main, span_of(name)));
	const struct span last = l.at[l.n - 1];

	list_free(&l);
	return last;
}

/* The list with our question before the first that permits, else at its end,
 * and what is asked before it. */
static struct buf
right_policy(const struct wired *w, const struct spot *s, const struct list *l)
{
	struct buf right = buf_new(LINES_MAX);
	bool asked = false, unlisted = !s->unlisted;

	for (uint32_t i = 0; i <= l->n; i++) {
		const struct span one = i < l->n ? l->at[i] : SPAN("permit");

		if (!asked && permits(one)) {
			if (!unlisted)
				add_word(&right,
				    SPAN("reject_unlisted_recipient"));
			add_word(&right, wanted_policy(w, s->name));
			asked = true;
		}
		unlisted |= rejects_unlisted(one);
		if (i < l->n && !is_ours(w, policy_of(one),
		    w->config->listen.policy))
			add_word(&right, one);
	}
	return right;
}

/* One of the server's own settings, else the parameter's. */
static struct span
setting(const struct wired *w, const struct spot *s, struct span server,
    const char *own, const char *parameter)
{
	const struct span given = server_option(server, own);

	return given.at != NULL ? given : option(w, s, parameter);
}

static void
check_policy_settings(const struct wired *w, const struct spot *s,
    struct span server, const struct buf *right)
{
	const struct span action = setting(w, s, server, "default_action",
	    "smtpd_policy_service_default_action");
	int64_t tries = 1, wait_s = postfix_seconds(setting(w, s, server,
	    "timeout", "smtpd_policy_service_timeout"));
	char what[128];

	if (!span_eq_fold(action, SPAN("DUNNO"))) {
		snprintf(what, sizeof(what), "default_action is %.*s",
		    (int)action.len, action.at);
		found(w, s, FAULT_POLICY_ACTION, right, what);
	}
	if (!number_parse(setting(w, s, server, "try_limit",
	    "smtpd_policy_service_try_limit"), 1, 1000, &tries))
		tries = 1;
	if (wait_s < 0 || wait_s * tries > LONGEST_S) {
		snprintf(what, sizeof(what), "waits for %" PRId64 " s, %" PRId64
		    " times", wait_s, tries);
		found(w, s, FAULT_POLICY_TIMEOUT, right, what);
	}
}

/* A path of the whole system, where some service sees only a part of it. */
static void
check_chroot(const struct wired *w, const struct spot *s, struct span server,
    const struct buf *right)
{
	const struct span name = server_name(server);
	struct span path = name;
	char what[2 * LIVE_PATH_MAX], where[2 * LIVE_PATH_MAX];

	if (!span_starts(name, SPAN("unix:/")))
		return;
	(void)span_cut(&path, ':');
	for (uint32_t i = 0; i < live_services(w->live); i++) {
		const struct service one = live_service(w->live, i);

		if (!span_eq(one.program, SPAN("smtpd")) || !one.chroot ||
		    (s->service == NULL &&
		    live_own(w->live, &one, s->name).at != NULL) ||
		    (s->service != NULL && strcmp(s->service->id, one.id) != 0))
			continue;
		if (span_starts(path, span_of(w->live->queue_dir))) {
			snprintf(what, sizeof(what), "%.*s, and %s is chrooted",
			    (int)name.len, name.at, one.id);
			found(w, s, FAULT_CHROOT, right, what);
			return;
		}
		snprintf(where, sizeof(where), "%s/chroot", one.id);
		fault_found(w->found, FAULT_CHROOT, &(struct change){
		    .place = PLACE_FIELD, .where = span_of(where),
		    .value = SPAN("n"),
		}, "%s is chrooted, and %s has %.*s", one.id, s->name,
		    (int)name.len, name.at);
		return;
	}
}

static void
check_order(const struct wired *w, const struct spot *s, const struct list *l,
    uint32_t at, const struct buf *right)
{
	bool unlisted = !s->unlisted;
	char what[256];

	for (uint32_t i = 0; i < at; i++) {
		unlisted |= rejects_unlisted(l->at[i]);
		if (!permits(l->at[i]))
			continue;
		snprintf(what, sizeof(what), "%.*s stands before Mailweir",
		    (int)l->at[i].len, l->at[i].at);
		found(w, s, FAULT_PERMIT_BEFORE, right, what);
		return;
	}
	if (!unlisted)
		found(w, s, FAULT_UNLISTED, right,
		    "no reject_unlisted_recipient before Mailweir");
	if (strcmp(s->name, "smtpd_recipient_restrictions") != 0 ||
	    at + 1 >= l->n || permits(l->at[at + 1]))
		return;
	snprintf(what, sizeof(what), "%.*s stands behind Mailweir",
	    (int)l->at[at + 1].len, l->at[at + 1].at);
	found(w, s, FAULT_POLICY_NOT_LAST, right, what);
}

static void
check_policy(const struct wired *w, const struct spot *s, enum fault missing)
{
	struct list l = list_restrictions(s->value);
	const uint32_t at = find_policy(w, &l);
	struct buf right = right_policy(w, s, &l);

	if (at == l.n) {
		found(w, s, s->service != NULL ? FAULT_HIDDEN : missing,
		    &right, "mailweir-policyd is not asked");
	} else {
		check_order(w, s, &l, at, &right);
		check_policy_settings(w, s, policy_of(l.at[at]), &right);
		check_chroot(w, s, policy_of(l.at[at]), &right);
	}
	buf_free(&right);
	list_free(&l);
}

static void
check_milter_settings(const struct wired *w, const struct spot *s,
    struct span server, const struct buf *right)
{
	const struct span action = setting(w, s, server, "default_action",
	    "milter_default_action");
	const struct span protocol = setting(w, s, server, "protocol",
	    "milter_protocol");
	static const struct {
		const char *own, *parameter;
	} waits[] = {
		{ "connect_timeout", "milter_connect_timeout" },
		{ "command_timeout", "milter_command_timeout" },
	};
	int64_t version;
	char what[128];

	if (!span_eq_fold(action, SPAN("accept"))) {
		snprintf(what, sizeof(what), "default_action is %.*s",
		    (int)action.len, action.at);
		found(w, s, FAULT_MILTER_ACTION, right, what);
	}
	for (size_t i = 0; i < MW_N_OF(waits); i++) {
		const int64_t wait_s = postfix_seconds(setting(w, s, server,
		    waits[i].own, waits[i].parameter));

		if (wait_s >= 0 && wait_s <= LONGEST_S)
			continue;
		snprintf(what, sizeof(what), "%s is %" PRId64 " s",
		    waits[i].own, wait_s);
		found(w, s, FAULT_MILTER_TIMEOUT, right, what);
	}
	if (number_parse(protocol, 1, 1000, &version) && version < 6) {
		snprintf(what, sizeof(what), "the milter protocol is %" PRId64,
		    version);
		found(w, s, FAULT_MILTER_PROTOCOL, right, what);
	}
}

/* The milters with ours as it should be. Main.cf's own words are kept, but
 * where ours is in one of its parameters. */
static struct buf
right_milters(const struct wired *w, const struct spot *s, bool is_there)
{
	const struct span wanted = lines_find(&w->main, span_of(s->name));
	const struct span set = lines_find(&w->live->set, span_of(s->name));
	struct list l = list_words(s->service == NULL && !is_there ? set :
	    s->value);
	struct buf right = buf_new(LINES_MAX);

	for (uint32_t i = 0; i < l.n; i++)
		add_word(&right, is_ours(w, l.at[i], w->config->listen.milter) ?
		    wanted : l.at[i]);
	if (!is_there)
		add_word(&right, wanted);
	list_free(&l);
	return right;
}

static void
check_milter(const struct wired *w, const struct spot *s)
{
	struct list l = list_words(s->value);
	struct span ours = { NULL, 0 };
	struct buf right;

	for (uint32_t i = 0; i < l.n; i++)
		if (is_ours(w, l.at[i], w->config->listen.milter))
			ours = l.at[i];
	right = right_milters(w, s, ours.at != NULL);
	if (ours.at == NULL) {
		found(w, s, s->service != NULL ? FAULT_HIDDEN :
		    FAULT_NO_MILTER, &right, "mailweir-milter is not in it");
	} else {
		check_milter_settings(w, s, ours, &right);
		check_chroot(w, s, ours, &right);
	}
	buf_free(&right);
	list_free(&l);
}

static void
check_spot(const struct wired *w, const struct spot *s)
{
	if (strcmp(s->name, "smtpd_milters") == 0) {
		if (w->config->listen.milter[0] != '\0')
			check_milter(w, s);
	} else if (w->config->listen.policy[0] != '\0') {
		check_policy(w, s, strcmp(s->name,
		    "smtpd_end_of_data_restrictions") == 0 ?
		    FAULT_NO_END_OF_DATA : FAULT_NO_POLICY);
	}
}

/* One that mail comes back to from a content filter: it was weighed before. */
static bool
is_way_back(const struct wired *w, const struct service *s)
{
	const struct span filter = live_own(w->live, s, "content_filter");

	return filter.at != NULL && filter.len == 0;
}

/* Each smtpd's own list, and main.cf's where one of them goes by it. */
static void
check_list(const struct wired *w, const char *name)
{
	struct spot common = {
		.name = name, .value = live_value(w->live, name),
		.unlisted = strcmp(name, "smtpd_recipient_restrictions") == 0 &&
		    !span_eq(live_value(w->live,
		    "smtpd_reject_unlisted_recipient"), SPAN("no")),
	};
	bool is_used = false;

	for (uint32_t i = 0; i < live_services(w->live); i++) {
		const struct service one = live_service(w->live, i);
		const struct spot own = {
			.name = name, .service = &one,
			.value = live_own(w->live, &one, name),
		};

		if (!span_eq(one.program, SPAN("smtpd")) ||
		    is_way_back(w, &one))
			continue;
		if (own.value.at == NULL)
			is_used = true;
		else
			check_spot(w, &own);
	}
	if (is_used)
		check_spot(w, &common);
}

/* Postfix before 3.6 has no such parameter, and no such order. */
static void
check_relay(const struct wired *w)
{
	static const char name[] = "smtpd_relay_before_recipient_restrictions";

	if (w->config->listen.policy[0] != '\0' &&
	    span_eq(live_value(w->live, name), SPAN("no")))
		fault_found(w->found, FAULT_RELAY_AFTER, &(struct change){
		    .place = PLACE_MAIN, .where = span_of(name),
		    .value = SPAN("yes"),
		}, "%s is no", name);
}

void
check_intake(const struct wired *w)
{
	check_list(w, "smtpd_recipient_restrictions");
	check_list(w, "smtpd_end_of_data_restrictions");
	check_list(w, "smtpd_milters");
	check_relay(w);
}
