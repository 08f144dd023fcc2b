/*
 * replay - feeds a fuzz target all files of its corpus, in place of libFuzzer.
 *
 * The corpus of fuzz_X is the folder tests/fuzz/corpus/X in the sources. Speaks
 * TAP: one test for each file, which passes when the target comes back.
 */
#include "fuzz.h"

#include "base/mem.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 65536

static int
is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* In memory of its very size, so that a sanitizer sees a read behind it. */
static bool
feed(const char *path)
{
	static uint8_t bytes[FILE_MAX];
	FILE *file = fopen(path, "rb");
	size_t size;
	uint8_t *data;

	if (file == NULL)
		return false;
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	data = mem_new(size, 1);
	memcpy(data, bytes, size);
	LLVMFuzzerTestOneInput(data, size);
	mem_free(data);
	return true;
}

/* "tests/fuzz/fuzz_domain" -> "domain" */
static const char *
target_of(const char *program)
{
	const char *slash = strrchr(program, '/');
	const char *name = slash != NULL ? slash + 1 : program;

	return name + strcspn(name, "_") + 1;
}

int
main(int argc, char **argv)
{
	const char *top = getenv("top_srcdir");
	struct dirent **files;
	char folder[1024], path[2048];
	bool good = true;
	int n;

	(void)argc;
	snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s",
	    top != NULL ? top : ".", target_of(argv[0]));
	n = scandir(folder, &files, is_visible, alphasort);
	if (n <= 0) {
		printf("Bail out! no corpus in %s\n", folder);
		return EXIT_FAILURE;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		bool fed;

		snprintf(path, sizeof(path), "%s/%s", folder,
		    files[i]->d_name);
		fed = feed(path);
		good = good && fed;
		printf("%s %d - %s\n", fed ? "ok" : "not ok", i + 1,
		    files[i]->d_name);
		free(files[i]);
	}
	free(files);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
