/*
 * answer - what Redis said, as a reply. All of it is checked: anybody with
 * redis-cli may have put anything there.
 */
#ifndef STORE_ANSWER_H
#define STORE_ANSWER_H

#include "command.h"
#include "store/health.h"
#include "store/request.h"

struct redisReply;

/* The server does not know the script by that name: say it in full. */
bool answer_wants_text(const struct redisReply *said);
/*
 * STORE_FINE and *out_reply; else what the matter is, and err: ERR_SYNTAX
 * where only this request suffers (STORE_ODD), ERR_UNAVAILABLE otherwise.
 */
enum store_trouble answer_read(const struct command *asked,
    const struct redisReply *said, struct store_reply *out_reply,
    struct err *err) MW_MUST_CHECK;
/* The same for a greeting (AUTH, SELECT, PING): anything but an error. */
enum store_trouble answer_greeting(const struct redisReply *said,
    struct err *err) MW_MUST_CHECK;

#endif
