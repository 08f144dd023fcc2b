#include "engine/intake.h"

#include "base/mem.h"
#include "base/table.h"
#include "core/lease.h"
#include "core/plan.h"
#include "engine/places.h"
#include "store/local.h"

#include <stdio.h>

/* What there is of one destination; its name is one that was configured. */
struct stock {
	struct intake *intake;
	char destination[PLAN_NAME_MAX + 1];
	struct places places;
	uint32_t cap;		/* 0: none */
	int64_t ttl_ms;
	int64_t roomy_until_ms;
	int64_t tell_at_ms;	/* 0: there is nothing to tell */
};

struct intake {
	struct intake_options options;
	struct store_local *local;
	uint32_t hosts;
	struct table *names;	/* destination -> its place in stocks */
	struct stock **stocks;
	uint32_t n_stocks;
	int64_t wake_at_ms;	/* 0: nobody was asked to wake us */
	bool closed;
};

struct asking {
	struct stock *stock;
	char member[STORE_MEMBER_MAX + 1];
	intake_done *done;
	void *arg;
};

static struct store_request
take_request(const struct stock *s, const char *member, uint32_t limit)
{
	return (struct store_request){
		.verb = STORE_LEASE_TAKE,
		.name = s->destination,
		.u.lease_take = {
			.member = member,
			.limit = limit,
			.ttl_ms = s->ttl_ms,
		},
	};
}

/* A bound that is reached counts as a cap that is reached. */
static bool
take_locally(struct stock *s, const char *member, uint32_t limit)
{
	const struct store_request request = take_request(s, member, limit);
	struct store_reply reply;
	struct err err;

	if (store_local_call(s->intake->local, &request,
	    s->intake->options.clock(), &reply, &err) < 0)
		return false;
	return reply.u.lease.granted;
}

static void
note_count(struct stock *s, uint32_t count)
{
	s->roomy_until_ms = lease_is_roomy(s->cap, count) ?
	    s->intake->options.clock() + LEASE_ROOMY_SEEN_MS : 0;
}

static bool
is_roomy(const struct stock *s)
{
	return !s->intake->closed &&
	    s->intake->options.clock() < s->roomy_until_ms;
}

static void
answered(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct asking *a = arg;
	struct stock *s = a->stock;
	bool granted;

	(void)err;
	if (reply == NULL) {
		granted = take_locally(s, a->member, lease_share(s->cap,
		    s->intake->hosts));
		if (granted)
			places_vouch(&s->places, a->member);
	} else {
		granted = reply->u.lease.granted;
		note_count(s, reply->u.lease.count);
		if (granted)
			take_locally(s, a->member, 0);
	}
	a->done(a->arg, granted);
	mem_free(a);
}

static void
told(void *arg, const struct store_reply *reply, const struct err *err)
{
	(void)err;
	if (reply != NULL)
		note_count(arg, reply->u.lease.count);
}

static void
send(const struct intake *in, const struct store_request *request,
    store_done *done, void *arg)
{
	in->options.port.send(in->options.port.self, request, done, arg);
}

static void
tell(struct stock *s, bool all)
{
	struct places_news news;

	places_tell(&s->places, all, &news);
	if (news.n + news.n_enter > 0)
		send(s->intake, &(struct store_request){
			.verb = STORE_LEASE_DROP,
			.name = s->destination,
			.u.lease_drop = {
				.members = news.members, .n = news.n,
				.enter = news.enter, .n_enter = news.n_enter,
				.ttl_ms = s->ttl_ms,
			},
		    }, told, s);
	places_told(&news);
}

static void
heard(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct stock *s = arg;

	(void)err;
	if (reply != NULL)
		places_heard(&s->places);
}

/* Who is in on our word takes room from who asks after this. */
static void
vouch(struct stock *s)
{
	const char *names[STORE_MEMBERS_MAX];
	uint32_t n, from = 0;

	for (; (n = places_vouched(&s->places, from, names)) > 0; from += n)
		send(s->intake, &(struct store_request){
			.verb = STORE_LEASE_DROP,
			.name = s->destination,
			.u.lease_drop = {
				.enter = names, .n_enter = n,
				.ttl_ms = s->ttl_ms,
			},
		    }, heard, s);
}

static void
wake_at(struct intake *in, int64_t at_ms, int64_t now_ms)
{
	if (in->wake_at_ms != 0 && in->wake_at_ms <= at_ms)
		return;
	in->wake_at_ms = at_ms;
	in->options.wake(in->options.arg, at_ms > now_ms ? at_ms - now_ms : 0);
}

/* What was given back, or passed on, is told in a moment. */
static void
tell_soon(struct stock *s)
{
	const int64_t now_ms = s->intake->options.clock();
	const int64_t at_ms = now_ms + (is_roomy(s) ? LEASE_GIVEN_ROOMY_MS :
	    LEASE_GIVEN_MS);

	if (s->tell_at_ms == 0 || s->tell_at_ms > at_ms)
		s->tell_at_ms = at_ms;
	wake_at(s->intake, s->tell_at_ms, now_ms);
}

static struct stock *
stock_of(struct intake *in, const char *destination)
{
	uint64_t at;
	struct stock *s;

	if (table_get(in->names, span_of(destination), &at))
		return in->stocks[at];
	s = mem_new(1, sizeof(*s));
	s->intake = in;
	snprintf(s->destination, sizeof(s->destination), "%s", destination);
	table_add(in->names, span_of(destination), in->n_stocks, NULL);
	in->stocks = mem_resize(in->stocks, in->n_stocks + 1,
	    sizeof(*in->stocks));
	in->stocks[in->n_stocks++] = s;
	return s;
}

static struct stock *
stock_for(struct intake *in, const struct intake_lease *lease)
{
	struct stock *s = stock_of(in, lease->destination);

	s->cap = lease->cap;
	s->ttl_ms = lease->ttl_ms;
	return s;
}

struct intake *
intake_new(const struct intake_options *options)
{
	struct intake *intake = mem_new(1, sizeof(*intake));

	intake->options = *options;
	intake->local = store_local_new();
	intake->hosts = 1;
	intake->names = table_new();
	return intake;
}

void
intake_free(struct intake **intake)
{
	struct intake *in = *intake;

	if (in == NULL)
		return;
	for (uint32_t i = 0; i < in->n_stocks; i++) {
		places_free(&in->stocks[i]->places);
		mem_free(in->stocks[i]);
	}
	mem_free(in->stocks);
	table_free(&in->names);
	store_local_free(&in->local);
	mem_free(in);
	*intake = NULL;
}

void
intake_set_hosts(struct intake *intake, uint32_t hosts)
{
	intake->hosts = hosts > 0 ? hosts : 1;
}

bool
intake_pass(struct intake *intake, const struct intake_lease *lease)
{
	struct stock *s = stock_for(intake, lease);

	if (!is_roomy(s) || !places_pass(&s->places, lease->member))
		return false;
	take_locally(s, lease->member, 0);
	tell_soon(s);
	return true;
}

void
intake_take(struct intake *intake, const struct intake_lease *lease,
    intake_done *done, void *arg)
{
	struct asking *a = mem_new(1, sizeof(*a));
	struct stock *s = stock_for(intake, lease);
	struct store_request request;
	struct places_news news = { .n = 0 };

	if (s->places.vouched.n > 0 && intake->options.up(intake->options.arg))
		vouch(s);
	/* Whoever comes must not find his place, if it is another one's now. */
	if (s->places.passed.n > 0 &&
	    (!is_roomy(s) || places_have(&s->places, lease->member)))
		tell(s, true);
	if (s->places.passed.n == 0)
		places_tell(&s->places, true, &news);
	a->stock = s;
	a->done = done;
	a->arg = arg;
	snprintf(a->member, sizeof(a->member), "%s", lease->member);
	request = take_request(s, a->member, lease->cap);
	request.u.lease_take.drops = news.members;
	request.u.lease_take.n_drops = news.n;
	send(intake, &request, answered, a);
	places_told(&news);
}

void
intake_drop(struct intake *intake, const char *destination,
    const char *member)
{
	const struct store_request request = {
		.verb = STORE_LEASE_DROP,
		.name = destination,
		.u.lease_drop = { .members = &member, .n = 1 },
	};
	struct stock *s = stock_of(intake, destination);
	struct store_reply reply;
	struct err err;

	/* It cannot fail: dropping needs no room. */
	if (store_local_call(intake->local, &request,
	    intake->options.clock(), &reply, &err) < 0)
		return;
	/* There may be no place of his to be passed on. */
	if (places_unvouch(&s->places, member)) {
		send(intake, &request, told, s);
		return;
	}
	places_give(&s->places, member);
	if (places_are_full(&s->places))
		tell(s, true);
	else
		tell_soon(s);
}

void
intake_tick(struct intake *in)
{
	const int64_t now_ms = in->options.clock();

	in->wake_at_ms = 0;
	for (uint32_t i = 0; i < in->n_stocks; i++) {
		struct stock *s = in->stocks[i];

		if (s->tell_at_ms != 0 && s->tell_at_ms <= now_ms) {
			s->tell_at_ms = 0;
			tell(s, !is_roomy(s));
			if (!places_are_none(&s->places))
				tell_soon(s);
		} else if (s->tell_at_ms != 0)
			wake_at(in, s->tell_at_ms, now_ms);
	}
}

void
intake_close(struct intake *in)
{
	in->closed = true;
	for (uint32_t i = 0; i < in->n_stocks; i++)
		tell(in->stocks[i], true);
}
