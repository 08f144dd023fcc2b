/*
 * html - pieces of a page: text from anywhere made harmless, bars.
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
/* How much of a limit is used; 0: there is none, and no bar. */
void html_bar(struct buf *to, uint32_t used, uint32_t limit);

#endif
