#include "engine/announce.h"

static void
ignore_answer(void *arg, const struct store_reply *reply,
    const struct err *err)
{
	(void)arg, (void)reply, (void)err;
}

void
announce(const struct store_port *port, const struct event *event)
{
	struct event_pair pairs[EVENT_PAIRS];
	struct store_pair fields[EVENT_PAIRS];
	const size_t n = event_pairs(event, pairs);

	event_log(event);
	for (size_t i = 0; i < n; i++)
		fields[i] = (struct store_pair){ pairs[i].name, pairs[i].value };
	port->send(port->self, &(struct store_request){
		.verb = STORE_EVENT_ADD,
		.name = "",
		.u.event_add = {
			.pairs = fields, .n = (uint32_t)n, .keep = EVENTS_KEPT,
		},
	    }, ignore_answer, NULL);
}
