/*
 * options - the command line of a daemon, and the configuration it names.
 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "config/config.h"

/*
 * "[-c FILE]" or "-V". Returns the configuration, yours, and *out_path, its
 * file, borrowed from argv; the log is open by then. NULL when there is
 * nothing to run: why was printed, and *out_status is the exit status.
 */
struct config *options_config(const char *program, int argc, char **argv,
    const char **out_path, int *out_status);

#endif
