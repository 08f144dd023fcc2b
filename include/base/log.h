/*
 * log - one line, one fact: an event's name and typed fields.
 *
 *	log_info("breaker", LOG_TEXT("upstream", name), LOG_INT("trips", 3));
 *	-> mailweir-policyd[712]: info: breaker: upstream=filter trips=3
 *
 * The single writer escapes and caps every value (quotes where it holds a
 * blank, '=' or '"'), and holds each event name to a rate (20 lines at once,
 * 5 per second after; "suppressed=N" is added to the next one that passes),
 * so that no stranger can flood the log. Any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/span.h"

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG };

struct log_field {
	const char *name;
	const char *text;	/* NULL: number is meant */
	int64_t number;
};

static inline struct log_field
log_text(const char *name, const char *text)
{
	return (struct log_field){
		.name = name, .text = text != NULL ? text : "",
	};
}

#define LOG_TEXT(n, t) log_text((n), (t))
#define LOG_INT(n, v) ((struct log_field){ .name = (n), .number = (v) })

/* Before the first line; program is borrowed for ever. */
void log_open(const char *program, enum log_target target, enum log_level level);
/* The level alone, on reload. */
void log_set_level(enum log_level level);
/* One line; texts that are empty are left out, values are cut at 200 bytes,
 * the line at 1000. */
void log_write(enum log_level level, const char *event,
    const struct log_field *fields, size_t n);

#define LOG_AT(level, event, ...) log_write((level), (event), \
    (const struct log_field[]){ __VA_ARGS__ }, \
    sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field))
#define log_error(event, ...) LOG_AT(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warning(event, ...) LOG_AT(LOG_LEVEL_WARNING, event, __VA_ARGS__)
#define log_info(event, ...) LOG_AT(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) LOG_AT(LOG_LEVEL_DEBUG, event, __VA_ARGS__)

#endif
