#include "dns/resolver.h"

#include "base/bucket.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "core/mx_cache.h"
#include "wire/dns_mx.h"

/* The calls that Debian 12 has are those that 13 advises against. */
#define CARES_NO_DEPRECATED
#include <ares.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define FOR_NEW_NAMES (RESOLVER_UNDER_WAY * 3 / 4)
/* A lost packet costs a second; a silent name server, three. */
#define TRY_MS 1000
#define TRIES 2

struct resolver {
	pthread_mutex_t mutex;	/* guards all to the empty line */
	pthread_cond_t news;	/* a question has ended */
	struct mx_cache *cache;
	struct domain todo[RESOLVER_UNDER_WAY];
	unsigned n_todo;
	unsigned under_way;	/* those to do included */
	struct bucket rate;
	bool stop;

	int wake[2];		/* a pipe: something to do, or the end */
	pthread_t thread;
	ares_channel channel;	/* the thread's; NULL: none yet */
	unsigned asked;		/* the thread's: questions c-ares has */
	bool renew;		/* the thread's: the next has a new channel */
};

struct question {
	struct resolver *resolver;
	struct domain domain;
};

/* answer NULL: there is none. */
static void
end_question(struct resolver *r, const struct domain *domain,
    const struct mx_answer *answer)
{
	const int64_t now_ms = clock_mono_ms();

	pthread_mutex_lock(&r->mutex);
	if (answer != NULL)
		mx_cache_answer(r->cache, domain, answer, now_ms);
	else
		mx_cache_failed(r->cache, domain, now_ms);
	r->under_way--;
	pthread_cond_broadcast(&r->news);
	pthread_mutex_unlock(&r->mutex);
}

/* The message says more than c-ares's status: that tells no TTL, and calls
 * failures by many names. */
static void
on_answer(void *arg, int status, int timeouts, unsigned char *message,
    int len)
{
	struct question *q = arg;
	struct resolver *r = q->resolver;
	struct mx_answer answer;
	const bool good = message != NULL && len > 0 &&
	    dns_mx_read((struct span){ (const char *)message, (size_t)len },
	    &q->domain, &answer);

	(void)status, (void)timeouts;
	r->asked--;
	r->renew |= !good;
	end_question(r, &q->domain, good ? &answer : NULL);
	mem_free(q);
}

/* After a failure, the name servers' addresses may be others by now. */
static bool
has_channel(struct resolver *r)
{
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_EDNS,
		.timeout = TRY_MS,
		.tries = TRIES,
	};

	if (r->renew && r->asked == 0 && r->channel != NULL) {
		ares_destroy(r->channel);
		r->channel = NULL;
	}
	r->renew &= r->channel != NULL;
	if (r->channel == NULL && ares_init_options(&r->channel, &options,
	    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) !=
	    ARES_SUCCESS)
		r->channel = NULL;
	return r->channel != NULL;
}

static void
ask(struct resolver *r, const struct domain *domain)
{
	struct question *q;

	if (!has_channel(r)) {
		end_question(r, domain, NULL);
		return;
	}
	q = mem_new(1, sizeof(*q));
	q->resolver = r;
	q->domain = *domain;
	r->asked++;
	ares_query(r->channel, q->domain.name, 1 /* IN */, 15 /* MX */,
	    on_answer, q);
}

/* What there is to do; false: to end. */
static bool
take_work(struct resolver *r)
{
	struct domain todo[RESOLVER_UNDER_WAY];
	unsigned n;
	bool stop;

	pthread_mutex_lock(&r->mutex);
	n = r->n_todo;
	memcpy(todo, r->todo, n * sizeof(todo[0]));
	r->n_todo = 0;
	stop = r->stop;
	pthread_mutex_unlock(&r->mutex);
	for (unsigned i = 0; i < n; i++)
		ask(r, &todo[i]);
	return !stop;
}

/* The sockets that c-ares waits for; returns how many. (Its own macros for the
 * bits shift into the sign.) */
static nfds_t
list_sockets(const struct resolver *r, struct pollfd *fds)
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	const unsigned wants = r->channel == NULL ? 0 : (unsigned)
	    ares_getsock(r->channel, sockets, ARES_GETSOCK_MAXNUM);
	nfds_t n = 0;

	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		const unsigned reads = wants >> i & 1;
		const unsigned writes = wants >> (i + ARES_GETSOCK_MAXNUM) & 1;
		const short events = (short)((reads ? POLLIN : 0) |
		    (writes ? POLLOUT : 0));

		if (events != 0)
			fds[n++] = (struct pollfd){
				.fd = sockets[i], .events = events,
			};
	}
	return n;
}

/* Until c-ares wants to look at its deadlines; -1: it has none. */
static int
patience(const struct resolver *r)
{
	struct timeval tv, *next = r->channel == NULL ? NULL :
	    ares_timeout(r->channel, NULL, &tv);

	if (next == NULL)
		return -1;
	return (int)(next->tv_sec * 1000 + next->tv_usec / 1000 + 1);
}

static void
wait_and_read(struct resolver *r)
{
	struct pollfd fds[1 + ARES_GETSOCK_MAXNUM] = {
		{ .fd = r->wake[0], .events = POLLIN },
	};
	const nfds_t n = list_sockets(r, fds + 1);
	char bytes[64];

	if (poll(fds, 1 + n, patience(r)) > 0 && fds[0].revents != 0)
		while (read(r->wake[0], bytes, sizeof(bytes)) > 0)
			;
	if (r->channel == NULL)
		return;
	for (nfds_t i = 1; i <= n; i++) {
		const short got = fds[i].revents;

		if (got != 0)
			ares_process_fd(r->channel,
			    got & ~POLLOUT ? fds[i].fd : ARES_SOCKET_BAD,
			    got & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
	}
	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void *
run(void *arg)
{
	struct resolver *r = arg;

	while (take_work(r))
		wait_and_read(r);
	if (r->channel != NULL)
		ares_destroy(r->channel);
	return NULL;
}

/* May DNS be asked for one more? */
static bool
has_room(struct resolver *r, const struct mx_look *look, int64_t now_ms)
{
	if (look->known)
		return r->under_way < RESOLVER_UNDER_WAY;
	return r->under_way < FOR_NEW_NAMES && bucket_take(&r->rate,
	    RESOLVER_RATE * BUCKET_ONE_A_SECOND, now_ms);
}

/* With the mutex held. */
static bool
look_up(struct resolver *r, const struct domain *domain,
    struct domain *out_mx)
{
	const int64_t now_ms = clock_mono_ms();
	struct mx_look look = mx_cache_look(r->cache, domain, now_ms);

	*out_mx = look.mx;
	if (look.due && has_room(r, &look, now_ms)) {
		mx_cache_ask(r->cache, domain, now_ms);
		r->todo[r->n_todo++] = *domain;
		r->under_way++;
		look.under_way = true;
		(void)!write(r->wake[1], "", 1);	/* full: it is awake */
	}
	return !look.known && look.under_way;
}

static bool
is_pending(const struct resolver *r, const struct domain *domain,
    struct domain *out_mx, bool *out_known)
{
	const struct mx_look look = mx_cache_peek(r->cache, domain,
	    clock_mono_ms());

	*out_mx = look.mx;
	*out_known = look.known;
	return !look.known && look.under_way;
}

static int
start(struct resolver *r, struct err *err)
{
	if (pipe2(r->wake, O_CLOEXEC | O_NONBLOCK) == -1)
		return err_set(err, ERR_SYSTEM, "pipe: %s", strerror(errno));
	if (thread_start(run, r, &r->thread, err) == 0)
		return 0;
	close(r->wake[0]);
	close(r->wake[1]);
	return -1;
}

static void
forget(struct resolver *r)
{
	mx_cache_free(&r->cache);
	pthread_cond_destroy(&r->news);
	pthread_mutex_destroy(&r->mutex);
	mem_free(r);
	ares_library_cleanup();
}

struct resolver *
resolver_new(uint32_t entries, int64_t stale_for_ms, struct err *err)
{
	struct resolver *r = mem_new(1, sizeof(*r));
	pthread_condattr_t attributes;

	ares_library_init(ARES_LIB_INIT_ALL);
	pthread_mutex_init(&r->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&r->news, &attributes);
	pthread_condattr_destroy(&attributes);
	r->cache = mx_cache_new(entries, stale_for_ms);
	if (start(r, err) == 0)
		return r;
	forget(r);
	return NULL;
}

void
resolver_free(struct resolver **resolver)
{
	struct resolver *r = *resolver;

	if (r == NULL)
		return;
	pthread_mutex_lock(&r->mutex);
	r->stop = true;
	pthread_mutex_unlock(&r->mutex);
	(void)!write(r->wake[1], "", 1);
	pthread_join(r->thread, NULL);
	close(r->wake[0]);
	close(r->wake[1]);
	forget(r);
	*resolver = NULL;
}

bool
resolver_look(struct resolver *r, const struct domain *domain,
    struct domain *out_mx)
{
	bool pending;

	pthread_mutex_lock(&r->mutex);
	pending = look_up(r, domain, out_mx);
	pthread_mutex_unlock(&r->mutex);
	return pending;
}

bool
resolver_peek(struct resolver *r, const struct domain *domain,
    struct domain *out_mx)
{
	bool pending, known;

	pthread_mutex_lock(&r->mutex);
	pending = is_pending(r, domain, out_mx, &known);
	pthread_mutex_unlock(&r->mutex);
	return pending;
}

bool
resolver_wait(struct resolver *r, const struct domain *domain, int64_t ms,
    struct domain *out_mx)
{
	const int64_t end_ms = clock_mono_ms() + ms;
	const struct timespec end = {
		.tv_sec = (time_t)(end_ms / 1000),
		.tv_nsec = (long)(end_ms % 1000 * 1000000),
	};
	bool known;

	pthread_mutex_lock(&r->mutex);
	(void)look_up(r, domain, out_mx);
	while (is_pending(r, domain, out_mx, &known) && ms > 0 &&
	    pthread_cond_timedwait(&r->news, &r->mutex, &end) == 0)
		;
	pthread_mutex_unlock(&r->mutex);
	return known;
}

int
resolver_match(struct resolver *r, const struct plan *p, struct span address,
    int64_t ms)
{
	struct domain domain, mx;

	if (!domain_of_address(address, &domain) || !plan_asks_mx(p, &domain))
		return plan_match(p, address);
	(void)resolver_wait(r, &domain, ms, &mx);
	return plan_match_mx(p, &mx);
}
