#include "milter/callbacks.h"

#include "base/mem.h"
#include "milter/mta_reply.h"
#include "milter/service.h"
#include "milter/session.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

/* What Postfix need not send us, and recipients that it refused, which it
 * need. */
#define STEPS (SMFIP_NOHELO | SMFIP_NODATA | SMFIP_NOUNKNOWN | \
	SMFIP_NOHDRS | SMFIP_NOEOH | SMFIP_NOBODY | SMFIP_RCPT_REJ)

struct visit {			/* one connection */
	struct service *service;
	struct session session;
};

struct endpoint {
	char address[INET6_ADDRSTRLEN];
	char port[8];
};

/* "" where it is no internet address. */
static struct endpoint
endpoint_of(const struct sockaddr *sa)
{
	struct endpoint e = { "", "" };
	const void *address = NULL;
	in_port_t port = 0;

	if (sa != NULL && sa->sa_family == AF_INET) {
		address = &((const struct sockaddr_in *)sa)->sin_addr;
		port = ((const struct sockaddr_in *)sa)->sin_port;
	} else if (sa != NULL && sa->sa_family == AF_INET6) {
		address = &((const struct sockaddr_in6 *)sa)->sin6_addr;
		port = ((const struct sockaddr_in6 *)sa)->sin6_port;
	}
	if (address != NULL) {
		inet_ntop(sa->sa_family, address, e.address,
		    sizeof(e.address));
		snprintf(e.port, sizeof(e.port), "%u", ntohs(port));
	}
	return e;
}

static struct span
macro(SMFICTX *ctx, const char *name, const char *otherwise)
{
	const char *value = smfi_getsymval(ctx, (char *)name);

	return span_of(value != NULL ? value : otherwise);
}

/* The visit of this connection, begun at its first callback. */
static struct visit *
visit_of(SMFICTX *ctx)
{
	struct visit *v = smfi_getpriv(ctx);

	if (v == NULL) {
		v = mem_new(1, sizeof(*v));
		v->service = service_pin();
		session_begin(&v->session, service_world(v->service),
		    &(struct session_peer){
			.host = service_host(v->service),
		});
		smfi_setpriv(ctx, v);
	}
	return v;
}

static void
want_macros(SMFICTX *ctx, int stage, const char *names)
{
	smfi_setsymlist(ctx, stage, (char *)names);
}

static sfsistat
mlfi_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
    unsigned long f2, unsigned long f3, unsigned long *out_actions,
    unsigned long *out_steps, unsigned long *out_f2, unsigned long *out_f3)
{
	(void)f2;
	(void)f3;
	*out_actions = actions & SMFIF_SETSYMLIST;
	*out_steps = steps & STEPS;
	*out_f2 = 0;
	*out_f3 = 0;
	if (*out_actions != 0) {
		want_macros(ctx, SMFIM_CONNECT,
		    "{client_addr} {client_port} {daemon_port}");
		want_macros(ctx, SMFIM_ENVFROM, "{auth_authen}");
		want_macros(ctx, SMFIM_ENVRCPT, "{rcpt_mailer}");
	}
	return SMFIS_CONTINUE;
}

static sfsistat
mlfi_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *sa)
{
	struct visit *v = visit_of(ctx);
	const struct endpoint e = endpoint_of(sa);

	(void)name;
	session_begin(&v->session, service_world(v->service),
	    &(struct session_peer){
		.host = service_host(v->service),
		.address = macro(ctx, "{client_addr}", e.address),
		.client_port = macro(ctx, "{client_port}", e.port),
		.server_port = macro(ctx, "{daemon_port}", "0"),
	});
	return SMFIS_CONTINUE;
}

static sfsistat
mlfi_envfrom(SMFICTX *ctx, char **args)
{
	(void)args;
	session_mail(&visit_of(ctx)->session,
	    macro(ctx, "{auth_authen}", ""));
	return SMFIS_CONTINUE;
}

static sfsistat
mlfi_envrcpt(SMFICTX *ctx, char **args)
{
	struct session *s = &visit_of(ctx)->session;
	struct reply reply;

	if (span_eq(macro(ctx, "{rcpt_mailer}", ""), SPAN("error"))) {
		session_rcpt_rejected(s, span_of(args[0]));
		return SMFIS_CONTINUE;
	}
	return session_rcpt(s, span_of(args[0]), &reply) ?
	    SMFIS_CONTINUE : mta_reply(ctx, &reply);
}

static sfsistat
mlfi_eom(SMFICTX *ctx)
{
	struct reply reply;

	return session_eom(&visit_of(ctx)->session, macro(ctx, "i", ""),
	    &reply) ?
	    SMFIS_CONTINUE : mta_reply(ctx, &reply);
}

static sfsistat
mlfi_abort(SMFICTX *ctx)
{
	struct visit *v = smfi_getpriv(ctx);

	if (v != NULL)
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
	.xxfi_connect = mlfi_connect,
	.xxfi_envfrom = mlfi_envfrom,
	.xxfi_envrcpt = mlfi_envrcpt,
	.xxfi_eom = mlfi_eom,
	.xxfi_abort = mlfi_abort,
	.xxfi_close = mlfi_close,
	.xxfi_negotiate = mlfi_negotiate,
};
