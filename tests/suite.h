/*
 * suite - runs one Check suite as a program: exit 0 when all tests passed.
 *
 * A suite in which nothing ran has failed: a tag or a filter was wrong.
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

static inline int
suite_main(Suite *s)
{
	SRunner *sr = srunner_create(s);
	int failed, run;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	run = srunner_ntests_run(sr);
	srunner_free(sr);
	return run > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
