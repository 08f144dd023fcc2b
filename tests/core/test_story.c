#include "core/story.h"

#include "base/chance.h"
#include "base/mem.h"

#include "suite.h"

#include <stdio.h>

#define SLOW_MS 5000

/*
 * A story is told line by line: g asks at a gate, + is granted (upstreams are
 * numbered from 1), o is an outcome (ok), t one of trouble, r the same report
 * again, s one of slow, m an outcome after which the transaction may go on, . is a second, w
 * the linger, x the end. After each line: what was learnt so far.
 *
 * Learnt: O ok, T trouble, S slow, M moved on, each with its upstream; F a slot
 * of an upstream came free, R the same, but it rests.
 */
static const struct {
	const char *says, *told, *learnt;
} stories[] = {
	{ "delivered", "g+ox", "O1 F1" },
	{ "the slot lingers", "g+owx", "O1 F1" },
	{ "two messages by one process", "g+owg+owx", "O1 F1 O2 F2" },
	{ "the next gate frees at once", "g+og+ox", "O1 F1 O2 F2" },
	{ "failed, and the lane went on", "g+g+ox", "M1 F1 O2 F2" },
	{ "failed, and the text says so", "g+tx", "T1 F1" },
	{ "took some, put off others", "g+ormg+ox", "O1 O1 F1 O2 F2" },
	{ "refused at the gate: nothing of it", "gg+ox", "O1 F1" },
	{ "refused everywhere: our own text says nothing", "ggox", "" },
	{ "refused after a delivery", "g+ogtx", "O1 F1" },
	{ "fifty recipients count once", "g+trrrrx", "T1 F1" },
	{ "another report between them counts", "g+torx", "T1 O1 F1" },
	{ "a transaction that may go on keeps its slot", "g+mww", "O1" },
	{ "but not for ever", "g+m.", "O1 F1" },
	{ "a later report makes it linger from then", "g+mmoww",
	    "O1 O1 O1 F1" },
	{ "a report after the slot came free counts, and frees nothing",
	    "g+owtx", "O1 F1 T1" },
	{ "nor does the next gate free it again", "g+owtg+x",
	    "O1 F1 T1 R2" },
	{ "slow: trouble while it is still under way", "g+.....", "T1" },
	{ "not a moment too soon", "g+....", "" },
	{ "slow is judged once", "g+..........x", "T1 R1" },
	{ "and its outcome does not count again", "g+.....owx", "T1 F1" },
	{ "nor does moving on", "g+.....g+ox", "T1 F1 O2 F2" },
	{ "slow is never judged after an outcome", "g+m......x", "O1 F1" },
	{ "one connection too many: its slot rests", "g+sw", "S1 R1" },
	{ "whatever comes next", "g+sg+ox", "S1 R1 O2 F2" },
	{ "and if nothing does", "g+sx", "S1 R1" },
	{ "but not when it took mail after all", "g+sox", "S1 O1 F1" },
	{ "the process was ended: that says nothing, and may take a moment",
	    "g+x", "R1" },
	{ "but not one that had delivered", "g+mx", "O1 F1" },
	{ "nothing at all", "x", "" },
	{ "a report out of the blue", "owx", "" },
};

struct telling {
	struct story s;
	int64_t now_ms;
	uint32_t upstream;
	uint64_t report;
	char learnt[200];
};

static void
learn(struct telling *t, struct story_news news)
{
	size_t at = strlen(t->learnt);

	ck_assert(news.moved_on == (news.observe &&
	    news.class == OUTCOME_MOVED_ON));
	if (news.observe)
		at += (size_t)snprintf(t->learnt + at, sizeof(t->learnt) - at,
		    " %c%u", news.class == OUTCOME_OK ? 'O' :
		    news.class == OUTCOME_TROUBLE ? 'T' :
		    news.class == OUTCOME_SLOW ? 'S' : 'M', news.upstream);
	if (news.free_slot)
		snprintf(t->learnt + at, sizeof(t->learnt) - at, " %c%u",
		    news.rest ? 'R' : 'F', news.upstream);
	if (!news.observe && !news.free_slot)
		ck_assert(news.upstream == 0 && news.began_ms == 0);
}

static void
wait_ms(struct telling *t, int64_t ms)
{
	t->now_ms += ms;
	learn(t, story_tick(&t->s, SLOW_MS, t->now_ms));
}

static void
tell(struct telling *t, char line)
{
	switch (line) {
	case 'g':
		learn(t, story_gate(&t->s));
		break;
	case '+':
		story_granted(&t->s, ++t->upstream, t->now_ms);
		break;
	case 'o':
		learn(t, story_outcome(&t->s, OUTCOME_OK, ++t->report, false,
		    t->now_ms));
		break;
	case 't':
		learn(t, story_outcome(&t->s, OUTCOME_TROUBLE, ++t->report,
		    false, t->now_ms));
		break;
	case 's':
		learn(t, story_outcome(&t->s, OUTCOME_SLOW, ++t->report,
		    false, t->now_ms));
		break;
	case 'r':
		learn(t, story_outcome(&t->s, OUTCOME_OK, t->report, false,
		    t->now_ms));
		break;
	case 'm':
		learn(t, story_outcome(&t->s, OUTCOME_OK, ++t->report, true,
		    t->now_ms));
		break;
	case '.':
		wait_ms(t, 1000);
		break;
	case 'w':
		wait_ms(t, STORY_LINGER_MS - 1);
		wait_ms(t, 1);
		break;
	case 'x':
		learn(t, story_end(&t->s));
		break;
	}
}

START_TEST(what_a_story_tells)
{
	struct telling t = { .now_ms = 1000, .report = UINT64_MAX };

	for (const char *line = stories[_i].told; *line != '\0'; line++)
		tell(&t, *line);
	ck_assert_msg(strcmp(t.learnt[0] == ' ' ? t.learnt + 1 : t.learnt,
	    stories[_i].learnt) == 0, "%s: '%s' tells%s", stories[_i].says,
	    stories[_i].told, t.learnt);
}
END_TEST

START_TEST(the_attempt_is_dated_from_its_grant)
{
	struct story s = { 0 };

	story_gate(&s);
	story_granted(&s, 4, 1000);
	ck_assert_int_eq(story_outcome(&s, OUTCOME_OK, 1, false,
	    3000).began_ms, 1000);
	ck_assert_int_eq(story_tick(&s, SLOW_MS, 3010).began_ms, 1000);
}
END_TEST

START_TEST(when_to_look_again)
{
	struct story s = { 0 };

	ck_assert_int_eq(story_next_ms(&s, SLOW_MS), INT64_MAX);
	story_gate(&s);
	story_granted(&s, 0, 1000);
	ck_assert_int_eq(story_next_ms(&s, SLOW_MS), 6000);
	ck_assert_int_eq(story_next_ms(&s, INT64_MAX), INT64_MAX);
	story_outcome(&s, OUTCOME_TROUBLE, 1, true, 2000);
	ck_assert_int_eq(story_next_ms(&s, SLOW_MS), 3000);
	story_outcome(&s, OUTCOME_OK, 2, false, 2500);
	ck_assert_int_eq(story_next_ms(&s, SLOW_MS), 2510);
	story_tick(&s, SLOW_MS, 2510);
	ck_assert_int_eq(story_next_ms(&s, SLOW_MS), INT64_MAX);

	story_gate(&s);
	story_granted(&s, 0, 5000);
	story_tick(&s, SLOW_MS, 10000);
	ck_assert_int_eq(story_next_ms(&s, SLOW_MS), INT64_MAX);
}
END_TEST

/* Whatever the order: each grant is given back once, and tick has nothing to
 * say before the time it asked for. */
START_TEST(every_slot_comes_back_once)
{
	struct story s = { 0 };
	uint32_t grants = 0, frees = 0;
	int64_t now = 0;

	chance_seed((uint64_t)_i);
	for (int n = 0; n < 5000; n++) {
		const int64_t next = story_next_ms(&s, SLOW_MS);
		struct story_news news = { 0 };

		switch (chance_below(6)) {
		case 0:
			news = story_gate(&s);
			break;
		case 1:
			frees += story_gate(&s).free_slot;
			story_granted(&s, ++grants, now);
			break;
		case 2:
		case 3:
			news = story_outcome(&s, chance_below(OUTCOME_CLASSES),
			    chance_below(3), chance_below(2), now);
			break;
		case 4:
			news = story_tick(&s, SLOW_MS, now);
			ck_assert((now >= next) ==
			    (news.free_slot || news.observe));
			break;
		case 5:
			if (chance_below(10) == 0)
				news = story_end(&s);
		}
		frees += news.free_slot;
		if (news.free_slot || news.observe)
			ck_assert_uint_eq(news.upstream, grants);
		ck_assert_uint_eq(grants - frees, s.granted);
		now += chance_below(chance_below(5) == 0 ? 6000 : 20);
	}
	frees += story_end(&s).free_slot;
	ck_assert_uint_eq(grants, frees);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("story");
	TCase *tc = tcase_create("story");

	tcase_add_loop_test(tc, what_a_story_tells, 0, MW_N_OF(stories));
	tcase_add_test(tc, the_attempt_is_dated_from_its_grant);
	tcase_add_test(tc, when_to_look_again);
	tcase_add_loop_test(tc, every_slot_comes_back_once, 0, 8);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
