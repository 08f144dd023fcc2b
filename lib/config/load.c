#include "load.h"

#include <assert.h>
#include <stdarg.h>

#define FAULT_MAX 400

static const struct section *
of_group(const struct section *s, const char *group)
{
	while (s != NULL && strcmp(s->group, group) != 0)
		s = s->next;
	return s;
}

static void complain(const struct load *l, struct place at,
    const struct section *s, const char *key, const char *fmt, va_list ap)
    MW_PRINTF(5, 0);

static void
complain(const struct load *l, struct place at, const struct section *s,
    const char *key, const char *fmt, va_list ap)
{
	char text[FAULT_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	errors_add(l->errors, at, "%s%s%s%s%s", s->path,
	    s->path[0] != '\0' && key[0] != '\0' ? "." : "", key,
	    s->path[0] != '\0' || key[0] != '\0' ? ": " : "", text);
}

struct section *
section_new(struct load *l, struct section *parent, const char *group,
    const char *path, struct place at)
{
	struct section *s = arena_get(l->scratch, 1, sizeof(*s));

	s->group = group;
	s->path = path;
	s->at = at;
	s->first = key_first(group, &s->n_values);
	s->values = arena_get(l->scratch, s->n_values, sizeof(s->values[0]));
	for (size_t i = 0; i < s->n_values; i++) {
		s->values[i] = l->defaults[s->first + i];
		s->values[i].at = at;
	}
	if (parent != NULL && parent->below == NULL)
		parent->below = s;
	else if (parent != NULL)
		parent->last->next = s;
	if (parent != NULL)
		parent->last = s;
	return s;
}

const struct value *
section_value(const struct section *s, enum key key)
{
	assert(strcmp(key_row(key)->group, s->group) == 0);
	return &s->values[key - s->first];
}

const struct section *
section_below(const struct section *s, const char *group)
{
	return of_group(s->below, group);
}

const struct section *
section_next(const struct section *s)
{
	return of_group(s->next, s->group);
}

const char *
load_path(const struct load *l, const char *name)
{
	if (name[0] == '/' || l->folder[0] == '\0')
		return name;
	return arena_textf(l->scratch, "%s/%s", l->folder, name);
}

void
fault(const struct load *l, const struct section *s, enum key key,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(l, section_value(s, key)->at, s, key_row(key)->name, fmt, ap);
	va_end(ap);
}

void
fault_at(const struct load *l, struct place at, const struct section *s,
    enum key key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(l, at, s, key_row(key)->name, fmt, ap);
	va_end(ap);
}

void
fault_section(const struct load *l, const struct section *s, const char *fmt,
    ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(l, s->at, s, "", fmt, ap);
	va_end(ap);
}
