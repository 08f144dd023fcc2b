/*
 * print - columns, ages and strangers' text on a terminal.
 */
#ifndef CTL_PRINT_H
#define CTL_PRINT_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

/* Rows of cells, printed with each column as wide as its widest cell. */
struct columns;

/* n: columns, 1..12. The first row is the heading. */
struct columns *columns_new(size_t n);
void columns_free(struct columns **c);
/* The next cell, printable; a row is done when it has n of them. Empty ones
 * are shown as "-". */
void columns_add(struct columns *c, const char *fmt, ...) MW_PRINTF(2, 3);
/* A whole line of its own, below the last row. */
void columns_note(struct columns *c, const char *fmt, ...) MW_PRINTF(2, 3);
void columns_print(const struct columns *c);

/* Text from others, at most 200 bytes of it, made printable. */
void print_text(const char *text);

#endif
