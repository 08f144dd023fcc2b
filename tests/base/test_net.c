#include "config.h"

#include "suite.h"

#include "base/mem.h"
#include "base/net.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *text;
	bool good;
} networks[] = {
	{ "10.0.0.0/8", true },
	{ "192.0.2.1", true },
	{ "0.0.0.0/0", true },
	{ "192.0.2.1/32", true },
	{ "::1", true },
	{ "::/0", true },
	{ "2001:db8::/32", true },
	{ "::ffff:10.0.0.0/104", true },
	{ "10.0.0.1/8", false },	/* host bits */
	{ "2001:db8::1/32", false },
	{ "10.0.0.0/33", false },
	{ "::/129", false },
	{ "10.0.0.0/-1", false },
	{ "10.0.0.0/", false },
	{ "10.0.0.0/8/8", false },
	{ "10.0.0/8", false },
	{ "10.0.0.256", false },
	{ "", false },
	{ "localhost", false },
	{ "[::1]", false },
	{ "fe80::1%eth0", false },
	{ " 10.0.0.1", false },
};

START_TEST(a_network_has_no_host_bits)
{
	struct network n;

	ck_assert_int_eq(network_parse(span_of(networks[_i].text), &n),
	    networks[_i].good);
}
END_TEST

static const struct {
	const char *network, *address;
	bool inside;
} holds[] = {
	{ "10.0.0.0/8", "10.255.255.255", true },
	{ "10.0.0.0/8", "11.0.0.0", false },
	{ "10.0.0.0/8", "::ffff:10.1.2.3", true },
	{ "192.0.2.128/25", "192.0.2.128", true },
	{ "192.0.2.128/25", "192.0.2.127", false },
	{ "192.0.2.1", "192.0.2.1", true },
	{ "192.0.2.1", "192.0.2.2", false },
	{ "0.0.0.0/0", "203.0.113.9", true },
	{ "0.0.0.0/0", "2001:db8::1", false },
	{ "::/0", "192.0.2.1", true },
	{ "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "10.0.0.0/8", "unknown", false },
	{ "::/0", "", false },
	{ "0.0.0.0/0", "10.0.0.1 ", false },
};

START_TEST(a_network_holds_its_addresses)
{
	struct network n;

	ck_assert(network_parse(span_of(holds[_i].network), &n));
	ck_assert_int_eq(network_holds(&n, span_of(holds[_i].address)),
	    holds[_i].inside);
}
END_TEST

static const struct {
	const char *text;
	bool good;
	struct address address;
} addresses[] = {
	{ "unix:/run/redis.sock", true, { true, "/run/redis.sock", "", 0 } },
	{ "tcp:127.0.0.1:6379", true, { false, "", "127.0.0.1", 6379 } },
	{ "tcp:localhost:6379", true, { false, "", "127.0.0.1", 6379 } },
	{ "tcp:[::1]:65535", true, { false, "", "::1", 65535 } },
	{ "tcp:[127.0.0.1]:1", true, { false, "", "127.0.0.1", 1 } },
	{ "unix:run/redis.sock", false, { 0 } },
	{ "unix:", false, { 0 } },
	{ "tcp:::1:6379", false, { 0 } },
	{ "tcp:redis.example.net:6379", false, { 0 } },
	{ "tcp:127.0.0.1", false, { 0 } },
	{ "tcp:127.0.0.1:", false, { 0 } },
	{ "tcp:127.0.0.1:0", false, { 0 } },
	{ "tcp:127.0.0.1:65536", false, { 0 } },
	{ "tcp::6379", false, { 0 } },
	{ "tcp:[]:6379", false, { 0 } },
	{ "inet:127.0.0.1:6379", false, { 0 } },
	{ "127.0.0.1:6379", false, { 0 } },
	{ "", false, { 0 } },
};

START_TEST(a_server_is_a_path_or_an_address)
{
	const struct address *want = &addresses[_i].address;
	struct address a;

	ck_assert_int_eq(address_parse(span_of(addresses[_i].text), &a),
	    addresses[_i].good);
	if (!addresses[_i].good)
		return;
	ck_assert_int_eq(a.is_unix, want->is_unix);
	ck_assert_str_eq(a.path, want->path);
	ck_assert_str_eq(a.host, want->host);
	ck_assert_uint_eq(a.port, want->port);
}
END_TEST

static const struct {
	const char *text;
	uint32_t n;		/* 0: refused */
	const char *name, *last;
	uint16_t port;		/* of the last */
} sentinels[] = {
	{ "sentinel:mw@10.0.0.1:26379", 1, "mw", "10.0.0.1", 26379 },
	{ "sentinel:my-mail_1.x@10.0.0.1:26379,localhost:26380,[2001:db8::1]:9",
	    3, "my-mail_1.x", "2001:db8::1", 9 },
	{ "sentinel:mw@[::1]:1,[::1]:2,[::1]:3,[::1]:4,[::1]:5,[::1]:6,"
	    "[::1]:7,[::1]:8", 8, "mw", "::1", 8 },
	{ "sentinel:mw@[::1]:1,[::1]:2,[::1]:3,[::1]:4,[::1]:5,[::1]:6,"
	    "[::1]:7,[::1]:8,[::1]:9", 0, "", "", 0 },
	{ "sentinel:mw", 0, "", "", 0 },
	{ "sentinel:mw@", 0, "", "", 0 },
	{ "sentinel:@10.0.0.1:26379", 0, "", "", 0 },
	{ "sentinel:m w@10.0.0.1:26379", 0, "", "", 0 },
	{ "sentinel:m\r\nw@10.0.0.1:26379", 0, "", "", 0 },
	{ "sentinel:0123456789012345678901234567890123456789012345678901234567"
	    "890123@10.0.0.1:26379", 0, "", "", 0 },
	{ "sentinel:mw@10.0.0.1", 0, "", "", 0 },
	{ "sentinel:mw@10.0.0.1:26379,", 0, "", "", 0 },
	{ "sentinel:mw@,10.0.0.1:26379", 0, "", "", 0 },
	{ "sentinel:mw@10.0.0.1:26379, 10.0.0.2:26379", 0, "", "", 0 },
	{ "sentinel:mw@redis.example.net:26379", 0, "", "", 0 },
	{ "sentinel:mw@unix:/run/sentinel.sock", 0, "", "", 0 },
	{ "tcp:127.0.0.1:6379", 0, "", "", 0 },
	{ "", 0, "", "", 0 },
};

START_TEST(sentinels_are_a_name_and_addresses)
{
	struct sentinels s;

	ck_assert_int_eq(sentinels_parse(span_of(sentinels[_i].text), &s),
	    sentinels[_i].n > 0);
	if (sentinels[_i].n == 0)
		return;
	ck_assert_uint_eq(s.n, sentinels[_i].n);
	ck_assert_str_eq(s.name, sentinels[_i].name);
	ck_assert_str_eq(s.list[s.n - 1].host, sentinels[_i].last);
	ck_assert_uint_eq(s.list[s.n - 1].port, sentinels[_i].port);
}
END_TEST

/* A folder of this test's own, and "unix:" of a socket in it. */
static char folder[] = "/tmp/test_net.XXXXXX";
static char where[64];

static void
make_folder(void)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(where, sizeof(where), "unix:%s/s", folder);
}

static void
remove_folder(void)
{
	unlink(where + 5);
	ck_assert_int_eq(rmdir(folder), 0);
}

static bool
can_connect(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool connected;

	memcpy(sun.sun_path, path, strlen(path));
	connected = connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0;
	close(fd);
	return connected;
}

START_TEST(a_unix_socket_listens_with_its_mode)
{
	struct stat st;
	struct err err;
	const int fd = net_listen(where, 0660, 5, &err);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(stat(where + 5, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0660);
	ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	ck_assert(can_connect(where + 5));
	close(fd);
}
END_TEST

START_TEST(a_stale_socket_makes_way)
{
	struct err err;
	int fd = net_listen(where, 0666, 5, &err);

	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert(!can_connect(where + 5));
	fd = net_listen(where, 0666, 5, &err);
	ck_assert_int_ge(fd, 0);
	ck_assert(can_connect(where + 5));
	close(fd);
}
END_TEST

START_TEST(a_served_socket_stays)
{
	struct err err = { 0 };
	const int fd = net_listen(where, 0666, 5, &err);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(net_listen(where, 0666, 5, &err), -1);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert(can_connect(where + 5));
	close(fd);
}
END_TEST

START_TEST(nothing_else_is_removed)
{
	const int file = open(where + 5, O_CREAT | O_WRONLY, 0600);
	struct err err = { 0 };

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(net_listen(where, 0666, 5, &err), -1);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_int_eq(access(where + 5, F_OK), 0);
	close(file);
}
END_TEST

START_TEST(a_link_to_a_socket_is_no_socket)
{
	struct err err = { 0 };

	ck_assert_int_eq(symlink("/nowhere", where + 5), 0);
	ck_assert_int_eq(net_listen(where, 0666, 5, &err), -1);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
}
END_TEST

START_TEST(a_path_has_107_bytes_at_the_most)
{
	char path[128];
	struct err err = { 0 };

	/* The folder is not there, but the path is a good one. */
	snprintf(path, sizeof(path), "unix:/%0104d/s", 0);
	ck_assert_int_eq(net_listen(path, 0666, 5, &err), -1);
	ck_assert_int_eq(err.kind, ERR_SYSTEM);
	snprintf(path, sizeof(path), "unix:/%0105d/s", 0);
	ck_assert_int_eq(net_listen(path, 0666, 5, &err), -1);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
}
END_TEST

static const char *const bad_places[] = {
	"unix:relative", "inet:localhost.example:25", "inet:127.0.0.1",
	"inet:25", "tcp:127.0.0.1:25", "", "/run/x",
};

START_TEST(a_place_is_a_path_or_a_number)
{
	struct err err = { 0 };

	ck_assert_int_eq(net_listen(bad_places[_i], 0666, 5, &err), -1);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_str_ne(err.text, "");
}
END_TEST

/* A port that was free a moment ago. */
static unsigned
free_port(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(sin);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sin, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	close(fd);
	return ntohs(sin.sin_port);
}

START_TEST(an_address_listens_once)
{
	char place[40];
	struct err err = { 0 };
	int fd;

	snprintf(place, sizeof(place), "inet:127.0.0.1:%u", free_port());
	fd = net_listen(place, 0, 5, &err);
	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert_int_eq(net_listen(place, 0, 5, &err), -1);
	ck_assert_int_eq(err.kind, ERR_SYSTEM);
	close(fd);
}
END_TEST

/* In a process of its own: is fd, passed on as sd_listen_fds(3) says, what
 * listening there gives? */
static bool
is_taken_over(int fd, const char *place)
{
	struct err err;
	char pid[24];
	int status = 1;
	const pid_t child = fork();

	if (child == 0) {
		snprintf(pid, sizeof(pid), "%ld", (long)getpid());
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", "1", 1);
		dup2(fd, 3);
		_exit(net_listen(place, 0600, 5, &err) != 3 ||
		    (fcntl(3, F_GETFL) & O_NONBLOCK) == 0 ||
		    (fcntl(3, F_GETFD) & FD_CLOEXEC) == 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status == 0;
}

START_TEST(a_socket_that_we_were_given_is_taken)
{
	char place[40], other[40];
	struct err err = { 0 };
	const unsigned port = free_port();
	const int path = net_listen(where, 0600, 5, &err);
	int number;

	snprintf(place, sizeof(place), "inet:127.0.0.1:%u", port);
	snprintf(other, sizeof(other), "inet:127.0.0.2:%u", port);
	number = net_listen(place, 0, 5, &err);
	ck_assert(path >= 0 && number >= 0);
	ck_assert(is_taken_over(path, where));
	ck_assert(is_taken_over(number, place));
	ck_assert(!is_taken_over(number, other));
	ck_assert(!is_taken_over(number, where));
	close(number);
	close(path);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("net");
	TCase *t = tcase_create("text"), *l = tcase_create("listen");

	tcase_add_loop_test(t, a_network_has_no_host_bits, 0,
	    MW_N_OF(networks));
	tcase_add_loop_test(t, a_network_holds_its_addresses, 0,
	    MW_N_OF(holds));
	tcase_add_loop_test(t, a_server_is_a_path_or_an_address, 0,
	    MW_N_OF(addresses));
	tcase_add_loop_test(t, sentinels_are_a_name_and_addresses, 0,
	    MW_N_OF(sentinels));
	tcase_add_checked_fixture(l, make_folder, remove_folder);
	tcase_add_test(l, a_unix_socket_listens_with_its_mode);
	tcase_add_test(l, a_stale_socket_makes_way);
	tcase_add_test(l, a_served_socket_stays);
	tcase_add_test(l, nothing_else_is_removed);
	tcase_add_test(l, a_link_to_a_socket_is_no_socket);
	tcase_add_test(l, a_path_has_107_bytes_at_the_most);
	tcase_add_loop_test(l, a_place_is_a_path_or_a_number, 0,
	    MW_N_OF(bad_places));
	tcase_add_test(l, an_address_listens_once);
#ifdef HAVE_LIBSYSTEMD
	tcase_add_test(l, a_socket_that_we_were_given_is_taken);
#endif
	suite_add_tcase(s, t);
	suite_add_tcase(s, l);
	return suite_main(s);
}
