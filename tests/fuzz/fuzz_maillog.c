#include "fuzz.h"

#include "wire/maillog.h"

#include <assert.h>

#define REFERENCE 1795262400000

static void
check_inside(struct span s, struct span in)
{
	assert(s.at == NULL ? s.len == 0 :
	    s.at >= in.at && s.at + s.len <= in.at + in.len);
}

static void
check_process(const struct maillog_line *l, struct span in)
{
	assert(l->time_ms >= -86400000 && l->time_ms < 1000000000000000);
	assert(l->host.len > 0 && l->program.len > 0);
	check_inside(l->host, in);
	check_inside(l->instance, in);
	check_inside(l->service, in);
	check_inside(l->program, in);
	check_inside(l->pid, in);
}

static void
check_event(const struct maillog_line *l, struct span in)
{
	assert(l->dsn.class == 2 || l->dsn.class == 4 || l->dsn.class == 5);
	assert((l->peer.host.len > 0) == (l->peer.address.len > 0));
	assert(l->kind == MAILLOG_FINAL || l->kind == MAILLOG_TLS ||
	    l->peer.host.len > 0);
	assert((l->kind == MAILLOG_CONNECT) == (l->queue_id.len == 0));
	assert((l->kind == MAILLOG_FINAL) == (l->status.len > 0));
	assert(l->delay_ms >= 0);
	for (int i = 0; i < 4; i++)
		assert(l->delays_ms[i] >= 0);
	check_inside(l->queue_id, in);
	check_inside(l->peer.host, in);
	check_inside(l->peer.address, in);
	check_inside(l->text, in);
	check_inside(l->recipient, in);
	check_inside(l->status, in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { (const char *)data, size };
	const struct maillog_line l = maillog_read(in, REFERENCE);

	if (l.program.len > 0)
		check_process(&l, in);
	else
		assert(l.kind == MAILLOG_OTHER);
	if (l.kind != MAILLOG_OTHER)
		check_event(&l, in);
	return 0;
}
