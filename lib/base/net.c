#include "base/net.h"

#include "base/number.h"
#include "base/ready.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define V4_BITS 96		/* before the IPv4 part of a mapped address */

static bool
parse_ip(struct span s, uint8_t out[16], bool *out_v4)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN];

	if (!span_copy(text, sizeof(text), s))
		return false;
	*out_v4 = inet_pton(AF_INET, text, out + 12) == 1;
	if (*out_v4) {
		memcpy(out, mapped, sizeof(mapped));
		return true;
	}
	return inet_pton(AF_INET6, text, out) == 1;
}

static bool
bit(const uint8_t addr[16], unsigned i)
{
	return (addr[i / 8] >> (7 - i % 8)) & 1;
}

bool
network_parse(struct span s, struct network *out)
{
	struct span bits = s;
	const struct span address = span_cut(&bits, '/');
	struct network n = { .bits = 128 };
	int64_t given;
	bool v4;

	if (!parse_ip(address, n.addr, &v4))
		return false;
	if (bits.at != NULL) {
		if (!number_parse(bits, 0, v4 ? 32 : 128, &given))
			return false;
		n.bits = (uint8_t)(given + (v4 ? V4_BITS : 0));
	}
	for (unsigned i = n.bits; i < 128; i++)
		if (bit(n.addr, i))
			return false;
	*out = n;
	return true;
}

bool
network_holds(const struct network *n, struct span address)
{
	uint8_t addr[16];
	bool v4;

	if (!parse_ip(address, addr, &v4))
		return false;
	for (unsigned i = 0; i < n->bits; i++)
		if (bit(addr, i) != bit(n->addr, i))
			return false;
	return true;
}

/* "HOST:PORT" or "[HOST]:PORT", numeric. */
static bool
parse_host_port(struct span s, struct address *out)
{
	const ptrdiff_t colon = span_rfind(s, ':');
	struct address a = { .is_unix = false };
	struct span host;
	int64_t port;
	uint8_t ip[16];
	bool v4;

	if (colon < 0 || !number_parse((struct span){ s.at + colon + 1,
	    s.len - (size_t)colon - 1 }, 1, 65535, &port))
		return false;
	host = (struct span){ s.at, (size_t)colon };
	if (host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
		host = (struct span){ host.at + 1, host.len - 2 };
	else if (span_find(host, ':') >= 0)
		return false;
	if (span_eq_fold(host, SPAN("localhost")))
		host = SPAN("127.0.0.1");
	if (!parse_ip(host, ip, &v4) ||
	    !span_copy(a.host, sizeof(a.host), host))
		return false;
	a.port = (uint16_t)port;
	*out = a;
	return true;
}

static bool
parse_path(struct span s, struct address *out)
{
	struct address a = { .is_unix = true };

	if (s.len == 0 || s.at[0] != '/' ||
	    !span_copy(a.path, sizeof(a.path), s))
		return false;
	*out = a;
	return true;
}

bool
address_parse(struct span s, struct address *out)
{
	struct span rest = s;
	const struct span kind = span_cut(&rest, ':');

	if (span_eq(kind, SPAN("unix")))
		return parse_path(rest, out);
	if (span_eq(kind, SPAN("tcp")))
		return parse_host_port(rest, out);
	return false;
}

static bool
parse_name(struct span s, char dst[SENTINEL_NAME_MAX + 1])
{
	for (size_t i = 0; i < s.len; i++)
		if (!(s.at[i] >= 'a' && s.at[i] <= 'z') &&
		    !(s.at[i] >= 'A' && s.at[i] <= 'Z') &&
		    !(s.at[i] >= '0' && s.at[i] <= '9') &&
		    s.at[i] != '.' && s.at[i] != '-' && s.at[i] != '_')
			return false;
	return s.len > 0 && span_copy(dst, SENTINEL_NAME_MAX + 1, s);
}

bool
sentinels_parse(struct span s, struct sentinels *out)
{
	struct sentinels all = { .n = 0 };
	struct span rest = s;

	if (!span_eq(span_cut(&rest, ':'), SPAN("sentinel")) ||
	    !parse_name(span_cut(&rest, '@'), all.name))
		return false;
	while (rest.at != NULL) {
		if (all.n == SENTINELS_MAX || !parse_host_port(
		    span_cut(&rest, ','), &all.list[all.n]))
			return false;
		all.n++;
	}
	if (all.n == 0)
		return false;
	*out = all;
	return true;
}

static struct sockaddr_un
sockaddr_of(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	memcpy(sun.sun_path, path, strlen(path));
	return sun;
}

/* Does somebody still answer there? A full backlog (EAGAIN) is an answer. */
static bool
is_served(const char *path)
{
	const struct sockaddr_un sun = sockaddr_of(path);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	bool served;

	if (fd < 0)
		return false;
	served = connect(fd, (const struct sockaddr *)&sun,
	    sizeof(sun)) == 0 || errno == EAGAIN;
	close(fd);
	return served;
}

/* Remove what a former run left; never anything that is no socket, nor one
 * that another process serves. */
static int
remove_stale(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		if (errno == ENOENT)
			return 0;
		return err_set(err, ERR_SYSTEM, "%s: %s", path,
		    strerror(errno));
	}
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_CONFIG,
		    "%s is there and is no socket", path);
	if (is_served(path))
		return err_set(err, ERR_CONFIG,
		    "%s is served by another process", path);
	if (unlink(path) < 0)
		return err_set(err, ERR_SYSTEM, "%s: %s", path,
		    strerror(errno));
	return 0;
}

static int
open_unix(const struct address *a, unsigned mode, struct err *err)
{
	const struct sockaddr_un sun = sockaddr_of(a->path);
	int fd = ready_socket((const struct sockaddr *)&sun,
	    sizeof(sun));

	if (fd >= 0)
		return fd;
	if (remove_stale(a->path, err) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&sun, sizeof(sun)) < 0 ||
	    chmod(a->path, (mode_t)mode) < 0) {
		err_set(err, ERR_SYSTEM, "%s: %s", a->path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static int
open_inet(const struct address *a, struct err *err)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons(a->port) };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
	    .sin6_port = htons(a->port) };
	const bool v4 = inet_pton(AF_INET, a->host, &sin.sin_addr) == 1;
	const struct sockaddr *where = v4 ? (struct sockaddr *)&sin :
	    (struct sockaddr *)&sin6;
	const socklen_t len = v4 ? sizeof(sin) : sizeof(sin6);
	const int on = 1;
	int fd;

	if (!v4)
		(void)inet_pton(AF_INET6, a->host, &sin6.sin6_addr);
	fd = ready_socket(where, len);
	if (fd >= 0)
		return fd;
	fd = socket(where->sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on)) < 0 ||
	    bind(fd, where, len) < 0) {
		err_set(err, ERR_SYSTEM, "%s:%u: %s", a->host,
		    (unsigned)a->port, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

int
net_listen(const char *where, unsigned mode, int backlog, struct err *err)
{
	struct span rest = span_of(where);
	const struct span kind = span_cut(&rest, ':');
	struct address a;
	int fd;

	if (span_eq(kind, SPAN("unix")) ? !parse_path(rest, &a) :
	    !span_eq(kind, SPAN("inet")) || !parse_host_port(rest, &a))
		return err_set(err, ERR_CONFIG, "%s: neither unix:/path "
		    "(107 bytes at most) nor inet:ADDRESS:PORT", where);
	fd = a.is_unix ? open_unix(&a, mode, err) : open_inet(&a, err);
	if (fd >= 0 && listen(fd, backlog) < 0) {
		err_set(err, ERR_SYSTEM, "%s: %s", where, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}
