/* mailweir-milter - holds the leases of incoming SMTP transactions. */
#include "config.h"

#include "base/log.h"
#include "base/ready.h"
#include "base/thread.h"
#include "config/options.h"
#include "milter/callbacks.h"
#include "milter/presence.h"
#include "milter/service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 1024		/* smtpd processes that begin at once */
#define SETTLE_MS 300		/* until libmilter's threads wait for signals */
#define SOCKET_UMASK 0117	/* 0660: Postfix comes in by the directory's group */

enum wish {			/* what comes through the pipe, a byte each */
	WISH_RELOAD = 'r',
	WISH_STOP = 's',
	WISH_ENDED = 'e',	/* libmilter came to an end by itself */
};

static int wishes[2];

static void
make_wish(enum wish wish)
{
	const char byte = (char)wish;
	const int saved = errno;

	/* A full pipe holds enough wishes. */
	if (write(wishes[1], &byte, 1) == -1)
		errno = saved;
}

static void
on_signal(int number)
{
	make_wish(number == SIGHUP ? WISH_RELOAD : WISH_STOP);
}

static void
on_each(int number, void (*handler)(int))
{
	struct sigaction action = {
		.sa_handler = handler,
		.sa_flags = SA_NODEFER,
	};

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

/*
 * libmilter has a thread that waits for these signals and takes even HUP as
 * an order to stop. The kernel gives a signal to the main thread first, as
 * long as that does not block it: so it never does, not in its handler
 * either, and does nothing but wait (pthread_create(), for one, blocks all
 * signals for a moment). But a thread that comes
 * to wait takes what is on its way to another; so until libmilter's does, HUP
 * is ignored (the file has just been read).
 */
static int
catch_signals(struct err *err)
{
	if (pipe2(wishes, O_CLOEXEC) == -1)
		return err_set(err, ERR_SYSTEM, "pipe: %s", strerror(errno));
	fcntl(wishes[1], F_SETFL, O_NONBLOCK);
	on_each(SIGHUP, SIG_IGN);
	on_each(SIGTERM, on_signal);
	on_each(SIGINT, on_signal);
	return 0;
}

/*
 * "unix:/path" is libmilter's word for it, too; "inet:ADDR:PORT" is
 * inet:PORT@ADDR there, "inet:[ADDR]:PORT" inet6:PORT@ADDR.
 */
static bool
libmilter_socket(const char *where, char *dst, size_t size)
{
	struct span rest = span_of(where);
	const ptrdiff_t colon = span_rfind(rest, ':');
	struct span addr;
	bool six;
	int n;

	if (span_starts(rest, SPAN("unix:")))
		return span_copy(dst, size, rest);
	if (!span_starts(rest, SPAN("inet:")) || colon < 5)
		return false;
	addr = (struct span){ where + 5, (size_t)colon - 5 };
	six = addr.len > 2 && addr.at[0] == '[';
	if (six)
		addr = (struct span){ addr.at + 1, addr.len - 2 };
	n = snprintf(dst, size, "%s:%s@%.*s", six ? "inet6" : "inet",
	    where + colon + 1, (int)addr.len, addr.at);
	return n > 0 && (size_t)n < size;
}

static int
open_socket(const char *where, struct err *err)
{
	char name[200];

	if (where[0] == '\0')
		return err_set(err, ERR_CONFIG, "listen.milter is off");
	if (!libmilter_socket(where, name, sizeof(name)))
		return err_set(err, ERR_CONFIG, "listen.milter: %s", where);
	umask(SOCKET_UMASK);
	smfi_setconn(name);
	smfi_setbacklog(BACKLOG);
	if (smfi_register(callbacks) != MI_SUCCESS ||
	    smfi_opensocket(true) != MI_SUCCESS)
		return err_set(err, ERR_SYSTEM, "cannot listen on %s: does its"
		    " directory exist, and may we write to it?", where);
	return 0;
}

static void *
run_libmilter(void *arg)
{
	int *status = arg;

	*status = smfi_main();
	make_wish(WISH_ENDED);
	return NULL;
}

/* A bad file leaves everything as it is. */
static void
reload(const char *path)
{
	struct config_errors errors = { 0 };
	struct config *config = config_load(path, &errors);
	struct err err;

	config_errors_log(&errors);
	config_errors_free(&errors);
	if (config == NULL) {
		log_error("reload", LOG_TEXT("file", path),
		    LOG_TEXT("result", "bad, the old one stays in force"));
		return;
	}
	log_set_level(config->log.level);
	if (service_start(config, &err) == -1)
		log_error("reload", LOG_TEXT("error", err.text));
	else
		log_info("reload", LOG_TEXT("file", path),
		    LOG_TEXT("result", "in force"));
}

static enum wish
next_wish(void)
{
	char byte;
	ssize_t n;

	do
		n = read(wishes[0], &byte, 1);
	while (n == -1 && errno == EINTR);
	return n == 1 ? (enum wish)byte : WISH_STOP;
}

/* Do as is wished, until it is time to stop. */
static void *
heed_wishes(void *arg)
{
	enum wish wish;

	while ((wish = next_wish()) == WISH_RELOAD) {
		ready_tell("RELOADING=1");
		reload(arg);
		ready_tell("READY=1");
	}
	ready_tell("STOPPING=1");
	if (wish != WISH_ENDED)
		smfi_stop();
	return NULL;
}

static int
serve(const char *path)
{
	pthread_t libmilter, heeding;
	int status = MI_FAILURE;
	struct err err;

	/* libmilter's threads see to their signals themselves. */
	if (pthread_create(&libmilter, NULL, run_libmilter, &status) != 0 ||
	    thread_start(heed_wishes, (void *)path, &heeding, &err) == -1)
		return EXIT_FAILURE;
	poll(NULL, 0, SETTLE_MS);
	on_each(SIGHUP, on_signal);
	ready_tell("READY=1");
	log_info("started", LOG_TEXT("version", PACKAGE_VERSION));
	pthread_join(heeding, NULL);
	pthread_join(libmilter, NULL);
	presence_end();
	service_close_all();
	log_info("stopped", LOG_INT("status", status));
	return status == MI_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
start(const char *path, struct config *config)
{
	struct err err;

	if (catch_signals(&err) == -1 ||
	    open_socket(config->listen.milter, &err) == -1) {
		config_free(&config);
		goto failed;
	}
	if (service_start(config, &err) == -1 ||
	    presence_start(config->listen.policy, &err) == -1)
		goto failed;
	return serve(path);
failed:
	log_error("start", LOG_TEXT("error", err.text));
	return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	const char *path;
	int status;
	struct config *config = options_config("mailweir-milter", argc, argv,
	    &path, &status);

	return config == NULL ? status : start(path, config);
}
