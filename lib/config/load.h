/*
 * load - what a file said, as a tree of sections and values that knows no
 * libconfig, and the state that the steps of loading share.
 *
 *	text --scan--> --read--> sections --settings, upstreams, ...--> config
 *
 * Every value is there, the default where the file is silent, and each knows
 * its place, so that an error found late still names the right line.
 */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include "arena.h"
#include "errors.h"
#include "keys.h"

struct value {
	bool set;		/* in the file, not by default */
	bool wrong;		/* complained about already, if only in part */
	struct place at;
	int64_t number;		/* ms, per mille, place in a choice, 0 and 1 */
	const char *text;	/* never NULL where the key is a string */
	const struct value *items;	/* of a list */
	size_t n;
};

struct section {
	const char *group;	/* whose keys it holds, as in the table */
	const char *path;	/* as people see it, "upstreams.filter" */
	const char *name;	/* GROUP_NAMED: its own, "filter" */
	struct place at;
	bool set;
	enum key first;		/* of values */
	struct value *values;
	size_t n_values;
	struct section *below, *last;	/* sections within, in order */
	struct section *next;
};

struct load {
	const char *path;	/* the main file */
	const char *folder;	/* its own, "" for the current one */
	struct config *config;	/* what is being made */
	struct config_errors *errors;
	struct arena *scratch;	/* gone when all is done */
	size_t n_scanned;	/* errors that were known before reading */
	const struct value *defaults;	/* by key */
	struct section *top;
};

/* A section with nothing but defaults, below parent (NULL: the top). */
struct section *section_new(struct load *l, struct section *parent,
    const char *group, const char *path, struct place at);
const struct value *section_value(const struct section *s, enum key key);
/* The first section of that group right below s, NULL when there is none. */
const struct section *section_below(const struct section *s,
    const char *group);
/* The next one of the same group; NULL at the end. */
const struct section *section_next(const struct section *s);

/* name as the main file means it: relative to its folder. */
const char *load_path(const struct load *l, const char *name);

/* Complain about a key's value, at its place: "upstreams.filter.tls: ...". */
void fault(const struct load *l, const struct section *s, enum key key,
    const char *fmt, ...) MW_PRINTF(4, 5);
/* The same at another place, of an item for example. */
void fault_at(const struct load *l, struct place at, const struct section *s,
    enum key key, const char *fmt, ...) MW_PRINTF(5, 6);
/* Complain about a section as a whole. */
void fault_section(const struct load *l, const struct section *s,
    const char *fmt, ...) MW_PRINTF(3, 4);

#endif
