/*
 * load_milter - what smtpd(8) says to a milter.
 *
 *	session   connect, negotiate, one message, quit
 *	message   one message after the other in sessions that last
 *
 * What the milter does not want to hear is left out, as Postfix does it.
 * Beside the whole, what RCPT and the end of the message waited for is counted:
 * these are where a milter may have to ask somebody.
 */
#include "bench/load.h"

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRIPT_MAX 4096
#define ANSWER_MAX 2048
#define STEPS_MAX 24

/* All that is said, and where to stop for an answer. */
struct step {
	uint32_t end;
	char command;
};

struct client {
	struct load_client base;
	char script[SCRIPT_MAX];
	uint32_t len;
	char *domain;
	struct step steps[STEPS_MAX];
	unsigned n_steps, n_before;	/* those before the first message */
	unsigned at;
	bool negotiated, wanted;
	int64_t step_ns;	/* when the last one was said */
	char answer[ANSWER_MAX];
	uint32_t got;
};

static bool sessions;
static struct latency envelope;	/* of RCPT and the end of the message */

static const char greeting[] =
    "\0\0\0\rO\0\0\0\6\0\0\1\377\0\37\377\377";
#define GREETING_LEN 17

static void
add(struct client *c, const void *bytes, size_t len)
{
	if (c->len + len > SCRIPT_MAX)
		errx(1, "the script is too long");
	memcpy(c->script + c->len, bytes, len);
	c->len += (uint32_t)len;
}

static void
say(struct client *c, char command, const void *data, size_t len)
{
	const uint32_t size = htonl((uint32_t)len + 1);

	add(c, &size, sizeof(size));
	add(c, &command, 1);
	add(c, data, len);
}

static void
stop(struct client *c, char command)
{
	c->steps[c->n_steps++] = (struct step){ c->len, command };
}

#define SAY(c, command, text) say(c, command, text, sizeof(text) - 1)

/* One that the milter may not want to hear, or not answer. */
static void
offer(struct client *c, unsigned long steps, unsigned long unwanted,
    unsigned long unanswered, char command, const void *data, size_t len)
{
	if ((steps & unwanted) != 0)
		return;
	say(c, command, data, len);
	if ((steps & unanswered) == 0)
		stop(c, command);
}

#define OFFER(c, steps, unwanted, unanswered, command, text) \
	offer(c, steps, unwanted, unanswered, command, text, sizeof(text) - 1)

static void
write_connect(struct client *c, unsigned long steps)
{
	static const char macros[] = "Cj\0mx.example\0{daemon_name}\0"
	    "mx.example\0v\0Postfix 3.7.11\0_\0mail.sender.example "
	    "[192.0.2.25]\0";
	const uint16_t port = htons((uint16_t)(LOAD_PORT_MIN +
	    c->base.number));
	char from[] = "mail.sender.example\0" "4..192.0.2.25";

	memcpy(strchr(from, '\0') + 2, &port, sizeof(port));
	SAY(c, SMFIC_MACRO, macros);
	offer(c, steps, SMFIP_NOCONNECT, SMFIP_NR_CONN, SMFIC_CONNECT, from,
	    sizeof(from));
	OFFER(c, steps, SMFIP_NOHELO, SMFIP_NR_HELO, SMFIC_HELO,
	    "mail.sender.example\0");
}

/* Who the client is is told to those who asked for it. */
static void
write_recipient_macros(struct client *c, bool about_client)
{
	char macros[256];
	const int len = snprintf(macros, sizeof(macros), "R{client_addr}%c"
	    "192.0.2.25%c{client_port}%c%u%c{daemon_port}%c25%c"
	    "{rcpt_mailer}%csmtp%c", 0, 0, 0, LOAD_PORT_MIN + c->base.number,
	    0, 0, 0, 0, 0);

	if (about_client)
		say(c, SMFIC_MACRO, macros, (size_t)len);
	else
		SAY(c, SMFIC_MACRO, "R{rcpt_addr}\0anna@d000000.example\0"
		    "{rcpt_host}\0d000000.example\0{rcpt_mailer}\0smtp\0");
}

static void
write_message(struct client *c, unsigned long steps, bool about_client)
{
	static const char recipient[] = "<anna@d000000.example>\0";

	SAY(c, SMFIC_MACRO, "M{mail_addr}\0news@sender.example\0");
	OFFER(c, steps, SMFIP_NOMAIL, SMFIP_NR_MAIL, SMFIC_MAIL,
	    "<news@sender.example>\0SIZE=24519\0");
	write_recipient_macros(c, about_client);
	c->domain = c->script + c->len + 5 + sizeof("<anna@") - 1;
	OFFER(c, steps, SMFIP_NORCPT, SMFIP_NR_RCPT, SMFIC_RCPT, recipient);
	OFFER(c, steps, SMFIP_NODATA, SMFIP_NR_DATA, SMFIC_DATA, "");
	for (int i = 0; i < 8; i++)
		OFFER(c, steps, SMFIP_NOHDRS, SMFIP_NR_HDR, SMFIC_HEADER,
		    "Subject\0This week's news\0");
	OFFER(c, steps, SMFIP_NOEOH, SMFIP_NR_EOH, SMFIC_EOH, "");
	OFFER(c, steps, SMFIP_NOBODY, SMFIP_NR_BODY, SMFIC_BODY,
	    "Nothing new this week.\r\n");
	SAY(c, SMFIC_MACRO, "Ei\0004bCzXk1Kc2z1234\0");
	say(c, SMFIC_BODYEOB, "", 0);
	stop(c, SMFIC_BODYEOB);
}

static void
write_script(struct client *c, unsigned long steps, bool about_client)
{
	c->len = 0;
	c->n_steps = 0;
	write_connect(c, steps);
	c->n_before = c->n_steps;
	write_message(c, steps, about_client);
	c->negotiated = true;
}

/* From where the last step ended to where the answer is due. */
static void
go_on(struct load *l, struct client *c)
{
	const uint32_t from = c->at == 0 ? 0 : c->steps[c->at - 1].end;

	c->step_ns = l->now_ns;
	load_send(&c->base, c->script + from, c->steps[c->at].end - from);
}

static void
begin_message(struct load *l, struct client *c)
{
	c->wanted = true;
	if (!sessions)
		c->base.asked_ns = l->now_ns;
	load_digits(c->domain + 1, 6, load_draw(l->domains));
	go_on(l, c);
}

static void
begin(struct load *l, struct client *c)
{
	c->base.asked_ns = l->now_ns;
	c->at = 0;
	c->got = 0;
	load_connect(l, &c->base);
}

static void
message_is_over(struct load *l, struct client *c)
{
	load_answered(l, &c->base, c->wanted);
	if (sessions) {
		load_send(&c->base, "\0\0\0\1Q", 5);
		load_disconnect(&c->base);
		begin(l, c);
	} else {
		c->at = c->n_before;
		begin_message(l, c);
	}
}

static void
answered(struct load *l, struct client *c, const char *answer, uint32_t len)
{
	const char command = c->steps[c->at].command;
	uint32_t steps;

	if (answer[0] == SMFIC_OPTNEG) {
		if (len < 13)
			errx(1, "odd negotiation");
		memcpy(&steps, answer + 9, sizeof(steps));
		if (!c->negotiated)
			write_script(c, ntohl(steps), memmem(answer, len,
			    "{client_addr}", 13) != NULL);
		begin_message(l, c);
		return;
	}
	if (answer[0] == SMFIR_PROGRESS)
		return;
	if (answer[0] != SMFIR_CONTINUE)
		c->wanted = false;
	if ((command == SMFIC_RCPT || command == SMFIC_BODYEOB) &&
	    c->step_ns >= l->from_ns)
		latency_add(&envelope, l->now_ns - c->step_ns);
	if (++c->at == c->n_steps)
		message_is_over(l, c);
	else
		go_on(l, c);
}

static void
connected(struct load *l, struct load_client *client)
{
	(void)l;
	load_send(client, greeting, GREETING_LEN);
}

static void
readable(struct load *l, struct load_client *client)
{
	struct client *c = (struct client *)client;
	const uint32_t n = load_receive(client, c->answer + c->got,
	    ANSWER_MAX - c->got);
	uint32_t len;

	if (n == 0)
		errx(1, "the milter closed a session");
	c->got += n;
	if (c->got < sizeof(len))
		return;
	memcpy(&len, c->answer, sizeof(len));
	len = ntohl(len);
	if (len > ANSWER_MAX - sizeof(len) || len == 0)
		errx(1, "odd answer");
	if (c->got < len + sizeof(len))
		return;
	c->got = 0;
	answered(l, c, c->answer + sizeof(len), len);
}

/* Nobody is left out: how long has the last of them waited at the end? */
static int64_t
longest_wait_ns(const struct load *l, const struct client *clients)
{
	int64_t longest = 0;

	for (uint32_t i = 0; i < l->clients; i++)
		if (l->now_ns - clients[i].base.asked_ns > longest)
			longest = l->now_ns - clients[i].base.asked_ns;
	return longest;
}

int
main(int argc, char **argv)
{
	struct load l = load_options(argc, argv);
	struct client *clients = load_clients(&l, sizeof(*clients), connected,
	    readable);

	sessions = strcmp(l.kind, "session") == 0;
	if (!sessions && strcmp(l.kind, "message") != 0)
		errx(2, "-k: session or message");
	for (uint32_t i = 0; i < l.clients; i++)
		begin(&l, &clients[i]);
	load_run(&l);
	load_print(&l);
	latency_print(&envelope, "envelope_");
	printf(", \"longest_wait_us\": %.1f}\n",
	    (double)longest_wait_ns(&l, clients) / 1000);
	free(clients);
	return l.unwanted > 0;
}
