#include "resolve.h"

#include "core/probe.h"
#include "file.h"

#include "base/printable.h"

#include <string.h>
#include <unistd.h>

#define PASSWORD_MAX 512

static const struct section *
home_of(const struct load *l, enum key key)
{
	const char *group = key_row(key)->group;

	return group[0] == '\0' ? l->top : section_below(l->top, group);
}

static void
blame(const struct load *l, enum key key, const char *what)
{
	fault(l, home_of(l, key), key, "%s", what);
}

static bool
holds_only(const char *text, const char *others)
{
	for (const char *c = text; *c != '\0'; c++) {
		if (!(*c >= 'a' && *c <= 'z') && !(*c >= 'A' && *c <= 'Z') &&
		    !(*c >= '0' && *c <= '9') && strchr(others, *c) == NULL)
			return false;
	}
	return text[0] != '\0';
}

static void
resolve_host(struct load *l)
{
	struct config *c = l->config;
	const char *text = resolve_value(l, KEY_HOST)->text;
	char name[256] = "";

	if (text[0] == '\0' && gethostname(name, sizeof(name) - 1) != 0)
		name[0] = '\0';
	if (span_copy(c->host, sizeof(c->host),
	    span_of(text[0] != '\0' ? text : name)) &&
	    holds_only(c->host, ".-"))
		return;
	if (text[0] != '\0')
		blame(l, KEY_HOST, "wants letters, digits, dots and hyphens, "
		    "64 at most");
	else
		blame(l, KEY_HOST, "the system's host name cannot be used "
		    "(letters, digits, dots and hyphens, 64 at most); set it");
}

static bool
is_loopback(const struct address *a)
{
	struct network v4, v6;

	return network_parse(SPAN("127.0.0.0/8"), &v4) &&
	    network_parse(SPAN("::1"), &v6) &&
	    (network_holds(&v4, span_of(a->host)) ||
	    network_holds(&v6, span_of(a->host)));
}

static void
resolve_password(struct load *l)
{
	const char *name = resolve_value(l, KEY_STORE_PASSWORD_FILE)->text;
	struct buf text = buf_new(PASSWORD_MAX);
	struct span rest, line;
	struct err err;

	if (name[0] == '\0')
		return;
	if (file_read_secret(load_path(l, name), &text, &err) != 0) {
		fault(l, home_of(l, KEY_STORE_PASSWORD_FILE),
		    KEY_STORE_PASSWORD_FILE, "%s: %s", load_path(l, name),
		    err.text);
	} else {
		rest = buf_span(&text);
		line = span_trim(span_cut(&rest, '\n'));
		if (line.len == 0 || span_find(line, '\0') >= 0)
			blame(l, KEY_STORE_PASSWORD_FILE,
			    "its first line is no password");
		else
			l->config->store.password =
			    arena_text(l->config->memory, line);
	}
	if (text.at != NULL)
		explicit_bzero(text.at, text.len);
	buf_free(&text);
}

static bool
leaves_this_host(const struct address *redis, const struct sentinels *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (!is_loopback(&s->list[i]))
			return true;
	return s->n == 0 && !redis->is_unix && !is_loopback(redis);
}

static void
resolve_redis(struct load *l)
{
	struct config *c = l->config;
	const char *redis = resolve_value(l, KEY_STORE_REDIS)->text;
	const char *file = resolve_value(l, KEY_STORE_PASSWORD_FILE)->text;

	c->store.redis = arena_text(c->memory, span_of(redis));
	if (!address_parse(span_of(redis), &c->store.address) &&
	    !sentinels_parse(span_of(redis), &c->store.sentinels))
		blame(l, KEY_STORE_REDIS, "wants \"unix:/PATH\", "
		    "\"tcp:ADDRESS:PORT\" or \"sentinel:NAME@ADDRESS:PORT,"
		    "...\" (8 at most; an address, no host name)");
	else if (file[0] == '\0' &&
	    leaves_this_host(&c->store.address, &c->store.sentinels))
		blame(l, KEY_STORE_REDIS, "over the network, a password is a "
		    "must: set store.password_file");
}

static void
resolve_store(struct load *l)
{
	struct config *c = l->config;
	const char *prefix = resolve_value(l, KEY_STORE_PREFIX)->text;
	const char *user = resolve_value(l, KEY_STORE_USERNAME)->text;
	const char *file = resolve_value(l, KEY_STORE_PASSWORD_FILE)->text;

	resolve_password(l);
	resolve_redis(l);
	if (strlen(prefix) > 32 || !holds_only(prefix, ".-_"))
		blame(l, KEY_STORE_PREFIX, "wants letters, digits, dots, "
		    "hyphens and underscores, 32 at most");
	if (user[0] != '\0' && file[0] == '\0')
		blame(l, KEY_STORE_USERNAME, "needs store.password_file");
	c->store.prefix = arena_text(c->memory, span_of(prefix));
	if (user[0] != '\0')
		c->store.username = arena_text(c->memory, span_of(user));
	c->store.database = (int)resolve_value(l, KEY_STORE_DATABASE)->number;
	c->store.timeout_ms = resolve_value(l, KEY_STORE_TIMEOUT)->number;
}

/* "inet:" is what net_listen() calls "tcp:". */
static bool
is_listener(const struct load *l, struct span text, struct address *out)
{
	const struct span inet = SPAN("inet:");

	if (!span_starts(text, inet))
		return span_starts(text, SPAN("unix:")) &&
		    address_parse(text, out);
	text = span_of(arena_textf(l->scratch, "tcp:%.*s",
	    (int)(text.len - inet.len), text.at + inet.len));
	return address_parse(text, out);
}

static const char *
resolve_listener(struct load *l, enum key key)
{
	const char *text = resolve_value(l, key)->text;
	struct address address = { .is_unix = true };

	if (text[0] != '\0' && !is_listener(l, span_of(text), &address))
		blame(l, key, "wants \"unix:/PATH\" (107 bytes at most), "
		    "\"inet:ADDRESS:PORT\", or \"\" for off");
	else if (!address.is_unix && !is_loopback(&address) &&
	    key != KEY_LISTEN_STATUS)
		errors_note(l->errors, resolve_value(l, key)->at,
		    "listen.%s: whoever can connect there is believed; let "
		    "nobody but Postfix", key_row(key)->name);
	return arena_text(l->config->memory, span_of(text));
}

static void
resolve_listen(struct load *l)
{
	static const enum key keys[] = { KEY_LISTEN_POLICY, KEY_LISTEN_MAP,
	    KEY_LISTEN_MILTER, KEY_LISTEN_STATUS };
	struct config *c = l->config;

	c->listen.policy = resolve_listener(l, KEY_LISTEN_POLICY);
	c->listen.map = resolve_listener(l, KEY_LISTEN_MAP);
	c->listen.milter = resolve_listener(l, KEY_LISTEN_MILTER);
	c->listen.status = resolve_listener(l, KEY_LISTEN_STATUS);
	for (size_t i = 0; i < 4; i++) {
		const char *text = resolve_value(l, keys[i])->text;

		for (size_t j = 0; j < i && text[0] != '\0'; j++) {
			if (strcmp(text,
			    resolve_value(l, keys[j])->text) == 0)
				blame(l, keys[i],
				    "another one listens there already");
		}
	}
}

static void
resolve_networks(struct load *l)
{
	const struct value *v = resolve_value(l, KEY_SUBMISSION_NETWORKS);
	struct plan *p = &l->config->plan;
	struct network *networks =
	    arena_get(l->config->memory, v->n, sizeof(*networks));

	for (size_t i = 0; i < v->n; i++) {
		if (network_parse(span_of(v->items[i].text),
		    &networks[p->n_submission_networks]))
			p->n_submission_networks++;
		else
			fault_at(l, v->items[i].at,
			    home_of(l, KEY_SUBMISSION_NETWORKS),
			    KEY_SUBMISSION_NETWORKS, "\"%.60s\" is no network "
			    "such as \"10.0.0.0/8\", or has bits set behind "
			    "its prefix", v->items[i].text);
	}
	p->submission_networks = networks;
}

/* The longest name there is, as it makes a reply longest. */
static const char *
longest_destination(const struct load *l)
{
	const struct section *s = section_below(l->top, "destinations.X");
	const char *longest = "";

	for (; s != NULL; s = section_next(s)) {
		if (strlen(s->name) > strlen(longest))
			longest = s->name;
	}
	return longest;
}

static bool
begins_with_code(const char *text)
{
	struct span rest = span_of(text);
	struct dsn dsn;

	if (dsn_parse(rest, &dsn, &rest))
		return true;
	return strlen(text) >= 3 && strspn(text, "0123456789") == 3;
}

static const char *
resolve_reply(struct load *l, enum key key)
{
	const char *text = resolve_value(l, key)->text;
	struct reply reply;

	if (begins_with_code(text))
		blame(l, key, "the codes are put in front by Mailweir");
	else if (text[0] == '\0' || !reply_make(451, REPLY_DSN_NOT_ACCEPTING,
	    text, longest_destination(l), &reply))
		blame(l, key, "wants printable ASCII, 200 characters at most "
		    "with the longest destination's name in it");
	return arena_text(l->config->memory, span_of(text));
}

static void
resolve_intake(struct load *l)
{
	struct plan *p = &l->config->plan;

	p->lease_ttl_ms = resolve_value(l, KEY_LEASE_TTL)->number;
	p->gate_wait_ms = resolve_value(l, KEY_GATE_WAIT)->number;
	p->gate_spill_ms = resolve_value(l, KEY_GATE_SPILL)->number;
	p->hold_incoming = resolve_value(l, KEY_HOLD_INCOMING)->number == 1;
	p->hold_submission =
	    resolve_value(l, KEY_HOLD_SUBMISSION)->number == 1;
	p->hold_queue_limit =
	    (uint32_t)resolve_value(l, KEY_HOLD_QUEUE_LIMIT)->number;
	p->submission_authenticated =
	    resolve_value(l, KEY_SUBMISSION_AUTHENTICATED)->number == 1;
	resolve_networks(l);
	p->replies.cap = resolve_reply(l, KEY_REPLIES_CAP);
	p->replies.hold = resolve_reply(l, KEY_REPLIES_HOLD);
	p->replies.late = resolve_reply(l, KEY_REPLIES_LATE);
}

static struct throttle_rules
resolve_slow(const struct load *l)
{
	return (struct throttle_rules){
		.cut = (uint32_t)resolve_value(l, KEY_SLOW_CUT)->number,
		.every_ms = resolve_value(l, KEY_SLOW_EVERY)->number,
		.floor = (uint32_t)resolve_value(l, KEY_SLOW_FLOOR)->number,
		.raise = (uint32_t)resolve_value(l, KEY_SLOW_RAISE)->number,
	};
}

static const char *
kept_text(struct load *l, enum key key)
{
	return arena_text(l->config->memory,
	    span_of(resolve_value(l, key)->text));
}

static const char *
resolve_address(struct load *l, enum key key)
{
	const char *text = kept_text(l, key);

	if (text[0] != '\0' && !probe_address_good(span_of(text)))
		blame(l, key, "wants an address such as "
		    "\"postmaster@example.net\", without < and >");
	return text;
}

static void
resolve_probe(struct load *l)
{
	struct config *c = l->config;

	c->probe.every_ms = resolve_value(l, KEY_PROBE_EVERY)->number;
	c->probe.from = resolve_address(l, KEY_PROBE_FROM);
	c->probe.to = resolve_address(l, KEY_PROBE_TO);
	c->probe.starttls = resolve_value(l, KEY_PROBE_STARTTLS)->number == 1;
}

static void
resolve_release(struct load *l)
{
	struct config *c = l->config;

	c->release_rate = (uint32_t)resolve_value(l, KEY_RELEASE_RATE)->number;
	c->release_command = kept_text(l, KEY_RELEASE_COMMAND);
	if (!printable_all(span_of(c->release_command)) ||
	    strlen(c->release_command) > CONFIG_COMMAND_MAX)
		blame(l, KEY_RELEASE_COMMAND, "wants words with blanks "
		    "between them, 200 characters at most");
}

static void
resolve_feed(struct load *l)
{
	const char *path = kept_text(l, KEY_FEED_MAILLOG);

	l->config->feed_maillog = path;
	if (path[0] != '\0' && path[0] != '/')
		blame(l, KEY_FEED_MAILLOG, "wants the whole path of a file");
}

static void
resolve_notify(struct load *l)
{
	struct config *c = l->config;

	c->notify_command = kept_text(l, KEY_NOTIFY_COMMAND);
	if (!printable_all(span_of(c->notify_command)) ||
	    strlen(c->notify_command) > CONFIG_COMMAND_MAX)
		blame(l, KEY_NOTIFY_COMMAND, "wants words with blanks "
		    "between them, 200 characters at most");
}

static void
resolve_dns(struct load *l)
{
	struct config *c = l->config;

	c->dns.cache_entries =
	    (uint32_t)resolve_value(l, KEY_DNS_CACHE_ENTRIES)->number;
	c->dns.stale_for_ms = resolve_value(l, KEY_DNS_STALE_FOR)->number;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

const struct value *
resolve_value(const struct load *l, enum key key)
{
	return section_value(home_of(l, key), key);
}

bool
resolve_name(const struct load *l, const struct section *s)
{
	if (is_letter(s->name[0]) && strlen(s->name) <= PLAN_NAME_MAX &&
	    holds_only(s->name, "-_"))
		return true;
	fault_section(l, s, "a name is a letter, then letters, digits, "
	    "'-' and '_', %d in all at most", PLAN_NAME_MAX);
	return false;
}

/* The choices of an enum key stand in the order of the C enum. */
void
resolve_settings(struct load *l)
{
	struct config *c = l->config;

	c->plan.mode = (enum plan_mode)resolve_value(l, KEY_MODE)->number;
	c->log.level = (enum log_level)resolve_value(l, KEY_LOG_LEVEL)->number;
	c->log.target =
	    (enum log_target)resolve_value(l, KEY_LOG_TARGET)->number;
	resolve_host(l);
	resolve_store(l);
	resolve_listen(l);
	resolve_intake(l);
	c->plan.slow = resolve_slow(l);
	resolve_release(l);
	resolve_notify(l);
	resolve_probe(l);
	resolve_feed(l);
	resolve_dns(l);
}
