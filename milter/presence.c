#include "milter/presence.h"

#include "base/net.h"
#include "base/thread.h"
#include "wire/policy_request.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_S 1		/* with a policyd that does not answer */

static struct address policyd;
static pthread_t thread;
static int stop[2] = { -1, -1 };	/* a pipe; closing it ends the thread */

static int
call_policyd(void)
{
	static const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(to.sun_path, policyd.path, sizeof(to.sun_path));
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof(patience)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience)) == 0 &&
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Any answer will do. */
static bool
is_heard(int fd)
{
	static const char word[] = "request=" POLICY_PRESENCE "\n\n";
	char answer[64];

	return send(fd, word, sizeof(word) - 1, MSG_NOSIGNAL) ==
	    (ssize_t)sizeof(word) - 1 && recv(fd, answer, sizeof(answer), 0) > 0;
}

/* False when the end has come. */
static bool
rest(void)
{
	struct pollfd end = { .fd = stop[0], .events = POLLIN };
	const int n = poll(&end, 1, POLICY_PRESENCE_MS);

	return n == 0 || (n < 0 && errno == EINTR);
}

static void *
be_present(void *arg)
{
	int fd = -1;

	do {
		if (fd < 0)
			fd = call_policyd();
		if (fd >= 0 && !is_heard(fd)) {
			close(fd);
			fd = -1;
		}
	} while (rest());
	if (fd >= 0)
		close(fd);
	return arg;
}

int
presence_start(const char *policy, struct err *err)
{
	if (!address_parse(span_of(policy), &policyd) || !policyd.is_unix)
		return 0;
	if (pipe2(stop, O_CLOEXEC) < 0)
		return err_set(err, ERR_SYSTEM, "pipe: %s", strerror(errno));
	if (thread_start(be_present, NULL, &thread, err) == 0)
		return 0;
	close(stop[0]);
	close(stop[1]);
	stop[1] = -1;
	return -1;
}

void
presence_end(void)
{
	if (stop[1] < 0)
		return;
	close(stop[1]);
	stop[1] = -1;
	pthread_join(thread, NULL);
	close(stop[0]);
}
