/*
 * mta_reply - a reply on its way through libmilter to Postfix.
 *
 * The one place that sets a reply. libmilter takes a reply whose code and
 * enhanced code are of different classes; Postfix then drops the milter and,
 * with default_action=accept, takes the mail. It keeps a 4xx only with
 * TEMPFAIL and a 5xx only with REJECT, and reads % as the start of something.
 */
#ifndef MILTER_MTA_REPLY_H
#define MILTER_MTA_REPLY_H

#include "core/reply.h"

#include <libmilter/mfapi.h>

/* Set the reply; returns what the callback must return with it. A reply that
 * is none becomes "451 4.3.2 Please try again later". */
sfsistat mta_reply(SMFICTX *ctx, const struct reply *reply);

#endif
