#include "ctl/print.h"

#include "base/mem.h"
#include "base/printable.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS_MAX 12
#define CELL_MAX 200

struct cell {
	char text[CELL_MAX];
	bool note;
};

struct columns {
	size_t n, at;		/* at: the next cell's column */
	size_t width[COLUMNS_MAX];
	size_t n_cells;
	struct cell *cells;
};

static struct cell *new_cell(struct columns *c, const char *fmt, va_list ap)
    MW_PRINTF(2, 0);

static struct cell *
new_cell(struct columns *c, const char *fmt, va_list ap)
{
	char raw[CELL_MAX];
	struct cell *cell;

	c->cells = mem_resize(c->cells, c->n_cells + 1, sizeof(*c->cells));
	cell = &c->cells[c->n_cells++];
	cell->note = false;
	vsnprintf(raw, sizeof(raw), fmt, ap);
	printable(cell->text, sizeof(cell->text), span_of(raw));
	return cell;
}

struct columns *
columns_new(size_t n)
{
	struct columns *c = mem_new(1, sizeof(*c));

	assert(n > 0 && n <= COLUMNS_MAX);
	c->n = n;
	return c;
}

void
columns_free(struct columns **c)
{
	if (*c == NULL)
		return;
	mem_free((*c)->cells);
	mem_free(*c);
	*c = NULL;
}

void
columns_add(struct columns *c, const char *fmt, ...)
{
	const struct cell *cell;
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	cell = new_cell(c, fmt, ap);
	va_end(ap);
	len = strlen(cell->text);
	if (len > c->width[c->at])
		c->width[c->at] = len;
	c->at = (c->at + 1) % c->n;
}

void
columns_note(struct columns *c, const char *fmt, ...)
{
	va_list ap;

	assert(c->at == 0);
	va_start(ap, fmt);
	new_cell(c, fmt, ap)->note = true;
	va_end(ap);
}

void
columns_print(const struct columns *c)
{
	size_t column = 0;

	for (size_t i = 0; i < c->n_cells; i++) {
		const struct cell *cell = &c->cells[i];
		const char *text = cell->text[0] != '\0' ? cell->text : "-";

		if (cell->note) {
			printf("    %s\n", text);
		} else if (++column == c->n) {
			puts(text);
			column = 0;
		} else {
			printf("%-*s  ", (int)c->width[column - 1], text);
		}
	}
}

void
print_text(const char *text)
{
	char safe[CELL_MAX];

	fputs(printable(safe, sizeof(safe), span_of(text)), stdout);
}
