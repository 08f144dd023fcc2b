/* Messages are built here as a name server would, or as none should. */
#include "wire/dns_mx.h"

#include "base/mem.h"
#include "suite.h"

#define NAME "\7contoso\4test"
#define ASKED NAME "\0\0\17\0\1"
/* Behind the 12 bytes of the header: the name that was asked for. */
#define AGAIN "\300\14"
#define MX(ttl, len) AGAIN "\0\17\0\1" ttl "\0" len
#define HOUR "\0\0\16\20"
#define MINUTE "\0\0\0\74"

struct message {
	const char *says;
	unsigned flags, answers;
	struct span rest;	/* behind the header */
	bool good;
	const char *mx;
	int64_t ttl_ms;
};

#define ANSWER 0x8180
static const struct message messages[] = {
	{ "one MX", ANSWER, 1,
	    SPAN(ASKED MX(HOUR, "\23") "\0\12" "\2mx\10provider\3net\0"),
	    true, "mx.provider.net", 3600000 },
	{ "two, and the lesser TTL", ANSWER, 2,
	    SPAN(ASKED MX(HOUR, "\22") "\0\12" "\1a\10provider\3net\0"
		MX(MINUTE, "\6") "\0\24" "\1b" "\300\56"),
	    true, "a.provider.net", 60000 },
	{ "a name in letters of both kinds", ANSWER, 1,
	    SPAN(ASKED MX(HOUR, "\23") "\0\12" "\2MX\10Provider\3NET\0"),
	    true, "mx.provider.net", 3600000 },
	{ "a pointer to the name that was asked for", ANSWER, 1,
	    SPAN(ASKED MX(HOUR, "\7") "\0\12" "\2mx" AGAIN),
	    true, "mx.contoso.test", 3600000 },
	{ "an alias, and the MX of what it stands for", ANSWER, 2,
	    SPAN(ASKED AGAIN "\0\5\0\1" MINUTE "\0\7" "\1x\3net\0"
		"\300\52" "\0\17\0\1" HOUR "\0\7" "\0\12" "\2mx" "\300\52"),
	    true, "mx.x.net", 60000 },
	{ "no MX: the domain is its own host", ANSWER, 0, SPAN(ASKED),
	    true, "contoso.test", -1 },
	{ "an alias without MX is one, too", ANSWER, 1,
	    SPAN(ASKED AGAIN "\0\5\0\1" MINUTE "\0\7" "\1x\3net\0"),
	    true, "contoso.test", -1 },
	{ "no such domain", ANSWER | 3, 0, SPAN(ASKED), true, "", -1 },
	{ "a null MX", ANSWER, 1, SPAN(ASKED MX(HOUR, "\3") "\0\0" "\0"),
	    true, "", 3600000 },
	{ "a null MX beside another is nobody's", ANSWER, 2,
	    SPAN(ASKED MX(HOUR, "\3") "\0\0" "\0"
		MX(HOUR, "\7") "\0\12" "\2mx" AGAIN),
	    true, "", 3600000 },
	{ "a dot within a label is none between two", ANSWER, 1,
	    SPAN(ASKED MX(HOUR, "\23") "\0\12" "\13mx.provider\3net\0"),
	    true, "", 3600000 },
	{ "nor is UTF-8 a host", ANSWER, 1,
	    SPAN(ASKED MX(HOUR, "\12") "\0\12" "\2\303\274\3net\0"),
	    true, "", 3600000 },
	{ "a TTL below zero is none", ANSWER, 1,
	    SPAN(ASKED MX("\377\377\377\377", "\7") "\0\12" "\2mx" AGAIN),
	    true, "mx.contoso.test", 0 },
	{ "a record of another class", ANSWER, 1,
	    SPAN(ASKED AGAIN "\0\17\0\3" HOUR "\0\7" "\0\12" "\2mx" AGAIN),
	    true, "contoso.test", -1 },

	{ "SERVFAIL", ANSWER | 2, 0, SPAN(ASKED), false, "", 0 },
	{ "REFUSED", ANSWER | 5, 0, SPAN(ASKED), false, "", 0 },
	{ "a question", 0x0100, 0, SPAN(ASKED), false, "", 0 },
	{ "cut short, and says so", ANSWER | 0x0200, 1,
	    SPAN(ASKED MX(HOUR, "\7") "\0\12" "\2mx" AGAIN), false, "", 0 },
	{ "cut short without a word", ANSWER, 2,
	    SPAN(ASKED MX(HOUR, "\7") "\0\12" "\2mx" AGAIN), false, "", 0 },
	{ "a name that leads to itself", ANSWER, 1,
	    SPAN(ASKED MX(HOUR, "\4") "\0\12" "\300\54"), false, "", 0 },
	{ "a name that leads out of the message", ANSWER, 1,
	    SPAN(ASKED MX(HOUR, "\4") "\0\12" "\377\377"), false, "", 0 },
	{ "a name that is longer than its record", ANSWER, 1,
	    SPAN(ASKED MX(HOUR, "\5") "\0\12" "\2mx\3net\0"), false, "", 0 },
	{ "a record without a name", ANSWER, 1,
	    SPAN(ASKED MX(HOUR, "\2") "\0\12"), false, "", 0 },
	{ "a kind of label that nobody has", ANSWER, 1,
	    SPAN(ASKED MX(HOUR, "\6") "\0\12" "\102mx\0"), false, "", 0 },
	{ "nothing at all", ANSWER, 0, { "", 0 }, false, "", 0 },
};

static size_t
build(const struct message *m, char dst[512])
{
	const char header[12] = { 1, 2, (char)(m->flags >> 8),
	    (char)m->flags, 0, 1, 0, (char)m->answers };

	memcpy(dst, header, sizeof(header));
	memcpy(dst + sizeof(header), m->rest.at, m->rest.len);
	return sizeof(header) + m->rest.len;
}

START_TEST(says_whose_it_is)
{
	const struct message *m = &messages[_i];
	struct domain domain;
	struct mx_answer a = { .ttl_ms = -7 };
	char text[512];
	const size_t len = build(m, text);

	ck_assert(domain_parse(SPAN("contoso.test"), &domain));
	ck_assert_msg(dns_mx_read((struct span){ text, len }, &domain, &a) ==
	    m->good, "%s", m->says);
	if (!m->good) {
		ck_assert_int_eq(a.ttl_ms, -7);
		return;
	}
	ck_assert_msg(strcmp(a.mx.name, m->mx) == 0, "%s: got \"%s\"",
	    m->says, a.mx.name);
	ck_assert_uint_eq(a.mx.len, strlen(m->mx));
	ck_assert_msg(a.ttl_ms == m->ttl_ms, "%s: got %lld", m->says,
	    (long long)a.ttl_ms);
}
END_TEST

/* Wherever it ends, it says nothing or what all of it says. */
START_TEST(may_end_anywhere)
{
	const struct message *m = &messages[_i];
	struct domain domain;
	struct mx_answer a;
	char text[512];
	const size_t len = build(m, text);

	ck_assert(domain_parse(SPAN("contoso.test"), &domain));
	for (size_t n = 0; n < len; n++) {
		char *copy = mem_dup_n(text, n);

		ck_assert(!dns_mx_read((struct span){ copy, n }, &domain,
		    &a));
		mem_free(copy);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("dns_mx");
	TCase *t = tcase_create("dns_mx");

	tcase_add_loop_test(t, says_whose_it_is, 0, MW_N_OF(messages));
	tcase_add_loop_test(t, may_end_anywhere, 0, MW_N_OF(messages));
	suite_add_tcase(s, t);
	return suite_main(s);
}
