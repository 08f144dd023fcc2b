/*
 * spark - the outcomes of ten minutes as a picture of bars: good ones at the
 * bottom, bad ones on top.
 */
#ifndef LIB_OBSERVE_SPARK_H
#define LIB_OBSERVE_SPARK_H

#include "base/buf.h"
#include "observe/history.h"

/* As SVG, as high as the busiest bar; a single bad one can be seen. */
void spark_add(struct buf *to, const struct history *h, int64_t now_ms);

#endif
