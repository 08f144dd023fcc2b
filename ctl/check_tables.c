/*
 * The tables of the site's that say where mail goes. Files are looked into;
 * what is somewhere else (LDAP, SQL, a socket) is not asked, for it may take
 * its time.
 */
#include "base/mem.h"
#include "ctl/list.h"
#include "ctl/program.h"
#include "ctl/way.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum kind { KIND_LISTED, KIND_PATTERNS, KIND_REMOTE };

/* Tables that can be looked into, and those that can only be asked. */
static enum kind
kind_of(struct span type)
{
	static const char *const listed[] = {
		"hash", "btree", "lmdb", "cdb", "dbm", "sdbm", "texthash",
		"inline",
	};
	static const char *const patterns[] = { "regexp", "pcre" };

	for (size_t i = 0; i < MW_N_OF(listed); i++)
		if (span_eq(type, span_of(listed[i])))
			return KIND_LISTED;
	for (size_t i = 0; i < MW_N_OF(patterns); i++)
		if (span_eq(type, span_of(patterns[i])))
			return KIND_PATTERNS;
	return KIND_REMOTE;
}

/* keys at NULL: all that is in it (-s), else what it has for these (-q). */
static int
ask_postmap(const struct live *live, const char *table, struct span keys,
    struct buf *out, struct err *err)
{
	const char *words[8] = { "postmap" };
	size_t n = 1;

	if (live->dir_given != NULL) {
		words[n++] = "-c";
		words[n++] = live->dir_given;
	}
	words[n++] = keys.at != NULL ? "-q" : "-s";
	if (keys.at != NULL)
		words[n++] = "-";
	words[n++] = table;
	return program_run(words, keys, out, err);
}

/* "KEY<tab>VALUE" lines. */
static struct lines
answers(struct span raw)
{
	struct buf text = buf_new(LINES_MAX);
	struct lines l;

	buf_add_span(&text, raw);
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] == '\t')
			text.at[i] = ' ';
	l = lines_new(buf_span(&text), ' ');
	buf_free(&text);
	return l;
}

/* A table of the site's. */
struct site {
	const char *parameter;
	struct span word;
	bool nexthop_only;
	bool before;		/* it stands before ours */
	const char *path;	/* in table */
	char table[LIVE_PATH_MAX];
};

static void
shadowed(const struct wired *w, const struct site *site, struct span key,
    struct span value)
{
	struct buf right = way_right_maps(w);

	fault_found(w->found, FAULT_SHADOWED, &(struct change){
	    .place = PLACE_MAIN, .where = SPAN("transport_maps"),
	    .value = buf_span(&right),
	}, "%s, which stands before ours, sends %.*s to %.*s", site->table,
	    (int)key.len, key.at, (int)value.len, value.at);
	buf_free(&right);
}

/* The catch-all's lane has what no table knows; "*" would know all. */
static bool
is_wildcard(const struct wired *w, const struct site *site, struct span key,
    struct span value)
{
	struct span rest = value;

	return w->config->plan.catch_all >= 0 && !site->nexthop_only &&
	    span_eq(key, SPAN("*")) && plan_lane(&w->config->plan,
	    way_transport(&rest)) != w->config->plan.catch_all;
}

static void
check_entry(const struct wired *w, const struct site *site, struct span key,
    struct span value)
{
	const struct span ours = lines_find(&w->entries, key);
	char what[2 * LIVE_PATH_MAX];
	struct way way = {
		.what = what, .where = key, .value = value,
		.nexthop_only = site->nexthop_only, .place = PLACE_HAND,
		.file = span_of(site->path),
	};

	snprintf(what, sizeof(what), "%s: %.*s", site->table, (int)key.len,
	    key.at);
	if (is_wildcard(w, site, key, value))
		way_found(w, FAULT_WILDCARD, &way, lines_find(&w->main,
		    SPAN("default_transport")), "");
	else if (ours.at == NULL || site->nexthop_only)
		way_check(w, &way);
	else if (site->before && !span_eq(ours, value))
		shadowed(w, site, key, value);
}

static struct lines
listed(const struct wired *w, const struct site *site, struct span keys,
    int *out_failed, struct err *err)
{
	struct buf said = buf_new(LINES_MAX);
	struct lines l;

	*out_failed = ask_postmap(w->live, site->table, keys, &said, err);
	l = answers(buf_span(&said));
	buf_free(&said);
	return l;
}

/* Which of our domains do patterns match? postmap's exit status is 1 where
 * none does. */
static void
check_patterns(const struct wired *w, const struct site *site)
{
	struct buf keys = buf_new(LINES_MAX);
	struct lines matched;
	struct err err;
	int failed;

	for (uint32_t i = 0; i < w->entries.n; i++) {
		buf_add_span(&keys, lines_key(&w->entries, i));
		buf_add_text(&keys, "\n");
	}
	matched = listed(w, site, buf_span(&keys), &failed, &err);
	for (uint32_t i = 0; i < matched.n; i++)
		check_entry(w, site, lines_key(&matched, i),
		    lines_value(&matched, i));
	lines_free(&matched);
	buf_free(&keys);
}

static void
check_site_table(const struct wired *w, struct site *site)
{
	struct span start = site->word, type;
	struct lines all = { 0 };
	struct err err;
	int failed = 0;
	enum kind kind;

	if (span_starts(start, SPAN("proxy:")))
		(void)span_cut(&start, ':');
	if (!span_copy(site->table, sizeof(site->table), start))
		return;
	type = start;
	kind = kind_of(span_cut(&type, ':'));
	if (kind == KIND_REMOTE || type.at == NULL)
		return;
	site->path = site->table + (type.at - start.at);
	if (kind == KIND_LISTED)
		all = listed(w, site, (struct span){ NULL, 0 }, &failed, &err);
	else if (access(site->path, R_OK) == 0)
		failed = lines_read(site->path, ' ', &all, &err);
	else
		failed = err_set(&err, ERR_SYSTEM, "%s", strerror(errno));
	if (failed != 0)
		fault_found(w->found, FAULT_TABLE_UNREAD, &(struct change){ 0 },
		    "%s has %s: %s", site->parameter, site->table, err.text);
	for (uint32_t i = 0; failed == 0 && i < all.n; i++)
		check_entry(w, site, lines_key(&all, i), lines_value(&all, i));
	if (kind == KIND_PATTERNS && site->before)
		check_patterns(w, site);
	lines_free(&all);
}

void
way_check_tables(const struct wired *w, const char *parameter,
    bool nexthop_only)
{
	struct list words = list_words(live_value(w->live, parameter));
	const bool is_transport = strcmp(parameter, "transport_maps") == 0;
	bool ours = false;

	for (uint32_t i = 0; i < words.n; i++) {
		struct site site = {
			.parameter = parameter, .word = words.at[i],
			.nexthop_only = nexthop_only,
			.before = is_transport && !ours,
		};

		if (way_is_our_table(words.at[i]))
			ours = true;
		else
			check_site_table(w, &site);
	}
	list_free(&words);
}
