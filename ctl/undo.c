/*
 * undo - the commands that take Mailweir out of Postfix again: the lanes and
 * their limits, our questions in the lists, and what names a lane. A parameter
 * gets back what the copy of main.cf says that the script of --diff has made;
 * where there is none, it goes.
 */
#include "base/mem.h"
#include "ctl/changes.h"
#include "ctl/lane.h"
#include "ctl/list.h"
#include "ctl/way.h"

#include <stdio.h>
#include <string.h>

struct undo {
	const struct config *config;
	const struct live *live;
	struct lines copy;	/* main.cf as it was */
	struct buf rest;	/* of our table, without lanes */
	struct findings steps;
};

/* Lists in which the site has a word, too. */
static const char *const shared[] = {
	"smtpd_recipient_restrictions", "smtpd_end_of_data_restrictions",
	"smtpd_milters", "transport_maps",
};

static void
step(struct undo *u, enum place place, struct span where, struct span value)
{
	fault_found(&u->steps, FAULT_STALE_LANE, &(struct change){
	    .place = place, .where = where, .value = value,
	    .out = value.at == NULL }, "%s", "");
}

static bool
names_lane(const struct undo *u, struct span value)
{
	const struct span transport = way_transport(&value);
	struct service s;

	return value.at != NULL &&
	    span_starts(transport, SPAN(LANE_PREFIX)) &&
	    (!live_find_service(u->live, transport, &s) ||
	    lane_is_one(u->live, &s));
}

static bool
is_ours(const struct undo *u, struct span element)
{
	const char *const listen[] = {
		u->config->listen.policy, u->config->listen.milter,
	};
	struct list words = list_words(element);
	const struct span last = words.at[words.n - 1];
	bool ours = u->rest.len == 0 && way_is_our_table(last);

	for (size_t i = 0; i < MW_N_OF(listen); i++)
		ours |= live_is_socket(u->live, server_name(last), listen[i]);
	list_free(&words);
	return ours;
}

/* A list without what is Mailweir's (was there any?); all: and without what
 * it wants to be asked after. */
static struct buf
stripped(const struct undo *u, const char *name, struct span value, bool all,
    bool *out_any)
{
	struct list l = strstr(name, "restrictions") != NULL ?
	    list_restrictions(value) : list_words(value);
	struct buf left = buf_new(LINES_MAX);

	*out_any = false;
	for (uint32_t i = 0; i < l.n; i++) {
		if (is_ours(u, l.at[i])) {
			*out_any = true;
			continue;
		}
		if (all && span_eq(l.at[i], SPAN("reject_unlisted_recipient")))
			continue;
		if (left.len > 0)
			buf_add_text(&left, ", ");
		buf_add_span(&left, l.at[i]);
	}
	list_free(&l);
	return left;
}

/* Where nobody but us has changed it since the copy was made, the copy's word
 * for it is right to the letter. */
static void
undo_list(struct undo *u, const char *name)
{
	const struct span is = lines_find(&u->live->set, span_of(name));
	const struct span was = lines_find(&u->copy, span_of(name));
	bool ours, wired;
	struct buf site = stripped(u, name, is, true, &ours);
	struct buf before = stripped(u, name, was, true, &wired);
	struct buf left = stripped(u, name, is, false, &ours);
	struct span value = buf_span(&left);

	if (!wired && span_eq(buf_span(&site), buf_span(&before)))
		value = was;
	else if (site.len == 0)
		value = (struct span){ NULL, 0 };
	if (ours)
		step(u, PLACE_MAIN, span_of(name), value);
	buf_free(&left);
	buf_free(&before);
	buf_free(&site);
}

/* Services have no copy: what is left is all that they had. */
static void
undo_option(struct undo *u, struct span key, struct span is)
{
	for (size_t i = 0; i < MW_N_OF(shared); i++) {
		struct buf left, value = buf_new(LINES_MAX);
		bool ours;

		if (!span_ends_fold(key, span_of(shared[i])))
			continue;
		left = stripped(u, shared[i], is, false, &ours);
		if (ours && list_blankless(buf_span(&left), &value))
			step(u, PLACE_OPTION, key, value.len > 0 ?
			    buf_span(&value) : SPAN(""));
		else if (ours)
			printf("# by hand: master.cf, %.*s: take Mailweir out\n",
			    (int)key.len, key.at);
		buf_free(&value);
		buf_free(&left);
	}
}

/* What names a lane, and what the first script may have set beside that. */
static void
undo_parameters(struct undo *u)
{
	static const char *const set_too[] = {
		"relayhost", "smtpd_relay_before_recipient_restrictions",
	};
	const struct lines *set = &u->live->set;

	for (uint32_t i = 0; i < set->n; i++) {
		const struct span name = lines_key(set, i);
		const struct span is = lines_value(set, i);
		const struct span was = lines_find(&u->copy, name);

		if (span_starts(name, SPAN(LANE_PREFIX)))
			step(u, PLACE_MAIN, name, (struct span){ NULL, 0 });
		else if (names_lane(u, is))
			step(u, PLACE_MAIN, name, names_lane(u, was) ?
			    (struct span){ NULL, 0 } : was);
	}
	for (size_t i = 0; u->copy.n > 0 && i < MW_N_OF(set_too); i++) {
		const struct span name = span_of(set_too[i]);
		const struct span is = lines_find(set, name);
		const struct span was = lines_find(&u->copy, name);

		if (is.at != NULL && (is.len == 0 || i > 0) &&
		    (was.at == NULL || !span_eq(is, was)))
			step(u, PLACE_MAIN, name, was);
	}
}

static void
undo_services(struct undo *u)
{
	const struct lines *options = &u->live->options;

	for (uint32_t i = 0; i < options->n; i++)
		undo_option(u, lines_key(options, i),
		    lines_value(options, i));
	for (uint32_t i = 0; i < live_services(u->live); i++) {
		const struct service s = live_service(u->live, i);

		if (lane_is_one(u->live, &s))
			step(u, PLACE_SERVICE, span_of(s.id),
			    (struct span){ NULL, 0 });
	}
}

/* Our table's lines that the site has added, for ways of its own. */
static struct buf
rest_of_table(const struct undo *u)
{
	const struct lines *l = &u->live->entries;
	struct buf rest = buf_new(LINES_MAX);

	for (uint32_t i = 0; i < l->n; i++) {
		if (names_lane(u, lines_value(l, i)))
			continue;
		buf_add_span(&rest, l->list[i]);
		buf_add_text(&rest, "\n");
	}
	return rest;
}

int
changes_print_undo(const struct config *config, const struct live *live,
    struct err *err)
{
	char copy[2 * LIVE_PATH_MAX];
	struct undo u = { .config = config, .live = live };

	snprintf(copy, sizeof(copy), "%s/" CHANGES_COPY, live->config_dir);
	if (lines_read(copy, '=', &u.copy, err) < 0)
		return -1;
	u.rest = rest_of_table(&u);
	for (size_t i = 0; i < MW_N_OF(shared); i++)
		undo_list(&u, shared[i]);
	undo_parameters(&u);
	undo_services(&u);
	changes_print_commands(&u.steps, live, live->has_table ?
	    (struct span){ buf_text(&u.rest), u.rest.len } :
	    (struct span){ NULL, 0 });
	if (u.copy.n > 0)
		changes_print_removal(live);
	findings_free(&u.steps);
	buf_free(&u.rest);
	lines_free(&u.copy);
	return 0;
}
