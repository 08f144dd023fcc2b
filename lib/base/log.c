#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/printable.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1000
#define VALUE_MAX 200
#define BURST 20		/* lines of one event at once ... */
#define PER_SECOND 5		/* ... and a second after */
#define EVENTS 64		/* rates; names of the same hash share one */

/* How much of one event's name was written lately, in 1/1000 of a line. */
struct rate {
	int64_t level, at_ms;
	uint64_t suppressed;
};

static struct {
	const char *program;
	enum log_target target;
	enum log_level level;
	pthread_mutex_t lock;
	struct rate rates[EVENTS];
} writer = {
	.program = "mailweir",
	.level = LOG_LEVEL_INFO,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static const int syslog_levels[] = {
	[LOG_LEVEL_ERROR] = LOG_ERR,
	[LOG_LEVEL_WARNING] = LOG_WARNING,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

static struct rate *
rate_of(const char *event)
{
	unsigned h = 5381;

	for (; *event != '\0'; event++)
		h = h * 33 + (unsigned char)*event;
	return &writer.rates[h % EVENTS];
}

/* A leaky bucket: full after BURST lines, PER_SECOND drain away. */
static bool
may_pass(struct rate *r, int64_t now_ms)
{
	r->level -= (now_ms - r->at_ms) * PER_SECOND;
	r->at_ms = now_ms;
	if (r->level < 0)
		r->level = 0;
	if (r->level + 1000 > BURST * 1000) {
		r->suppressed++;
		return false;
	}
	r->level += 1000;
	return true;
}

static bool
needs_quotes(const char *value)
{
	for (; *value != '\0'; value++)
		if (*value == ' ' || *value == '=' || *value == '"')
			return true;
	return false;
}

static void
add_text(struct buf *line, const char *text)
{
	char value[VALUE_MAX + 1];

	printable(value, sizeof(value), span_of(text));
	if (!needs_quotes(value)) {
		buf_add_text(line, value);
		return;
	}
	buf_add_text(line, "\"");
	for (const char *c = value; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			buf_add_text(line, "\\");
		buf_add(line, c, 1);
	}
	buf_add_text(line, "\"");
}

static void
add_field(struct buf *line, const struct log_field *field)
{
	buf_addf(line, " %s=", field->name);
	if (field->text != NULL)
		add_text(line, field->text);
	else
		buf_addf(line, "%" PRId64, field->number);
}

static bool
says_nothing(const struct log_field *field)
{
	return field->text != NULL && field->text[0] == '\0';
}

/* Each field whole or, where the line is full, not at all. */
static void
add_fields(struct buf *line, const struct log_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct buf one = buf_new(LINE_MAX_BYTES);

		if (says_nothing(&fields[i]))
			continue;
		add_field(&one, &fields[i]);
		buf_add_span(line, buf_span(&one));
		buf_free(&one);
	}
}

/* A reader that has stopped reading loses lines; it does not stop mail. */
static bool
put_on_stderr(enum log_level level, const struct buf *line)
{
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };
	struct buf text = buf_new(LINE_MAX_BYTES + 100);
	bool done;

	buf_addf(&text, "%s[%ld]: %s: %s\n", writer.program, (long)getpid(),
	    level_names[level], buf_text(line));
	done = poll(&fd, 1, 0) > 0 && (fd.revents & POLLOUT) != 0 &&
	    write(STDERR_FILENO, buf_text(&text), text.len) >= 0;
	buf_free(&text);
	return done;
}

/* False when the line is lost. */
static bool
put(enum log_level level, const struct buf *line)
{
	if (writer.target == LOG_TARGET_STDERR)
		return put_on_stderr(level, line);
	syslog(syslog_levels[level], "%s: %s", level_names[level],
	    buf_text(line));
	return true;
}

void
log_open(const char *program, enum log_target target, enum log_level level)
{
	pthread_mutex_lock(&writer.lock);
	writer.program = program;
	writer.target = target;
	writer.level = level;
	if (target == LOG_TARGET_SYSLOG)
		openlog(program, LOG_PID | LOG_NDELAY, LOG_MAIL);
	pthread_mutex_unlock(&writer.lock);
}

void
log_set_level(enum log_level level)
{
	pthread_mutex_lock(&writer.lock);
	writer.level = level;
	pthread_mutex_unlock(&writer.lock);
}

void
log_write(enum log_level level, const char *event,
    const struct log_field *fields, size_t n)
{
	struct buf line = buf_new(LINE_MAX_BYTES);
	struct rate *rate;

	pthread_mutex_lock(&writer.lock);
	rate = rate_of(event);
	if (level <= writer.level && may_pass(rate, clock_mono_ms())) {
		buf_addf(&line, "%s:", event);
		add_fields(&line, fields, n);
		if (rate->suppressed > 0)
			buf_addf(&line, " suppressed=%" PRIu64,
			    rate->suppressed);
		rate->suppressed = put(level, &line) ? 0 :
		    rate->suppressed + 1;
	}
	pthread_mutex_unlock(&writer.lock);
	buf_free(&line);
}
