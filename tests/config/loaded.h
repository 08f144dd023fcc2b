/*
 * loaded - a configuration as it is loaded from a text, in a folder of the
 * test's own, and what was said of it. Beside it lies a small test.rules.
 */
#ifndef TESTS_CONFIG_LOADED_H
#define TESTS_CONFIG_LOADED_H

#include "config/config.h"

#include "place.h"

/* What makes a file complete, so that a row shows only what is wrong. */
#define UP "upstreams = { filter = { nexthop = \"[filter.example.net]\"; }; };\n"
#define UPS(more) "upstreams = { filter = { nexthop = \"[filter.example.net]\"; };\n" more " };\n"
#define TO "destinations = { all = { catch_all = true; routes = ( { upstream = \"filter\"; } ); }; };\n"
#define TOS(more) "destinations = { all = { catch_all = true; routes = ( { upstream = \"filter\"; } ); };\n" more " };\n"
#define VIA "routes = ( { upstream = \"filter\"; } );"
#define RULES "rules_file = \"test.rules\";\n"

static struct config_errors errors;
static struct config *config;

static inline void
set_up(void)
{
	place_make();
	place_write("test.rules", "fine\tok\t^2\\.\n");
}

static inline void
tear_down(void)
{
	config_free(&config);
	config_errors_free(&errors);
	place_remove();
}

static inline struct config *
load(const char *text)
{
	config_free(&config);
	config_errors_free(&errors);
	config = config_load(place_write("test.conf", text), &errors);
	return config;
}

static inline void
show(void)
{
	config_errors_print(&errors, stderr);
}

/* Is there this very error? file: its last part; NULL for the main one. */
static inline bool
complained(const char *file, unsigned line, const char *says, bool note)
{
	const char *want = place_path(file != NULL ? file : "test.conf");

	for (size_t i = 0; i < errors.n; i++) {
		const struct config_error *e = &errors.list[i];

		if (e->line == line && e->note == note &&
		    strcmp(e->file, want) == 0 &&
		    strstr(e->message, says) != NULL)
			return true;
	}
	show();
	return false;
}

static inline size_t
count(bool notes)
{
	size_t n = 0;

	for (size_t i = 0; i < errors.n; i++)
		n += errors.list[i].note == notes;
	return n;
}

#endif
