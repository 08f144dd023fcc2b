/*
 * way - something in Postfix that says where mail goes, and whether that is
 * past the gate: to one of our upstreams, but by no lane.
 */
#ifndef CTL_WAY_H
#define CTL_WAY_H

#include "ctl/fault.h"

/* "TRANSPORT:NEXTHOP, ...", or next hops only. */
struct way {
	const char *what;	/* to begin a sentence with */
	struct span where;	/* a domain, or the parameter */
	struct span value;
	bool nexthop_only;
	enum place place;
	struct span file;	/* PLACE_HAND: the table */
};

/* Find what is wrong with it. */
void way_check(const struct wired *w, const struct way *way);
/* right: what it should be. */
void way_found(const struct wired *w, enum fault fault, const struct way *way,
    struct span right, const char *why);
/* Cut the transport off "TRANSPORT:NEXTHOPS"; *rest is at NULL where there is
 * no colon. One in brackets is none. */
struct span way_transport(struct span *rest);
/* Does a word of transport_maps mean our table, whatever its type? */
bool way_is_our_table(struct span word);
/* transport_maps with our table as the first one; yours. */
struct buf way_right_maps(const struct wired *w);

/* The tables of the site's that a parameter names (check_tables.c). */
void way_check_tables(const struct wired *w, const char *parameter,
    bool nexthop_only);

#endif
