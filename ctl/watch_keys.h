/*
 * watch_keys - what each key does: to what is shown, or to the question that
 * is being answered. Pure: it knows no terminal, and acts on nothing itself.
 */
#ifndef CTL_WATCH_KEYS_H
#define CTL_WATCH_KEYS_H

#include "ctl/verb.h"
#include "ctl/watch_model.h"

/* Keys that are no characters. */
enum watch_key { WATCH_KEY_UP = 256, WATCH_KEY_DOWN, WATCH_KEY_PAGE_UP,
	WATCH_KEY_PAGE_DOWN, WATCH_KEY_HOME, WATCH_KEY_END, WATCH_KEY_ENTER,
	WATCH_KEY_ESCAPE, WATCH_KEY_ERASE, WATCH_KEY_OTHER };

/* What is asked for on the last line. */
enum watch_question { WATCH_NO_QUESTION = 0, WATCH_ASK_FILTER,
	WATCH_ASK_STATE, WATCH_ASK_FOR, WATCH_ASK_REASON, WATCH_ASK_RATE };

/* What is looked at: all, the row the cursor is on, what is wrong, events. */
enum watch_page { WATCH_LIST = 0, WATCH_ONE, WATCH_WRONG, WATCH_EVENTS };

enum watch_verb { WATCH_FORCE, WATCH_HOLD, WATCH_RELEASE };

#define WATCH_TEXT_MAX 60

/* All zeros is a new one. */
struct watch_view {
	enum watch_sort sort;
	char filter[WATCH_FILTER_MAX + 1];
	/* The row the cursor is on, whatever place it has. */
	bool destination;
	uint32_t index;
	enum watch_page page;
	uint32_t line;			/* of the page, but for the list: the first one */
	enum watch_question question;
	char text[WATCH_TEXT_MAX + 1];	/* the answer so far */
	char wrong[80];			/* what is wrong with the last one */
	/* What has been answered, of an act: */
	enum watch_verb verb;
	char name[PLAN_NAME_MAX + 1], state[8];
	char reason[WATCH_TEXT_MAX + 1];
	int64_t for_ms, rate;
};

enum watch_wish { WATCH_STAY, WATCH_QUIT, WATCH_ACT };

/* A key was pressed. rows: as shown; page: how many of them are. WATCH_ACT:
 * do what the view says, by watch_options(). */
enum watch_wish watch_press(struct watch_view *v, const struct watch_row *rows,
    uint32_t n, uint32_t page, int key);
/* The place of the cursor's row, 0 where it is not among them. */
uint32_t watch_cursor(const struct watch_view *v,
    const struct watch_row *rows, uint32_t n);
/* What is asked: "for how long (90s, 10m, 2h)", or "". */
const char *watch_question_text(const struct watch_view *v);
/* The act as options of the verb's command line; words is theirs to point to. */
struct options watch_options(struct watch_view *v, char *words[3]);

#endif
