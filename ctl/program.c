#include "ctl/program.h"

#include "base/printable.h"
#include "base/words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 16
#define COMMAND_MAX 1024
#define COMPLAINTS_MAX 65536

int
program_read(int fd, struct buf *out, struct err *err)
{
	char some[16384];
	ssize_t n;

	while ((n = read(fd, some, sizeof(some))) != 0) {
		if (n > 0)
			buf_add(out, some, (size_t)n);
		else if (errno != EINTR)
			break;
	}
	close(fd);
	if (n < 0)
		return err_set(err, ERR_SYSTEM, "read: %s", strerror(errno));
	return 0;
}

/* A file of that content, to be read from its start: nobody waits for anybody
 * as both ends of a pipe might. */
static FILE *
as_file(struct span content)
{
	FILE *file = tmpfile();

	if (file == NULL)
		return NULL;
	if ((content.len == 0 ||
	    fwrite(content.at, 1, content.len, file) == content.len) &&
	    fflush(file) == 0) {
		rewind(file);
		return file;
	}
	fclose(file);
	return NULL;
}

static void
become(const char *const *words, int input, int output, int errors)
{
	if (dup2(input, STDIN_FILENO) >= 0 &&
	    dup2(output, STDOUT_FILENO) >= 0 &&
	    dup2(errors, STDERR_FILENO) >= 0)
		execvp(words[0], (char *const *)words);
	_exit(127);
}

/* What it said last. */
static int
blame(const char *program, struct span said, struct err *err)
{
	char last[160];

	said = span_trim(said);
	for (size_t i = said.len; i > 0; i--)
		if (said.at[i - 1] == '\n') {
			said.at += i;
			said.len -= i;
			break;
		}
	return err_set(err, ERR_SYSTEM, "%s: %s", program, said.len > 0 ?
	    printable(last, sizeof(last), said) : "it did not do it");
}

/* errors: a file for what it says of errors; NULL: into out. */
static int
run(const char *const *words, FILE *input, FILE *errors, struct buf *out,
    struct err *err)
{
	int ends[2], status = 0, failed;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_set(err, ERR_SYSTEM, "%s: %s", words[0],
		    strerror(errno));
	child = fork();
	if (child == 0)
		become(words, fileno(input), ends[1],
		    errors != NULL ? fileno(errors) : ends[1]);
	close(ends[1]);
	failed = program_read(ends[0], out, err);
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		return err_set(err, ERR_SYSTEM, "%s", words[0]);
	return failed;
}

/* What it said of errors, from the file's start. */
static struct buf
complaints(FILE *errors)
{
	struct buf said = buf_new(COMPLAINTS_MAX);
	char line[512];

	rewind(errors);
	while (fgets(line, sizeof(line), errors) != NULL)
		buf_add_text(&said, line);
	return said;
}

int
program_run(const char *const *words, struct span input, struct buf *out,
    struct err *err)
{
	FILE *file = as_file(input), *errors = as_file(SPAN(""));
	int failed;

	if (file == NULL || errors == NULL) {
		failed = err_set(err, ERR_SYSTEM, "%s: %s", words[0],
		    strerror(errno));
	} else if ((failed = run(words, file, errors, out, err)) < 0) {
		struct buf said = complaints(errors);

		failed = blame(words[0], buf_span(&said), err);
		buf_free(&said);
	}
	if (file != NULL)
		fclose(file);
	if (errors != NULL)
		fclose(errors);
	return failed;
}

int
program_command(const char *command, const char *const *more,
    struct span input, struct buf *out, struct err *err)
{
	char text[COMMAND_MAX];
	const char *words[WORDS_MAX + 1];
	FILE *file;
	int n;

	if (!span_copy(text, sizeof(text), span_of(command)))
		return err_set(err, ERR_CONFIG, "the command is too long");
	n = words_cut(text, words, WORDS_MAX);
	if (n < 1 || words_add(words, n, more, WORDS_MAX) < 0)
		return err_set(err, ERR_CONFIG, "no word, or too many");
	file = as_file(input);
	if (file == NULL)
		return err_set(err, ERR_SYSTEM, "%s: %s", words[0],
		    strerror(errno));
	n = run(words, file, NULL, out, err);
	fclose(file);
	return n < 0 ? blame(words[0], buf_span(out), err) : 0;
}
