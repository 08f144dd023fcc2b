/*
 * live - what Postfix is set up with now, held against what it should be.
 */
#ifndef CTL_LIVE_H
#define CTL_LIVE_H

#include "base/err.h"
#include "ctl/wiring.h"

#include <stdbool.h>

/*
 * Compare one part with the live one and print what is wrong, as sentences
 * or (diff) as "-" and "+" lines; adds to *wrong how many. Lists may hold
 * more than is wanted; Mailweir's check must be the last of its own.
 * config_dir: main.cf's folder, NULL for Postfix's default. -1 when Postfix
 * cannot be asked.
 */
int live_compare(const struct config *config, enum wiring_part part,
    const char *config_dir, bool diff, unsigned *wrong, struct err *err)
    MW_MUST_CHECK;

#endif
