#include "core/outcome.h"

#include "suite.h"

#include "base/mem.h"

#include <assert.h>
#include <stdio.h>

static int
add(struct outcome_rules *rules, const char *id, enum outcome_class class,
    const char *regex)
{
	struct err err;

	return outcome_rules_add(rules, span_of(id), class, span_of(regex),
	    &err);
}

static struct outcome_rules *
two_rules(void)
{
	struct outcome_rules *rules = outcome_rules_new();

	ck_assert_int_eq(add(rules, "busy", OUTCOME_SLOW, "too many"), 0);
	ck_assert_int_eq(add(rules, "sick", OUTCOME_TROUBLE, "^4\\.3\\."), 0);
	return rules;
}

static const struct {
	const char *says;
	const char *status;
	const char *rule;
	enum outcome_class class;
} classified[] = {
	{ "the first rule wins", "4.3.2 too many", "busy", OUTCOME_SLOW },
	{ "the next one has the rest", "4.3.2 ill", "sick", OUTCOME_TROUBLE },
	{ "case does not matter", "4.5.0 Too MANY", "busy", OUTCOME_SLOW },
	{ "a code counts at the start only", "4.4.1 x[4.3.2.1]", "",
	    OUTCOME_UNKNOWN },
	{ "no rule knows it", "2.0.0 fine", "", OUTCOME_UNKNOWN },
	{ "nothing at all", "", "", OUTCOME_UNKNOWN },
	{ "a tab is no blank", "4.5.0 too\tmany", "", OUTCOME_UNKNOWN },
};

START_TEST(the_first_match_wins)
{
	struct outcome_rules *rules = two_rules();
	const struct outcome got = outcome_classify(rules,
	    span_of(classified[_i].status));

	ck_assert_msg(got.class == classified[_i].class &&
	    strcmp(got.rule, classified[_i].rule) == 0, "%s: got %s by '%s'",
	    classified[_i].says, outcome_class_name(got.class), got.rule);
	outcome_rules_free(&rules);
	ck_assert_ptr_null(rules);
}
END_TEST

START_TEST(only_the_first_512_bytes_count)
{
	struct outcome_rules *rules = two_rules();
	char text[520];

	memset(text, 'x', sizeof(text));
	memcpy(text + 504, "too many", 8);
	ck_assert_str_eq(outcome_classify(rules,
	    (struct span){ text, sizeof(text) }).rule, "busy");
	memmove(text + 505, "too many", 8);
	text[504] = 'x';
	ck_assert_str_eq(outcome_classify(rules,
	    (struct span){ text, sizeof(text) }).rule, "");
	outcome_rules_free(&rules);
}
END_TEST

START_TEST(strange_bytes_are_seen_as_question_marks)
{
	struct outcome_rules *rules = outcome_rules_new();

	ck_assert_int_eq(add(rules, "odd", OUTCOME_OK, "^a\\?b\\?c$"), 0);
	ck_assert_str_eq(outcome_classify(rules, SPAN("a\0b\377c")).rule,
	    "odd");
	outcome_rules_free(&rules);
}
END_TEST

static const struct {
	const char *says;
	const char *id;
	const char *regex;
} bad_rules[] = {
	{ "no id", "", "x" },
	{ "an id of 33 characters", "a23456789012345678901234567890123", "x" },
	{ "an id in capitals", "Busy-2", "x" },
	{ "an id with a blank", "a b", "x" },
	{ "an id with a brace", "a{b}", "x" },
	{ "an id that is taken", "busy", "x" },
	{ "no regex", "new", "" },
	{ "a regex that does not compile", "new", "(" },
};

START_TEST(bad_rules_change_nothing)
{
	struct outcome_rules *rules = two_rules();
	struct err err = { 0 };

	ck_assert_msg(outcome_rules_add(rules, span_of(bad_rules[_i].id),
	    OUTCOME_OK, span_of(bad_rules[_i].regex), &err) == -1, "%s",
	    bad_rules[_i].says);
	ck_assert_int_eq(err.kind, ERR_SYNTAX);
	ck_assert_str_ne(err.text, "");
	ck_assert_uint_eq(outcome_rules_count(rules), 2);
	outcome_rules_free(&rules);
}
END_TEST

START_TEST(a_regex_has_a_limit)
{
	struct outcome_rules *rules = outcome_rules_new();
	char regex[1002];

	memset(regex, 'x', sizeof(regex) - 1);
	regex[1001] = '\0';
	ck_assert_int_eq(add(rules, "long", OUTCOME_OK, regex), -1);
	regex[1000] = '\0';
	ck_assert_int_eq(add(rules, "long", OUTCOME_OK, regex), 0);
	outcome_rules_free(&rules);
}
END_TEST

/* A rule's name is lent out while further rules come in. */
START_TEST(names_stay_where_they_are)
{
	struct outcome_rules *rules = two_rules();
	const struct outcome first = outcome_classify(rules, SPAN("4.3.2 x"));
	char id[16];

	for (int i = 0; i < 200; i++) {
		snprintf(id, sizeof(id), "more-%d", i);
		ck_assert_int_eq(add(rules, id, OUTCOME_OK, id), 0);
	}
	ck_assert_uint_eq(outcome_rules_count(rules), 202);
	ck_assert_str_eq(first.rule, "sick");
	ck_assert_str_eq(outcome_classify(rules, SPAN("more-199")).rule,
	    "more-1");
	outcome_rules_free(&rules);
}
END_TEST

START_TEST(no_rules_are_freed_as_well)
{
	struct outcome_rules *rules = NULL;

	outcome_rules_free(&rules);
}
END_TEST

static const struct {
	const char *name;
	enum outcome_class class;
	unsigned good, bad;
} classes[] = {
	{ "ok", OUTCOME_OK, 2, 0 },
	{ "refused", OUTCOME_REFUSED, 2, 0 },
	{ "trouble", OUTCOME_TROUBLE, 0, 2 },
	{ "trouble-half", OUTCOME_TROUBLE_HALF, 0, 1 },
	{ "moved-on", OUTCOME_MOVED_ON, 0, 2 },
	{ "slow", OUTCOME_SLOW, 0, 0 },
	{ "policy", OUTCOME_POLICY, 0, 0 },
	{ "dns", OUTCOME_DNS, 0, 0 },
	{ "ignore", OUTCOME_IGNORE, 0, 0 },
	{ "local", OUTCOME_LOCAL, 0, 0 },
	{ "unknown", OUTCOME_UNKNOWN, 0, 0 },
};
static_assert(MW_N_OF(classes) == OUTCOME_CLASSES, "each class is tested");

START_TEST(a_class_has_a_name_and_a_weight)
{
	const struct outcome_weight w = outcome_weight(classes[_i].class);
	enum outcome_class class;

	ck_assert_str_eq(outcome_class_name(classes[_i].class),
	    classes[_i].name);
	ck_assert(outcome_class_parse(span_of(classes[_i].name), &class));
	ck_assert_int_eq(class, classes[_i].class);
	ck_assert_uint_eq(w.good, classes[_i].good);
	ck_assert_uint_eq(w.bad, classes[_i].bad);
}
END_TEST

START_TEST(other_names_are_no_class)
{
	enum outcome_class class;

	ck_assert(!outcome_class_parse(SPAN("OK"), &class));
	ck_assert(!outcome_class_parse(SPAN("troubl"), &class));
	ck_assert(!outcome_class_parse(SPAN(""), &class));
}
END_TEST

static const struct {
	const char *says;
	const char *status;
	bool then;
} goes_on[] = {
	{ "a refused recipient: the others may go to DATA",
	    "5.1.1 host h[192.0.2.1] said: 550 5.1.1 no such user "
	    "(in reply to RCPT TO command)", true },
	{ "a deferred one as well",
	    "4.3.2 host h[192.0.2.1] said: 451 4.3.2 later "
	    "(in reply to RCPT TO command)", true },
	{ "MAIL FROM ends it",
	    "4.3.2 host h[192.0.2.1] said: 451 4.3.2 later "
	    "(in reply to MAIL FROM command)", false },
	{ "so does the end of data",
	    "5.7.1 host h[192.0.2.1] said: 554 5.7.1 spam "
	    "(in reply to end of DATA command)", false },
	{ "and a delivery", "2.0.0 250 2.0.0 Ok: queued as 4F2", false },
	{ "whose words may be anybody's",
	    "2.0.0 250 host h[192.0.2.1] said: ok "
	    "(in reply to RCPT TO command)", false },
	{ "a banner's words come last, but are the server's",
	    "4.3.2 host h[192.0.2.1] refused to talk to me: 421 busy "
	    "(in reply to RCPT TO command)", false },
	{ "words in the middle are, too",
	    "4.3.2 host h[192.0.2.1] said: 451 (in reply to RCPT TO command) "
	    "(in reply to DATA command)", false },
	{ "a lost connection ends it",
	    "4.4.2 lost connection with h[192.0.2.1] while sending RCPT TO",
	    false },
	{ "no status at all", "(in reply to RCPT TO command)", false },
	{ "nothing", "", false },
};

START_TEST(a_refused_recipient_may_not_end_it)
{
	ck_assert_msg(outcome_may_go_on(span_of(goes_on[_i].status)) ==
	    goes_on[_i].then, "%s", goes_on[_i].says);
}
END_TEST

static const struct {
	const char *says, *status;
	const char *name;	/* NULL: no lookup */
} lookups[] = {
	{ "a domain's MX", "4.4.3 Host or domain name not found. Name service "
	    "error for name=contoso.test type=MX: Host not found, try again",
	    "contoso.test" },
	{ "a host that is not there", "5.4.4 Host or domain name not found. "
	    "Name service error for name=r.test type=A: Host not found",
	    "r.test" },
	{ "by the system's own lookup", "4.4.3 unable to look up host r.test: "
	    "Temporary failure in name resolution", "r.test" },
	{ "what a server says of its own", "4.4.3 host h[192.0.2.1] said: 451 "
	    "4.4.3 Host or domain name not found. Name service error for "
	    "name=x type=MX (in reply to RCPT TO command)", NULL },
	{ "a connection that was refused",
	    "4.4.1 connect to h[192.0.2.1]:25: Connection refused", NULL },
	{ "no status", "Host or domain name not found. Name service error for "
	    "name=x type=MX", NULL },
	{ "nothing", "", NULL },
};

START_TEST(a_failed_lookup_says_of_what)
{
	struct span name = { NULL, 0 };
	const bool is = outcome_is_lookup(span_of(lookups[_i].status), &name);

	ck_assert_msg(is == (lookups[_i].name != NULL), "%s",
	    lookups[_i].says);
	if (is)
		ck_assert(span_eq(name, span_of(lookups[_i].name)));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("outcome");
	Suite *s = suite_create("core");

	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, the_first_match_wins, 0, MW_N_OF(classified));
	tcase_add_test(tc, only_the_first_512_bytes_count);
	tcase_add_test(tc, strange_bytes_are_seen_as_question_marks);
	tcase_add_loop_test(tc, bad_rules_change_nothing, 0,
	    MW_N_OF(bad_rules));
	tcase_add_test(tc, a_regex_has_a_limit);
	tcase_add_test(tc, names_stay_where_they_are);
	tcase_add_test(tc, no_rules_are_freed_as_well);
	tcase_add_loop_test(tc, a_class_has_a_name_and_a_weight, 0,
	    OUTCOME_CLASSES);
	tcase_add_test(tc, other_names_are_no_class);
	tcase_add_loop_test(tc, a_refused_recipient_may_not_end_it, 0,
	    MW_N_OF(goes_on));
	tcase_add_loop_test(tc, a_failed_lookup_says_of_what, 0,
	    MW_N_OF(lookups));
	return suite_main(s);
}
