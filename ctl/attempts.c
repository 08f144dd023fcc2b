#include "ctl/attempts.h"

#include "base/mem.h"
#include "base/table.h"
#include "core/route.h"

#include <stdio.h>

#define PROCESSES 1024		/* remembered at a time; see remembered() */
#define BURST_MS 10000		/* between two reports of one attempt */
#define STATUS_MAX (MAILLOG_LINE_MAX + 24)

/* The last attempt of a delivery agent; texts by their fingerprints. */
struct process {
	uint64_t who, peer, queue_id, text;
	int64_t time_ms;
	bool made;
};

struct attempts {
	const struct config *config;
	struct replay *replay;
	struct table *hosts;
	struct process processes[PROCESSES];
	char status[STATUS_MAX];
};

/* What an attempt was about. */
struct aim {
	uint32_t destination, upstream;
};

/* FNV-1a: tells reports apart, nothing more. */
static uint64_t
fingerprint(uint64_t h, struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		h = (h ^ (unsigned char)text.at[i]) * 1099511628211U;
	return h;
}

static uint64_t
fingerprint_of(struct span a, struct span b)
{
	return fingerprint(fingerprint(fingerprint(14695981039346656037U, a),
	    SPAN("/")), b);
}

static int
route_of_peer(const struct plan *p, const struct destination *d,
    const struct maillog_peer *peer)
{
	return route_find_host(p, d, peer->host, peer->address, peer->port);
}

/* -1: it is not told. */
static int
destination_of(const struct plan *p, const struct maillog_line *line)
{
	const int found = plan_lane(p, line->service);

	return found >= 0 || line->kind != MAILLOG_FINAL ? found :
	    plan_match(p, line->recipient);
}

static bool
take_aim(const struct plan *p, int destination, int route, struct aim *out)
{
	if (route < 0)
		return false;
	*out = (struct aim){ (uint32_t)destination,
	    p->destinations[destination].routes[route].upstream };
	return true;
}

static bool
find_aim(const struct plan *p, const struct maillog_line *line,
    struct aim *out)
{
	const int told = destination_of(p, line);

	if (told >= 0) {
		const struct destination *d = &p->destinations[told];
		const int found = route_of_peer(p, d, &line->peer);

		return take_aim(p, told, found >= 0 ? found :
		    route_find_mx(p, d, line->peer.host), out);
	}
	if (line->kind == MAILLOG_FINAL)
		return false;
	for (uint32_t i = 0; i < p->n_destinations; i++)
		if (take_aim(p, (int)i, route_of_peer(p, &p->destinations[i],
		    &line->peer), out))
			return true;
	return false;
}

/* Hosts beyond the last number share it, as in the window. */
static uint8_t
host_number(struct attempts *a, struct span host)
{
	uint64_t n;

	if (table_get(a->hosts, host, &n))
		return (uint8_t)n;
	n = table_count(a->hosts);
	if (n == WINDOW_HOSTS)
		return WINDOW_HOSTS - 1;
	table_add(a->hosts, host, n, NULL);
	return (uint8_t)n;
}

/* The status as Postfix's status filter gives it, "D.S.N text". */
static struct span
status_of(struct attempts *a, const struct maillog_line *line)
{
	snprintf(a->status, sizeof(a->status), "%u.%u.%u %.*s",
	    line->dsn.class, line->dsn.subject, line->dsn.detail,
	    (int)line->text.len, line->text.at);
	return span_of(a->status);
}

static int64_t
took(const struct maillog_line *line)
{
	return line->delays_ms[2] + line->delays_ms[3];
}

static struct process
process_of(const struct maillog_line *line, int64_t time_ms)
{
	const uint64_t who = fingerprint_of(line->host, line->pid);

	return (struct process){
		.who = fingerprint(fingerprint(who, line->instance),
		    line->service),
		.peer = fingerprint_of(line->peer.host, line->peer.address),
		.queue_id = line->queue_id.len > 0 ?
		    fingerprint_of(line->queue_id, SPAN("")) : 0,
		.text = fingerprint_of(line->text, SPAN("")),
		.time_ms = time_ms,
	};
}

/*
 * The place of a process. Two may share one; then reports of the same attempt
 * are taken for attempts of their own, now and then, and nothing worse.
 */
static struct process *
remembered(struct attempts *a, uint64_t who)
{
	return &a->processes[(who ^ who >> 32) % PROCESSES];
}

/*
 * One try of a message at one host is one attempt, however many recipients it
 * has. A connection that was refused is told at once, without a queue id, and
 * again with the final status when there is no next host.
 */
static bool
is_same(const struct process *last, const struct process *now,
    const struct maillog_line *line)
{
	return line->kind != MAILLOG_CONNECT && last->who == now->who &&
	    last->peer == now->peer &&
	    (last->queue_id == now->queue_id || last->queue_id == 0) &&
	    now->time_ms - last->time_ms <= BURST_MS + took(line);
}

struct attempts *
attempts_new(const struct config *config, struct replay *replay)
{
	struct attempts *a = mem_new(1, sizeof(*a));

	a->config = config;
	a->replay = replay;
	a->hosts = table_new();
	return a;
}

void
attempts_free(struct attempts **a)
{
	if (*a == NULL)
		return;
	table_free(&(*a)->hosts);
	mem_free(*a);
	*a = NULL;
}

enum attempt
attempts_play(struct attempts *a, const struct maillog_line *line,
    int64_t time_ms)
{
	struct process now = process_of(line, time_ms);
	struct process *last = remembered(a, now.who);
	const bool again = is_same(last, &now, line);
	const bool news = !again || (last->made && now.text != last->text);
	struct span status;
	struct aim aim;

	if (line->peer.host.len == 0)
		return ATTEMPT_NONE;
	now.made = again && last->made;
	*last = now;
	if (!news)
		return ATTEMPT_NONE;
	if (!find_aim(&a->config->plan, line, &aim))
		return ATTEMPT_ELSEWHERE;
	status = status_of(a, line);
	last->made = replay_add(a->replay, &(struct replay_fact){
		.time_ms = time_ms,
		.took_ms = took(line),
		.upstream = aim.upstream,
		.destination = aim.destination,
		.host = host_number(a, line->host),
		.outcome = outcome_classify(a->config->rules, status),
		.text = status,
		.again = again,
	});
	return ATTEMPT_PLAYED;
}

size_t
attempts_hosts(const struct attempts *a)
{
	return table_count(a->hosts);
}
