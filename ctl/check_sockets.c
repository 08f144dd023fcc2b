/*
 * Can Postfix's user reach our sockets? Asked as that user, so that the system
 * itself answers, access lists and all; which takes root.
 */
#include "base/mem.h"
#include "ctl/fault.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* How far one gets on a path: its first len bytes may not be used, or are not
 * there; 0: all the way. */
struct obstacle {
	int why;		/* errno */
	size_t len;
};

static struct obstacle
walk(const char *path)
{
	char part[LIVE_PATH_MAX];

	for (size_t i = 1; i < sizeof(part) && path[i] != '\0'; i++) {
		if (path[i] != '/')
			continue;
		(void)span_copy(part, sizeof(part),
		    (struct span){ path, i });
		if (access(part, X_OK) != 0)
			return (struct obstacle){ errno, i };
	}
	if (access(path, W_OK) != 0)
		return (struct obstacle){ errno, strlen(path) };
	return (struct obstacle){ 0 };
}

static bool
become(const struct passwd *user)
{
	return initgroups(user->pw_name, user->pw_gid) == 0 &&
	    setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0;
}

/* -1: nobody knows. */
static int
walk_as(const struct passwd *user, const char *path, struct obstacle *out)
{
	struct obstacle told = { 0 };
	int ends[2], status;
	ssize_t n;
	pid_t child;

	if (pipe(ends) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		if (!become(user))
			_exit(1);
		told = walk(path);
		n = write(ends[1], &told, sizeof(told));
		_exit(n == (ssize_t)sizeof(told) ? 0 : 1);
	}
	close(ends[1]);
	n = read(ends[0], &told, sizeof(told));
	close(ends[0]);
	if (child < 0 || waitpid(child, &status, 0) != child ||
	    n != (ssize_t)sizeof(told))
		return -1;
	*out = told;
	return 0;
}

static void
closed(const struct wired *w, const struct passwd *user, struct span part,
    bool is_socket)
{
	const struct group *group = getgrgid(user->pw_gid);
	const char *name = group != NULL ? group->gr_name : user->pw_name;
	char path[LIVE_PATH_MAX], line[3 * LIVE_PATH_MAX];
	struct stat is;

	if (!span_copy(path, sizeof(path), part) || stat(path, &is) != 0)
		return;
	snprintf(line, sizeof(line), "chgrp %s %s && chmod %s %s", name, path,
	    is_socket ? "g+w" : "g+xs", path);
	fault_found(w->found, FAULT_SOCKET_CLOSED, &(struct change){
	    .place = PLACE_HAND, .value = span_of(line),
	}, "%s, owner %u:%u, mode %04o, is closed to Postfix's user %s", path,
	    (unsigned)is.st_uid, (unsigned)is.st_gid,
	    (unsigned)(is.st_mode & 07777), user->pw_name);
}

static void
check_socket(const struct wired *w, const struct passwd *user,
    const char *listen, const char *program)
{
	const char *path = strchr(listen, ':') + 1;
	struct obstacle o;
	char line[64];

	if (!span_starts(span_of(listen), SPAN("unix:")))
		return;
	if (access(path, F_OK) != 0 && errno == ENOENT) {
		snprintf(line, sizeof(line), "systemctl start %s", program);
		fault_found(w->found, FAULT_NO_SOCKET, &(struct change){
		    .place = PLACE_HAND, .value = span_of(line),
		}, "%s is not there", path);
	} else if (user != NULL && walk_as(user, path, &o) == 0 && o.why != 0) {
		closed(w, user, (struct span){ path, o.len },
		    path[o.len] == '\0');
	}
}

static bool
takes_mail_in(const struct live *live)
{
	for (uint32_t i = 0; i < live_services(live); i++)
		if (span_eq(live_service(live, i).program, SPAN("smtpd")))
			return true;
	return false;
}

void
check_sockets(const struct wired *w)
{
	const bool smtpd = takes_mail_in(w->live);
	char owner[64];
	const struct passwd *user = NULL;
	const struct {
		const char *listen, *program;
		bool is_used;
	} sockets[] = {
		{ w->config->listen.policy, "mailweir-policyd", smtpd },
		{ w->config->listen.map, "mailweir-policyd", true },
		{ w->config->listen.milter, "mailweir-milter", smtpd },
	};

	if (geteuid() == 0 && span_copy(owner, sizeof(owner),
	    live_value(w->live, "mail_owner")))
		user = getpwnam(owner);
	for (size_t i = 0; i < MW_N_OF(sockets); i++)
		if (sockets[i].is_used && sockets[i].listen[0] != '\0')
			check_socket(w, user, sockets[i].listen,
			    sockets[i].program);
}
