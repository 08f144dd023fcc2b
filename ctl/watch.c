/*
 * watch - status on the whole terminal, live, with keys to look and to act.
 *
 * One loop waits for keys, signals and readings. Nothing in it waits for
 * Redis, but for what the operator himself has just told it to do.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "ctl/event_text.h"
#include "ctl/operator.h"
#include "ctl/print.h"
#include "ctl/watch_detail.h"
#include "ctl/watch_draw.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EVENTS_SHOWN 50
#define TICK_MS 1000		/* ages go on where nothing else does */
#define MESSAGE_MS 15000	/* what came of an act is shown for so long */

struct watch {
	const struct config *config;
	struct lookout *lookout;
	struct lookout_news news;
	struct watch_past *past;
	struct watch_view view;
	struct watch_row *rows;
	uint32_t n;
	struct buf lines;	/* of a page that is not the list */
	char message[200];
	int64_t message_ms;	/* when it was, by clock_mono_ms() */
};

static volatile sig_atomic_t is_over;

static void
on_end(int number)
{
	(void)number;
	is_over = 1;
}

/* Signals come while poll waits, and at no other time. during: the mask for
 * that. */
static void
catch_signals(sigset_t *during)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	const struct sigaction end = { .sa_handler = on_end };
	sigset_t all;

	sigemptyset(&all);
	sigaddset(&all, SIGWINCH);
	for (size_t i = 0; i < MW_N_OF(ends); i++) {
		sigaddset(&all, ends[i]);
		sigaction(ends[i], &end, NULL);
	}
	sigprocmask(SIG_BLOCK, &all, during);
}

/* The lines of a page that is not the list. */
static void
write_page(struct watch *w, const struct reading *r)
{
	uint32_t n = 0;

	buf_clear(&w->lines);
	switch (w->view.page) {
	case WATCH_LIST:
		return;
	case WATCH_ONE:
		watch_detail(w->past, &r->status, w->view.destination,
		    w->view.index, &w->lines);
		break;
	case WATCH_WRONG:
		watch_findings(&r->status, &w->lines);
		break;
	case WATCH_EVENTS:
		for (uint32_t i = r->n_events; i > 0; i--) {
			event_text(&r->events[i - 1], &w->lines);
			buf_add_text(&w->lines, "\n");
		}
		break;
	}
	for (size_t i = 0; i < w->lines.len; i++)
		n += w->lines.at[i] == '\n';
	if (w->view.line >= n)
		w->view.line = n > 0 ? n - 1 : 0;
}

static void
look(struct watch *w)
{
	const struct reading *r;

	lookout_news(w->lookout, &w->news);
	r = w->news.reading;
	if (r == NULL)
		return;
	if (w->news.fresh)
		watch_past_keep(w->past, &r->status);
	w->n = watch_rows(w->past, &r->status, w->view.sort, w->view.filter,
	    w->rows);
	write_page(w, r);
}

static void
draw(const struct watch *w)
{
	watch_draw(&(struct watch_scene){
		.config = w->config, .news = &w->news, .view = &w->view,
		.n = w->n, .rows = w->rows,
		.lines = buf_text(&w->lines), .message = w->message,
		.wall_ms = clock_wall_ms(),
	    });
}

static void
tell(struct watch *w, const char *text)
{
	snprintf(w->message, sizeof(w->message), "%s", text);
	for (char *at = w->message; (at = strchr(at, '\n')) != NULL;)
		*at = at[1] != '\0' ? ';' : '\0';
	w->message_ms = clock_mono_ms();
}

/* As the verb of the command line, by the same code. */
static void
act(struct watch *w)
{
	static operator_fn *const verbs[] = {
		[WATCH_FORCE] = operator_force,
		[WATCH_HOLD] = operator_hold,
		[WATCH_RELEASE] = operator_release,
	};
	struct operator op = { .config = w->config, .said = buf_new(1024) };
	char *words[3];
	const struct options o = watch_options(&w->view, words);
	enum answer answer;

	tell(w, "asking Redis ...");
	draw(w);
	op.inquiry = inquiry_new(w->config);
	answer = verbs[w->view.verb](&op, &o);
	if (answer == ANSWER_AWAY)
		buf_addf(&op.said, "not done, Redis is %s",
		    inquiry_trouble(op.inquiry));
	tell(w, op.err.text[0] != '\0' ? op.err.text : buf_text(&op.said));
	inquiry_free(&op.inquiry);
	buf_free(&op.said);
	lookout_hurry(w->lookout);
	watch_draw_afresh();
}

/* All keys that were pressed; false: the last one was to quit. */
static bool
take_keys(struct watch *w)
{
	int key;

	while ((key = watch_draw_key()) >= 0) {
		w->message[0] = '\0';
		switch (watch_press(&w->view, w->rows, w->n,
		    watch_draw_page(), key)) {
		case WATCH_STAY:
			break;
		case WATCH_QUIT:
			return false;
		case WATCH_ACT:
			act(w);
			break;
		}
	}
	return true;
}

static void
run(struct watch *w, const sigset_t *during)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = lookout_fd(w->lookout), .events = POLLIN },
	};
	const struct timespec tick = { .tv_sec = TICK_MS / 1000 };

	do {
		look(w);
		if (clock_mono_ms() - w->message_ms > MESSAGE_MS)
			w->message[0] = '\0';
		draw(w);
		if (ppoll(fds, MW_N_OF(fds), &tick, during) < 0 &&
		    errno != EINTR)
			break;
	} while (!is_over && (fds[0].revents & (POLLHUP | POLLERR)) == 0 &&
	    take_keys(w));
}

static enum answer
watch(const struct config *config)
{
	enum answer answer = ANSWER_DONE;
	struct watch w = {
		.config = config,
		.past = watch_past_new(&config->plan),
		.rows = mem_new(watch_rows_max(&config->plan),
		    sizeof(*w.rows)),
		.lines = buf_new(1 << 18),
	};
	sigset_t during;

	catch_signals(&during);
	w.lookout = lookout_new(config, EVENTS_SHOWN);
	if (watch_draw_begin(print_is_coloured())) {
		run(&w, &during);
		watch_draw_end();
	} else {
		fputs("mailweir: watch: this kind of terminal is unknown: "
		    "look at TERM\n", stderr);
		answer = ANSWER_NO;
	}
	lookout_free(&w.lookout);
	watch_past_free(&w.past);
	mem_free(w.rows);
	buf_free(&w.lines);
	return answer;
}

enum answer
verb_watch(const struct options *o)
{
	struct config *config;
	enum answer answer;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		fputs("mailweir: watch: this is no terminal; \"mailweir "
		    "status\" needs none\n", stderr);
		return ANSWER_NO;
	}
	config = inquiry_config(o);
	if (config == NULL)
		return ANSWER_NO;
	answer = watch(config);
	config_free(&config);
	return answer;
}
