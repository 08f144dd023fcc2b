#include "redis.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "nap.h"

static void
give_up(const char *why)
{
	fprintf(stderr, "redis: %s\n", why);
	abort();
}

static uint16_t
free_port(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) < 0)
		give_up("no port is free");
	close(fd);
	return ntohs(in.sin_port);
}

bool
redis_there(void)
{
	return system("redis-server --version >/dev/null 2>&1") == 0;
}

static void
become_server(const struct redis *r)
{
	const int log = open("server.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	char port[8];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (log >= 0) {
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
	}
	snprintf(port, sizeof(port), "%u", r->port);
	if (r->is_sentinel) {
		execlp("redis-server", "redis-server", "sentinel.conf",
		    "--sentinel", (char *)NULL);
		_exit(127);
	}
	execlp("redis-server", "redis-server", "--port", port,
	    "--bind", "127.0.0.1", "--unixsocket", r->unix_address.path,
	    "--dir", r->dir, "--save", "", "--appendonly", "no",
	    "--repl-diskless-sync-delay", "0",
	    "--daemonize", "no", "--cluster-enabled",
	    r->in_cluster ? "yes" : "no", (char *)NULL);
	_exit(127);
}

void
redis_restart(struct redis *r)
{
	r->pid = fork();
	if (r->pid < 0)
		give_up("cannot fork");
	if (r->pid == 0) {
		if (chdir(r->dir) == 0)
			become_server(r);
		_exit(127);
	}
	for (int i = 0; i < 1000; i++) {
		if (strcmp(redis_say(r, "PING"), "PONG") == 0)
			return;
		nap(10);
	}
	give_up("it does not answer");
}

static void
make_place(struct redis *r)
{
	*r = (struct redis){ .port = free_port() };
	snprintf(r->dir, sizeof(r->dir), "/tmp/mailweir-store-XXXXXX");
	if (mkdtemp(r->dir) == NULL)
		give_up("no directory");
	r->unix_address.is_unix = true;
	snprintf(r->unix_address.path, sizeof(r->unix_address.path), "%s/s",
	    r->dir);
	snprintf(r->tcp_address.host, sizeof(r->tcp_address.host), "127.0.0.1");
	r->tcp_address.port = r->port;
}

void
redis_start(struct redis *r)
{
	make_place(r);
	redis_restart(r);
}

void
redis_start_sentinel(struct redis *r, const struct redis *primary)
{
	char path[128];
	FILE *file;

	make_place(r);
	r->is_sentinel = true;
	snprintf(path, sizeof(path), "%s/sentinel.conf", r->dir);
	file = fopen(path, "w");
	if (file == NULL)
		give_up("no file for a sentinel");
	fprintf(file, "port %u\nbind 127.0.0.1\nunixsocket %s\ndir %s\n"
	    "sentinel monitor mw 127.0.0.1 %u 2\n"
	    "sentinel down-after-milliseconds mw 500\n"
	    "sentinel failover-timeout mw 3000\n", r->port,
	    r->unix_address.path, r->dir, primary->port);
	fclose(file);
	redis_restart(r);
}

void
redis_start_node(struct redis *r)
{
	make_place(r);
	r->in_cluster = true;
	/* Nodes talk to each other 10000 above it. */
	while (r->port > UINT16_MAX - 10000)
		r->port = free_port();
	redis_restart(r);
}

void
redis_kill(struct redis *r)
{
	if (r->pid <= 0)
		return;
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	r->pid = 0;
}

void
redis_stop(struct redis *r)
{
	char path[128];

	redis_kill(r);
	snprintf(path, sizeof(path), "%s/server.log", r->dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/sentinel.conf", r->dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/nodes.conf", r->dir);
	unlink(path);
	unlink(r->unix_address.path);
	rmdir(r->dir);
}

const char *
redis_say(const struct redis *r, const char *fmt, ...)
{
	static char answer[16384];	/* of INFO */
	redisContext *c = redisConnectUnix(r->unix_address.path);
	redisReply *said = NULL;
	va_list ap;

	answer[0] = '\0';
	va_start(ap, fmt);
	if (c != NULL && c->err == 0)
		said = redisvCommand(c, fmt, ap);
	va_end(ap);
	if (said != NULL && said->type == REDIS_REPLY_INTEGER)
		snprintf(answer, sizeof(answer), "%lld", said->integer);
	else if (said != NULL && said->str != NULL)
		snprintf(answer, sizeof(answer), "%s", said->str);
	if (said != NULL)
		freeReplyObject(said);
	if (c != NULL)
		redisFree(c);
	return answer;
}
