#include "bench/load.h"

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FINE_BITS 5		/* of a bucket's size */
#define EVENTS 64

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Up to 2^FINE_BITS each its own; then 2^FINE_BITS of them to each power of
 * two. */
static unsigned
bucket_of(uint64_t ns)
{
	const int top = 63 - __builtin_clzll(ns | 1);
	const int shift = top > FINE_BITS ? top - FINE_BITS : 0;

	return ((unsigned)shift << FINE_BITS) + (unsigned)(ns >> shift);
}

static int64_t
bucket_end(unsigned bucket)
{
	unsigned shift = bucket >> FINE_BITS;

	if (shift > 0)
		shift--;
	return ((int64_t)(bucket - (shift << FINE_BITS) + 1) << shift) - 1;
}

void
latency_add(struct latency *l, int64_t ns)
{
	l->counts[bucket_of((uint64_t)ns)]++;
	l->n++;
	if (ns > l->max_ns)
		l->max_ns = ns;
}

int64_t
latency_but(const struct latency *l, uint64_t ppm)
{
	uint64_t above = l->n * ppm / 1000000;

	for (unsigned i = LOAD_BUCKETS; i-- > 0;) {
		if (l->counts[i] > above)
			return bucket_end(i) < l->max_ns ?
			    bucket_end(i) : l->max_ns;
		above -= l->counts[i];
	}
	return 0;
}

void
latency_print(const struct latency *l, const char *name)
{
	const struct {
		const char *name;
		uint64_t but;
	} rows[] = {
		{ "p50", 500000 }, { "p95", 50000 }, { "p99", 10000 },
		{ "p999", 1000 }, { "max", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf(", \"%s%s_us\": %.1f", name, rows[i].name,
		    (double)latency_but(l, rows[i].but) / 1000);
}

struct load
load_options(int argc, char **argv)
{
	struct load l = {
		.kind = "", .clients = 1, .domains = 1, .seconds = 1,
	};
	int option;

	while ((option = getopt(argc, argv, "s:k:n:t:d:")) != -1)
		switch (option) {
		case 's':
			l.path = optarg;
			break;
		case 'k':
			l.kind = optarg;
			break;
		case 'n':
			l.clients = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 't':
			l.seconds = strtod(optarg, NULL);
			break;
		case 'd':
			l.domains = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		}
	if (l.path == NULL || l.clients == 0 || l.domains == 0 ||
	    l.seconds <= 0 || optind < argc)
		errx(2, "usage: -s SOCKET [-k KIND] [-n CLIENTS] [-t SECONDS]"
		    " [-d DOMAINS]");
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l.epoll < 0)
		err(1, "epoll");
	l.now_ns = now_ns();
	return l;
}

void *
load_clients(struct load *l, size_t size, load_event *connected,
    load_event *readable)
{
	char *clients = calloc(l->clients, size);

	if (clients == NULL || l->clients > LOAD_CLIENTS_MAX)
		errx(2, "too many clients");
	for (uint32_t i = 0; i < l->clients; i++)
		((struct load_client *)(void *)(clients + i * size))->number = i;
	l->connected = connected;
	l->readable = readable;
	return clients;
}

static bool
try_connect(struct load *l, struct load_client *c)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", l->path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		err(1, "socket");
	if (connect(c->fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		if (errno != EAGAIN)
			err(1, "%s", l->path);
		load_disconnect(c);
		return false;
	}
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
		err(1, "epoll_ctl");
	l->connected(l, c);
	return true;
}

void
load_connect(struct load *l, struct load_client *c)
{
	c->next = NULL;
	if (l->outside == NULL && try_connect(l, c))
		return;
	if (l->outside == NULL)
		l->outside_end = &l->outside;
	*l->outside_end = c;
	l->outside_end = &c->next;
}

void
load_disconnect(struct load_client *c)
{
	close(c->fd);
	c->fd = -1;
}

void
load_send(const struct load_client *c, const void *bytes, uint32_t len)
{
	if (send(c->fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
		err(1, "send");
}

uint32_t
load_receive(const struct load_client *c, void *to, uint32_t room)
{
	const ssize_t n = recv(c->fd, to, room, 0);

	if (n < 0)
		err(1, "receive");
	return (uint32_t)n;
}

void
load_answered(struct load *l, const struct load_client *c, bool wanted)
{
	l->asked++;
	if (!wanted)
		l->unwanted++;
	if (c->asked_ns >= l->from_ns)
		latency_add(&l->latency, l->now_ns - c->asked_ns);
}

/* Those who found no room, as long as there is some now. */
static void
let_in(struct load *l)
{
	struct load_client *c;

	while ((c = l->outside) != NULL && try_connect(l, c))
		l->outside = c->next;
}

void
load_run(struct load *l)
{
	struct epoll_event events[EVENTS];

	l->from_ns = now_ns() + LOAD_WARM_MS * 1000000;
	l->end_ns = l->from_ns + (int64_t)(l->seconds * 1e9);
	while (l->now_ns < l->end_ns || l->latency.n == 0) {
		const int n = epoll_wait(l->epoll, events, EVENTS,
		    l->outside != NULL ? 1 : 100);

		for (int i = 0; i < n; i++) {
			l->now_ns = now_ns();
			l->readable(l, events[i].data.ptr);
		}
		if (l->outside != NULL)
			let_in(l);
		l->now_ns = now_ns();
	}
}

void
load_print(const struct load *l)
{
	printf("{\"asked\": %" PRIu64 ", \"unwanted\": %" PRIu64
	    ", \"rate\": %.0f", l->asked, l->unwanted,
	    (double)l->latency.n * 1e9 / (double)(l->now_ns - l->from_ns));
	latency_print(&l->latency, "");
}

void
load_digits(char *to, int digits, uint64_t n)
{
	while (digits-- > 0) {
		to[digits] = (char)('0' + n % 10);
		n /= 10;
	}
}

/* xorshift: far cheaper than what is measured. */
uint32_t
load_draw(uint32_t n)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 32) * n >> 32);
}
