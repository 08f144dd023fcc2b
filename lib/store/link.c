#include "link.h"

#include <stdint.h>

#include "base/mem.h"

static const char *
copy_of(const char *text)
{
	return text != NULL ? mem_dup(text) : NULL;
}

struct link
link_new(const struct store_options *options)
{
	struct link l = { .options = *options, .down = true };

	l.options.prefix = copy_of(options->prefix);
	l.options.username = copy_of(options->username);
	l.options.password = copy_of(options->password);
	return l;
}

void
link_free(struct link *l)
{
	mem_free((void *)(uintptr_t)l->options.prefix);
	mem_free((void *)(uintptr_t)l->options.username);
	mem_free((void *)(uintptr_t)l->options.password);
	*l = (struct link){ 0 };
}

static bool
tell(struct link *l, enum store_trouble trouble, int64_t now_ms)
{
	const bool news = !l->told_any || l->told != trouble;

	l->told_any = true;
	l->told = trouble;
	l->told_ms = now_ms;
	return news;
}

bool
link_is_down(struct link *l, enum store_trouble trouble, int64_t now_ms)
{
	l->down = true;
	return tell(l, trouble, now_ms);
}

bool
link_is_up(struct link *l, enum store_trouble trouble, int64_t now_ms)
{
	const bool was_down = l->down;
	const bool lasts = l->told != STORE_FINE && l->told != trouble &&
	    now_ms < l->told_ms + LINK_SOFT_MS;

	l->down = false;
	return (was_down || !lasts) && tell(l, trouble, now_ms);
}
