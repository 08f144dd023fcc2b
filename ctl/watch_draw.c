#include "ctl/watch_draw.h"

#include "base/clock.h"
#include "base/printable.h"
#include "ctl/event_text.h"
#include "ctl/print.h"
#include "ctl/watch_detail.h"
#include "observe/health.h"
#include "observe/words.h"

#define NCURSES_NOMACROS
#include <curses.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 400
#define NAME_MIN 11
#define TABLE_WIDTH 59		/* of a row, its name apart */
#define FOLD_INDENT 6
#define EVENTS_FROM 14		/* rows of a terminal that has room for events */
#define ESCAPE_MS 25		/* a lone escape is a key after that */

enum paint { PAINT_PLAIN = 0, PAINT_BAD, PAINT_PART, PAINT_GOOD };

static SCREEN *screen;
static bool has_colours;

static attr_t
attributes(enum paint paint)
{
	static const attr_t plain[] = { A_NORMAL, A_BOLD, A_BOLD, A_NORMAL };

	return has_colours ? (attr_t)COLOR_PAIR((int)paint) | plain[paint] :
	    plain[paint];
}

static enum paint
paint_of(bool fine, enum health_grade grade)
{
	if (fine)
		return PAINT_GOOD;
	return grade == HEALTH_WRONG ? PAINT_BAD : grade == HEALTH_PARTLY ?
	    PAINT_PART : PAINT_PLAIN;
}

static void put(int y, int x, attr_t how, const char *fmt, ...)
    MW_PRINTF(4, 5);

/* The one way to the screen. */
static void
put(int y, int x, attr_t how, const char *fmt, ...)
{
	char raw[LINE_BYTES], text[LINE_BYTES];
	va_list ap;

	if (y < 0 || y >= LINES || x >= COLS)
		return;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	printable(text, sizeof(text), span_of(raw));
	attrset((int)how);
	mvaddnstr(y, x, text, COLS - x);
	attrset(A_NORMAL);
}

static void
fill(int y, attr_t how)
{
	for (int x = 0; x < COLS; x++)
		put(y, x, how, " ");
}

static void
draw_head(const struct watch_scene *scene)
{
	const struct config *c = scene->config;
	char now[32], line[80];
	struct health health;

	clock_format(scene->wall_ms, now);
	fill(0, A_REVERSE);
	if (scene->news->reading == NULL) {
		put(0, 0, A_REVERSE, "%s %.8s", c->host, now + 11);
		return;
	}
	health = health_of(&scene->news->reading->status);
	put(0, 0, A_REVERSE | attributes(paint_of(health.n == 0,
	    health.n > 0 ? health.list[0].grade : HEALTH_NOTE)),
	    " %s ", health_headline(&health, line));
	put(0, (int)strlen(line) + 3, A_REVERSE,
	    "%.8s  %s %s, %u hosts, by %s%s%s", now + 11, c->host,
	    c->plan.mode == PLAN_ENFORCE ? "enforce" : "observe",
	    scene->news->reading->status.n_hosts,
	    watch_sort_name(scene->view->sort),
	    scene->view->filter[0] != '\0' ? ", only " : "",
	    scene->view->filter);
	health_free(&health);
}

/* What is lost, or else the worst of what is wrong. */
static void
draw_worst(const struct watch_scene *scene)
{
	const struct lookout_news *news = scene->news;
	struct health health;
	char when[32], wait[24];

	if (news->lost_ms != 0) {
		put(1, 0, attributes(PAINT_BAD), "no Redis since %.8s (%s)%s%s", clock_format(news->lost_ms, when) + 11,
		    words_wait(scene->wall_ms - news->lost_ms, wait),
		    news->reading != NULL ? ", the last view; it is " : "; it is ",
		    news->trouble);
		return;
	}
	if (news->reading == NULL)
		return;
	health = health_of(&news->reading->status);
	if (health.n > 0 && LINES >= EVENTS_FROM) {
		const struct finding *f = &health.list[0];

		put(1, 0, attributes(paint_of(false, f->grade)),
		    "%s%s%s%s%s%s%s", f->name, f->name[0] != '\0' ? " " : "",
		    f->what, f->why[0] != '\0' ? "; why: " : "", f->why,
		    f->next[0] != '\0' ? "; next: " : "", f->next);
	}
	health_free(&health);
}

/* The rows between head and foot. */
static int
list_top(const struct watch_scene *scene)
{
	return scene->news->lost_ms != 0 || LINES >= EVENTS_FROM ? 2 : 1;
}

static int
event_lines(void)
{
	return LINES < EVENTS_FROM ? 0 : LINES / 4;
}

static int
list_bottom(void)
{
	return LINES - 1 - event_lines();	/* the first row below it */
}

static int
name_width(const struct watch_scene *scene)
{
	int longest = NAME_MIN;

	for (uint32_t i = 0; i < scene->n; i++) {
		const int len = (int)strlen(scene->rows[i].name);

		if (len > longest)
			longest = len;
	}
	if (longest + TABLE_WIDTH <= COLS)
		return longest;
	return COLS - TABLE_WIDTH > NAME_MIN ? COLS - TABLE_WIDTH : NAME_MIN;
}

static void
draw_heading(const struct watch_scene *scene, int y, bool destination)
{
	const int width = name_width(scene);
	const bool observes = scene->config->plan.mode == PLAN_OBSERVE;

	if (!destination)
		put(y, 0, A_BOLD, "%-*s %-9s %7s %9s %6s %7s %7s %7s", width,
		    "UPSTREAM", "STATE", "SHARE", "IN USE", "WAIT", "GOOD/s",
		    "BAD/s", "NEXT");
	else if (observes)
		put(y, 0, A_BOLD, "%-*s %-9s %7s %9s %7s %7s", width,
		    "DESTINATION", "STATE", "QUEUED", "IN USE", "SENT/s",
		    "WOULD/s");
	else
		put(y, 0, A_BOLD, "%-*s %-9s %7s %9s %6s %6s %6s %6s", width,
		    "DESTINATION", "STATE", "QUEUED", "IN USE", "SENT/s",
		    "CAP/s", "HOLD/s", "LATE/s");
}

static void
format_row(const struct watch_scene *scene, const struct watch_row *row,
    struct buf *to)
{
	char a[24], b[16], c[16], d[16], use[24];

	if (row->cap > 0)
		snprintf(use, sizeof(use), "%u/%u", row->in_use, row->cap);
	else
		snprintf(use, sizeof(use), "%u", row->in_use);
	if (!row->destination)
		buf_addf(to, "%7s %9s %6u %7s %7s %7s",
		    words_share(row->u.up.allowance, d), use,
		    row->u.up.waiting, watch_rate_text(row->u.up.good, b),
		    watch_rate_text(row->u.up.bad, c),
		    words_wait(row->u.up.next_ms, a));
	else if (scene->config->plan.mode == PLAN_OBSERVE)
		buf_addf(to, "%7u %9s %7s %7s", row->u.dest.queued, use,
		    watch_rate_text(row->u.dest.delivered, b),
		    watch_rate_text(row->u.dest.would, c));
	else
		buf_addf(to, "%7u %9s %6s %6s %6s %6s", row->u.dest.queued,
		    use, watch_rate_text(row->u.dest.delivered, a),
		    watch_rate_text(row->u.dest.at_cap, b),
		    watch_rate_text(row->u.dest.on_hold, c),
		    watch_rate_text(row->u.dest.late, d));
}

static void
draw_row(const struct watch_scene *scene, int y, const struct watch_row *row,
    bool chosen)
{
	const attr_t how = chosen ? A_REVERSE : A_NORMAL;
	const int width = name_width(scene);
	struct buf cells = buf_new(LINE_BYTES);
	char name[PLAN_NAME_MAX + 1];

	if (chosen)
		fill(y, A_REVERSE);
	printable(name, (size_t)width + 1 < sizeof(name) ? (size_t)width + 1 :
	    sizeof(name), span_of(row->name));
	format_row(scene, row, &cells);
	put(y, 0, how, "%-*s", width, name);
	put(y, width + 1, how | attributes(paint_of(row->fine, row->grade)),
	    "%-9s", row->state);
	put(y, width + 11, how, "%s", buf_text(&cells));
	buf_free(&cells);
}

/* The lines of the list: a heading, upstreams, a heading, destinations. */
static void
draw_list(const struct watch_scene *scene)
{
	const int top = list_top(scene), room = list_bottom() - top;
	const uint32_t cursor = watch_cursor(scene->view, scene->rows,
	    scene->n);
	int line = 0, at = 0, skip;
	bool began = false, destination = false;

	/* On which line is the cursor? */
	for (uint32_t i = 0; i < scene->n; i++) {
		if (!began || scene->rows[i].destination != destination)
			line++;
		began = true;
		destination = scene->rows[i].destination;
		if (i == cursor)
			at = line;
		line++;
	}
	skip = at >= room ? at - room + 1 : 0;
	line = -skip;
	began = false;
	for (uint32_t i = 0; i < scene->n; i++) {
		const struct watch_row *row = &scene->rows[i];

		if (!began || row->destination != destination) {
			if (line >= 0 && line < room)
				draw_heading(scene, top + line,
				    row->destination);
			line++;
		}
		began = true;
		destination = row->destination;
		if (line >= 0 && line < room)
			draw_row(scene, top + line, row, i == cursor);
		line++;
	}
	if (scene->n == 0)
		put(top, 0, A_NORMAL, scene->news->reading == NULL ?
		    "asking Redis ..." : "nothing of that name or state");
}

/* A line on as many rows as it needs; returns the row below it. */
static int
draw_folded(int y, int bottom, struct span line)
{
	const int width = COLS > 2 * FOLD_INDENT ? COLS : 2 * FOLD_INDENT;
	int x = 0;

	do {
		const size_t room = (size_t)(width - x);
		const size_t len = line.len < room ? line.len : room;

		put(y++, x, A_NORMAL, "%.*s", (int)len, line.at);
		line.at += len;
		line.len -= len;
		x = FOLD_INDENT;
	} while (line.len > 0 && y < bottom);
	return y;
}

static void
draw_lines(const struct watch_scene *scene)
{
	struct span rest = span_of(scene->lines);
	const int bottom = list_bottom();
	int y = list_top(scene);
	uint32_t skip = scene->view->line;

	while (rest.at != NULL && y < bottom) {
		const struct span line = span_cut(&rest, '\n');

		if (skip > 0)
			skip--;
		else
			y = draw_folded(y, bottom, line);
	}
}

static void
draw_events(const struct watch_scene *scene)
{
	const struct reading *r = scene->news->reading;
	const int n = event_lines();
	int y = LINES - 1 - n;

	if (n == 0 || r == NULL)
		return;
	put(y++, 0, A_BOLD, "LAST EVENTS");
	for (uint32_t i = r->n_events; i > 0 && y < LINES - 1; i--) {
		struct buf line = buf_new(LINE_BYTES - 1);

		event_text(&r->events[i - 1], &line);
		/* "2026-11-21T12:00:00.000Z event ...": the time of the day */
		if (line.len > 24)
			put(y++, 0, A_NORMAL, "%.8s%s", buf_text(&line) + 11,
			    buf_text(&line) + 24);
		buf_free(&line);
	}
}

/* The question, and as much of the answer as there is: where it does not fit
 * the end counts. */
static void
draw_question(const struct watch_view *v)
{
	static const char *const verbs[] = {
		[WATCH_FORCE] = "force ", [WATCH_HOLD] = "hold ",
		[WATCH_RELEASE] = "release ",
	};
	const bool act = v->question != WATCH_ASK_FILTER;
	struct buf line = buf_new(LINE_BYTES - 1);
	size_t room = COLS > 1 ? (size_t)COLS - 1 : 1;

	buf_addf(&line, "%s%s%s%s: %s_%s%s", act ? verbs[v->verb] : "",
	    act ? v->name : "", act ? ": " : "", watch_question_text(v),
	    v->text, v->wrong[0] != '\0' ? "  " : "", v->wrong);
	put(LINES - 1, 0, attributes(PAINT_PART), "%s", buf_text(&line) +
	    (line.len > room ? line.len - room : 0));
	buf_free(&line);
}

static void
draw_foot(const struct watch_scene *scene)
{
	const struct watch_view *v = scene->view;
	const int y = LINES - 1;

	if (v->question != WATCH_NO_QUESTION)
		draw_question(v);
	else if (v->wrong[0] != '\0')
		put(y, 0, attributes(PAINT_PART), "%s", v->wrong);
	else if (scene->message[0] != '\0')
		put(y, 0, A_BOLD, "%s", scene->message);
	else
		put(y, 0, A_NORMAL, "%s  f force  h hold  r release",
		    v->page != WATCH_LIST ? "q back" : "q quit  enter look  "
		    "w why  e events  s sort  / find");
}

bool
watch_draw_begin(bool coloured)
{
	screen = newterm(NULL, stdout, stdin);
	if (screen == NULL)
		return false;
	has_colours = coloured && has_colors() && start_color() == OK;
	if (has_colours) {
		use_default_colors();
		init_pair(PAINT_BAD, COLOR_RED, -1);
		init_pair(PAINT_PART, COLOR_YELLOW, -1);
		init_pair(PAINT_GOOD, COLOR_GREEN, -1);
	}
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	return true;
}

void
watch_draw_end(void)
{
	endwin();
	delscreen(screen);
}

void
watch_draw_afresh(void)
{
	clearok(curscr, TRUE);
}

void
watch_draw(const struct watch_scene *scene)
{
	erase();
	draw_head(scene);
	draw_worst(scene);
	if (scene->view->page != WATCH_LIST && scene->news->reading != NULL)
		draw_lines(scene);
	else
		draw_list(scene);
	draw_events(scene);
	draw_foot(scene);
	refresh();
}

uint32_t
watch_draw_page(void)
{
	const int rows = list_bottom() - 3;

	return rows > 1 ? (uint32_t)rows : 1;
}

int
watch_draw_key(void)
{
	const int key = getch();

	switch (key) {
	case ERR:
		return -1;
	case KEY_UP:
		return WATCH_KEY_UP;
	case KEY_DOWN:
		return WATCH_KEY_DOWN;
	case KEY_PPAGE:
		return WATCH_KEY_PAGE_UP;
	case KEY_NPAGE:
		return WATCH_KEY_PAGE_DOWN;
	case KEY_HOME:
		return WATCH_KEY_HOME;
	case KEY_END:
		return WATCH_KEY_END;
	case KEY_ENTER:
	case '\r':
	case '\n':
		return WATCH_KEY_ENTER;
	case 27:
		return WATCH_KEY_ESCAPE;
	case KEY_BACKSPACE:
	case 0x7f:
	case 0x08:
		return WATCH_KEY_ERASE;
	case 0x0c:
		watch_draw_afresh();
		return WATCH_KEY_OTHER;
	default:
		return key < 256 ? key : WATCH_KEY_OTHER;
	}
}
