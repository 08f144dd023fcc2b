/*
 * health - what is not as it should be now, the worst first: what it is,
 * since when, why, and what comes next. One list for people and for scripts.
 *
 * It judges nothing itself: states, holds and locks are those that the daemons
 * go by.
 */
#ifndef OBSERVE_HEALTH_H
#define OBSERVE_HEALTH_H

#include "observe/status.h"

#include <stdint.h>

enum health_grade {
	HEALTH_WRONG = 0,	/* mail waits, or will be returned */
	HEALTH_PARTLY,		/* a part of it, or soon */
	HEALTH_NOTE,		/* good to know */
};
#define HEALTH_GRADES 3
/* "wrong", "partly", "note". */
const char *health_grade_name(enum health_grade grade);

enum health_about { HEALTH_UPSTREAM, HEALTH_DESTINATION, HEALTH_HOST,
	HEALTH_FLEET };
/* "upstream", "destination", "host", "fleet". */
const char *health_about_name(enum health_about about);

struct finding {
	enum health_grade grade;
	enum health_about about;
	const char *name;	/* of what it is about, borrowed; "" for the fleet */
	int64_t since_ms;	/* fleet time; 0: not known */
	char what[160];		/* behind the name: "is open: takes no mail" */
	char why[240];		/* "" where nobody can say */
	char next[120];		/* "is tried again in 57s"; "" for nothing planned */
	const char *incident;	/* borrowed; "" for none */
};

struct health {
	uint32_t n;
	struct finding *list;
	uint32_t count[HEALTH_GRADES];
};

/* What s shows; the list is yours, and borrows from s. */
struct health health_of(const struct status *s);
void health_free(struct health *health);
/* "1 wrong, 2 partly, 1 note", or "all is well", into dst[80]; returns dst. */
const char *health_headline(const struct health *health, char dst[80]);

#endif
