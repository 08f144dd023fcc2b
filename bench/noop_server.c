/*
 * noop_server - the least that a policy service or a socketmap can do: read a
 * request to its end, answer. What is faster does not use a socket.
 *
 *	noop_server policy|map SOCKET
 */
#include "base/span.h"
#include "wire/netstring.h"

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define EVENTS 64
#define ROOM 4096

struct client {
	int fd;
	size_t len;
	char in[ROOM];
};

struct protocol {
	const char *name;
	/* The length of the first request, 0 when it is not whole. */
	size_t (*whole)(struct span in);
	struct span answer;
};

static size_t
policy_whole(struct span in)
{
	const char *end = in.len == 0 ? NULL :
	    memmem(in.at, in.len, "\n\n", 2);

	return end == NULL ? 0 : (size_t)(end - in.at) + 2;
}

static size_t
map_whole(struct span in)
{
	struct span payload;
	size_t used;

	return netstring_read(in, ROOM, &payload, &used) == NETSTRING_DONE ?
	    used : 0;
}

static const struct protocol protocols[] = {
	{ "policy", policy_whole, SPAN("action=DUNNO\n\n") },
	{ "map", map_whole, SPAN("9:NOTFOUND ,") },
};

static int
listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    chmod(path, 0666) < 0 || listen(fd, 1024) < 0)
		err(1, "%s", path);
	return fd;
}

static void
watch(int epoll, int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		err(1, "epoll_ctl");
}

static void
let_in(int epoll, int listener)
{
	struct client *c = calloc(1, sizeof(*c));

	if (c == NULL)
		err(1, "memory");
	c->fd = accept(listener, NULL, NULL);
	if (c->fd < 0)
		err(1, "accept");
	watch(epoll, c->fd, c);
}

static bool
serve(const struct protocol *p, struct client *c)
{
	const ssize_t n = recv(c->fd, c->in + c->len, ROOM - c->len, 0);
	size_t used;

	if (n <= 0)
		return false;
	c->len += (size_t)n;
	while ((used = p->whole((struct span){ c->in, c->len })) > 0) {
		c->len -= used;
		memmove(c->in, c->in + used, c->len);
		if (send(c->fd, p->answer.at, p->answer.len, MSG_NOSIGNAL) < 0)
			return false;
	}
	return c->len < ROOM;
}

static const struct protocol *
find(const char *name)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (strcmp(protocols[i].name, name) == 0)
			return &protocols[i];
	errx(2, "policy or map");
}

int
main(int argc, char **argv)
{
	const struct protocol *protocol;
	struct epoll_event events[EVENTS];
	int listener, epoll;

	if (argc != 3)
		errx(2, "usage: noop_server policy|map SOCKET");
	protocol = find(argv[1]);
	listener = listen_at(argv[2]);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(epoll, listener, NULL);
	for (;;) {
		const int n = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			struct client *c = events[i].data.ptr;

			if (c == NULL)
				let_in(epoll, listener);
			else if (!serve(protocol, c)) {
				close(c->fd);
				free(c);
			}
		}
	}
}
