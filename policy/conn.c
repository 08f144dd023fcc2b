#include "policy/conn.h"

#include "base/clock.h"
#include "base/log.h"
#include "dns/resolver.h"

#include <event2/buffer.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define MX_LOOK_MS 10		/* while a request waits for DNS */
#define WRITE_SECONDS 10	/* an answer that nobody takes */

static struct conn_set *
set_of(struct server *s, const struct conn_kind *kind)
{
	return kind->watches ? &s->watchers : &s->postfix;
}

static void
end_mx_wait(struct conn *c)
{
	c->mx_until_ms = 0;
	if (--c->server->n_mx_waits == 0)
		event_del(c->server->mx_timer);
}

static void
conn_close(struct conn *c)
{
	struct conn_set *set = set_of(c->server, c->kind);

	if (c->mx_until_ms > 0) {
		end_mx_wait(c);
		c->waiting = false;
	}

	bufferevent_free(c->bev);
	c->bev = NULL;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		set->first = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	set->n--;
	c->kind->closed(c);
}

static void
close_bad(struct conn *c, const char *why)
{
	log_warning("connection", LOG_TEXT("socket", c->kind->name),
	    LOG_TEXT("closed", why));
	conn_close(c);
}

/*
 * Take whole requests out of the input until one must wait or is missing its
 * end. The connection may be gone on return.
 */
static void
read_requests(struct conn *c)
{
	struct evbuffer *input = bufferevent_get_input(c->bev);

	while (!c->waiting && !c->ending) {
		const size_t len = evbuffer_get_length(input);
		const struct span in = {
			(const char *)evbuffer_pullup(input, -1), len,
		};
		size_t used = 0;

		if (len == 0) {
			c->request_ms = 0;
			return;
		}
		if (c->request_ms == 0)
			c->request_ms = clock_mono_ms();
		switch (c->kind->input(c, in, &used)) {
		case CONN_MORE:
			return;
		case CONN_BAD:
			close_bad(c, "malformed request");
			return;
		case CONN_WAIT:
			c->waiting = true;
			if (c->mx_until_ms > 0)	/* it comes again */
				used = 0;
			break;
		case CONN_ANSWERED:
			break;
		}
		if (used > 0)
			c->mx_asked = false;
		evbuffer_drain(input, used);
		c->request_ms = 0;
	}
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	if (!c->kind->watches)
		c->heard_ms = clock_mono_ms();
	if (c->ending)
		evbuffer_drain(bufferevent_get_input(bev), SIZE_MAX);
	else if (!c->waiting)
		read_requests(c);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;

	c->has_ended = true;
	/* Who has asked may shut down his side, and still wants an answer. */
	if (!c->ending || (what & BEV_EVENT_EOF) == 0 ||
	    evbuffer_get_length(bufferevent_get_output(bev)) == 0)
		conn_close(c);
}

/* All that was sent has gone. */
static void
on_written(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	if (c->ending && c->has_ended)
		conn_close(c);
	else if (c->ending)
		shutdown(bufferevent_getfd(bev), SHUT_WR);
}

/* Is there room for one more? Among those who look on, the newest counts: he
 * may be the one who finds out whether we are alive. */
static bool
make_room(struct server *server, const struct conn_kind *kind)
{
	struct conn *oldest = server->watchers.first;

	if (!kind->watches)
		return server->postfix.n < CONN_MAX;
	if (server->watchers.n < CONN_WATCHERS_MAX)
		return true;
	while (oldest->next != NULL)
		oldest = oldest->next;
	conn_close(oldest);
	return true;
}

void
conn_open(struct server *server, const struct conn_kind *kind, int fd)
{
	const struct timeval write_timeout = { .tv_sec = WRITE_SECONDS };
	struct conn_set *set = set_of(server, kind);
	struct conn *c;

	if (!make_room(server, kind)) {
		log_warning("connection", LOG_TEXT("socket", kind->name),
		    LOG_TEXT("closed", "too many connections"));
		close(fd);
		return;
	}
	c = kind->make();
	c->server = server;
	c->kind = kind;
	c->heard_ms = clock_mono_ms();
	c->bev = bufferevent_socket_new(server->base, fd,
	    BEV_OPT_CLOSE_ON_FREE);
	c->next = set->first;
	if (c->next != NULL)
		c->next->prev = c;
	set->first = c;
	set->n++;
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, kind->request_max + 1);
	bufferevent_set_timeouts(c->bev, NULL, &write_timeout);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

void
conn_send(struct conn *c, const struct buf *answer)
{
	if (c->bev != NULL)
		bufferevent_write(c->bev, answer->at, answer->len);
}

void
conn_end(struct conn *c)
{
	c->ending = true;
	bufferevent_disable(c->bev, EV_READ);
}

void
conn_answered(struct conn *c)
{
	c->waiting = false;
	if (c->bev == NULL)
		return;
	/* What was sent ahead is in the input already: no event tells of it. */
	if (evbuffer_get_length(bufferevent_get_input(c->bev)) > 0)
		bufferevent_trigger(c->bev, EV_READ,
		    BEV_TRIG_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS);
}

bool
conn_mx(struct conn *c, const struct domain *domain, int64_t ms,
    struct domain *out_mx)
{
	static const struct timeval often = { .tv_usec = MX_LOOK_MS * 1000 };
	struct server *s = c->server;

	if (c->mx_asked) {
		(void)resolver_peek(s->resolver, domain, out_mx);
		return true;
	}
	c->mx_asked = true;
	if (!resolver_look(s->resolver, domain, out_mx))
		return true;
	c->mx_domain = *domain;
	c->mx_until_ms = clock_mono_ms() + ms;
	if (s->n_mx_waits++ == 0)
		event_add(s->mx_timer, &often);
	return false;
}

void
conn_mx_tick(struct server *server, int64_t now_ms)
{
	struct domain mx;

	for (struct conn *c = server->postfix.first; c != NULL; c = c->next) {
		if (c->mx_until_ms == 0 || (now_ms < c->mx_until_ms &&
		    resolver_peek(server->resolver, &c->mx_domain, &mx)))
			continue;
		end_mx_wait(c);
		conn_answered(c);
	}
}

int64_t
conn_peer_pid(const struct conn *c)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_PEERCRED,
	    &peer, &len) < 0 || peer.pid < 0)
		return 0;
	return peer.pid;
}

static void
sweep(struct conn_set *set, int64_t now_ms)
{
	struct conn *next;

	for (struct conn *c = set->first; c != NULL; c = next) {
		const int64_t idle_ms = c->kind->watches ? CONN_WATCHER_MS :
		    CONN_IDLE_MS;

		next = c->next;
		if (c->waiting)
			continue;
		if (now_ms - c->heard_ms > idle_ms)
			conn_close(c);
		else if (c->request_ms > 0 && now_ms - c->request_ms >
		    CONN_REQUEST_MS)
			close_bad(c, "request took too long");
	}
}

void
conn_sweep(struct server *server, int64_t now_ms)
{
	sweep(&server->postfix, now_ms);
	sweep(&server->watchers, now_ms);
}

void
conn_close_all(struct server *server)
{
	while (server->postfix.first != NULL)
		conn_close(server->postfix.first);
	while (server->watchers.first != NULL)
		conn_close(server->watchers.first);
}
