/*
 * load_requests - what smtpd(8) asks a policy service, and what the lanes ask
 * the socketmap, over connections that last.
 *
 *	stranger  RCPT of a domain that is nobody's: no lease is needed
 *	lease     RCPT of one of our domains, then END-OF-MESSAGE, on which the
 *	          lease is given back; each of them counts as a request
 *	map       gate, then outcome; each of them counts as a request
 */
#include "bench/load.h"

#include "wire/netstring.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MAX 2048
#define ANSWER_MAX 1024

/* A request with places for what changes: digits to be written over. */
struct form {
	char text[REQUEST_MAX];
	uint32_t len;
	char *domain, *instance;	/* NULL: there is none */
};

struct client {
	struct load_client base;
	struct form forms[2];
	unsigned turn;
	uint64_t transaction;
	char answer[ANSWER_MAX];
	uint32_t got;
};

/* One way to ask. */
struct kind {
	const char *name;
	unsigned n_forms;
	void (*make)(struct client *c);
	bool (*is_whole)(struct span answer);
	struct span wanted;	/* what an answer begins with */
};

#define DOMAIN "d000000.example"
#define INSTANCE "0000000000"

/* As Postfix 3.7 sends them: SMTPD_POLICY_README. */
static void
make_policy(struct form *f, uint32_t number, const char *state,
    const char *recipient)
{
	f->len = (uint32_t)snprintf(f->text, sizeof(f->text),
	    "request=smtpd_access_policy\n"
	    "protocol_state=%s\n"
	    "protocol_name=ESMTP\n"
	    "client_address=192.0.2.25\n"
	    "client_name=mail.sender.example\n"
	    "client_port=%u\n"
	    "reverse_client_name=mail.sender.example\n"
	    "server_address=198.51.100.25\n"
	    "server_port=25\n"
	    "helo_name=mail.sender.example\n"
	    "sender=newsletter-bounces@sender.example\n"
	    "recipient=%s\n"
	    "recipient_count=%d\n"
	    "queue_id=\n"
	    "instance=%x.%s\n"
	    "size=24519\n"
	    "etrn_domain=\n"
	    "stress=\n"
	    "sasl_method=\n"
	    "sasl_username=\n"
	    "sasl_sender=\n"
	    "ccert_subject=\n"
	    "ccert_issuer=\n"
	    "ccert_fingerprint=\n"
	    "ccert_pubkey_fingerprint=\n"
	    "encryption_protocol=TLSv1.3\n"
	    "encryption_cipher=TLS_AES_256_GCM_SHA384\n"
	    "encryption_keysize=256\n"
	    "policy_context=\n"
	    "compatibility_level=3.6\n"
	    "mail_version=3.7.11\n"
	    "\n", state, LOAD_PORT_MIN + number, recipient,
	    state[0] == 'R' ? 0 : 1, number, INSTANCE);
	f->domain = strstr(f->text, DOMAIN);
	f->instance = strstr(f->text, INSTANCE);
}

static void
make_stranger(struct client *c)
{
	make_policy(&c->forms[0], c->base.number, "RCPT",
	    "anna@stranger-" DOMAIN);
}

static void
make_lease(struct client *c)
{
	make_policy(&c->forms[0], c->base.number, "RCPT", "anna@" DOMAIN);
	make_policy(&c->forms[1], c->base.number, "END-OF-MESSAGE",
	    "anna@" DOMAIN);
}

static void
make_question(struct form *f, const char *question)
{
	f->len = (uint32_t)snprintf(f->text, sizeof(f->text), "%zu:%s,",
	    strlen(question), question);
}

static void
make_map(struct client *c)
{
	make_question(&c->forms[0], "gate.customers [relay.example]:25");
	make_question(&c->forms[1], "outcome.customers 2.0.0 250 2.0.0 Ok: "
	    "queued as 4bCzXk1Kc2z1234");
}

static bool
policy_is_whole(struct span answer)
{
	return answer.len >= 2 && answer.at[answer.len - 1] == '\n' &&
	    answer.at[answer.len - 2] == '\n';
}

static bool
map_is_whole(struct span answer)
{
	struct span payload;
	size_t used;

	return netstring_read(answer, ANSWER_MAX, &payload, &used) ==
	    NETSTRING_DONE;
}

static const struct kind kinds[] = {
	{ "stranger", 1, make_stranger, policy_is_whole,
	    SPAN("action=DUNNO\n") },
	{ "lease", 2, make_lease, policy_is_whole, SPAN("action=DUNNO\n") },
	{ "map", 2, make_map, map_is_whole, SPAN("9:NOTFOUND ") },
};
static const struct kind *kind;

static void
ask(struct load *l, struct client *c)
{
	struct form *f = &c->forms[c->turn];

	if (c->turn == 0) {
		c->transaction++;
		if (f->domain != NULL)
			load_digits(f->domain + 1, 6, load_draw(l->domains));
	}
	if (f->instance != NULL)
		load_digits(f->instance, 10, c->transaction);
	c->got = 0;
	c->base.asked_ns = l->now_ns;
	load_send(&c->base, f->text, f->len);
}

static void
connected(struct load *l, struct load_client *client)
{
	ask(l, (struct client *)client);
}

static void
readable(struct load *l, struct load_client *client)
{
	struct client *c = (struct client *)client;
	const uint32_t n = load_receive(client, c->answer + c->got,
	    ANSWER_MAX - c->got);
	struct span answer;

	if (n == 0)
		errx(1, "the server closed a connection");
	c->got += n;
	answer = (struct span){ c->answer, c->got };
	if (!kind->is_whole(answer))
		return;
	load_answered(l, client, span_starts(answer, kind->wanted));
	c->turn = (c->turn + 1) % kind->n_forms;
	ask(l, c);
}

static const struct kind *
find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	errx(2, "-k: stranger, lease or map");
}

int
main(int argc, char **argv)
{
	struct load l = load_options(argc, argv);
	struct client *clients = load_clients(&l, sizeof(*clients), connected,
	    readable);

	kind = find_kind(l.kind);
	for (uint32_t i = 0; i < l.clients; i++) {
		kind->make(&clients[i]);
		load_connect(&l, &clients[i].base);
	}
	load_run(&l);
	load_print(&l);
	printf("}\n");
	free(clients);
	return l.unwanted > 0;
}
