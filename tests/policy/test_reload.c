/* Its own config_load stands in for the file: it ends when it may. */
#include "policy/reload.h"

#include "base/mem.h"
#include "suite.h"

#include <semaphore.h>

static struct event_base *base;
static struct reload *reload;
static sem_t may_end;
static int loads;		/* the reading thread's */
static int told;
static uint32_t last;		/* which load was told of last */

struct config *
config_load(const char *path, struct config_errors *errors)
{
	struct config *c = mem_new(1, sizeof(*c));

	ck_assert_str_eq(path, "file");
	*errors = (struct config_errors){ 0 };
	while (sem_wait(&may_end) != 0)
		;
	c->release_rate = (uint32_t)++loads;
	return c;
}

void
config_free(struct config **config)
{
	mem_free(*config);
	*config = NULL;
}

void
config_errors_free(struct config_errors *errors)
{
	(void)errors;
}

static void
on_loaded(void *arg, struct config *fresh, const struct config_errors *errors)
{
	ck_assert_ptr_eq(arg, &told);
	ck_assert_uint_eq(errors->n, 0);
	last = fresh->release_rate;
	told++;
	config_free(&fresh);
}

static void
set_up(void)
{
	struct err err;

	sem_init(&may_end, 0, 0);
	loads = told = 0;
	base = event_base_new();
	reload = reload_new(base, "file", on_loaded, &told, &err);
	ck_assert_ptr_nonnull(reload);
}

static void
tear_down(void)
{
	reload_free(&reload);
	ck_assert_ptr_null(reload);
	reload_free(&reload);
	event_base_free(base);
	sem_destroy(&may_end);
}

static void
wait_for(int times)
{
	while (told < times)
		event_base_loop(base, EVLOOP_ONCE);
}

START_TEST(the_loop_goes_on_while_the_file_is_read)
{
	reload_begin(reload);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_int_eq(told, 0);
	sem_post(&may_end);
	wait_for(1);
	ck_assert_uint_eq(last, 1);
}
END_TEST

START_TEST(a_file_that_changed_meanwhile_is_read_once_more)
{
	for (int i = 0; i < 5; i++)
		reload_begin(reload);
	sem_post(&may_end);
	sem_post(&may_end);
	wait_for(2);
	ck_assert_uint_eq(last, 2);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_int_eq(told, 2);
	reload_begin(reload);
	sem_post(&may_end);
	wait_for(3);
	ck_assert_uint_eq(last, 3);
}
END_TEST

START_TEST(what_is_read_at_the_end_is_freed)
{
	reload_begin(reload);
	sem_post(&may_end);
	reload_free(&reload);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_int_eq(loads, 1);
	ck_assert_int_eq(told, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("reload");
	TCase *c = tcase_create("reload");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, the_loop_goes_on_while_the_file_is_read);
	tcase_add_test(c, a_file_that_changed_meanwhile_is_read_once_more);
	tcase_add_test(c, what_is_read_at_the_end_is_freed);
	suite_add_tcase(s, c);
	return suite_main(s);
}
