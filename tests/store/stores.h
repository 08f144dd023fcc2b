/*
 * stores - Redis as both kinds of callers have it, threads (0) and a loop (1),
 * so that each trouble is looked at from both sides.
 */
#ifndef TESTS_STORE_STORES_H
#define TESTS_STORE_STORES_H

#include "base/mem.h"
#include "nap.h"
#include "store/async.h"
#include "store/pool.h"

#define STORES 2
#define TIMEOUT_MS 400		/* of a request; the machine may be busy */
#define PATIENCE_MS 20000	/* of the tests, for what must happen */

/* What the administrator was told, in order; the last words. */
extern enum store_trouble told[32];
extern uint32_t n_told;
extern char told_text[200];
extern char changed[256];	/* the last name that was published */

struct answer {
	bool done;
	int rc;
	int64_t took_ms;
	struct store_reply reply;
	struct err err;
	int64_t began_ms;
};

extern struct store_options options;

/* The one that is open. */
extern const struct backend {
	const char *name;
	void (*open)(void);
	void (*call)(const struct store_request *, struct answer *);
	bool (*up)(void);
} *store;

extern const struct store_request count_one, read_upstream;

/* As options say. */
void open_store(int which);
void close_store(void);

/* Of the loop: one turn of it, a request, its answer. */
void turn(void);
void ask(const struct store_request *request, struct answer *a);
void wait_for(const struct answer *a);

void check_told_last(enum store_trouble want);
void check_works(const struct store_request *request);
void check_fails(const struct store_request *request, enum err_kind kind);
/* Go on asking until it works again. */
void check_recovers(const struct store_request *request);
/* ... until the administrator was told that all is well. */
void check_tells_fine(const struct store_request *request);

#endif
