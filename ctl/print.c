#include "ctl/print.h"

#include "base/mem.h"
#include "base/printable.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_MAX 12
#define CELL_MAX 200
#define LINE_MAX_BYTES 400
#define GAP 2			/* between columns */
#define NOTE_INDENT 4
#define NARROW 20		/* on less there is no sense in folding */

static const char *const sgr[] = {
	[PRINT_PLAIN] = "",
	[PRINT_BAD] = "\033[1;31m",
	[PRINT_PART] = "\033[33m",
	[PRINT_GOOD] = "\033[32m",
	[PRINT_HEAD] = "\033[1m",
};

struct cell {
	char text[CELL_MAX];
	enum print_colour colour;
	bool note;
};

struct columns {
	size_t n, at;		/* at: the next cell's column */
	size_t numbers;		/* columns from this one on are numbers */
	size_t width[COLUMNS_MAX];
	size_t n_cells;
	struct cell *cells;
};

bool
print_is_coloured(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0') &&
	    term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

size_t
print_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return 80;
	return size.ws_col < NARROW ? NARROW : size.ws_col;
}

const char *
print_short(uint64_t n, char dst[16])
{
	static const char units[] = "kMGTPE";
	uint64_t tenths = n;
	size_t unit = 0;

	if (n < 100000) {
		snprintf(dst, 16, "%u", (unsigned)n);
		return dst;
	}
	for (tenths = n / 100; tenths >= 10000; tenths /= 1000)
		unit++;
	if (tenths < 1000)
		snprintf(dst, 16, "%u.%u%c", (unsigned)(tenths / 10),
		    (unsigned)(tenths % 10), units[unit]);
	else
		snprintf(dst, 16, "%u%c", (unsigned)(tenths / 10),
		    units[unit]);
	return dst;
}

static void
put(enum print_colour colour, const char *text, size_t len)
{
	const bool coloured = colour != PRINT_PLAIN && print_is_coloured();

	printf("%s%.*s%s", coloured ? sgr[colour] : "", (int)len, text,
	    coloured ? "\033[0m" : "");
}

/* How much of text goes on a line of this width, the last blank apart. */
static size_t
fitting(const char *text, size_t width)
{
	size_t len = strlen(text), cut;

	if (len <= width)
		return len;
	for (cut = width; cut > 0 && text[cut] != ' '; cut--)
		;
	return cut > 0 ? cut : width;
}

/* Text that begins at a column, head of it in that colour. */
static void
fold(size_t at, enum print_colour colour, size_t head, size_t indent,
    const char *text)
{
	const size_t width = print_width() > 0 ? print_width() : SIZE_MAX;
	size_t room = width - at, len;

	do {
		len = fitting(text, room);
		if (head > len)
			head = len;
		put(colour, text, head);
		put(PRINT_PLAIN, text + head, len - head);
		putchar('\n');
		text += len;
		text += strspn(text, " ");
		head = 0;
		room = width - indent;
		if (*text != '\0')
			printf("%*s", (int)indent, "");
	} while (*text != '\0');
}

void
print_line(enum print_colour colour, size_t head, size_t indent,
    const char *fmt, ...)
{
	char raw[LINE_MAX_BYTES], text[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	fold(0, colour, head, indent, printable(text, sizeof(text),
	    span_of(raw)));
}

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
	cell->colour = PRINT_PLAIN;
	vsnprintf(raw, sizeof(raw), fmt, ap);
	printable(cell->text, sizeof(cell->text), span_of(raw));
	return cell;
}

struct columns *
columns_new(size_t n)
{
	struct columns *c = mem_new(1, sizeof(*c));

	assert(n > 0 && n <= COLUMNS_MAX);
	c->n = c->numbers = n;
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
columns_numbers(struct columns *c, size_t from)
{
	c->numbers = from;
}

void
columns_add(struct columns *c, const char *fmt, ...)
{
	struct cell *cell;
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	cell = new_cell(c, fmt, ap);
	va_end(ap);
	if (cell->text[0] == '\0')
		snprintf(cell->text, sizeof(cell->text), "-");
	len = strlen(cell->text);
	if (len > c->width[c->at])
		c->width[c->at] = len;
	c->at = (c->at + 1) % c->n;
}

void
columns_paint(struct columns *c, enum print_colour colour)
{
	c->cells[c->n_cells - 1].colour = colour;
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

/* The first column's width, so that the others have room as well. */
static size_t
first_width(const struct columns *c)
{
	const size_t width = print_width();
	size_t others = 0;

	for (size_t i = 1; i < c->n; i++)
		others += GAP + c->width[i];
	if (width == 0 || c->width[0] + others <= width)
		return c->width[0];
	return others + NARROW / 2 < width ? width - others : NARROW / 2;
}

/* A cell of a row, and the gap before it; the last one ends the line. */
static void
print_cell(const struct columns *c, const struct cell *cell, size_t column,
    size_t width)
{
	const size_t len = strlen(cell->text);
	const int pad = len < width ? (int)(width - len) : 0;
	const bool is_number = column >= c->numbers;

	if (column > 0)
		printf("%*s", GAP, "");
	if (is_number)
		printf("%*s", pad, "");
	put(cell->colour, cell->text, len);
	if (!is_number && column + 1 < c->n && len <= width)
		printf("%*s", pad, "");
	if (column == 0 && len > width)
		printf("\n%*s", (int)width, "");
	if (column + 1 == c->n)
		putchar('\n');
}

void
columns_print(const struct columns *c)
{
	const size_t first = first_width(c);
	size_t column = 0;

	for (size_t i = 0; i < c->n_cells; i++) {
		const struct cell *cell = &c->cells[i];

		if (cell->note) {
			printf("%*s", NOTE_INDENT, "");
			fold(NOTE_INDENT, PRINT_PLAIN, 0, NOTE_INDENT,
			    cell->text);
			continue;
		}
		print_cell(c, cell, column, column == 0 ? first :
		    c->width[column]);
		column = (column + 1) % c->n;
	}
}
