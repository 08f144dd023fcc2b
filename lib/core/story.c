#include "core/story.h"

#include <assert.h>

/*
 * A grant lives on after its slot came free: until the next gate, reports that
 * follow are still about it. So there is one while the slot is held, and while
 * there have been reports.
 */
static bool
has_grant(const struct story *s)
{
	return s->granted || s->outcomes > 0;
}

static void
observe(struct story *s, enum outcome_class class, struct story_news *news)
{
	s->observed = true;
	news->observe = true;
	news->class = class;
	news->upstream = s->upstream;
	news->began_ms = s->began_ms;
}

/* Give the slot back, unless that was done before. */
static void
give_back(struct story *s, struct story_news *news)
{
	if (!s->granted)
		return;
	s->granted = false;
	news->free_slot = true;
	news->rest = s->too_many;
	news->upstream = s->upstream;
	news->began_ms = s->began_ms;
}

static int64_t
slow_at(const struct story *s, int64_t slow_after_ms)
{
	return s->began_ms <= INT64_MAX - slow_after_ms ?
	    s->began_ms + slow_after_ms : INT64_MAX;
}

struct story_news
story_gate(struct story *s)
{
	struct story_news news = { 0 };

	if (s->granted && !s->observed) {
		observe(s, OUTCOME_MOVED_ON, &news);
		news.moved_on = true;
	}
	give_back(s, &news);
	*s = (struct story){ 0 };
	return news;
}

void
story_granted(struct story *s, uint32_t upstream, int64_t now_ms)
{
	assert(!s->granted);
	*s = (struct story){
		.granted = true,
		.upstream = upstream,
		.began_ms = now_ms,
	};
}

struct story_news
story_outcome(struct story *s, enum outcome_class class, uint64_t report,
    bool may_go_on, int64_t now_ms)
{
	const bool again = s->outcomes > 0 && report == s->last_report;
	struct story_news news = { 0 };

	if (!has_grant(s))
		return news;
	if (!again && !s->judged_slow)
		observe(s, class, &news);
	if (s->outcomes < UINT32_MAX)
		s->outcomes++;
	s->last_report = report;
	s->too_many = class == OUTCOME_SLOW;
	s->free_at_ms = now_ms +
	    (may_go_on ? STORY_LINGER_OPEN_MS : STORY_LINGER_MS);
	return news;
}

struct story_news
story_tick(struct story *s, int64_t slow_after_ms, int64_t now_ms)
{
	struct story_news news = { 0 };

	if (!s->granted || now_ms < story_next_ms(s, slow_after_ms))
		return news;
	if (s->outcomes > 0) {
		give_back(s, &news);
	} else {
		observe(s, OUTCOME_TROUBLE, &news);
		s->judged_slow = true;
	}
	return news;
}

int64_t
story_next_ms(const struct story *s, int64_t slow_after_ms)
{
	if (!s->granted)
		return INT64_MAX;
	if (s->outcomes > 0)
		return s->free_at_ms;
	return s->judged_slow ? INT64_MAX : slow_at(s, slow_after_ms);
}

struct story_news
story_end(struct story *s)
{
	struct story_news news = { 0 };

	give_back(s, &news);
	news.rest = news.free_slot && (s->too_many || s->outcomes == 0);
	*s = (struct story){ 0 };
	return news;
}
