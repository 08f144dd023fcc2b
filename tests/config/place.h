/*
 * place - a private folder in which a test writes its files.
 */
#ifndef TESTS_CONFIG_PLACE_H
#define TESTS_CONFIG_PLACE_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLACE_PATH 512

static char place[200];

static inline void
place_make(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(place, sizeof(place), "%s/mailweir-config.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(place));
}

/* name within the folder; valid until the fourth call after. */
static inline const char *
place_path(const char *name)
{
	static char paths[4][PLACE_PATH];
	static unsigned n;
	char *path = paths[n++ % 4];

	snprintf(path, PLACE_PATH, "%s/%s", place, name);
	return path;
}

static inline const char *
place_write(const char *name, const char *text)
{
	const char *path = place_path(name);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	return path;
}

static inline void
place_remove(void)
{
	DIR *dir = opendir(place);
	struct dirent *e;

	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] != '.')
			ck_assert_int_eq(remove(place_path(e->d_name)), 0);
	}
	closedir(dir);
	ck_assert_int_eq(rmdir(place), 0);
}

#endif
