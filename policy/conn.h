/*
 * conn - one connection of a Postfix process, or of somebody who looks on: bytes
 * in, bytes out, and the limits that keep a bad peer from hurting others.
 *
 * One request is in work at a time. What a peer sends ahead meanwhile waits in
 * a buffer of one request's size, then in its own socket.
 */
#ifndef POLICY_CONN_H
#define POLICY_CONN_H

#include "base/buf.h"
#include "base/span.h"
#include "core/domain.h"
#include "policy/server.h"

#include <event2/event.h>

#define CONN_MAX 4096			/* of Postfix at once, both sockets together */
#define CONN_REQUEST_MS 10000		/* from the first byte of a request to its last */
#define CONN_IDLE_MS (1200 * 1000)	/* Postfix keeps policy connections up to max_ttl, 1000 s */
#define CONN_WATCHERS_MAX 32
#define CONN_WATCHER_MS 5000		/* from its beginning to its end */

enum conn_next {
	CONN_MORE,		/* the request is not whole yet */
	CONN_ANSWERED,		/* done with it; look for the next */
	CONN_WAIT,		/* conn_answered() will be called later */
	CONN_BAD,		/* not our grammar: close */
};

struct conn;

struct conn_kind {
	const char *name;	/* in logs */
	/* No Postfix process: one request in a short time, and where there are
	 * too many the oldest has to go. */
	bool watches;
	size_t request_max;
	struct conn *(*make)(void);
	/* Look at the bytes so far; *out_used of them are done with. */
	enum conn_next (*input)(struct conn *c, struct span in,
	    size_t *out_used);
	/* The peer is gone: free the connection, now or when its answer came. */
	void (*closed)(struct conn *c);
};

/* The first member of each kind's own struct. */
struct conn {
	struct conn *next, *prev;
	struct server *server;
	const struct conn_kind *kind;
	int fd;			/* -1 once closed */
	pid_t peer_pid;		/* the process at the other end; 0: not known */
	uid_t peer_uid;		/* where its pid is known */
	struct event *readable, *writable;
	struct buf in;		/* what was not worked on yet */
	struct buf out;		/* what the peer did not take yet */
	bool deaf;		/* nothing more is read for now */
	int64_t request_ms;	/* when the request in work began; 0: none */
	int64_t heard_ms;	/* a watcher's: when it came */
	bool waiting;
	/* The request in work waits for DNS, or has done so. */
	struct domain mx_domain;
	int64_t mx_until_ms;	/* 0: it does not wait */
	bool mx_asked;
	bool ending;		/* to be closed once all is sent ... */
	bool has_ended;		/* ... and the peer sends nothing more */
};

/* Serve a socket that was just accepted; it is closed if there are too many. */
void conn_open(struct server *server, const struct conn_kind *kind, int fd);
/* Send an answer. */
void conn_send(struct conn *c, const struct buf *answer);
/* Close it once all that was sent has gone and the peer has nothing more to say;
 * whatever that is, it is passed over. (A socket that is closed with something
 * unread in it is reset, and the answer may be lost with it.) */
void conn_end(struct conn *c);
/* The answer to a CONN_WAIT has been sent: go on reading. */
void conn_answered(struct conn *c);
/*
 * What is known of a domain's MX, as resolver_look(). False: the request is to
 * wait for DNS. Then CONN_WAIT is all that is to be done with it, and it comes
 * again when DNS has answered or failed, or after ms; it waits once only.
 */
bool conn_mx(struct conn *c, const struct domain *domain, int64_t ms,
    struct domain *out_mx);
/* Look again at the requests that wait for DNS. */
void conn_mx_tick(struct server *server, int64_t now_ms);
/* The process at the other end; 0 when that is not known. */
int64_t conn_peer_pid(const struct conn *c);
/* Is that one of this host's programs, as the user that we are? */
bool conn_peer_is_ours(const struct conn *c);
/* Close those that are too slow or have been idle for too long. */
void conn_sweep(struct server *server, int64_t now_ms);
void conn_close_all(struct server *server);

extern const struct conn_kind policy_conn_kind;
extern const struct conn_kind map_conn_kind;
extern const struct conn_kind http_conn_kind;

#endif
