#include "suite.h"

#include "base/mem.h"
#include "wire/postqueue.h"

static const struct {
	const char *command, *program, *sibling;	/* NULL: there is none */
} commands[] = {
	{ "postqueue", "postconf", "postconf" },
	{ "/usr/sbin/postqueue -c /etc/postfix-out", "postsuper",
	    "/usr/sbin/postsuper -c /etc/postfix-out" },
	{ "", "postconf", NULL },
	{ "sudo postqueue", "postconf", NULL },
	{ "mypostqueue", "postconf", NULL },
	{ "postqueue2", "postconf", NULL },
	{ "/a/very/long/folder/of/which/no/room/is/postqueue", "postconf",
	    NULL },
};

START_TEST(a_sibling_runs_for_the_same_instance)
{
	char dst[48];

	if (commands[_i].sibling == NULL) {
		ck_assert(!postqueue_sibling(commands[_i].command,
		    commands[_i].program, dst, sizeof(dst)));
		return;
	}
	ck_assert(postqueue_sibling(commands[_i].command,
	    commands[_i].program, dst, sizeof(dst)));
	ck_assert_str_eq(dst, commands[_i].sibling);
}
END_TEST

static const struct {
	const char *text;
	int64_t ms;		/* -1: none */
} times[] = {
	{ "5d", 432000000 }, { "0s", 0 }, { "90m", 5400000 },
	{ "2h", 7200000 }, { "1w", 604800000 },
	{ "", -1 }, { "5", -1 }, { "d", -1 }, { "-1d", -1 }, { "5 d", -1 },
	{ "5y", -1 }, { "99999w", -1 }, { "99999999999999999999s", -1 },
	{ "postconf: fatal: open main.cf", -1 },
};

START_TEST(times_as_postconf_prints_them)
{
	int64_t ms = -1;

	ck_assert(postqueue_time(span_of(times[_i].text), &ms) ==
	    (times[_i].ms >= 0));
	ck_assert_int_eq(ms, times[_i].ms);
}
END_TEST

static unsigned told;

static void
on_recipient(void *arg, const struct postqueue_message *m,
    struct span address, struct span why)
{
	(void)arg;
	told++;
	ck_assert_str_eq(m->id, "3fQ");
	ck_assert_int_eq(m->arrived_s, 1763728000);
	ck_assert(span_eq(address, SPAN("a@x.test")));
	ck_assert(span_eq(why, SPAN("no")));
}

#define RECIPIENT "{\"address\": \"a@x.test\", \"delay_reason\": \"no\"}"
#define MESSAGE(queue, id) "{\"queue_name\": \"" queue "\", " \
	"\"queue_id\": \"" id "\", \"arrival_time\": 1763728000, " \
	"\"recipients\": [" RECIPIENT ", " RECIPIENT "]}"

static const struct {
	const char *says, *line;
	bool read;
	unsigned told;
} lines[] = {
	{ "each recipient", MESSAGE("deferred", "3fQ"), true, 2 },
	{ "none under way", MESSAGE("active", "3fQ"), true, 0 },
	{ "none that an administrator holds", MESSAGE("hold", "3fQ"), true, 0 },
	{ "no id that is a word of a command", MESSAGE("deferred", "-d ALL"),
	    true, 0 },
	{ "no message", "{}", true, 0 },
	{ "no object", "[1]", false, 0 },
	{ "what postqueue says", "postqueue: fatal: no", false, 0 },
	{ "nothing", "", false, 0 },
};

START_TEST(a_line_is_a_message)
{
	told = 0;
	ck_assert_msg(postqueue_read(span_of(lines[_i].line), on_recipient,
	    NULL) == lines[_i].read, "%s", lines[_i].says);
	ck_assert_msg(told == lines[_i].told, "%s", lines[_i].says);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("postqueue");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, a_sibling_runs_for_the_same_instance, 0,
	    MW_N_OF(commands));
	tcase_add_loop_test(tc, times_as_postconf_prints_them, 0,
	    MW_N_OF(times));
	tcase_add_loop_test(tc, a_line_is_a_message, 0, MW_N_OF(lines));
	suite_add_tcase(s, tc);
	return suite_main(s);
}
