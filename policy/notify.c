#include "policy/notify.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/printable.h"
#include "policy/helper.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define PAUSE_MS 1000		/* between two starts */
#define VARIABLES (STORE_PAIRS_MAX + 5)
#define PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* An event as environment. */
struct notice {
	struct notice *next;
	size_t n;
	char *variables[VARIABLES + 1];	/* "MAILWEIR_UPSTREAM=filter", ...; NULL */
};

struct notify {
	const struct server *server;
	struct store_port port;
	struct helper *helper;
	struct notice *first, **end;	/* those that wait */
	unsigned n;
	uint64_t lost;			/* dropped since the last start */
	int64_t next_ms;		/* no start before */
	struct notify_counts counts;
	char event[201];		/* of the one that runs */
	char said[200];			/* by the one that runs, last */
};

static void
notice_free(struct notice *notice)
{
	for (size_t i = 0; i < notice->n; i++)
		mem_free(notice->variables[i]);
	mem_free(notice);
}

/* MAILWEIR_NAME=value; a name's letters in capitals, what is none is '_'. */
static void
add_variable(struct notice *notice, const char *name, const char *value)
{
	struct buf b = buf_new(1024);
	char c;

	buf_add_text(&b, "MAILWEIR_");
	for (; *name != '\0'; name++) {
		c = isalnum((unsigned char)*name) ?
		    (char)toupper((unsigned char)*name) : '_';
		buf_add(&b, &c, 1);
	}
	buf_addf(&b, "=%s", value);
	notice->variables[notice->n++] = mem_dup(buf_text(&b));
	buf_free(&b);
}

/* All of it on one line: "breaker: upstream=filter from=closed ..." */
static void
add_line(struct notice *notice, const struct store_request *r)
{
	struct buf b = buf_new(1000);

	for (uint32_t i = 0; i < r->u.event_add.n; i++) {
		const struct store_pair *pair = &r->u.event_add.pairs[i];
		const bool quoted = strchr(pair->value, ' ') != NULL;

		if (i == 0)
			buf_addf(&b, "%s:", pair->value);
		else
			buf_addf(&b, quoted ? " %s=\"%s\"" : " %s=%s",
			    pair->name, pair->value);
	}
	add_variable(notice, "line", buf_text(&b));
	buf_free(&b);
}

static struct notice *
notice_new(const struct store_request *r)
{
	struct notice *notice = mem_new(1, sizeof(*notice));
	char now[32];

	notice->variables[notice->n++] = mem_dup(PATH);
	add_variable(notice, "time", clock_format(clock_wall_ms(), now));
	for (uint32_t i = 0; i < r->u.event_add.n; i++)
		add_variable(notice, r->u.event_add.pairs[i].name,
		    r->u.event_add.pairs[i].value);
	add_line(notice, r);
	return notice;
}

static void
note(struct notify *n, const struct store_request *r)
{
	if (n->server->config->notify_command[0] == '\0')
		return;
	if (n->n == NOTIFY_WAITING_MAX) {
		n->counts.dropped++;
		n->lost++;
		return;
	}
	*n->end = notice_new(r);
	n->end = &(*n->end)->next;
	n->n++;
}

static void
pass_on(void *self, const struct store_request *request, store_done *done,
    void *arg)
{
	struct notify *n = self;

	if (request->verb == STORE_EVENT_ADD)
		note(n, request);
	n->port.send(n->port.self, request, done, arg);
}

static void
has_failed(struct notify *n, const char *why)
{
	n->counts.failed++;
	log_warning("notify", LOG_TEXT("event", n->event),
	    LOG_TEXT("failed", why));
}

static void
on_line(void *arg, struct span line)
{
	struct notify *n = arg;

	printable(n->said, sizeof(n->said), line);
}

static void
on_ended(void *arg, bool well)
{
	struct notify *n = arg;

	if (well)
		n->counts.well++;
	else
		has_failed(n, n->said[0] != '\0' ? n->said :
		    "it ended badly, or took too long");
}

static struct notice *
take_first(struct notify *n)
{
	struct notice *notice = n->first;

	n->first = notice->next;
	if (n->first == NULL)
		n->end = &n->first;
	n->n--;
	return notice;
}

static void
start(struct notify *n, struct notice *notice)
{
	static const char *const no_words[] = { NULL };
	char lost[24];
	struct err err;

	/* The third: PATH, the time, the event's name. */
	printable(n->event, sizeof(n->event), span_of(strchr(
	    notice->variables[2], '=') + 1));
	if (n->lost > 0) {
		snprintf(lost, sizeof(lost), "%llu",
		    (unsigned long long)n->lost);
		add_variable(notice, "dropped", lost);
		n->lost = 0;
	}
	n->said[0] = '\0';
	if (helper_start(n->helper, &(struct helper_job){
		.command = n->server->config->notify_command,
		.more = no_words,
		.environment = (const char *const *)notice->variables,
	    }, &err) < 0)
		has_failed(n, err.text);
}

struct notify *
notify_new(const struct server *server, struct store_port port)
{
	struct notify *n = mem_new(1, sizeof(*n));
	const struct helper_options options = {
		.deadline_s = NOTIFY_SECONDS,
		.line = on_line, .ended = on_ended, .arg = n,
	};

	n->server = server;
	n->port = port;
	n->end = &n->first;
	n->helper = helper_new(server->base, &options);
	return n;
}

void
notify_free(struct notify **notify)
{
	struct notify *n = *notify;

	if (n == NULL)
		return;
	while (n->first != NULL)
		notice_free(take_first(n));
	helper_free(&n->helper);
	mem_free(n);
	*notify = NULL;
}

struct store_port
notify_port(struct notify *notify)
{
	return (struct store_port){ .send = pass_on, .self = notify };
}

void
notify_tick(struct notify *n, int64_t now_ms)
{
	struct notice *notice;

	if (n->n == 0 || helper_runs(n->helper) || now_ms < n->next_ms)
		return;
	n->next_ms = now_ms + PAUSE_MS;
	notice = take_first(n);
	start(n, notice);
	notice_free(notice);
}

struct notify_counts
notify_counts(const struct notify *n)
{
	return n->counts;
}
