#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
read_all(int fd, struct buf *out, struct err *err)
{
	char chunk[16384];
	ssize_t n;

	do {
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
	} while ((n > 0 && !buf_overflowed(out)) || (n < 0 && errno == EINTR));
	explicit_bzero(chunk, sizeof(chunk));
	if (n < 0)
		return err_set(err, ERR_SYSTEM, "%s", strerror(errno));
	if (buf_overflowed(out))
		return err_set(err, ERR_CONFIG, "longer than %zu bytes",
		    out->max);
	return 0;
}

/* O_NONBLOCK: a FIFO under this name must not stop a daemon. */
static int
open_regular(const char *path, int flags, struct stat *out_st, struct err *err)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);

	if (fd < 0 && errno == ELOOP && (flags & O_NOFOLLOW) != 0)
		return err_set(err, ERR_CONFIG, "a symbolic link, which is not "
		    "followed here");
	if (fd < 0)
		return err_set(err, ERR_SYSTEM, "%s", strerror(errno));
	if (fstat(fd, out_st) != 0) {
		err_set(err, ERR_SYSTEM, "%s", strerror(errno));
		close(fd);
		return -1;
	}
	if (!S_ISREG(out_st->st_mode)) {
		close(fd);
		return err_set(err, ERR_CONFIG, "not a regular file");
	}
	return fd;
}

int
file_read(const char *path, struct buf *out, struct err *err)
{
	struct stat st;
	const int fd = open_regular(path, 0, &st, err);
	int rc;

	if (fd < 0)
		return -1;
	rc = read_all(fd, out, err);
	close(fd);
	return rc;
}

int
file_read_secret(const char *path, struct buf *out, struct err *err)
{
	struct stat st;
	const int fd = open_regular(path, O_NOFOLLOW, &st, err);
	int rc;

	if (fd < 0)
		return -1;
	if ((st.st_mode & (S_IROTH | S_IWOTH)) != 0)
		rc = err_set(err, ERR_CONFIG, "readable or writable by every "
		    "user; chmod o-rw it");
	else
		rc = read_all(fd, out, err);
	close(fd);
	return rc;
}
