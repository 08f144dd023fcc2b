#include "ctl/lookout.h"

#include "base/clock.h"
#include "base/mem.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVERY_MS 1000
#define SLOWEST_MS 10000
#define SHARE 10		/* of all time that reading may take: a tenth */

struct lookout {
	pthread_t thread;
	struct inquiry *inquiry;	/* the thread's */
	uint32_t events;
	int news, wake;		/* eventfds: to the caller, to the thread */
	struct reading *next;	/* the thread's, it is being filled */
	struct reading *shown;	/* the caller's */
	pthread_mutex_t lock;	/* of all that follows */
	struct reading *ready;	/* filled, to be shown */
	bool fresh, any, ended;
	int64_t lost_ms;
	char trouble[640];
};

static void
swap(struct reading **a, struct reading **b)
{
	struct reading *c = *a;

	*a = *b;
	*b = c;
}

static void
ring(int fd)
{
	const uint64_t one = 1;

	/* Full only where nobody has listened for ages. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

static void
drain(int fd)
{
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0)
		return;
}

/* Take a reading and hand it over; false when all is over. */
static bool
look(struct lookout *l)
{
	const bool good = reading_take(l->next, l->inquiry, l->events);
	bool ended;

	pthread_mutex_lock(&l->lock);
	if (good) {
		swap(&l->next, &l->ready);
		l->fresh = true;
		l->lost_ms = 0;
	} else {
		if (l->lost_ms == 0)
			l->lost_ms = clock_wall_ms();
		snprintf(l->trouble, sizeof(l->trouble), "%s",
		    inquiry_trouble(l->inquiry));
	}
	ended = l->ended;
	pthread_mutex_unlock(&l->lock);
	ring(l->news);
	return !ended;
}

/* A large fleet is looked at less often, so that watching is no load. */
static int
pause_after(int64_t took_ms)
{
	const int64_t ms = took_ms * (SHARE - 1);

	return (int)(ms < EVERY_MS ? EVERY_MS : ms > SLOWEST_MS ? SLOWEST_MS :
	    ms);
}

static void *
run(void *arg)
{
	struct lookout *l = arg;
	struct pollfd wake = { .fd = l->wake, .events = POLLIN };
	int64_t began_ms;

	do {
		drain(l->wake);
		began_ms = clock_mono_ms();
		if (!look(l))
			break;
		(void)poll(&wake, 1, pause_after(clock_mono_ms() - began_ms));
	} while (true);
	return NULL;
}

struct lookout *
lookout_new(const struct config *config, uint32_t events)
{
	struct lookout *l = mem_new(1, sizeof(*l));

	l->inquiry = inquiry_new(config);
	l->events = events;
	l->next = reading_new(config);
	l->ready = reading_new(config);
	l->shown = reading_new(config);
	l->news = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	l->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pthread_mutex_init(&l->lock, NULL);
	if (l->news < 0 || l->wake < 0 ||
	    pthread_create(&l->thread, NULL, run, l) != 0)
		abort();
	return l;
}

void
lookout_free(struct lookout **lookout)
{
	struct lookout *l = *lookout;

	if (l == NULL)
		return;
	pthread_mutex_lock(&l->lock);
	l->ended = true;
	pthread_mutex_unlock(&l->lock);
	ring(l->wake);
	pthread_join(l->thread, NULL);
	pthread_mutex_destroy(&l->lock);
	close(l->news);
	close(l->wake);
	inquiry_free(&l->inquiry);
	reading_free(&l->next);
	reading_free(&l->ready);
	reading_free(&l->shown);
	mem_free(l);
	*lookout = NULL;
}

int
lookout_fd(const struct lookout *l)
{
	return l->news;
}

void
lookout_hurry(struct lookout *l)
{
	ring(l->wake);
}

void
lookout_news(struct lookout *l, struct lookout_news *out)
{
	drain(l->news);
	pthread_mutex_lock(&l->lock);
	if (l->fresh) {
		swap(&l->ready, &l->shown);
		l->any = true;
	}
	out->fresh = l->fresh;
	l->fresh = false;
	out->lost_ms = l->lost_ms;
	snprintf(out->trouble, sizeof(out->trouble), "%s", l->trouble);
	pthread_mutex_unlock(&l->lock);
	out->reading = l->any ? l->shown : NULL;
}
