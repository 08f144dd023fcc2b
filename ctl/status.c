#include "ctl/status.h"

#include "ctl/inquiry.h"
#include "ctl/json.h"
#include "ctl/reading.h"

enum answer
verb_status(const struct options *o)
{
	struct config *config = inquiry_config(o);
	enum answer answer = ANSWER_DONE;
	struct reading *r;
	struct inquiry *q;

	if (config == NULL)
		return ANSWER_NO;
	r = reading_new(config);
	q = inquiry_new(config);
	if (!reading_take(r, q, 0))
		answer = inquiry_away(q);
	else if (o->json)
		json_print(status_json(&r->status), false);
	else
		status_show_text(&r->status, config, o->all);
	inquiry_free(&q);
	reading_free(&r);
	config_free(&config);
	return answer;
}
