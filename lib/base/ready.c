#include "config.h"

#include "base/ready.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/un.h>

#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>

static bool
listens_at(int fd, const struct sockaddr *at, socklen_t len)
{
	if (at->sa_family == AF_UNIX)
		return sd_is_socket_unix(fd, SOCK_STREAM, 1,
		    ((const struct sockaddr_un *)at)->sun_path, 0) > 0;
	return sd_is_socket_sockaddr(fd, SOCK_STREAM, at, len, 1) > 0;
}

void
ready_tell(const char *state)
{
	(void)sd_notify(0, state);
}

int
ready_socket(const struct sockaddr *at, socklen_t len)
{
	const int end = SD_LISTEN_FDS_START + sd_listen_fds(0);

	for (int fd = SD_LISTEN_FDS_START; fd < end; fd++) {
		if (listens_at(fd, at, len) &&
		    fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
			return fd;
	}
	return -1;
}
#else
void
ready_tell(const char *state)
{
	(void)state;
}

int
ready_socket(const struct sockaddr *at, socklen_t len)
{
	(void)at, (void)len;
	return -1;
}
#endif
