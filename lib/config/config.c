#include "config/config.h"

#include "digest.h"
#include "file.h"
#include "read.h"
#include "resolve.h"
#include "rules.h"
#include "scan.h"

#include "base/mem.h"

#define RULES_FILE_MAX (1024 * 1024)

struct rules_place {
	struct config_errors *errors;
	const char *file;
};

static void
report_rule(void *arg, unsigned line, const char *message)
{
	const struct rules_place *at = arg;

	errors_add(at->errors, (struct place){ at->file, line }, "%s",
	    message);
}

static struct outcome_rules *
read_rules(const char *file, struct config_errors *errors)
{
	struct rules_place at = { errors, file };

	return rules_load(file, true, report_rule, &at);
}

/* The rules were read once; this time it is their text that counts. */
static void
make_digest(struct load *l, const char *path)
{
	struct buf rules = buf_new(RULES_FILE_MAX);
	struct err err;

	if (file_read(path, &rules, &err) != 0)
		errors_add(l->errors, (struct place){ path, 0 }, "%s",
		    err.text);
	digest_make(l->config, buf_span(&rules), l->config->digest);
	buf_free(&rules);
}

static void
load_text(struct load *l, const struct buf *text)
{
	const char *rules;

	if (!scan_text(l, l->path, buf_span(text)) ||
	    !read_text(l, buf_text(text)))
		return;
	resolve_settings(l);
	resolve_upstreams(l);
	resolve_destinations(l);
	resolve_domains(l);
	rules = load_path(l, resolve_value(l, KEY_RULES_FILE)->text);
	l->config->rules = read_rules(rules, l->errors);
	if (!errors_spoil(l->errors))
		make_digest(l, rules);
}

static void
load_file(struct load *l)
{
	struct buf text = buf_new(SCAN_FILE_MAX);
	struct err err;

	if (file_read(l->path, &text, &err) != 0)
		errors_add(l->errors, (struct place){ l->path, 0 }, "%s",
		    err.text);
	else
		load_text(l, &text);
	buf_free(&text);
}

static const char *
folder_of(struct arena *a, const char *path)
{
	const ptrdiff_t slash = span_rfind(span_of(path), '/');

	if (slash == 0)
		return "/";
	return arena_text(a, (struct span){ path,
	    slash > 0 ? (size_t)slash : 0 });
}

static struct config *
config_new(void)
{
	struct config *c = mem_new(1, sizeof(*c));

	c->memory = arena_new();
	c->plan.catch_all = -1;
	return c;
}

struct config *
config_load(const char *path, struct config_errors *errors)
{
	struct load l = {
		.config = config_new(),
		.errors = errors,
		.scratch = arena_new(),
	};

	*errors = (struct config_errors){ 0 };
	l.path = arena_text(l.scratch, span_of(path));
	l.folder = folder_of(l.scratch, path);
	load_file(&l);
	errors_sort(errors, path);
	arena_free(&l.scratch);
	if (errors_spoil(errors))
		config_free(&l.config);
	return l.config;
}

void
config_free(struct config **config)
{
	struct config *c = *config;
	struct destination_map *domains, *mx;

	if (c == NULL)
		return;
	/* const for everybody who only reads; ours to free */
	domains = (struct destination_map *)c->plan.domains;
	destination_map_free(&domains);
	mx = (struct destination_map *)c->plan.mx;
	destination_map_free(&mx);
	outcome_rules_free(&c->rules);
	if (c->store.password != NULL)
		explicit_bzero((char *)c->store.password,
		    strlen(c->store.password));
	arena_free(&c->memory);
	mem_free(c);
	*config = NULL;
}

struct outcome_rules *
config_shipped_rules(struct config_errors *errors)
{
	*errors = (struct config_errors){ 0 };
	return read_rules(MW_RULES_FILE, errors);
}
