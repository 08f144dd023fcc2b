/*
 * html - pieces of a page: text from anywhere made harmless, times, bars.
 */
#ifndef LIB_OBSERVE_HTML_H
#define LIB_OBSERVE_HTML_H

#include "base/buf.h"

#include <stdint.h>

/* Text, not markup, in an element or between double quotes. */
void html_text(struct buf *to, const char *text);
/* <TAG CLASS>text</TAG>; class "": none. */
void html_element(struct buf *to, const char *tag, const char *class,
    const char *text);
/* when: as of clock_format(). "10:04:31", with the day in front where that is
 * not the one of now; "-" for anything else. */
void html_time(struct buf *to, const char *when, int64_t now_ms);
/* How much of a limit is used; 0: there is none, and no bar. */
void html_bar(struct buf *to, uint32_t used, uint32_t limit);

#endif
