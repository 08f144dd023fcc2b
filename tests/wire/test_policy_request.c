#include "suite.h"

#include "base/chance.h"
#include "base/mem.h"
#include "wire/policy_request.h"

#include <stdio.h>

/* As smtpd(8) of Postfix 3.7 sends it. */
static const char postfix[] =
    "request=smtpd_access_policy\n"
    "protocol_state=RCPT\n"
    "protocol_name=ESMTP\n"
    "client_address=192.0.2.1\n"
    "client_name=mx.example.org\n"
    "client_port=49152\n"
    "reverse_client_name=mx.example.org\n"
    "server_address=192.0.2.25\n"
    "server_port=25\n"
    "helo_name=mx.example.org\n"
    "sender=a=b@example.org\n"
    "recipient=user@contoso.com\n"
    "recipient_count=0\n"
    "queue_id=\n"
    "instance=4f2.6560.a1b2c.0\n"
    "size=1024\n"
    "etrn_domain=\n"
    "stress=\n"
    "sasl_method=\n"
    "sasl_username=\n"
    "sasl_sender=\n"
    "ccert_subject=\n"
    "ccert_issuer=\n"
    "ccert_fingerprint=\n"
    "ccert_pubkey_fingerprint=\n"
    "encryption_protocol=\n"
    "encryption_cipher=\n"
    "encryption_keysize=0\n"
    "policy_context=rcpt\n"
    "\n";

static bool
is(struct span s, const char *text)
{
	return span_eq(s, span_of(text));
}

START_TEST(a_request_of_postfix_is_read)
{
	struct policy_request r;
	size_t used;

	ck_assert_int_eq(policy_request_read(SPAN(postfix), &r, &used),
	    POLICY_DONE);
	ck_assert_uint_eq(used, sizeof(postfix) - 1);
	ck_assert(is(r.request, "smtpd_access_policy"));
	ck_assert(is(r.protocol_state, "RCPT"));
	ck_assert(is(r.client_address, "192.0.2.1"));
	ck_assert(is(r.client_port, "49152"));
	ck_assert(is(r.server_port, "25"));
	ck_assert(is(r.helo_name, "mx.example.org"));
	ck_assert(is(r.sender, "a=b@example.org"));
	ck_assert(is(r.recipient, "user@contoso.com"));
	ck_assert(is(r.recipient_count, "0"));
	ck_assert(is(r.queue_id, ""));
	ck_assert(is(r.instance, "4f2.6560.a1b2c.0"));
	ck_assert(is(r.size, "1024"));
	ck_assert(is(r.sasl_username, ""));
	ck_assert(is(r.policy_context, "rcpt"));
}
END_TEST

static const struct {
	struct span in;
	enum policy_read state;
	size_t used;
	const char *sender, *recipient;
} rows[] = {
#define ROW(text, ...) { SPAN(text), __VA_ARGS__ }
	ROW("", POLICY_MORE, 0, "", ""),
	ROW("sender=a\n", POLICY_MORE, 0, "", ""),
	ROW("sender=a\n\n", POLICY_DONE, 10, "a", ""),
	ROW("sender=a\n\nrecipient=b\n\n", POLICY_DONE, 10, "a", ""),
	ROW("sender=a\n\n\0\n\n", POLICY_DONE, 10, "a", ""),
	ROW("recipient=b\nsender=a\n\n", POLICY_DONE, 22, "a", "b"),
	ROW("sender=a\r\nrecipient=b\r\n\r\n", POLICY_DONE, 25, "a", "b"),
	ROW("sender=a\r\n\n", POLICY_DONE, 11, "a", ""),
	ROW("sender=a\n\r", POLICY_MORE, 0, "", ""),
	ROW("sender=a\n\r\n", POLICY_DONE, 11, "a", ""),
	ROW("sender=a\rb\n\n", POLICY_DONE, 12, "a\rb", ""),
	ROW("sender=a\nsender=b\n\n", POLICY_DONE, 19, "a", ""),
	ROW("sender=\nsender=b\n\n", POLICY_DONE, 18, "", ""),
	ROW("sender==a=\n\n", POLICY_DONE, 12, "=a=", ""),
	ROW("sender= a b \n\n", POLICY_DONE, 14, " a b ", ""),
	ROW("new_name=x\nsender=a\n\n", POLICY_DONE, 21, "a", ""),
	ROW("senders=x\nsende=y\nSENDER=z\n\n", POLICY_DONE, 28, "", ""),
	ROW("\n", POLICY_DONE, 1, "", ""),
	ROW("\r\nsender=a\n\n", POLICY_DONE, 2, "", ""),
	ROW("sender\n\n", POLICY_BAD, 0, "", ""),
	ROW("sender=a\nrubbish\n\n", POLICY_BAD, 0, "", ""),
	ROW("=a\n\n", POLICY_BAD, 0, "", ""),
	ROW("=\n\n", POLICY_BAD, 0, "", ""),
	ROW("sender=a\0b\n\n", POLICY_BAD, 0, "", ""),
	ROW("\0sender=a\n\n", POLICY_BAD, 0, "", ""),
	ROW("x\0=a\n\n", POLICY_BAD, 0, "", ""),
#undef ROW
};

START_TEST(lines_up_to_an_empty_one)
{
	struct policy_request r = { .request = SPAN("untouched") };
	size_t used = 4711;

	ck_assert_int_eq(policy_request_read(rows[_i].in, &r, &used),
	    rows[_i].state);
	if (rows[_i].state != POLICY_DONE) {
		ck_assert(is(r.request, "untouched"));
		ck_assert_uint_eq(used, 4711);
		return;
	}
	ck_assert_uint_eq(used, rows[_i].used);
	ck_assert(is(r.request, ""));
	ck_assert(is(r.sender, rows[_i].sender));
	ck_assert(is(r.recipient, rows[_i].recipient));
}
END_TEST

START_TEST(a_request_has_a_size_limit)
{
	static char in[POLICY_REQUEST_MAX + 100];
	const size_t max = POLICY_REQUEST_MAX;
	struct policy_request r;
	size_t used;

	memset(in, 'x', sizeof(in));
	in[1] = '=';
	ck_assert_int_eq(policy_request_read((struct span){ in, max - 1 }, &r,
	    &used), POLICY_MORE);
	ck_assert_int_eq(policy_request_read((struct span){ in, max }, &r,
	    &used), POLICY_BAD);
	/* The last two bytes of the greatest one; and one byte too late. */
	in[max - 2] = in[max - 1] = '\n';
	ck_assert_int_eq(policy_request_read((struct span){ in, max }, &r,
	    &used), POLICY_DONE);
	ck_assert_int_eq(policy_request_read((struct span){ in, sizeof(in) },
	    &r, &used), POLICY_DONE);
	ck_assert_uint_eq(used, max);
	in[max - 2] = 'x';
	in[max] = '\n';
	ck_assert_int_eq(policy_request_read((struct span){ in, sizeof(in) },
	    &r, &used), POLICY_BAD);
}
END_TEST

START_TEST(a_request_has_so_many_attributes)
{
	struct buf b = buf_new(POLICY_REQUEST_MAX);
	struct policy_request r;
	size_t used;

	for (int i = 0; i < POLICY_ATTRIBUTES_MAX - 1; i++)
		buf_addf(&b, "name%d=%d\n", i, i);
	buf_add_text(&b, "sender=last\n\n");
	ck_assert_int_eq(policy_request_read(buf_span(&b), &r, &used),
	    POLICY_DONE);
	ck_assert(is(r.sender, "last"));
	buf_clear(&b);
	for (int i = 0; i < POLICY_ATTRIBUTES_MAX + 1; i++)
		buf_addf(&b, "name%d=%d\n", i, i);
	buf_add_text(&b, "\n");
	ck_assert_int_eq(policy_request_read(buf_span(&b), &r, &used),
	    POLICY_BAD);
	buf_free(&b);
}
END_TEST

static enum policy_read
read_in_pieces(struct span in, struct policy_request *r, size_t *used)
{
	enum policy_read state = POLICY_MORE;

	for (size_t n = 0; state == POLICY_MORE && n < in.len;) {
		n += 1 + chance_below((uint32_t)(in.len - n));
		state = policy_request_read((struct span){ in.at, n }, r,
		    used);
	}
	return state;
}

START_TEST(any_split_gives_the_same_answer)
{
	static const char *const parts[] = {
		"sender", "recipient", "x", "=", "=", "=", "\n", "\n", "\n",
		"\r", "\n\n", "\r\n",
	};

	chance_seed(9);
	for (int round = 0; round < 20000; round++) {
		struct policy_request whole = { .request = { NULL, 0 } };
		struct policy_request part = whole;
		size_t used = 0, used_part = 0;
		struct buf in = buf_new(200);
		enum policy_read state = POLICY_MORE;

		for (uint32_t n = chance_below(16); n > 0; n--)
			buf_add_text(&in,
			    parts[chance_below(MW_N_OF(parts))]);
		state = policy_request_read(buf_span(&in), &whole, &used);
		ck_assert_int_eq(read_in_pieces(buf_span(&in), &part,
		    &used_part), state);
		ck_assert_uint_eq(used_part, used);
		ck_assert(span_eq(part.sender, whole.sender));
		ck_assert(span_eq(part.recipient, whole.recipient));
		buf_free(&in);
	}
}
END_TEST

START_TEST(a_sender_of_single_bytes_is_read)
{
	struct policy_request r;
	size_t used;

	for (size_t n = 0; n < sizeof(postfix) - 1; n++)
		ck_assert_int_eq(policy_request_read((struct span){ postfix,
		    n }, &r, &used), POLICY_MORE);
}
END_TEST

static const struct {
	const char *action, *written;
} replies[] = {
	{ "DUNNO", "action=DUNNO\n\n" },
	{ "451 4.3.2 contoso is at capacity",
	    "action=451 4.3.2 contoso is at capacity\n\n" },
	{ "a\n\naction=OK", "action=a??action=OK\n\n" },
	{ "", "action=\n\n" },
};

START_TEST(a_reply_is_one_action)
{
	struct buf b = buf_new(100);

	policy_reply_write(&b, span_of(replies[_i].action));
	ck_assert_str_eq(buf_text(&b), replies[_i].written);
	buf_free(&b);
}
END_TEST

START_TEST(a_long_action_is_cut)
{
	static char text[5000];
	struct buf b = buf_new(sizeof(text));

	memset(text, 'x', sizeof(text));
	policy_reply_write(&b, (struct span){ text, sizeof(text) });
	ck_assert_uint_eq(b.len, strlen("action=\n\n") + 1000);
	ck_assert(span_ends_fold(buf_span(&b), SPAN("xxx...\n\n")));
	buf_free(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("policy_request");
	TCase *t = tcase_create("policy_request");

	tcase_add_test(t, a_request_of_postfix_is_read);
	tcase_add_loop_test(t, lines_up_to_an_empty_one, 0, MW_N_OF(rows));
	tcase_add_test(t, a_request_has_a_size_limit);
	tcase_add_test(t, a_request_has_so_many_attributes);
	tcase_add_test(t, any_split_gives_the_same_answer);
	tcase_add_test(t, a_sender_of_single_bytes_is_read);
	tcase_add_loop_test(t, a_reply_is_one_action, 0, MW_N_OF(replies));
	tcase_add_test(t, a_long_action_is_cut);
	suite_add_tcase(s, t);
	return suite_main(s);
}
