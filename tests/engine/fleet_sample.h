/*
 * fleet_sample - what the tests of fleets have in common: two hosts, or three,
 * and one store, all in this process. The clock is a variable, the store is the
 * local one, and answers arrive when the test says so.
 */
#ifndef TESTS_ENGINE_FLEET_SAMPLE_H
#define TESTS_ENGINE_FLEET_SAMPLE_H

#include "engine/fleet.h"

/* Four connections to a filter, two new ones a second; it opens for 30 s after
 * ten failures in a row. */
extern const struct upstream upstreams[1];
/* Of two destinations: contoso, and one that is named as the filter is. */
extern const struct plan plan;

extern int64_t now;
extern bool store_away;			/* it answers nobody */
extern struct fleet *host[3];		/* mx1, mx2, mx3 */
extern int n_hosts;

/* Each test begins with two hosts and an empty store. */
void setup(void);
void teardown(void);
void add_host(void);
/* All of them read another plan, and so does who comes later. */
void reload(const struct plan *other);
/* Another process takes the host's place, and knows what that one held and what
 * it has in use. */
void replace_process(int i, uint32_t held);

/* Time passes for all. */
void pass(int64_t ms);
/* Answers arrive, and what they cause is answered, too. */
void deliver(void);
/* How many have not arrived yet. */
size_t under_way(void);
/* How many events have said that, as in "to=open". */
uint32_t told(const char *pair);
/* What the store has of the filter, until it is asked again. */
const struct store_reply *stored(void);
/* An operator's word on an upstream or a destination, for a minute. */
void say(const char *name, bool destination, enum override_state state);

/* A host has an outcome of the filter. */
void observe(int i, enum outcome_class class, int64_t began_ms);
/* mx1 fails until the filter's breaker opens. */
void open_it(void);
/* The fleet's breaker, as a host knows it. */
enum breaker_state state_at(int i);

/* A host's connections to the filter. */
struct line *line_at(int i);
uint32_t granted(int i);
/* It takes all that it gets, one after the other; how many there were. */
uint32_t take_all(int i);
/* mx1 and mx2 use all that was granted, and somebody waits for more. */
void use_all(void);
void end_all(void);

#endif
