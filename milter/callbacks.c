#include "milter/callbacks.h"

#include "base/mem.h"
#include "milter/mta_reply.h"
#include "milter/service.h"
#include "milter/session.h"

/*
 * What Postfix need not send us, and recipients that it refused, which it
 * need. Who the client is comes with RCPT, of which we ask for the macros: so
 * neither connection nor sender have to be told, and smtpd waits for us twice a
 * message.
 */
#define STEPS (SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOMAIL | SMFIP_NODATA | \
	SMFIP_NOUNKNOWN | SMFIP_NOHDRS | SMFIP_NOEOH | SMFIP_NOBODY | \
	SMFIP_RCPT_REJ)

struct visit {			/* one connection */
	struct service *service;
	struct session session;
	bool under_way;		/* a transaction, from its first recipient on */
};

static struct span
macro(SMFICTX *ctx, const char *name)
{
	return span_of(smfi_getsymval(ctx, (char *)name));
}

/* The visit of this connection, begun at its first callback: it keeps the
 * configuration that is in force then. */
static struct visit *
visit_of(SMFICTX *ctx)
{
	struct visit *v = smfi_getpriv(ctx);

	if (v == NULL) {
		v = mem_new(1, sizeof(*v));
		v->service = service_pin();
		smfi_setpriv(ctx, v);
	}
	return v;
}

static sfsistat
mlfi_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
    unsigned long f2, unsigned long f3, unsigned long *out_actions,
    unsigned long *out_steps, unsigned long *out_f2, unsigned long *out_f3)
{
	static char wanted[] = "{client_addr} {client_port} {daemon_port}"
	    " {auth_authen} {rcpt_mailer}";

	(void)f2;
	(void)f3;
	*out_actions = actions & SMFIF_SETSYMLIST;
	*out_steps = steps & STEPS;
	*out_f2 = 0;
	*out_f3 = 0;
	if (*out_actions != 0)
		smfi_setsymlist(ctx, SMFIM_ENVRCPT, wanted);
	return SMFIS_CONTINUE;
}

/* The transaction under way, begun at its first recipient. */
static struct session *
session_of(SMFICTX *ctx)
{
	struct visit *v = visit_of(ctx);

	if (v->under_way)
		return &v->session;
	v->under_way = true;
	session_begin(&v->session, service_world(v->service),
	    &(struct session_peer){
		.host = service_host(v->service),
		.address = macro(ctx, "{client_addr}"),
		.client_port = macro(ctx, "{client_port}"),
		.server_port = macro(ctx, "{daemon_port}"),
	});
	session_mail(&v->session, macro(ctx, "{auth_authen}"));
	return &v->session;
}

static sfsistat
mlfi_envrcpt(SMFICTX *ctx, char **args)
{
	struct session *s = session_of(ctx);
	struct reply reply;

	if (span_eq(macro(ctx, "{rcpt_mailer}"), SPAN("error"))) {
		session_rcpt_rejected(s, span_of(args[0]));
		return SMFIS_CONTINUE;
	}
	return session_rcpt(s, span_of(args[0]), &reply) ?
	    SMFIS_CONTINUE : mta_reply(ctx, &reply);
}

static sfsistat
mlfi_eom(SMFICTX *ctx)
{
	struct visit *v = visit_of(ctx);
	struct reply reply;

	v->under_way = false;
	return session_eom(&v->session, macro(ctx, "i"), &reply) ?
	    SMFIS_CONTINUE : mta_reply(ctx, &reply);
}

static sfsistat
mlfi_abort(SMFICTX *ctx)
{
	struct visit *v = visit_of(ctx);

	v->under_way = false;
	session_over(&v->session);
	return SMFIS_CONTINUE;
}

static sfsistat
mlfi_close(SMFICTX *ctx)
{
	struct visit *v = smfi_getpriv(ctx);

	if (v == NULL)
		return SMFIS_CONTINUE;
	smfi_setpriv(ctx, NULL);
	session_end(&v->session);
	service_unpin(&v->service);
	mem_free(v);
	return SMFIS_CONTINUE;
}

const struct smfiDesc callbacks = {
	.xxfi_name = (char *)"mailweir",
	.xxfi_version = SMFI_VERSION,
	.xxfi_flags = SMFIF_SETSYMLIST,
	.xxfi_envrcpt = mlfi_envrcpt,
	.xxfi_eom = mlfi_eom,
	.xxfi_abort = mlfi_abort,
	.xxfi_close = mlfi_close,
	.xxfi_negotiate = mlfi_negotiate,
};
