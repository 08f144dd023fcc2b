/*
 * watch_draw - the screen of watch, painted anew from what is known; by
 * ncurses, on whatever size the terminal has now.
 *
 * The only writer to the screen: what it is given is made printable here.
 */
#ifndef CTL_WATCH_DRAW_H
#define CTL_WATCH_DRAW_H

#include "ctl/lookout.h"
#include "ctl/watch_keys.h"

struct watch_scene {
	const struct config *config;
	const struct lookout_news *news;
	const struct watch_view *view;
	uint32_t n;
	const struct watch_row *rows;
	const char *lines;	/* of another page than the list */
	const char *message;	/* what came of the last act; "": nothing */
	int64_t wall_ms;
};

/* Take the terminal, with colours or not; false where its kind is unknown. */
bool watch_draw_begin(bool coloured);
/* Give it back as it was. */
void watch_draw_end(void);
/* Another program may have written to it. */
void watch_draw_afresh(void);
void watch_draw(const struct watch_scene *scene);
/* How many rows of a list fit now, 1.. */
uint32_t watch_draw_page(void);
/* The next key that was pressed, as watch_press() wants it; -1: none. */
int watch_draw_key(void);

#endif
