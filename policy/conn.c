#include "policy/conn.h"

#include "base/clock.h"
#include "base/log.h"
#include "dns/resolver.h"
#include "wire/policy_request.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define MX_LOOK_MS 10		/* while a request waits for DNS */
#define WRITE_SECONDS 10	/* an answer that nobody takes */
#define OUT_MAX (64 << 20)	/* bytes that wait to be taken */

/* What was just read. Most requests come whole and one at a time, so they are
 * worked on here, and only what is left is copied. One loop, one of these. */
static char arrived[POLICY_REQUEST_MAX + 1];

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

	event_free(c->readable);
	if (c->writable != NULL)
		event_free(c->writable);
	close(c->fd);
	c->fd = -1;
	buf_free(&c->in);
	buf_free(&c->out);
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
 * Work on whole requests until one must wait or is missing its end, or the peer
 * does not take its answers. What is done with goes from *in; false when the
 * connection is gone.
 */
static bool
work(struct conn *c, struct span *in)
{
	while (in->len > 0 && !c->waiting && !c->ending && c->out.len == 0) {
		size_t used = 0;

		if (c->request_ms == 0)
			c->request_ms = clock_mono_ms();
		switch (c->kind->input(c, *in, &used)) {
		case CONN_MORE:
			return true;
		case CONN_BAD:
			close_bad(c, "malformed request");
			return false;
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
		*in = span_skip(*in, used);
		c->request_ms = 0;
	}
	return true;
}

/* Read no more for now. */
static void
ignore_input(struct conn *c)
{
	event_del(c->readable);
	c->deaf = true;
}

/* Keep what is left of the input, all of which is in the connection's own
 * buffer if any of it is. Once that is full the peer's socket has to keep it. */
static void
keep(struct conn *c, struct span left)
{
	if (c->in.len == 0)
		buf_add_span(&c->in, left);
	else
		buf_consume(&c->in, c->in.len - left.len);
	if (c->in.len == 0)
		buf_free(&c->in);
	else if (c->in.len > c->kind->request_max)
		ignore_input(c);
}

/* n more bytes have arrived. */
static void
on_input(struct conn *c, size_t n)
{
	struct span in = { arrived, n };

	if (c->ending)
		return;
	if (c->in.len > 0) {
		buf_add(&c->in, arrived, n);
		in = buf_span(&c->in);
	}
	if (work(c, &in))
		keep(c, c->ending ? (struct span){ NULL, 0 } : in);
}

/* The peer sends nothing more. */
static void
on_end(struct conn *c)
{
	c->has_ended = true;
	/* Who has asked may shut down his side, and still wants an answer. */
	if (c->ending && c->out.len > 0)
		ignore_input(c);
	else
		conn_close(c);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	const size_t room = c->kind->request_max + 1 - c->in.len;
	ssize_t n;

	(void)what;
	if (room == 0) {	/* go_on() */
		on_input(c, 0);
		return;
	}
	n = recv(fd, arrived, room, 0);
	if (n == 0)
		on_end(c);
	else if (n > 0) {
		if (!c->kind->watches)
			c->heard_ms = clock_mono_ms();
		on_input(c, (size_t)n);
	} else if (errno != EAGAIN && errno != EINTR)
		conn_close(c);
	else
		on_input(c, 0);
}

/* Listen again, and go on with what has come meanwhile: no event tells of it. */
static void
go_on(struct conn *c)
{
	if (c->deaf)
		event_add(c->readable, NULL);
	c->deaf = false;
	if (c->in.len > 0)
		event_active(c->readable, EV_READ, 0);
}

/* All that was to be sent has gone. */
static void
on_sent(struct conn *c)
{
	if (c->ending && c->has_ended)
		conn_close(c);
	else if (c->ending)
		shutdown(c->fd, SHUT_WR);
	else
		go_on(c);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	ssize_t n;

	if ((what & EV_TIMEOUT) != 0) {
		conn_close(c);
		return;
	}
	n = send(fd, c->out.at, c->out.len, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		conn_close(c);
	if (n < 0)
		return;
	buf_consume(&c->out, (size_t)n);
	if (c->out.len > 0)
		return;
	buf_free(&c->out);
	event_del(c->writable);
	on_sent(c);
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

/* Who connected: that does not change. */
static void
note_peer(struct conn *c)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1 ||
	    peer.pid <= 0)
		return;
	c->peer_pid = peer.pid;
	c->peer_uid = peer.uid;
}

void
conn_open(struct server *server, const struct conn_kind *kind, int fd)
{
	struct conn_set *set = set_of(server, kind);
	struct conn *c;

	if (!make_room(server, kind)) {
		log_warning("connection", LOG_TEXT("socket", kind->name),
		    LOG_TEXT("closed", "too many connections"));
		close(fd);
		return;
	}
	assert(kind->request_max < sizeof(arrived));
	c = kind->make();
	c->server = server;
	c->kind = kind;
	c->heard_ms = clock_mono_ms();
	c->fd = fd;
	note_peer(c);
	c->in = buf_new(kind->request_max + 1);
	c->out = buf_new(OUT_MAX);
	c->readable = event_new(server->base, fd, EV_READ | EV_PERSIST,
	    on_readable, c);
	c->next = set->first;
	if (c->next != NULL)
		c->next->prev = c;
	set->first = c;
	set->n++;
	event_add(c->readable, NULL);
}

/* What does not go at once waits for the peer to take it. */
static void
send_later(struct conn *c, struct span rest)
{
	static const struct timeval patience = { .tv_sec = WRITE_SECONDS };

	if (c->writable == NULL)
		c->writable = event_new(c->server->base, c->fd,
		    EV_WRITE | EV_PERSIST, on_writable, c);
	if (c->out.len == 0)
		event_add(c->writable, &patience);
	buf_add_span(&c->out, rest);
	if (buf_overflowed(&c->out))
		shutdown(c->fd, SHUT_RDWR);
}

void
conn_send(struct conn *c, const struct buf *answer)
{
	ssize_t n = 0;

	if (c->fd < 0)
		return;
	if (c->out.len == 0)
		n = send(c->fd, answer->at, answer->len, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return;		/* the peer is gone, as reading will show */
	if (n < (ssize_t)answer->len)
		send_later(c, span_skip(buf_span(answer),
		    n > 0 ? (size_t)n : 0));
}

void
conn_end(struct conn *c)
{
	c->ending = true;
	if (c->out.len == 0)
		shutdown(c->fd, SHUT_WR);
}

void
conn_answered(struct conn *c)
{
	c->waiting = false;
	if (c->fd >= 0)
		go_on(c);
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
	return c->peer_pid;
}

bool
conn_peer_is_ours(const struct conn *c)
{
	return c->peer_pid > 0 && c->peer_uid == geteuid();
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

/* Those who wait for a slot go first, or they would get what the others give
 * back, from one who will not be there to count it. */
void
conn_close_all(struct server *server)
{
	struct conn *next;

	for (struct conn *c = server->postfix.first; c != NULL; c = next) {
		next = c->next;
		if (c->waiting)
			conn_close(c);
	}
	while (server->postfix.first != NULL)
		conn_close(server->postfix.first);
	while (server->watchers.first != NULL)
		conn_close(server->watchers.first);
}
