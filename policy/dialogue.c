#include "policy/dialogue.h"

#include "base/clock.h"
#include "base/mem.h"
#include "core/route.h"
#include "policy/starttls.h"
#include "wire/smtp_reply.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define INPUT_MAX 4096		/* bytes read ahead; more than a line */

struct dialogues {
	struct event_base *base;
	struct evdns_base *dns;		/* NULL: no name was looked up yet */
	struct starttls *tls;		/* NULL: none was needed yet */
};

struct dialogue {
	struct dialogues *all;
	struct dialogue_order order;	/* its words are these: */
	char nexthop[NEXTHOP_MAX + 1];
	char helo[65];
	char from[PROBE_ADDRESS_MAX + 1], to[PROBE_ADDRESS_MAX + 1];
	probe_name names[PROBE_NAMES];
	int64_t end_ms;			/* at the latest */
	struct bufferevent *bev;
	struct event *timer;
	struct probe probe;
	struct smtp_reply reply;	/* the lines of it that are here */
};

static void on_read(struct bufferevent *bev, void *arg);
static void on_event(struct bufferevent *bev, short what, void *arg);

static void
finish(struct dialogue *d)
{
	d->order.done(d->order.arg, &d->probe);
}

/* DNS is a matter of its own, and real mail will tell of it. */
static void
give_up(struct dialogue *d)
{
	d->order.done(d->order.arg, NULL);
}

static void
set_timer(struct dialogue *d)
{
	const int64_t left = d->end_ms - clock_mono_ms();
	const int64_t wait = left < 0 ? 0 :
	    left < d->order.exchange_ms ? left : d->order.exchange_ms;
	const struct timeval tv = {
		.tv_sec = (time_t)(wait / 1000),
		.tv_usec = (suseconds_t)(wait % 1000 * 1000),
	};

	event_add(d->timer, &tv);
}

static void
say(struct dialogue *d)
{
	char command[PROBE_COMMAND_MAX + 1];

	probe_command(&d->probe, &d->order.script, command);
	bufferevent_write(d->bev, command, strlen(command));
	set_timer(d);
}

static void
broke(struct dialogue *d, enum probe_end end)
{
	probe_broke(&d->probe, &d->order.script, end);
	finish(d);
}

static void
not_connected(struct dialogue *d, int error)
{
	probe_not_connected(&d->probe, &d->order.script, strerror(error));
	finish(d);
}

static void
not_secured(struct dialogue *d, const char *why)
{
	probe_not_secured(&d->probe, why);
	finish(d);
}

static void
listen_to(struct dialogue *d, struct bufferevent *bev)
{
	d->bev = bev;
	bufferevent_setcb(bev, on_read, NULL, on_event, d);
	bufferevent_setwatermark(bev, EV_READ, 0, INPUT_MAX);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	set_timer(d);
}

/* What came in clear behind the reply is not of whom TLS will speak for. */
static void
begin_tls(struct dialogue *d)
{
	struct dialogues *all = d->all;
	struct bufferevent *bev = NULL;

	if (evbuffer_get_length(bufferevent_get_input(d->bev)) > 0) {
		broke(d, PROBE_GARBLED);
		return;
	}
	if (all->tls == NULL)
		all->tls = starttls_new();
	if (d->order.n_names >= 0)
		bev = starttls_begin(all->tls, d->bev, d->names,
		    d->order.n_names);
	if (bev == NULL)
		not_secured(d, "Server certificate cannot be checked");
	else
		listen_to(d, bev);
}

static void
end_handshake(struct dialogue *d, bool well)
{
	const char *why = well ? NULL : starttls_trouble(d->bev);

	if (well) {
		probe_secured(&d->probe);
		say(d);
	} else if (why != NULL)
		not_secured(d, why);
	else
		broke(d, PROBE_LOST);
}

/* False when there is no more to hear in clear, or the dialogue is gone. */
static bool
heard(struct dialogue *d)
{
	const struct smtp_reply reply = d->reply;

	d->reply = (struct smtp_reply){ 0 };
	probe_heard(&d->probe, &d->order.script, &(struct probe_reply){
		.code = reply.code, .dsn = reply.dsn, .text = reply.text,
		.starttls = reply.starttls,
	    });
	if (d->probe.stage == PROBE_OVER) {
		finish(d);
		return false;
	}
	if (d->probe.stage == PROBE_HANDSHAKE) {
		begin_tls(d);
		return false;
	}
	say(d);
	return true;
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct dialogue *d = arg;
	struct evbuffer *input = bufferevent_get_input(bev);
	enum smtp_reply_read read;

	do {
		const size_t len = evbuffer_get_length(input);
		const struct span in = {
			(const char *)evbuffer_pullup(input, -1), len,
		};
		size_t used = 0;

		read = smtp_reply_read(&d->reply, in, &used);
		if (read == SMTP_REPLY_BAD) {
			broke(d, PROBE_GARBLED);
			return;
		}
		evbuffer_drain(input, used);
	} while (read == SMTP_REPLY_DONE && heard(d));
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct dialogue *d = arg;
	const int error = EVUTIL_SOCKET_ERROR();

	if (d->probe.stage == PROBE_HANDSHAKE)
		end_handshake(d, (what & BEV_EVENT_CONNECTED) != 0);
	else if (what & BEV_EVENT_CONNECTED) {
		probe_connected(&d->probe);
		set_timer(d);
	} else if (d->probe.stage != PROBE_CONNECT)
		broke(d, PROBE_LOST);
	else if (bufferevent_socket_get_dns_error(bev) != 0)
		give_up(d);
	else
		not_connected(d, error);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct dialogue *d = arg;

	(void)fd, (void)what;
	if (d->probe.stage != PROBE_CONNECT)
		broke(d, PROBE_TIMED_OUT);
	else if (bufferevent_getfd(d->bev) < 0)	/* still looking it up */
		give_up(d);
	else
		not_connected(d, ETIMEDOUT);
}

/* Without the search list: Postfix does not use it either. */
static struct evdns_base *
resolver(struct dialogues *all)
{
	if (all->dns != NULL)
		return all->dns;
	all->dns = evdns_base_new(all->base,
	    EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	(void)evdns_base_resolv_conf_parse(all->dns, DNS_OPTION_NAMESERVERS |
	    DNS_OPTION_MISC | DNS_OPTION_HOSTSFILE, "/etc/resolv.conf");
	return all->dns;
}

static void
copy_words(struct dialogue *d)
{
	struct probe_script *script = &d->order.script;

	snprintf(d->nexthop, sizeof(d->nexthop), "%s", script->nexthop);
	snprintf(d->helo, sizeof(d->helo), "%s", script->helo);
	snprintf(d->from, sizeof(d->from), "%s", script->from);
	snprintf(d->to, sizeof(d->to), "%s", script->to);
	script->nexthop = d->nexthop;
	script->helo = d->helo;
	script->from = d->from;
	script->to = d->to;
	for (int i = 0; i < d->order.n_names; i++)
		memcpy(d->names[i], d->order.names[i], sizeof(d->names[i]));
	d->order.names = d->names;
}

struct dialogues *
dialogues_new(struct event_base *base)
{
	struct dialogues *all = mem_new(1, sizeof(*all));

	all->base = base;
	return all;
}

void
dialogues_free(struct dialogues **all)
{
	if (*all == NULL)
		return;
	if ((*all)->dns != NULL)
		evdns_base_free((*all)->dns, 0);
	starttls_free(&(*all)->tls);
	mem_free(*all);
	*all = NULL;
}

struct dialogue *
dialogue_begin(struct dialogues *all, const struct dialogue_order *order)
{
	struct dialogue *d = mem_new(1, sizeof(*d));

	d->all = all;
	d->order = *order;
	copy_words(d);
	d->end_ms = clock_mono_ms() + order->whole_ms;
	d->timer = evtimer_new(all->base, on_timer, d);
	/* Callbacks are deferred: none comes within this. */
	listen_to(d, bufferevent_socket_new(all->base, -1,
	    BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS));
	(void)bufferevent_socket_connect_hostname(d->bev, resolver(all),
	    AF_UNSPEC, order->target.host, order->target.port);
	return d;
}

const char *
dialogue_nexthop(const struct dialogue *dialogue)
{
	return dialogue->nexthop;
}

void
dialogue_free(struct dialogue **dialogue)
{
	struct dialogue *d = *dialogue;

	if (d == NULL)
		return;
	bufferevent_free(d->bev);
	event_free(d->timer);
	mem_free(d);
	*dialogue = NULL;
}
