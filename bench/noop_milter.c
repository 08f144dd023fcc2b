/*
 * noop_milter - the leanest milter that libmilter can be: it wants to hear what
 * mailweir-milter hears, and does nothing.
 *
 *	noop_milter SOCKET
 */
#include <libmilter/mfapi.h>

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

static sfsistat
mlfi_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
    unsigned long f2, unsigned long f3, unsigned long *out_actions,
    unsigned long *out_steps, unsigned long *out_f2, unsigned long *out_f3)
{
	(void)ctx, (void)actions, (void)f2, (void)f3;
	*out_actions = 0;
	*out_steps = steps & (SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOMAIL |
	    SMFIP_NODATA | SMFIP_NOUNKNOWN | SMFIP_NOHDRS | SMFIP_NOEOH |
	    SMFIP_NOBODY | SMFIP_RCPT_REJ);
	*out_f2 = *out_f3 = 0;
	return SMFIS_CONTINUE;
}

static sfsistat
mlfi_envrcpt(SMFICTX *ctx, char **args)
{
	(void)ctx, (void)args;
	return SMFIS_CONTINUE;
}

static sfsistat
mlfi_eom(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_CONTINUE;
}

int
main(int argc, char **argv)
{
	const struct smfiDesc callbacks = {
		.xxfi_name = (char *)"noop",
		.xxfi_version = SMFI_VERSION,
		.xxfi_envrcpt = mlfi_envrcpt,
		.xxfi_eom = mlfi_eom,
		.xxfi_negotiate = mlfi_negotiate,
	};
	char where[200];

	if (argc != 2)
		errx(2, "usage: noop_milter SOCKET");
	snprintf(where, sizeof(where), "unix:%s", argv[1]);
	umask(0);
	smfi_setconn(where);
	smfi_setbacklog(1024);
	if (smfi_register(callbacks) != MI_SUCCESS ||
	    smfi_opensocket(true) != MI_SUCCESS)
		errx(1, "cannot listen on %s", where);
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}
