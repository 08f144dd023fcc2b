/* mailweir-policyd - answers Postfix's policy and socketmap questions. */
#include "config.h"

#include "base/log.h"
#include "config/config.h"
#include "policy/parent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
usage(void)
{
	fputs("usage: mailweir-policyd [-c FILE]\n"
	    "       mailweir-policyd -V\n", stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	const char *path = CONFIG_DEFAULT_FILE;
	struct config_errors errors = { 0 };
	struct config *config;
	int option;

	while ((option = getopt(argc, argv, "c:V")) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'V':
			puts("mailweir-policyd " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		default:
			return usage();
		}
	}
	if (optind != argc)
		return usage();
	config = config_load(path, &errors);
	config_errors_print(&errors, stderr);
	config_errors_free(&errors);
	if (config == NULL)
		return EXIT_FAILURE;
	log_open("mailweir-policyd", config->log.target, config->log.level);
	return parent_run(path, config);
}
