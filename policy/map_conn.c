#include "policy/map_conn.h"

#include "base/clock.h"
#include "base/mem.h"
#include "policy/feed.h"
#include "policy/ledger.h"
#include "policy/prober.h"
#include "wire/netstring.h"
#include "wire/socketmap.h"

#include <event2/event.h>

#define GRAIN_MS 20		/* timers that can wait for each other */

static void on_timer(evutil_socket_t fd, short what, void *arg);

static struct conn *
make(void)
{
	struct map_conn *m = mem_new(1, sizeof(*m));

	m->row = LEDGER_NO_ROW;
	return &m->conn;
}

enum conn_next
map_answer(struct map_conn *m, enum socketmap_answer kind, const char *text)
{
	struct buf out = buf_new(REPLY_TEXT_MAX + 64);

	socketmap_reply_write(&out, kind, span_of(text));
	conn_send(&m->conn, &out);
	buf_free(&out);
	return CONN_ANSWERED;
}

void
map_count(struct map_conn *m, uint32_t destination, enum dest_counter counter)
{
	tally_add(m->conn.server->tally, destination, counter, 1);
}

static void
observe(struct map_conn *m, const struct story_news *news, const char *rule,
    struct span text, int64_t now_ms)
{
	struct server *s = m->conn.server;

	if (news->moved_on) {
		feed_moved_on(s->feed, conn_peer_pid(&m->conn), m->at,
		    news->began_ms, now_ms);
		return;
	}
	fleet_observe(s->fleet, m->at, (struct outcome){
		.class = news->class, .rule = rule,
	    }, text, news->began_ms, now_ms);
	prober_saw(s->prober, m->at, news->class, now_ms);
}

void
map_learn(struct map_conn *m, const struct story_news *news, const char *rule,
    struct span text, int64_t now_ms)
{
	if (news->observe)
		observe(m, news, rule, text, now_ms);
	if (news->free_slot) {
		ledger_strike(m->conn.server->ledger, m->row);
		m->row = LEDGER_NO_ROW;
	}
	if (news->free_slot && news->rest)
		line_rest(fleet_line(m->at), news->began_ms, now_ms);
	else if (news->free_slot)
		line_give(fleet_line(m->at), news->began_ms, now_ms);
}

/* To wake up is most of what a timer costs. So they come together, unless
 * somebody may wait for the slot. */
static int64_t
round_up(const struct map_conn *m, int64_t at_ms, int64_t now_ms)
{
	if (line_state(fleet_line(m->at), now_ms).free == 0)
		return at_ms;
	return (at_ms + GRAIN_MS - 1) / GRAIN_MS * GRAIN_MS;
}

void
map_set_timer(struct map_conn *m, int64_t now_ms)
{
	struct timeval tv;
	int64_t wait;

	wait = story_next_ms(&m->story, fleet_slow_after(m->at));
	if (m->timer == NULL)
		m->timer = evtimer_new(m->conn.server->base, on_timer, m);
	if (wait == INT64_MAX) {
		event_del(m->timer);
		return;
	}
	wait = round_up(m, wait, now_ms);
	wait = wait > now_ms ? wait - now_ms : 0;
	tv.tv_sec = (time_t)(wait / 1000);
	tv.tv_usec = (suseconds_t)(wait % 1000 * 1000);
	event_add(m->timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct map_conn *m = arg;
	const int64_t now_ms = clock_mono_ms();
	struct story_news news;

	(void)fd, (void)what;
	news = story_tick(&m->story, fleet_slow_after(m->at), now_ms);
	map_learn(m, &news, "slow-answer", SPAN("no answer yet"), now_ms);
	map_set_timer(m, now_ms);
}

void
map_end_last(struct map_conn *m, int64_t now_ms)
{
	const struct story_news news = story_gate(&m->story);

	if (m->at == NULL)
		return;
	map_learn(m, &news, "", SPAN(""), now_ms);
	event_del(m->timer);
	m->at = NULL;
}

int
map_place_of(const struct destination *d, int upstream)
{
	for (uint32_t i = 0; i < d->n_routes; i++)
		if ((int)d->routes[i].upstream == upstream)
			return (int)i;
	return -1;
}

/* "gate.DEST" -> DEST's index, -1 when it is none. */
static int
named(const struct plan *plan, struct span map, struct span prefix)
{
	if (!span_starts(map, prefix))
		return -1;
	return plan_destination(plan, (struct span){
		map.at + prefix.len, map.len - prefix.len });
}

static enum conn_next
ask(struct map_conn *m, const struct socketmap_request *r)
{
	const struct plan *plan = server_plan(m->conn.server);
	int destination;

	if (!m->heard)
		ledger_heard(m->conn.server->ledger, conn_peer_pid(&m->conn),
		    clock_mono_ms());
	m->heard = true;
	destination = named(plan, r->map, SPAN("outcome."));
	if (destination >= 0)
		return map_outcome(m, (uint32_t)destination, r->key);
	destination = named(plan, r->map, SPAN("gate."));
	if (destination < 0)
		return map_answer(m, SOCKETMAP_PERM, "no such map");
	/* The parents of a bare domain that got NOTFOUND: no new question. */
	if (r->key.len > 0 && r->key.at[0] == '.')
		return map_answer(m, SOCKETMAP_NOTFOUND, "");
	return map_gate(m, (uint32_t)destination, r->key);
}

static enum conn_next
input(struct conn *c, struct span in, size_t *out_used)
{
	struct socketmap_request r;
	struct span payload;

	switch (netstring_read(in, SOCKETMAP_REQUEST_MAX, &payload,
	    out_used)) {
	case NETSTRING_MORE:
		return CONN_MORE;
	case NETSTRING_BAD:
		return CONN_BAD;
	case NETSTRING_DONE:
		break;
	}
	if (!socketmap_request_parse(payload, &r))
		return CONN_BAD;
	return ask((struct map_conn *)c, &r);
}

static void
closed(struct conn *c)
{
	struct map_conn *m = (struct map_conn *)c;

	line_leave(&m->waiter);
	if (m->at != NULL) {
		const struct story_news news = story_end(&m->story);

		map_learn(m, &news, "", SPAN(""), clock_mono_ms());
	}
	if (m->timer != NULL)
		event_free(m->timer);
	mem_free(m);
}

const struct conn_kind map_conn_kind = {
	.name = "map",
	.request_max = SOCKETMAP_REQUEST_MAX + 16,
	.make = make,
	.input = input,
	.closed = closed,
};
