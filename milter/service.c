#include "config.h"

#include "milter/service.h"

#include "base/log.h"
#include "base/mem.h"
#include "dns/resolver.h"
#include "engine/keeper.h"

#include <pthread.h>

struct service {
	struct service *next;
	unsigned pins;		/* being the one in force is one */
	bool closed;
	struct config *config;
	struct keeper *keeper;
	struct session_world world;
};

/* Guards the list, pins and closed; the first service is the one in force. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct service *services;
/* Of all of them, from the first on: a reload forgets no MX. */
static struct resolver *resolver;

static struct keeper *
keeper_of(void *self)
{
	return ((struct service *)self)->keeper;
}

/* Holds up its own session only. policyd has asked the same a moment ago, so
 * the name server has the answer at hand. */
static int
match(void *self, struct span recipient)
{
	const struct service *s = self;

	return resolver_match(resolver, &s->config->plan, recipient,
	    RESOLVER_PATIENCE_MS);
}

static bool
take(void *self, uint32_t destination, const char *member)
{
	return keeper_take(keeper_of(self), destination, member);
}

static void
give_back(void *self, uint32_t destination, const char *member)
{
	keeper_give_back(keeper_of(self), destination, member);
}

static const struct snapshot *
look(void *self, int64_t *out_now_ms)
{
	return keeper_look(keeper_of(self), out_now_ms);
}

static void
look_away(void *self, const struct snapshot *seen)
{
	keeper_look_away(keeper_of(self), seen);
}

static void
count_verdict(void *self, uint32_t destination,
    const struct intake_verdict *verdict)
{
	keeper_count_verdict(keeper_of(self), destination, verdict);
}

static void
count_accepted(void *self, uint32_t destination, bool waits)
{
	keeper_count_accepted(keeper_of(self), destination, waits);
}

static void
health(void *arg, enum store_trouble trouble, const char *text)
{
	(void)arg;
	if (trouble == STORE_FINE)
		log_info("redis", LOG_TEXT("state", "fine"));
	else
		log_warning("redis",
		    LOG_TEXT("state", store_trouble_name(trouble)),
		    LOG_TEXT("says", text),
		    LOG_TEXT("advice", store_trouble_advice(trouble)));
}

static struct keeper_options
keeper_options(const struct config *c)
{
	return (struct keeper_options){
		.plan = &c->plan,
		.store = {
			.address = c->store.address,
			.sentinels = c->store.sentinels,
			.prefix = c->store.prefix,
			.username = c->store.username,
			.password = c->store.password,
			.database = c->store.database,
			.timeout_ms = c->store.timeout_ms,
		},
		.host = c->host,
		.version = PACKAGE_VERSION,
		.digest = c->digest,
		.health = health,
	};
}

static void
end(struct service *s)
{
	keeper_free(&s->keeper);
	config_free(&s->config);
	mem_free(s);
}

static void
take_out(struct service *s)
{
	struct service **at = &services;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
}

int
service_start(struct config *config, struct err *err)
{
	const struct keeper_options options = keeper_options(config);
	struct service *s = mem_new(1, sizeof(*s));
	struct service *old;

	s->config = config;
	s->pins = 1;
	if (resolver == NULL)
		resolver = resolver_new(config->dns.cache_entries,
		    config->dns.stale_for_ms, err);
	if (resolver != NULL)
		s->keeper = keeper_new(&options, err);
	if (s->keeper == NULL) {
		end(s);
		return -1;
	}
	s->world = (struct session_world){
		.plan = &config->plan,
		.match = match,
		.take = take,
		.give_back = give_back,
		.look = look,
		.look_away = look_away,
		.count_verdict = count_verdict,
		.count_accepted = count_accepted,
		.self = s,
	};
	pthread_mutex_lock(&mutex);
	old = services;
	s->next = old;
	services = s;
	pthread_mutex_unlock(&mutex);
	service_unpin(&old);
	return 0;
}

struct service *
service_pin(void)
{
	struct service *s;

	pthread_mutex_lock(&mutex);
	s = services;
	s->pins++;
	pthread_mutex_unlock(&mutex);
	return s;
}

void
service_unpin(struct service **service)
{
	struct service *s = *service;
	bool last;

	if (s == NULL)
		return;
	*service = NULL;
	pthread_mutex_lock(&mutex);
	last = --s->pins == 0;
	if (last)
		take_out(s);
	pthread_mutex_unlock(&mutex);
	if (last)
		end(s);
}

const struct session_world *
service_world(const struct service *s)
{
	return &s->world;
}

const char *
service_host(const struct service *s)
{
	return s->config->host;
}

static struct service *
pin_an_open_one(void)
{
	struct service *s;

	pthread_mutex_lock(&mutex);
	s = services;
	while (s != NULL && s->closed)
		s = s->next;
	if (s != NULL) {
		s->closed = true;
		s->pins++;
	}
	pthread_mutex_unlock(&mutex);
	return s;
}

void
service_close_all(void)
{
	struct service *s;

	while ((s = pin_an_open_one()) != NULL) {
		keeper_close(s->keeper);
		service_unpin(&s);
	}
}
