#include "ctl/watch_keys.h"

#include "base/number.h"

#include <stdio.h>
#include <string.h>

static void
go_to(struct watch_view *v, const struct watch_row *rows, uint32_t n,
    int64_t place)
{
	if (n == 0)
		return;
	if (place < 0)
		place = 0;
	if (place >= n)
		place = n - 1;
	v->destination = rows[place].destination;
	v->index = rows[place].index;
}

/* Up and down, by rows or by lines. */
static void
move_by(struct watch_view *v, const struct watch_row *rows, uint32_t n,
    int64_t by)
{
	if (v->page == WATCH_LIST)
		go_to(v, rows, n, watch_cursor(v, rows, n) + by);
	else
		v->line = by < 0 && v->line < -by ? 0 :
		    (uint32_t)(v->line + by);
}

static void
turn_to(struct watch_view *v, enum watch_page page)
{
	v->page = page;
	v->line = 0;
}

static void
ask(struct watch_view *v, enum watch_question question)
{
	v->question = question;
	v->text[0] = '\0';
	v->wrong[0] = '\0';
}

static void
begin(struct watch_view *v, const struct watch_row *row, enum watch_verb verb)
{
	if (row->destination != (verb != WATCH_FORCE)) {
		snprintf(v->wrong, sizeof(v->wrong), "%s", row->destination ?
		    "a destination: h holds it, r releases it" :
		    "an upstream: f forces it");
		return;
	}
	v->verb = verb;
	snprintf(v->name, sizeof(v->name), "%s", row->name);
	v->state[0] = v->reason[0] = '\0';
	v->for_ms = v->rate = 0;
	switch (verb) {
	case WATCH_FORCE:
		ask(v, WATCH_ASK_STATE);
		break;
	case WATCH_HOLD:
		ask(v, WATCH_ASK_FOR);
		break;
	case WATCH_RELEASE:
		ask(v, WATCH_ASK_REASON);
		break;
	}
}

static enum watch_wish
wrong(struct watch_view *v, const char *what)
{
	snprintf(v->wrong, sizeof(v->wrong), "%s", what);
	return WATCH_STAY;
}

/* One key, of which there are three. */
static enum watch_wish
take_state(struct watch_view *v, int key)
{
	snprintf(v->state, sizeof(v->state), "%s", key == 'o' ? "open" :
	    key == 'c' ? "closed" : "auto");
	if (key == 'o' || key == 'c')
		ask(v, WATCH_ASK_FOR);
	else if (key != 'a')
		return wrong(v, "o, c or a");
	else {
		ask(v, WATCH_NO_QUESTION);
		return WATCH_ACT;
	}
	return WATCH_STAY;
}

static enum watch_wish
answer(struct watch_view *v)
{
	switch (v->question) {
	case WATCH_NO_QUESTION:
	case WATCH_ASK_STATE:
		return WATCH_STAY;
	case WATCH_ASK_FILTER:
		ask(v, WATCH_NO_QUESTION);
		return WATCH_STAY;
	case WATCH_ASK_FOR:
		if (!duration_parse(span_of(v->text), &v->for_ms) ||
		    v->for_ms <= 0)
			return wrong(v, "such as 90s, 10m or 2h");
		ask(v, WATCH_ASK_REASON);
		return WATCH_STAY;
	case WATCH_ASK_REASON:
		if (v->text[0] == '\0' && v->verb != WATCH_RELEASE)
			return wrong(v, "colleagues will ask");
		snprintf(v->reason, sizeof(v->reason), "%s", v->text);
		ask(v, v->verb == WATCH_RELEASE ? WATCH_ASK_RATE :
		    WATCH_NO_QUESTION);
		return v->verb == WATCH_RELEASE ? WATCH_STAY : WATCH_ACT;
	case WATCH_ASK_RATE:
		if (v->text[0] != '\0' && !number_parse(span_of(v->text), 1,
		    10000, &v->rate))
			return wrong(v, "1 to 10000, or nothing");
		ask(v, WATCH_NO_QUESTION);
		return WATCH_ACT;
	}
	return WATCH_STAY;
}

/* Put a character behind the answer, or take the last one away (0). */
static void
edit(struct watch_view *v, int key)
{
	const size_t room = v->question == WATCH_ASK_FILTER ?
	    sizeof(v->filter) : sizeof(v->text);
	const size_t len = strlen(v->text);

	v->wrong[0] = '\0';
	if (key == 0 && len > 0)
		v->text[len - 1] = '\0';
	else if (key != 0 && len + 1 < room) {
		v->text[len] = (char)key;
		v->text[len + 1] = '\0';
	}
	if (v->question == WATCH_ASK_FILTER)
		snprintf(v->filter, sizeof(v->filter), "%.*s",
		    (int)sizeof(v->filter) - 1, v->text);
}

static enum watch_wish
press_in_question(struct watch_view *v, int key)
{
	if (key == WATCH_KEY_ESCAPE) {
		if (v->question == WATCH_ASK_FILTER)
			v->filter[0] = '\0';
		ask(v, WATCH_NO_QUESTION);
	} else if (v->question == WATCH_ASK_STATE)
		return take_state(v, key);
	else if (key == WATCH_KEY_ENTER)
		return answer(v);
	else if (key == WATCH_KEY_ERASE)
		edit(v, 0);
	else if (key >= 0x20 && key <= 0x7e)
		edit(v, key);
	return WATCH_STAY;
}

static enum watch_wish
press_letter(struct watch_view *v, const struct watch_row *row, int key)
{
	switch (key) {
	case 'q':
		if (v->page == WATCH_LIST)
			return WATCH_QUIT;
		turn_to(v, WATCH_LIST);
		break;
	case 'w':
		turn_to(v, WATCH_WRONG);
		break;
	case 'e':
		turn_to(v, WATCH_EVENTS);
		break;
	case 's':
		v->sort = (enum watch_sort)((v->sort + 1) % WATCH_SORTS);
		break;
	case '/':
		ask(v, WATCH_ASK_FILTER);
		v->filter[0] = '\0';
		turn_to(v, WATCH_LIST);
		break;
	case 'f':
	case 'h':
	case 'r':
		if (row != NULL)
			begin(v, row, key == 'f' ? WATCH_FORCE : key == 'h' ?
			    WATCH_HOLD : WATCH_RELEASE);
		break;
	}
	return WATCH_STAY;
}

/* Whom an act would be about; what is looked into may have left the rows. */
static const struct watch_row *
subject(const struct watch_view *v, const struct watch_row *rows, uint32_t n)
{
	const struct watch_row *row = &rows[watch_cursor(v, rows, n)];

	if (n == 0 || (v->page == WATCH_ONE && (row->index != v->index ||
	    row->destination != v->destination)))
		return NULL;
	return row;
}

uint32_t
watch_cursor(const struct watch_view *v, const struct watch_row *rows,
    uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (rows[i].destination == v->destination &&
		    rows[i].index == v->index)
			return i;
	return 0;
}

enum watch_wish
watch_press(struct watch_view *v, const struct watch_row *rows, uint32_t n,
    uint32_t page, int key)
{
	if (v->question != WATCH_NO_QUESTION)
		return press_in_question(v, key);
	v->wrong[0] = '\0';
	if (key == WATCH_KEY_UP || key == 'k')
		move_by(v, rows, n, -1);
	else if (key == WATCH_KEY_DOWN || key == 'j')
		move_by(v, rows, n, 1);
	else if (key == WATCH_KEY_PAGE_UP)
		move_by(v, rows, n, -(int64_t)page);
	else if (key == WATCH_KEY_PAGE_DOWN)
		move_by(v, rows, n, page);
	else if (key == WATCH_KEY_HOME)
		move_by(v, rows, n, INT32_MIN);
	else if (key == WATCH_KEY_END)
		move_by(v, rows, n, INT32_MAX);
	else if (key == WATCH_KEY_ENTER)
		turn_to(v, v->page == WATCH_LIST && n > 0 ? WATCH_ONE :
		    WATCH_LIST);
	else if (key == WATCH_KEY_ESCAPE && v->page == WATCH_LIST)
		v->filter[0] = '\0';
	else if (key == WATCH_KEY_ESCAPE)
		turn_to(v, WATCH_LIST);
	else
		return press_letter(v, subject(v, rows, n), key);
	return WATCH_STAY;
}

const char *
watch_question_text(const struct watch_view *v)
{
	switch (v->question) {
	case WATCH_NO_QUESTION:
		break;
	case WATCH_ASK_FILTER:
		return "show only";
	case WATCH_ASK_STATE:
		return "open, closed or auto (o, c, a)";
	case WATCH_ASK_FOR:
		return "for how long (90s, 10m, 2h)";
	case WATCH_ASK_REASON:
		return "reason";
	case WATCH_ASK_RATE:
		return "messages a second and host (empty: as configured)";
	}
	return "";
}

struct options
watch_options(struct watch_view *v, char *words[3])
{
	words[0] = v->name;
	words[1] = v->verb == WATCH_FORCE ? v->state : NULL;
	words[2] = NULL;
	return (struct options){
		.words = words, .for_ms = v->for_ms, .rate = v->rate,
		.reason = v->reason[0] != '\0' ? v->reason : NULL,
	};
}
