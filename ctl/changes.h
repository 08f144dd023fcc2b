/*
 * changes - what was found as a script for sh: the lines to take out and to
 * add as comments, and then the commands that do it. Nobody runs it but the
 * administrator.
 */
#ifndef CTL_CHANGES_H
#define CTL_CHANGES_H

#include "ctl/fault.h"

/* main.cf as it was before Mailweir, beside it; the first script makes it,
 * and that of --undo looks up there what a parameter said. */
#define CHANGES_COPY "main.cf.before-mailweir"

/* The script that puts right what was found; nothing where nothing is. */
void changes_print(const struct wired *w);
/* Its commands alone; each place once. table: what our table is to hold (at
 * NULL: it stays as it is; empty: it goes). */
void changes_print_commands(const struct findings *f, const struct live *live,
    struct span table);
/* The one that takes the copy away. */
void changes_print_removal(const struct live *live);

/* The script that takes Mailweir out of this Postfix again (undo.c). */
int changes_print_undo(const struct config *config, const struct live *live,
    struct err *err) MW_MUST_CHECK;

#endif
