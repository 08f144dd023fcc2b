#include "config.h"

#include "config/options.h"

#include <stdlib.h>
#include <unistd.h>

#define EXIT_USAGE 2

static int
usage(const char *program)
{
	fprintf(stderr, "usage: %s [-c FILE]\n       %s -V\n", program,
	    program);
	return EXIT_USAGE;
}

static struct config *
load(const char *path)
{
	struct config_errors errors = { 0 };
	struct config *config = config_load(path, &errors);

	config_errors_print(&errors, stderr);
	config_errors_free(&errors);
	return config;
}

struct config *
options_config(const char *program, int argc, char **argv,
    const char **out_path, int *out_status)
{
	struct config *config;
	int option;

	*out_path = CONFIG_DEFAULT_FILE;
	*out_status = EXIT_SUCCESS;
	while ((option = getopt(argc, argv, "c:V")) != -1) {
		switch (option) {
		case 'c':
			*out_path = optarg;
			break;
		case 'V':
			printf("%s %s\n", program, PACKAGE_VERSION);
			return NULL;
		default:
			*out_status = usage(program);
			return NULL;
		}
	}
	if (optind != argc) {
		*out_status = usage(program);
		return NULL;
	}
	config = load(*out_path);
	if (config == NULL)
		*out_status = EXIT_FAILURE;
	else
		log_open(program, config->log.target, config->log.level);
	return config;
}
