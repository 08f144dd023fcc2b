#define PCRE2_CODE_UNIT_WIDTH 8

#include "base/pattern.h"

#include "base/mem.h"

#include <pcre2.h>

#define STEPS_MAX 20000		/* of one match */
#define DEPTH_MAX 500
#define HEAP_MAX_KIB 256

struct pattern {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *limits;
};

struct pattern *
pattern_new(const char *regex, struct err *err)
{
	struct pattern *p;
	pcre2_code *code;
	PCRE2_SIZE offset;
	int number;

	code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
	    PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C, &number, &offset, NULL);
	if (code == NULL) {
		PCRE2_UCHAR why[120];

		pcre2_get_error_message(number, why, sizeof(why));
		err_set(err, ERR_SYNTAX, "%s at offset %zu", (char *)why,
		    (size_t)offset);
		return NULL;
	}
	p = mem_new(1, sizeof(*p));
	p->code = code;
	p->data = pcre2_match_data_create(1, NULL);
	p->limits = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(p->limits, STEPS_MAX);
	pcre2_set_depth_limit(p->limits, DEPTH_MAX);
	pcre2_set_heap_limit(p->limits, HEAP_MAX_KIB);
	return p;
}

void
pattern_free(struct pattern **p)
{
	if (*p == NULL)
		return;
	pcre2_match_context_free((*p)->limits);
	pcre2_match_data_free((*p)->data);
	pcre2_code_free((*p)->code);
	mem_free(*p);
	*p = NULL;
}

bool
pattern_match(const struct pattern *p, struct span text)
{
	const char *at = text.at != NULL ? text.at : "";

	/* 0: matched, with more groups than we have room for, or care for. */
	return pcre2_match(p->code, (PCRE2_SPTR)at, text.len, 0, 0, p->data,
	    p->limits) >= 0;
}
