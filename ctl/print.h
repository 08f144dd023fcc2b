/*
 * print - columns, folded text, colours and strangers' text on a terminal.
 *
 * What is no terminal gets the same without colours, on lines as long as they
 * like to be.
 */
#ifndef CTL_PRINT_H
#define CTL_PRINT_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum print_colour { PRINT_PLAIN = 0, PRINT_BAD, PRINT_PART, PRINT_GOOD,
	PRINT_HEAD };

/* Are colours wanted on standard output? On a terminal, if neither NO_COLOR
 * nor TERM=dumb speaks against it. */
bool print_is_coloured(void);
/* Columns of the terminal on standard output; 0: it is none. */
size_t print_width(void);
/* A number in five characters at most: "99999", "123k", "12.3M". Into
 * dst[16]; returns dst. */
const char *print_short(uint64_t n, char dst[16]);

/* A line, printable and at most 400 bytes; folded to the terminal at blanks,
 * what follows indented by so much. head: its first bytes in that colour. */
void print_line(enum print_colour colour, size_t head, size_t indent,
    const char *fmt, ...) MW_PRINTF(4, 5);

/* Rows of cells, printed with each column as wide as its widest cell. */
struct columns;

/* n: columns, 1..12. The first row is the heading. */
struct columns *columns_new(size_t n);
void columns_free(struct columns **c);
/* The columns from this one on hold numbers. */
void columns_numbers(struct columns *c, size_t from);
/* The next cell, printable; a row is done when it has n of them. Empty ones
 * are shown as "-". */
void columns_add(struct columns *c, const char *fmt, ...) MW_PRINTF(2, 3);
/* The cell added last, in a colour. */
void columns_paint(struct columns *c, enum print_colour colour);
/* A whole line of its own, below the last row. */
void columns_note(struct columns *c, const char *fmt, ...) MW_PRINTF(2, 3);
/* Where the terminal is too narrow, a first cell that takes the others' room
 * stands on a line of its own. */
void columns_print(const struct columns *c);

#endif
