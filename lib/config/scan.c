#include "scan.h"

#include "file.h"

#include "base/number.h"

#define INCLUDE_DEPTH 10	/* libconfig's own limit */
#define INCLUDES 64

struct scan {
	struct load *load;
	struct place here;
	struct span rest;
	char before;		/* last token: its mark; 'n' a word or number */
	bool at_start;		/* nothing but blanks on this line so far */
	bool readable;		/* libconfig may have it */
	unsigned depth;
	unsigned *includes;	/* read so far, of all files */
};

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char
look(const struct scan *s, size_t ahead)
{
	return ahead < s->rest.len ? s->rest.at[ahead] : '\0';
}

static bool
looking_at(const struct scan *s, struct span text)
{
	return span_starts(s->rest, text);
}

static void
skip(struct scan *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s->rest.at[i] == '\n')
			s->here.line++;
	}
	s->rest.at += n;
	s->rest.len -= n;
}

static void
skip_line(struct scan *s)
{
	const ptrdiff_t end = span_find(s->rest, '\n');

	skip(s, end >= 0 ? (size_t)end : s->rest.len);
}

/* For "%.*s": no more of it than a message has room for. */
static int
shown(struct span s)
{
	return s.len > 60 ? 60 : (int)s.len;
}

static void
unreadable(struct scan *s, const char *what)
{
	errors_add(s->load->errors, s->here, "%s", what);
	s->readable = false;
}

static void
scan_comment(struct scan *s)
{
	size_t n = 2;

	while (n < s->rest.len &&
	    !(s->rest.at[n] == '*' && look(s, n + 1) == '/'))
		n++;
	if (n >= s->rest.len) {
		unreadable(s, "this comment is never closed");
		skip(s, s->rest.len);
		return;
	}
	skip(s, n + 2);
}

/* A string of libconfig's may span lines; one of ours that does was not
 * closed, and everything behind it would be read inside out. */
static void
scan_string(struct scan *s)
{
	size_t n = 1;

	for (; n < s->rest.len && look(s, n) != '"'; n++) {
		if (look(s, n) == '\n')
			break;
		if (look(s, n) != '\\')
			continue;
		n++;
		if ((look(s, n) == 'x' || look(s, n) == 'X') &&
		    look(s, n + 1) == '0' && look(s, n + 2) == '0')
			errors_add(s->load->errors, s->here,
			    "\\x00 in a string would end it there");
	}
	if (look(s, n) != '"') {
		unreadable(s, "this string is not closed on its line");
		skip(s, s->rest.len);
		return;
	}
	skip(s, n + 1);
	s->before = '"';
}

static size_t
number_length(const struct scan *s)
{
	const bool hex = looking_at(s, SPAN("0x")) || looking_at(s, SPAN("0X"));
	size_t n = 0;

	for (;; n++) {
		const char c = look(s, n);
		const char last = n > 0 ? look(s, n - 1) : '\0';
		const bool sign = c == '-' || c == '+';

		if (sign && (n == 0 || (!hex && (last == 'e' || last == 'E'))))
			continue;
		if (!is_digit(c) && c != '.' && (!is_name(c) || c == '*'))
			return n;
	}
}

static bool
holds_only(struct span s, const char *set)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '\0' || strchr(set, s.at[i]) == NULL)
			return false;
	}
	return true;
}

static bool
hex_fits(struct span digits)
{
	while (digits.len > 1 && digits.at[0] == '0') {
		digits.at++;
		digits.len--;
	}
	return digits.len < 8 || (digits.len == 8 && digits.at[0] <= '7');
}

static void
check_integer(struct scan *s, struct span text, struct span digits)
{
	const bool hex = span_starts(digits, SPAN("0x")) ||
	    span_starts(digits, SPAN("0X"));
	int64_t number;
	bool fits;

	if (hex)
		fits = hex_fits((struct span){ digits.at + 2, digits.len - 2 });
	else
		fits = number_parse(digits, 0, INT32_MAX, &number);
	if (!hex && digits.len > 1 && digits.at[0] == '0')
		errors_add(s->load->errors, s->here, "%.*s: a number does not "
		    "begin with 0 (nothing here is octal)", shown(text),
		    text.at);
	else if (!fits)
		errors_add(s->load->errors, s->here,
		    "%.*s is too large a number", shown(text), text.at);
}

/* "30s", "50%" and the like, which end in libconfig's bare "syntax error". */
static void
complain_number(struct scan *s, struct span text)
{
	int64_t ms;

	s->readable = false;
	if (look(s, text.len) == '%')
		errors_add(s->load->errors, s->here, "a share is in per cent "
		    "and has no sign behind it: %.*s", shown(text), text.at);
	else if (duration_parse(text, &ms))
		errors_add(s->load->errors, s->here, "a duration stands in "
		    "quotes: \"%.*s\"", shown(text), text.at);
	else
		errors_add(s->load->errors, s->here, "%.*s is no number; text "
		    "stands in quotes", shown(text), text.at);
}

static bool
is_hex(struct span s)
{
	return s.len > 2 && s.at[0] == '0' &&
	    (s.at[1] == 'x' || s.at[1] == 'X') &&
	    holds_only((struct span){ s.at + 2, s.len - 2 },
	    "0123456789abcdefABCDEF");
}

static void
scan_number(struct scan *s)
{
	const struct span text = { s->rest.at, number_length(s) };
	struct span digits = text;

	if (digits.at[0] == '-' || digits.at[0] == '+') {
		digits.at++;
		digits.len--;
	}
	while (digits.len > 0 && digits.at[digits.len - 1] == 'L')
		digits.len--;
	if (look(s, text.len) == '%')
		complain_number(s, text);
	else if (holds_only(digits, "0123456789") || is_hex(digits))
		check_integer(s, text, digits);
	else if (!holds_only(digits, "0123456789.eE+-"))
		complain_number(s, text);
	skip(s, text.len);
	s->before = 'n';
}

static void
scan_word(struct scan *s)
{
	struct span word = { s->rest.at, 0 };

	while (is_name(look(s, word.len)) || is_digit(look(s, word.len)) ||
	    look(s, word.len) == '-' || look(s, word.len) == '_')
		word.len++;
	if (s->before != '\0' && strchr("=:[(", s->before) != NULL &&
	    !span_eq_fold(word, SPAN("true")) &&
	    !span_eq_fold(word, SPAN("false"))) {
		errors_add(s->load->errors, s->here, "%.*s: text stands in "
		    "quotes, and a switch is true or false",
		    shown(word), word.at);
		s->readable = false;
	}
	skip(s, word.len);
	s->before = 'n';
}

static void
scan_mark(struct scan *s)
{
	const char c = look(s, 0);

	/* libconfig 1.7 takes it, 1.5 says "syntax error". */
	if ((c == ')' || c == ']') && s->before == ',')
		unreadable(s, "a comma before the closing bracket");
	skip(s, 1);
	s->before = c;
}

static bool scan_file(struct load *l, struct place from, const char *file,
    unsigned depth, unsigned *includes);

static bool
plain_name(struct span name)
{
	return name.len > 0 && name.len <= 128 && name.at[0] != '.' &&
	    holds_only(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789._-");
}

/* @include "name", alone on its line. */
static void
scan_include(struct scan *s)
{
	struct span line = s->rest, name;
	const ptrdiff_t end = span_find(line, '\n');

	if (end >= 0)
		line.len = (size_t)end;
	line = span_trim(line);
	line.at += strlen("@include");
	line.len -= strlen("@include");
	name = span_trim(line);
	if (!s->at_start || name.len < 2 || name.at == line.at ||
	    name.at[0] != '"' || name.at[name.len - 1] != '"') {
		unreadable(s, "wants @include \"name\" on a line of its own");
		skip_line(s);
		return;
	}
	name.at++;
	name.len -= 2;
	if (!plain_name(name))
		unreadable(s, "@include takes the plain name of a file in the "
		    "same folder as the main one");
	else if (!scan_file(s->load, s->here, load_path(s->load,
	    arena_text(s->load->scratch, name)), s->depth + 1, s->includes))
		s->readable = false;
	skip_line(s);
}

static void
scan_token(struct scan *s)
{
	const char c = look(s, 0);

	if (c == '#' || looking_at(s, SPAN("//")))
		skip_line(s);
	else if (looking_at(s, SPAN("/*")))
		scan_comment(s);
	else if (c == '"')
		scan_string(s);
	else if (looking_at(s, SPAN("@include")))
		scan_include(s);
	else if (is_digit(c) ||
	    ((c == '-' || c == '+') && is_digit(look(s, 1))))
		scan_number(s);
	else if (is_name(c))
		scan_word(s);
	else
		scan_mark(s);
}

static bool
scan_all(struct scan *s)
{
	s->at_start = true;
	if (memchr(s->rest.at, '\0', s->rest.len) != NULL) {
		s->here.line = 0;
		unreadable(s, "holds a NUL byte: no text file");
		return false;
	}
	while (s->rest.len > 0) {
		const char c = look(s, 0);

		if (c == '\n') {
			skip(s, 1);
			s->at_start = true;
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
			skip(s, 1);
		} else {
			scan_token(s);
			s->at_start = false;
		}
	}
	return s->readable;
}

static bool
scan_at(struct load *l, const char *file, struct span text, unsigned depth,
    unsigned *includes)
{
	struct scan s = {
		.load = l,
		.here = { file, 1 },
		.rest = text,
		.readable = true,
		.depth = depth,
		.includes = includes,
	};

	return text.len == 0 || scan_all(&s);
}

static bool
scan_file(struct load *l, struct place from, const char *file, unsigned depth,
    unsigned *includes)
{
	struct buf text = buf_new(SCAN_FILE_MAX);
	struct err err;
	bool readable = false;

	if (depth > INCLUDE_DEPTH || ++*includes > INCLUDES)
		errors_add(l->errors, from, "too many files within files");
	else if (file_read(file, &text, &err) != 0)
		errors_add(l->errors, from, "%s: %s", file, err.text);
	else
		readable = scan_at(l, file, buf_span(&text), depth, includes);
	buf_free(&text);
	return readable;
}

bool
scan_text(struct load *l, const char *file, struct span text)
{
	unsigned includes = 0;

	return scan_at(l, file, text, 0, &includes);
}
