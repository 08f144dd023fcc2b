#include "wire/dns_mx.h"

#define HEADER_LEN 12
#define CLASS_IN 1
#define TYPE_MX 15
#define NXDOMAIN 3

/* A place in a message; bad: it led out of it. */
struct reader {
	struct span message;
	size_t at;
	bool bad;
};

struct record {
	unsigned type, class;
	int64_t ttl_ms;
	size_t data, end;	/* of its data */
};

static unsigned
byte(struct reader *r)
{
	if (r->at >= r->message.len) {
		r->bad = true;
		return 0;
	}
	return (unsigned char)r->message.at[r->at++];
}

static unsigned
number16(struct reader *r)
{
	const unsigned high = byte(r);

	return high << 8 | byte(r);
}

static uint32_t
number32(struct reader *r)
{
	const uint32_t high = number16(r);

	return high << 16 | number16(r);
}

/* A label's bytes as text; one that holds a dot or more than ASCII would read
 * as what it is not. */
static bool
add_label(struct reader *r, unsigned len, char *text, size_t *n)
{
	bool good = true;

	if (*n > 0)
		text[(*n)++] = '.';
	for (; len > 0 && !r->bad; len--) {
		const unsigned c = byte(r);

		good = good && c != '.' && c > ' ' && c < 0x7f;
		text[(*n)++] = (char)c;
	}
	return good;
}

/*
 * The name at r, which moves behind it. False when it is no host's. Each
 * pointer leads farther back than the one before, so that there is an end.
 */
static bool
read_name(struct reader *r, struct domain *out)
{
	struct reader at = *r;
	size_t limit = r->message.len, n = 0;
	char text[DOMAIN_MAX + 2];
	bool good = true, jumped = false;
	unsigned len;

	while ((len = byte(&at)) > 0 && !at.bad) {
		if (len >= 0xc0) {
			const size_t to = (len & 0x3f) << 8 | byte(&at);

			if (!jumped)
				r->at = at.at;
			jumped = true;
			at.bad |= to >= limit;
			at.at = limit = to;
		} else if (len > 63 || n + len + 1 > DOMAIN_MAX + 1) {
			at.bad = true;
		} else {
			good &= add_label(&at, len, text, &n);
		}
	}
	if (!jumped)
		r->at = at.at;
	r->bad |= at.bad;
	return good && !r->bad && domain_parse((struct span){ text, n }, out);
}

static bool
read_header(struct reader *r, unsigned *out_code, unsigned *out_questions,
    unsigned *out_answers)
{
	unsigned flags;

	r->at = 2;		/* the id is the resolver's own */
	flags = number16(r);
	*out_questions = number16(r);
	*out_answers = number16(r);
	r->at = HEADER_LEN;
	*out_code = flags & 0xf;
	/* An answer, and whole: half a list of MX is none. */
	return !r->bad && (flags & 0x8000) != 0 && (flags & 0x0200) == 0;
}

static void
skip_question(struct reader *r)
{
	struct domain name;

	(void)read_name(r, &name);
	(void)number32(r);	/* type and class */
}

static struct record
read_record(struct reader *r)
{
	struct domain name;
	struct record record;
	uint32_t ttl;

	(void)read_name(r, &name);
	record.type = number16(r);
	record.class = number16(r);
	ttl = number32(r);
	record.ttl_ms = ttl > INT32_MAX ? 0 : ttl * INT64_C(1000);
	record.end = number16(r);
	record.data = r->at;
	record.end += r->at;
	if (record.end > r->message.len)
		r->bad = true;
	r->at = record.end;
	return record;
}

/* False when the MX is no host: a null MX, or what nobody delivers to. */
static bool
join_mx(struct reader *r, const struct record *record, struct domain *mx)
{
	struct reader data = *r;
	struct domain host;
	bool good;

	data.at = record->data + 2;	/* behind the preference */
	good = read_name(&data, &host);
	if (data.bad || data.at != record->end)
		r->bad = true;
	else if (good)
		mx_join(mx, &host);
	return good;
}

bool
dns_mx_read(struct span message, const struct domain *domain,
    struct mx_answer *out)
{
	struct reader r = { .message = message };
	struct mx_answer answer = { .ttl_ms = -1 };
	unsigned code, questions, answers;
	bool any = false, good = true;

	if (!read_header(&r, &code, &questions, &answers) ||
	    (code != 0 && code != NXDOMAIN))
		return false;
	for (; questions > 0 && !r.bad; questions--)
		skip_question(&r);
	for (; answers > 0 && !r.bad && code == 0; answers--) {
		const struct record record = read_record(&r);

		if (answer.ttl_ms < 0 || record.ttl_ms < answer.ttl_ms)
			answer.ttl_ms = record.ttl_ms;
		if (r.bad || record.class != CLASS_IN ||
		    record.type != TYPE_MX)
			continue;
		any = true;
		good &= join_mx(&r, &record, &answer.mx);
	}
	if (r.bad)
		return false;
	if (!any && code == 0)
		answer = (struct mx_answer){ .mx = *domain, .ttl_ms = -1 };
	if (!good)
		answer.mx = (struct domain){ .len = 0 };
	*out = answer;
	return true;
}
