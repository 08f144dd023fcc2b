#include "suite.h"

#include "base/chance.h"

#include <sys/wait.h>
#include <unistd.h>

#define DRAWS 100000

START_TEST(draws_are_even_and_below_the_bound)
{
	int counts[10] = { 0 };

	chance_seed(42);
	for (int i = 0; i < DRAWS; i++) {
		const uint32_t n = chance_below(10);

		ck_assert_uint_lt(n, 10);
		counts[n]++;
	}
	for (int i = 0; i < 10; i++) {
		ck_assert_int_gt(counts[i], DRAWS / 10 - 500);
		ck_assert_int_lt(counts[i], DRAWS / 10 + 500);
	}
}
END_TEST

START_TEST(below_one_there_is_only_zero)
{
	for (int i = 0; i < 100; i++)
		ck_assert_uint_eq(chance_below(1), 0);
}
END_TEST

START_TEST(a_seed_gives_a_known_sequence)
{
	uint32_t first[10];

	chance_seed(7);
	for (int i = 0; i < 10; i++)
		first[i] = chance_below(UINT32_MAX);
	chance_seed(7);
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(chance_below(UINT32_MAX), first[i]);
	chance_seed(8);
	ck_assert_uint_ne(chance_below(UINT32_MAX), first[0]);
}
END_TEST

static uint64_t
draw(void)
{
	const uint64_t high = chance_below(UINT32_MAX);

	return high << 32 | chance_below(UINT32_MAX);
}

/* What a child process draws first. */
static uint64_t
drawn_by_child(void)
{
	uint64_t drawn = 0;
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		drawn = draw();
		_exit(write(ends[1], &drawn, sizeof(drawn)) !=
		    sizeof(drawn));
	}
	ck_assert_int_eq(read(ends[0], &drawn, sizeof(drawn)),
	    sizeof(drawn));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(ends[0]);
	close(ends[1]);
	return drawn;
}

/* Or a daemon's loop would give its incidents the names that the one before
 * it gave. */
START_TEST(a_child_does_not_repeat_its_sister)
{
	const uint64_t first = (draw(), drawn_by_child());

	ck_assert_uint_ne(first, drawn_by_child());
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chance");
	TCase *t = tcase_create("chance");

	tcase_add_test(t, draws_are_even_and_below_the_bound);
	tcase_add_test(t, below_one_there_is_only_zero);
	tcase_add_test(t, a_seed_gives_a_known_sequence);
	tcase_add_test(t, a_child_does_not_repeat_its_sister);
	suite_add_tcase(s, t);
	return suite_main(s);
}
