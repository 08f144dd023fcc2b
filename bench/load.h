/*
 * load - clients in a closed loop, as Postfix's processes are: each asks, waits
 * for its answer, and asks again. What they waited for is counted, and printed
 * as one line of JSON.
 *
 * One thread. The first LOAD_WARM_MS are not counted.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_WARM_MS 150
#define LOAD_BUCKETS 2048	/* up to an hour, each within 1/32 */
#define LOAD_CLIENTS_MAX 50000	/* each is a port of its own ... */
#define LOAD_PORT_MIN 10000	/* ... from this one on */

/* How long things took. All zeros is an empty one. */
struct latency {
	uint64_t n, counts[LOAD_BUCKETS];
	int64_t max_ns;
};

void latency_add(struct latency *l, int64_t ns);
/* What all but so many of a million took at most. */
int64_t latency_but(const struct latency *l, uint64_t ppm);
/* "NAME_p50_us": 12.3, and so on, with a comma before it. */
void latency_print(const struct latency *l, const char *name);

/* First member of each kind of client. */
struct load_client {
	struct load_client *next;	/* of those who wait for a place in a backlog */
	int fd;
	uint32_t number;		/* from 0 */
	int64_t asked_ns;
};

struct load;
typedef void load_event(struct load *l, struct load_client *c);

struct load {
	/* From the command line. */
	const char *path;	/* a unix socket */
	const char *kind;	/* what to ask */
	uint32_t clients, domains;
	double seconds;
	load_event *connected;	/* begin to ask */
	load_event *readable;	/* there is something to read */

	int epoll;
	int64_t now_ns;		/* when the event in hand came */
	int64_t from_ns, end_ns;	/* counted between these */
	struct load_client *outside, **outside_end;	/* first come, first in */
	uint64_t asked;		/* all answers, counted or not */
	uint64_t unwanted;	/* answers that were not as expected */
	struct latency latency;
};

/* -s SOCKET [-k KIND] [-n CLIENTS] [-t SECONDS] [-d DOMAINS]; ends the process
 * with a word when they are wrong. */
struct load load_options(int argc, char **argv);
/* All clients, each of this size and numbered, to be told of these events; for
 * the caller to free(). */
void *load_clients(struct load *l, size_t size, load_event *connected,
    load_event *readable);
/* Connect a client, now or as soon as there is room for it. */
void load_connect(struct load *l, struct load_client *c);
void load_disconnect(struct load_client *c);
/* All of bytes, or the process ends: no answer is ever larger than a socket. */
void load_send(const struct load_client *c, const void *bytes, uint32_t len);
/* What there is, 0 at its end; ends the process on an error. */
uint32_t load_receive(const struct load_client *c, void *to, uint32_t room);
/* An answer that the client has waited for since asked_ns. */
void load_answered(struct load *l, const struct load_client *c, bool wanted);
/* Let all clients ask until the time is over, and one was answered. */
void load_run(struct load *l);
/* {"rate": ..., "p50_us": ..., and so on, but for the end of it. */
void load_print(const struct load *l);

/* Write n as so many digits at to. */
void load_digits(char *to, int digits, uint64_t n);
/* One below n, as good as random. */
uint32_t load_draw(uint32_t n);

#endif
