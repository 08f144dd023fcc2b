#include "fuzz.h"

#include "config/config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* libconfig 1.5 loses the string that stood before a syntax error. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig";
}

static char folder[] = "/tmp/mailweir-fuzz.XXXXXX";
static char conf[64], rules[64];

static void
clean_up(void)
{
	unlink(conf);
	unlink(rules);
	rmdir(folder);
}

static void
write_file(const char *path, const void *bytes, size_t size)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(bytes, 1, size, f) != size || fclose(f) != 0)
		abort();
}

/* A configuration is read from files only. */
static void
make_folder(void)
{
	static const char rule[] = "fine\tok\t^2\\.\n";

	if (mkdtemp(folder) == NULL)
		abort();
	snprintf(conf, sizeof(conf), "%s/conf", folder);
	snprintf(rules, sizeof(rules), "%s/rules", folder);
	write_file(rules, rule, sizeof(rule) - 1);
	atexit(clean_up);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_errors errors;
	struct config *config;
	size_t n = 0;

	if (conf[0] == '\0')
		make_folder();
	write_file(conf, data, size);
	config = config_load(conf, &errors);
	for (size_t i = 0; i < errors.n; i++)
		n += !errors.list[i].note;
	assert((config == NULL) == (n > 0));
	config_free(&config);
	config_errors_free(&errors);
	return 0;
}
