#include "errors.h"

#include "base/mem.h"

#include <stdarg.h>

#define MESSAGE_MAX 600

static void
append(struct config_errors *errors, struct place at, char *message, bool note)
{
	const size_t n = errors->n;

	if ((n & (n - 1)) == 0)
		errors->list = mem_resize(errors->list, n == 0 ? 1 : 2 * n,
		    sizeof(errors->list[0]));
	errors->list[errors->n++] = (struct config_error){
		.file = mem_dup(at.file),
		.line = at.line,
		.message = message,
		.note = note,
	};
}

static char *format(const char *fmt, va_list ap) MW_PRINTF(1, 0);

static char *
format(const char *fmt, va_list ap)
{
	char text[MESSAGE_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	return mem_dup(text);
}

static bool
stands_before(const struct config_error *a, const struct config_error *b,
    const char *first)
{
	const int files = strcmp(a->file, b->file);

	if (files == 0)
		return a->line < b->line;
	if (strcmp(a->file, first) == 0)
		return true;
	return strcmp(b->file, first) != 0 && files < 0;
}

void
errors_add(struct config_errors *errors, struct place at, const char *fmt, ...)
{
	va_list ap;

	if (errors->n > ERRORS_MAX)
		return;
	if (errors->n == ERRORS_MAX) {
		append(errors, at, mem_dup("too many errors: what follows is "
		    "not listed"), false);
		return;
	}
	va_start(ap, fmt);
	append(errors, at, format(fmt, ap), false);
	va_end(ap);
}

void
errors_note(struct config_errors *errors, struct place at, const char *fmt, ...)
{
	va_list ap;

	if (errors->n >= ERRORS_NOTES_MAX)
		return;
	va_start(ap, fmt);
	append(errors, at, format(fmt, ap), true);
	va_end(ap);
}

bool
errors_know(const struct config_errors *errors, size_t n, struct place at)
{
	for (size_t i = 0; i < n; i++) {
		const struct config_error *e = &errors->list[i];

		if (!e->note && e->line == at.line &&
		    strcmp(e->file, at.file) == 0)
			return true;
	}
	return false;
}

bool
errors_spoil(const struct config_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++) {
		if (!errors->list[i].note)
			return true;
	}
	return false;
}

/* By insertion: stable, as errors of one line tell a story; they are few. */
void
errors_sort(struct config_errors *errors, const char *first)
{
	struct config_error *list = errors->list;

	for (size_t i = 1; i < errors->n; i++) {
		const struct config_error moved = list[i];
		size_t at = i;

		for (; at > 0 && stands_before(&moved, &list[at - 1], first);
		    at--)
			list[at] = list[at - 1];
		list[at] = moved;
	}
}

void
config_errors_free(struct config_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++) {
		mem_free(errors->list[i].file);
		mem_free(errors->list[i].message);
	}
	mem_free(errors->list);
	*errors = (struct config_errors){ 0 };
}

void
config_errors_print(const struct config_errors *errors, FILE *to)
{
	for (size_t i = 0; i < errors->n; i++) {
		const struct config_error *e = &errors->list[i];
		const char *note = e->note ? "note: " : "";

		if (e->line > 0)
			fprintf(to, "%s:%u: %s%s\n", e->file, e->line, note,
			    e->message);
		else
			fprintf(to, "%s: %s%s\n", e->file, note, e->message);
	}
}

void
config_errors_log(const struct config_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++) {
		const struct config_error *e = &errors->list[i];

		if (!e->note)
			log_error("configuration", LOG_TEXT("file", e->file),
			    LOG_INT("line", e->line),
			    LOG_TEXT("error", e->message));
	}
}
