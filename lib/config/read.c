#include "read.h"

#include "near.h"

#include "base/mem.h"
#include "base/number.h"

#include <assert.h>
#include <libconfig.h>

#define TEXT_MAX 1000
#define SECTIONS_MAX 8192	/* of one kind; the plan takes fewer */

/* Whose value is being read, for the messages. */
struct spot {
	struct load *load;
	const struct section *section;
	enum key key;
};

/* libconfig names an included file as @include did, or with its folder; none
 * is the main one. */
static struct place
place_in(const struct load *l, const char *file, unsigned line)
{
	const char *slash = file != NULL ? strrchr(file, '/') : NULL;

	if (file == NULL)
		return (struct place){ l->path, line };
	if (slash != NULL)
		file = slash + 1;
	return (struct place){
		.file = load_path(l, arena_text(l->scratch, span_of(file))),
		.line = line,
	};
}

static struct place
place_of(const struct load *l, const config_setting_t *s)
{
	return place_in(l, config_setting_source_file(s),
	    config_setting_source_line(s));
}

static const char *
type_name(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_GROUP:
		return "a group { }";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "an integer";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "text in quotes";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
		return "an array [ ]";
	case CONFIG_TYPE_LIST:
		return "a list ( )";
	}
	return "nothing";
}

static bool
wrong_type(const struct spot *at, const config_setting_t *s, const char *want)
{
	fault_at(at->load, place_of(at->load, s), at->section, at->key,
	    "wants %s, not %s", want, type_name(s));
	return false;
}

static bool
out_of_range(const struct spot *at, const config_setting_t *s,
    const char *unit)
{
	fault_at(at->load, place_of(at->load, s), at->section, at->key,
	    "out of range: %s%s", key_row(at->key)->range, unit);
	return false;
}

/* What the scan complained about is not what libconfig made of it. */
static bool
is_mangled(const struct spot *at, const config_setting_t *s)
{
	return errors_know(at->load->errors, at->load->n_scanned,
	    place_of(at->load, s));
}

/* A range's ends: "1..100" or, with units, "1ms..10s". */
static bool
in_range(enum key key, int64_t number, bool units)
{
	struct span max = span_of(key_row(key)->range);
	const struct span min = span_cut(&max, '.');
	int64_t from = 0, to = 0;
	bool good;

	max = (struct span){ max.at + 1, max.len - 1 };
	if (units)
		good = duration_parse(min, &from) && duration_parse(max, &to);
	else
		good = number_parse(min, INT64_MIN, INT64_MAX, &from) &&
		    number_parse(max, INT64_MIN, INT64_MAX, &to);
	assert(good);
	return number >= from && number <= to;
}

static bool
read_integer(const struct spot *at, const config_setting_t *s,
    struct value *out)
{
	const int type = config_setting_type(s);

	if (type == CONFIG_TYPE_INT)
		out->number = config_setting_get_int(s);
	else if (type == CONFIG_TYPE_INT64)
		out->number = config_setting_get_int64(s);
	else
		return wrong_type(at, s, "an integer");
	if (is_mangled(at, s))
		return false;
	return in_range(at->key, out->number, false) ||
	    out_of_range(at, s, "");
}

static bool
read_percent(const struct spot *at, const config_setting_t *s,
    struct value *out)
{
	if (config_setting_type(s) != CONFIG_TYPE_INT)
		return wrong_type(at, s, "a whole number of per cent");
	if (is_mangled(at, s))
		return false;
	out->number = config_setting_get_int(s);
	if (!in_range(at->key, out->number, false))
		return out_of_range(at, s, " per cent");
	out->number *= 10;
	return true;
}

static bool
read_boolean(const struct spot *at, const config_setting_t *s,
    struct value *out)
{
	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		return wrong_type(at, s, "true or false");
	out->number = config_setting_get_bool(s) ? 1 : 0;
	return true;
}

static bool
read_duration(const struct spot *at, const config_setting_t *s,
    struct value *out)
{
	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return wrong_type(at, s,
		    "a duration in quotes, such as \"90s\"");
	if (!duration_parse(span_of(config_setting_get_string(s)),
	    &out->number)) {
		fault_at(at->load, place_of(at->load, s), at->section, at->key,
		    "\"%.40s\" is no duration; wants a whole number and "
		    "ms, s, m, h or d", config_setting_get_string(s));
		return false;
	}
	return in_range(at->key, out->number, true) ||
	    out_of_range(at, s, "");
}

static bool
read_string(const struct spot *at, const config_setting_t *s,
    struct value *out)
{
	const char *text;

	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return wrong_type(at, s, "text in quotes");
	text = config_setting_get_string(s);
	for (const char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c >= ' ' && *c != '\x7f')
			continue;
		fault_at(at->load, place_of(at->load, s), at->section, at->key,
		    "holds a control character");
		return false;
	}
	if (strlen(text) > TEXT_MAX) {
		fault_at(at->load, place_of(at->load, s), at->section, at->key,
		    "longer than %d bytes", TEXT_MAX);
		return false;
	}
	out->text = arena_text(at->load->scratch, span_of(text));
	return true;
}

/* The place of word among "a | b | c". */
static bool
read_enum(const struct spot *at, const config_setting_t *s,
    struct value *out)
{
	struct span words = span_of(key_row(at->key)->range);

	if (!read_string(at, s, out))
		return false;
	for (out->number = 0; words.at != NULL; out->number++) {
		if (span_eq(span_trim(span_cut(&words, '|')),
		    span_of(out->text)))
			return true;
	}
	fault_at(at->load, place_of(at->load, s), at->section, at->key,
	    "\"%.40s\" is none of: %s", out->text, key_row(at->key)->range);
	return false;
}

typedef bool read_value(const struct spot *at, const config_setting_t *s,
    struct value *out);

/* An array or list, each item by itself; one that is wrong is left out. */
static bool
read_items(const struct spot *at, const config_setting_t *s,
    struct value *out, read_value *read_item)
{
	const int length = config_setting_length(s);
	struct value *items =
	    arena_get(at->load->scratch, (size_t)length, sizeof(*items));

	out->n = 0;
	for (int i = 0; i < length; i++) {
		const config_setting_t *item =
		    config_setting_get_elem(s, (unsigned)i);

		items[out->n].set = true;
		items[out->n].at = place_of(at->load, item);
		if (read_item(at, item, &items[out->n]))
			out->n++;
	}
	out->items = items;
	return out->n == (size_t)length;
}

static bool
is_sequence(const config_setting_t *s)
{
	return config_setting_is_array(s) || config_setting_is_list(s);
}

/* One string stands for a list of one. */
static bool
read_strings(const struct spot *at, const config_setting_t *s,
    struct value *out)
{
	struct value *one;

	if (is_sequence(s)) {
		out->wrong = !read_items(at, s, out, read_string);
		return true;
	}
	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return wrong_type(at, s, "text in quotes or an array of it");
	one = arena_get(at->load->scratch, 1, sizeof(*one));
	one->set = true;
	one->at = place_of(at->load, s);
	out->items = one;
	out->n = 1;
	if (!read_string(at, s, one))
		out->n = 0;
	return out->n == 1;
}

static bool
read_percents(const struct spot *at, const config_setting_t *s,
    struct value *out)
{
	if (!is_sequence(s))
		return wrong_type(at, s, "an array such as [ 10, 50, 100 ]");
	return read_items(at, s, out, read_percent);
}

static const struct {
	const char *kind;
	read_value *read;
} kinds[] = {
	{ "integer", read_integer },
	{ "percent", read_percent },
	{ "percents", read_percents },
	{ "boolean", read_boolean },
	{ "duration", read_duration },
	{ "string", read_string },
	{ "strings", read_strings },
	{ "enum", read_enum },
};

static read_value *
reader_of(enum key key)
{
	for (size_t i = 0; i < MW_N_OF(kinds); i++) {
		if (strcmp(kinds[i].kind, key_row(key)->kind) == 0)
			return kinds[i].read;
	}
	return NULL;
}

/* A value that is wrong leaves the default in force, so that what depends on
 * it is not blamed as well. */
static void
read_key(struct load *l, struct section *section, enum key key,
    const config_setting_t *s)
{
	const struct spot at = { l, section, key };
	struct value *v = &section->values[key - section->first];
	struct value read = *v;

	if (reader_of(key)(&at, s, &read))
		*v = read;
	else
		v->wrong = true;
	v->set = true;
	v->at = place_of(l, s);
}

static void
unknown(struct load *l, const struct section *section,
    const config_setting_t *s)
{
	struct near near = near_to(config_setting_name(s));
	const struct group *groups;
	char question[64];
	size_t n;

	for (enum key k = 0; k < KEYS; k++) {
		if (strcmp(key_row(k)->group, section->group) == 0)
			near_try(&near, key_row(k)->name);
	}
	groups = group_list(&n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(groups[i].parent, section->group) == 0)
			near_try(&near, groups[i].name);
	}
	errors_add(l->errors, place_of(l, s), "unknown key \"%.60s\"%s%s%s",
	    config_setting_name(s), section->path[0] != '\0' ? " in " : "",
	    section->path, near_question(&near, question));
}

static void read_section(struct load *l, struct section *section,
    const config_setting_t *s);

/* A group below parent which the file may write: its section, made when it
 * is not there yet. */
static struct section *
section_for(struct load *l, struct section *parent, const struct group *group,
    const char *path, struct place at)
{
	struct section *s = NULL;

	if (group->form == GROUP_ONE) {
		for (s = parent->below; s != NULL; s = s->next) {
			if (strcmp(s->group, group->keys) == 0)
				break;
		}
	}
	if (s == NULL)
		s = section_new(l, parent, group->keys, path, at);
	s->at = at;
	s->set = true;
	for (size_t i = 0; i < s->n_values; i++)
		s->values[i].at = at;
	return s;
}

static void
read_one(struct load *l, struct section *parent, const struct group *group,
    const char *path, const config_setting_t *s)
{
	const struct place at = place_of(l, s);
	struct section *section;

	if (!config_setting_is_group(s)) {
		errors_add(l->errors, at, "%s: wants a group { }, not %s",
		    path, type_name(s));
		return;
	}
	section = section_for(l, parent, group, path, at);
	section->name = config_setting_name(s) != NULL ?
	    arena_text(l->scratch, span_of(config_setting_name(s))) : "";
	read_section(l, section, s);
}

/* The groups of a GROUP_NAMED or of a GROUP_LIST. */
static void
read_many(struct load *l, struct section *parent, const struct group *group,
    const char *path, const config_setting_t *s)
{
	const bool named = group->form == GROUP_NAMED;
	const int length = config_setting_length(s);

	for (int i = 0; i < length && i < SECTIONS_MAX; i++) {
		const config_setting_t *one =
		    config_setting_get_elem(s, (unsigned)i);

		read_one(l, parent, group, named ?
		    arena_textf(l->scratch, "%s.%.60s", path,
		    config_setting_name(one)) :
		    arena_textf(l->scratch, "%s[%d]", path, i + 1), one);
	}
}

/* A group that stands in the table as a key of its parent, marked there when
 * there was something to complain of. */
static void
mark_group(struct section *parent, const struct group *group)
{
	const enum key key = key_find(parent->group, group->name);

	if (key != KEYS)
		parent->values[key - parent->first].wrong = true;
}

static void
read_group(struct load *l, struct section *parent, const struct group *group,
    const config_setting_t *s)
{
	const char *path = arena_textf(l->scratch, "%s%s%s", parent->path,
	    parent->path[0] != '\0' ? "." : "", group->name);
	const size_t before = l->errors->n;

	switch (group->form) {
	case GROUP_ONE:
		read_one(l, parent, group, path, s);
		break;
	case GROUP_NAMED:
		if (config_setting_is_group(s))
			read_many(l, parent, group, path, s);
		else
			errors_add(l->errors, place_of(l, s), "%s: wants a "
			    "group { NAME = { ... }; }, not %s", path,
			    type_name(s));
		break;
	case GROUP_LIST:
		if (config_setting_is_list(s))
			read_many(l, parent, group, path, s);
		else
			errors_add(l->errors, place_of(l, s), "%s: wants a "
			    "list ( { ... }, { ... } ), not %s", path,
			    type_name(s));
		break;
	}
	if (l->errors->n > before)
		mark_group(parent, group);
}

static void
read_section(struct load *l, struct section *section,
    const config_setting_t *s)
{
	const int length = config_setting_length(s);

	for (int i = 0; i < length; i++) {
		const config_setting_t *one =
		    config_setting_get_elem(s, (unsigned)i);
		const char *name = config_setting_name(one);
		const struct group *group = group_find(section->group, name);
		const enum key key = key_find(section->group, name);

		if (group != NULL)
			read_group(l, section, group, one);
		else if (key != KEYS)
			read_key(l, section, key, one);
		else
			unknown(l, section, one);
	}
}

/* What every key is where the file is silent: its fallback, read as the file
 * would be. */
static void
read_defaults(struct load *l)
{
	struct value *defaults =
	    arena_get(l->scratch, KEYS, sizeof(defaults[0]));
	const struct section nowhere = { .group = "", .path = "(default)" };

	for (enum key k = 0; k < KEYS; k++) {
		const struct spot at = { l, &nowhere, k };
		const char *fallback = key_row(k)->fallback;
		bool good = true;
		config_t tree;

		defaults[k].text = "";
		if (fallback[0] == '\0')
			continue;
		config_init(&tree);
		good = config_read_string(&tree, arena_textf(l->scratch,
		    "value = %s;", fallback)) == CONFIG_TRUE &&
		    reader_of(k)(&at, config_lookup(&tree, "value"),
		    &defaults[k]);
		config_destroy(&tree);
		assert(good);
	}
	l->defaults = defaults;
}

static void
make_sections(struct load *l)
{
	const struct place whole = { l->path, 0 };
	const struct group *groups;
	size_t n;

	l->top = section_new(l, NULL, "", "", whole);
	groups = group_list(&n);
	for (size_t i = 0; i < n; i++) {
		if (groups[i].parent[0] == '\0' && groups[i].form == GROUP_ONE)
			section_new(l, l->top, groups[i].keys, groups[i].name,
			    whole);
	}
}

static void
complain_syntax(struct load *l, const config_t *tree)
{
	errors_add(l->errors, place_in(l, config_error_file(tree),
	    (unsigned)config_error_line(tree)), "%s; nothing else can be "
	    "checked before this is mended", config_error_text(tree));
}

bool
read_text(struct load *l, const char *text)
{
	config_t tree;
	bool good;

	read_defaults(l);
	make_sections(l);
	l->n_scanned = l->errors->n;
	config_init(&tree);
	if (l->folder[0] != '\0')
		config_set_include_dir(&tree, l->folder);
	good = config_read_string(&tree, text) == CONFIG_TRUE;
	if (good)
		read_section(l, l->top, config_root_setting(&tree));
	else
		complain_syntax(l, &tree);
	config_destroy(&tree);
	return good;
}
