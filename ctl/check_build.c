/* Is this a Postfix on which the gate works? */
#include "base/number.h"
#include "ctl/fault.h"

/* "3.7.11", "3.11-20250101": is it older than 3.5? */
static bool
is_old(struct span version)
{
	struct span minor;
	int64_t major, n = 0;

	if (!number_parse(span_cut(&version, '.'), 0, 1000, &major))
		return false;
	minor = span_cut(&version, '.');
	minor = span_cut(&minor, '-');
	return number_parse(minor, 0, 1000, &n) &&
	    (major < 3 || (major == 3 && n < 5));
}

static bool
ask(const struct wired *w, const char *option, const char *name,
    struct buf *out)
{
	struct err err;

	return live_ask(w->live->dir_given, (const char *const []){
	    option, name, NULL }, out, &err) == 0;
}

static void
check_version(const struct wired *w)
{
	struct buf said = buf_new(LINES_MAX);
	struct span version;

	/* Not main.cf's word for it, but the program's. */
	if (ask(w, "-dh", "mail_version", &said)) {
		version = span_trim(buf_span(&said));
		if (is_old(version))
			fault_found(w->found, FAULT_POSTFIX_OLD,
			    &(struct change){ 0 }, "this Postfix is %.*s",
			    (int)version.len, version.at);
	}
	buf_free(&said);
}

static void
check_socketmap(const struct wired *w)
{
	struct buf said = buf_new(LINES_MAX);
	bool found = !ask(w, "-m", NULL, &said);
	struct span rest = buf_span(&said);

	while (rest.at != NULL)
		found |= span_eq(span_trim(span_cut(&rest, '\n')),
		    SPAN("socketmap"));
	if (!found)
		fault_found(w->found, FAULT_NO_SOCKETMAP,
		    &(struct change){ 0 },
		    "this Postfix has no socketmap (postconf -m)");
	buf_free(&said);
}

/* Without TLS compiled in, postconf has nothing to say of its version. */
static void
check_tls(const struct wired *w)
{
	struct buf said = buf_new(LINES_MAX);

	if (ask(w, "-T", "compile-version", &said) && said.len == 0)
		fault_found(w->found, FAULT_NO_TLS, &(struct change){ 0 },
		    "this Postfix was built without TLS (postconf -T "
		    "compile-version)");
	buf_free(&said);
}

void
check_build(const struct wired *w)
{
	check_version(w);
	if (w->config->listen.map[0] == '\0')
		return;
	check_socketmap(w);
	check_tls(w);
}
