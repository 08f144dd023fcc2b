#include "wire/maillog.h"

#include "base/mem.h"
#include "base/number.h"

#define QUEUE_ID_MAX 32
#define DAY_MS 86400000
#define SECONDS_MAX 100000000	/* of a delay, over three years */

struct date {
	int64_t year, month, day;	/* month and day from 1 */
};

static bool
take(struct span *rest, struct span literal)
{
	if (!span_starts(*rest, literal))
		return false;
	rest->at += literal.len;
	rest->len -= literal.len;
	return true;
}

/* Exactly n digits, min..max. */
static bool
take_digits(struct span *rest, size_t n, int64_t min, int64_t max,
    int64_t *out)
{
	if (rest->len < n || rest->at[0] == '-' ||
	    !number_parse((struct span){ rest->at, n }, min, max, out))
		return false;
	rest->at += n;
	rest->len -= n;
	return true;
}

/* A word and the blank behind it; empty when there is none of both. */
static struct span
take_word(struct span *rest)
{
	const ptrdiff_t blank = span_find(*rest, ' ');

	if (blank < 0)
		return (struct span){ NULL, 0 };
	return span_cut(rest, ' ');
}

/* Where text stands in s first, or -1. */
static ptrdiff_t
find_text(struct span s, struct span text)
{
	const char *found = s.len == 0 ? NULL :
	    memmem(s.at, s.len, text.at, text.len);

	return found == NULL ? -1 : found - s.at;
}

static bool
is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool
date_is_good(struct date d)
{
	static const int days[] =
	    { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return d.day <= days[d.month - 1] &&
	    (d.month != 2 || d.day < 29 || is_leap(d.year));
}

/* Days since 1970-01-01. A year is counted from March, so that its leap day
 * is its last. */
static int64_t
days_of(struct date d)
{
	const int64_t year = d.month > 2 ? d.year : d.year - 1;
	const int64_t month = (d.month + 9) % 12;	/* March is 0 */

	return 365 * year + year / 4 - year / 100 + year / 400 +
	    (153 * month + 2) / 5 + d.day - 1 - 719468;
}

/* "09:32:00", ms of the day; a leap second is the one before it. */
static bool
take_clock(struct span *rest, int64_t *out_ms)
{
	int64_t h, m, s;

	if (!take_digits(rest, 2, 0, 23, &h) || !take(rest, SPAN(":")) ||
	    !take_digits(rest, 2, 0, 59, &m) || !take(rest, SPAN(":")) ||
	    !take_digits(rest, 2, 0, 60, &s))
		return false;
	*out_ms = ((h * 60 + m) * 60 + (s < 60 ? s : 59)) * 1000;
	return true;
}

/* ".123456", or nothing, in ms. */
static int64_t
take_fraction(struct span *rest)
{
	int64_t ms = 0, digit, worth = 100;

	if (!take(rest, SPAN(".")))
		return 0;
	for (; take_digits(rest, 1, 0, 9, &digit); worth /= 10)
		ms += digit * worth;
	return ms;
}

/* "Z" or "+01:00", or "+0100" as older journals write it, in ms east of Greenwich. */
static bool
take_zone(struct span *rest, int64_t *out_ms)
{
	const bool west = span_starts(*rest, SPAN("-"));
	int64_t h, m;

	if (take(rest, SPAN("Z"))) {
		*out_ms = 0;
		return true;
	}
	if ((!take(rest, SPAN("-")) && !take(rest, SPAN("+"))) ||
	    !take_digits(rest, 2, 0, 23, &h))
		return false;
	(void)take(rest, SPAN(":"));
	if (!take_digits(rest, 2, 0, 59, &m))
		return false;
	*out_ms = (h * 60 + m) * (west ? -60000 : 60000);
	return true;
}

/* RFC 3339: "2026-11-21T09:32:00.123456+01:00". */
static bool
take_time(struct span *rest, int64_t *out_ms)
{
	int64_t clock, fraction, zone;
	struct date d;

	if (!take_digits(rest, 4, 1970, 9999, &d.year) ||
	    !take(rest, SPAN("-")) ||
	    !take_digits(rest, 2, 1, 12, &d.month) ||
	    !take(rest, SPAN("-")) ||
	    !take_digits(rest, 2, 1, 31, &d.day) || !date_is_good(d) ||
	    !take(rest, SPAN("T")) || !take_clock(rest, &clock))
		return false;
	fraction = take_fraction(rest);
	if (!take_zone(rest, &zone))
		return false;
	*out_ms = days_of(d) * DAY_MS + clock + fraction - zone;
	return true;
}

static bool
take_month(struct span *rest, int64_t *out)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (*out = 1; *out <= 12; ++*out)
		if (take(rest, (struct span){ names + 3 * (*out - 1), 3 }))
			return true;
	return false;
}

/*
 * The newest year in which the date is there and not ahead of what is known
 * to be past. 400 years are 146097 days; of nine in a row one has a 29th of
 * February.
 */
static bool
place_in_year(struct date d, int64_t reference_ms, int64_t *out_day)
{
	const int64_t last = reference_ms / DAY_MS + 1;
	const int64_t newest = 1971 + last * 400 / 146097;

	for (d.year = newest; d.year >= 1970 && d.year > newest - 10; d.year--)
		if (date_is_good(d) && days_of(d) <= last) {
			*out_day = days_of(d);
			return true;
		}
	return false;
}

/* "Nov 21 09:32:00", "Nov  1 09:32:00". */
static bool
take_old_time(struct span *rest, int64_t reference_ms, int64_t *out_ms)
{
	int64_t day, clock;
	struct date d = { 0 };

	if (!take_month(rest, &d.month) || !take(rest, SPAN(" ")) ||
	    !take_digits(rest, take(rest, SPAN(" ")) ? 1 : 2, 1, 31,
	    &d.day) || !take(rest, SPAN(" ")) || !take_clock(rest, &clock) ||
	    !place_in_year(d, reference_ms, &day))
		return false;
	*out_ms = day * DAY_MS + clock;
	return true;
}

/* "postfix/mw-x/smtp[1234]:", and the blank behind it. */
static bool
take_process(struct span *rest, struct maillog_line *line)
{
	struct span tag = take_word(rest), name;
	ptrdiff_t slash;

	name = span_cut(&tag, '[');
	line->pid = span_cut(&tag, ']');
	slash = span_rfind(name, '/');
	if (!span_eq(tag, SPAN(":")) || slash < 0)
		return false;
	line->program = (struct span){ name.at + slash + 1,
	    name.len - (size_t)slash - 1 };
	name.len = (size_t)slash;
	line->instance = span_cut(&name, '/');
	line->service = name;
	return line->program.len > 0;
}

static bool
take_header(struct span *rest, int64_t reference_ms,
    struct maillog_line *line)
{
	line->zoned = take_time(rest, &line->time_ms);
	if (!line->zoned &&
	    !take_old_time(rest, reference_ms, &line->time_ms))
		return false;
	if (!take(rest, SPAN(" ")))
		return false;
	line->host = take_word(rest);
	return line->host.len > 0 && take_process(rest, line);
}

/* "966C9A8A4B3: ", "4jWnBk58KVz1cM4S: ". */
static bool
take_queue_id(struct span *rest, struct span *out)
{
	const ptrdiff_t colon = span_find(*rest, ':');

	if (colon < 6 || colon > QUEUE_ID_MAX)
		return false;
	for (ptrdiff_t i = 0; i < colon; i++) {
		const char c = rest->at[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= 'a' && c <= 'z'))
			return false;
	}
	*out = span_cut(rest, ':');
	return take(rest, SPAN(" "));
}

/* "relay.example[192.0.2.1]", with ":25" where it is told. */
static bool
take_peer(struct span *rest, struct maillog_peer *out)
{
	struct span after = *rest;
	struct maillog_peer peer = { .host = span_cut(&after, '[') };
	size_t digits = 1;
	int64_t port;

	peer.address = span_cut(&after, ']');
	if (peer.host.len == 0 || peer.address.len == 0 || after.at == NULL ||
	    span_find(peer.host, ' ') >= 0 || span_find(peer.host, ',') >= 0 ||
	    span_find(peer.address, ' ') >= 0)
		return false;
	while (digits < after.len && after.at[digits] >= '0' &&
	    after.at[digits] <= '9')
		digits++;
	if (digits > 1 && after.at[0] == ':' && number_parse(
	    (struct span){ after.at + 1, digits - 1 }, 1, UINT16_MAX, &port)) {
		peer.port = (uint16_t)port;
		after.at += digits;
		after.len -= digits;
	}
	*rest = after;
	*out = peer;
	return true;
}

/* "0.05", "3": seconds, to ms. */
static bool
parse_seconds(struct span s, int64_t *out_ms)
{
	const struct span whole = span_cut(&s, '.');
	int64_t seconds, digit, ms = 0, worth = 100;

	if (!number_parse(whole, 0, SECONDS_MAX, &seconds))
		return false;
	for (; s.len > 0 && take_digits(&s, 1, 0, 9, &digit); worth /= 10)
		ms += digit * worth;
	*out_ms = seconds * 1000 + ms;
	return s.len == 0;
}

static bool
parse_delays(struct span s, int64_t out_ms[4])
{
	for (int i = 0; i < 4; i++)
		if (!parse_seconds(span_cut(&s, '/'), &out_ms[i]))
			return false;
	return s.at == NULL;
}

/* "NAME=value, ", the value. */
static bool
take_field(struct span *rest, struct span name, struct span *out)
{
	if (!take(rest, name))
		return false;
	*out = span_cut(rest, ',');
	return take(rest, SPAN(" "));
}

/* "to=<a@x.example>, ", and "orig_to=<...>, " where it is. */
static bool
take_recipient(struct span *rest, struct span *out)
{
	if (!take(rest, SPAN("to=<")))
		return false;
	*out = span_cut(rest, '>');
	if (take(rest, SPAN(", orig_to=<")))
		(void)span_cut(rest, '>');
	return take(rest, SPAN(", "));
}

/*
 * A connection that was never made has relay=none; where it was meant to go
 * stands in the text.
 */
static void
find_peer(struct maillog_line *line, struct span relay)
{
	struct span text = line->text;

	if (!take_peer(&relay, &line->peer) && take(&text, SPAN("connect to ")))
		(void)take_peer(&text, &line->peer);
}

/* A recipient or a server's answer may hold what looks like fields; then
 * they stand there twice. */
static bool
is_ambiguous(struct span s)
{
	const struct span mark = SPAN(">, relay=");
	const ptrdiff_t first = find_text(s, mark);

	return first >= 0 && find_text((struct span){ s.at + first + 1,
	    s.len - (size_t)first - 1 }, mark) >= 0;
}

static bool
read_final(struct span rest, struct maillog_line *line)
{
	struct span relay, field, after;

	if (is_ambiguous(rest) || !take_recipient(&rest, &line->recipient) ||
	    !take_field(&rest, SPAN("relay="), &relay))
		return false;
	(void)take_field(&rest, SPAN("conn_use="), &field);
	if (!take_field(&rest, SPAN("delay="), &field) ||
	    !parse_seconds(field, &line->delay_ms) ||
	    !take_field(&rest, SPAN("delays="), &field) ||
	    !parse_delays(field, line->delays_ms) ||
	    !take_field(&rest, SPAN("dsn="), &field) ||
	    !dsn_parse(field, &line->dsn, &after) || after.len > 0 ||
	    !take(&rest, SPAN("status=")))
		return false;
	line->status = take_word(&rest);
	if (line->status.len == 0 || !take(&rest, SPAN("(")))
		return false;
	if (span_ends_fold(rest, SPAN(")")))
		rest.len--;
	line->text = rest;
	line->kind = MAILLOG_FINAL;
	find_peer(line, relay);
	return true;
}

/*
 * The code of an answer, "451 4.3.2 ..." or "451-4.3.2 ...". Whatever it says,
 * smtp(8) went on because it took it for a temporary one.
 */
static struct dsn
answer_dsn(struct span answer)
{
	const struct span digit = { answer.at, answer.len > 0 };
	struct dsn dsn = { 4, 0, 0 }, told;
	struct span after;
	int64_t code, class;

	if (!take_digits(&answer, 3, 200, 599, &code) ||
	    (!take(&answer, SPAN(" ")) && !take(&answer, SPAN("-"))) ||
	    !dsn_parse(answer, &told, &after) ||
	    !number_parse(digit, 0, 9, &class) || told.class != class)
		return dsn;
	told.class = 4;
	return told;
}

/* "host H[A] said: ...", "host H[A] refused to talk to me: ..." */
static bool
read_answer(struct span rest, struct maillog_line *line)
{
	if (!take(&rest, SPAN("host ")) || !take_peer(&rest, &line->peer))
		return false;
	if (take(&rest, SPAN(" said: ")))
		line->kind = MAILLOG_SAID;
	else if (take(&rest, SPAN(" refused to talk to me: ")))
		line->kind = MAILLOG_REFUSED;
	else
		return false;
	line->dsn = answer_dsn(rest);
	return true;
}

/* X.4.2: bad connection. */
static bool
read_lost(struct span rest, struct maillog_line *line)
{
	const bool lost = take(&rest, SPAN("lost connection with "));

	if ((!lost && !take(&rest, SPAN("conversation with "))) ||
	    !take_peer(&rest, &line->peer) ||
	    !take(&rest, lost ? SPAN(" while ") : SPAN(" timed out while ")))
		return false;
	line->kind = MAILLOG_LOST;
	line->dsn = (struct dsn){ 4, 4, 2 };
	return true;
}

/* Where the text has a host or its answer, it has it behind these words. */
static bool
take_behind(struct span *rest, struct span words)
{
	const ptrdiff_t at = find_text(*rest, words);

	if (at < 0)
		return false;
	rest->at += (size_t)at + words.len;
	rest->len -= (size_t)at + words.len;
	return true;
}

/* X.7.5: it was no matter of the other side's answer. */
static bool
read_tls(struct span rest, struct maillog_line *line)
{
	if (take(&rest, SPAN("TLS is required, but "))) {
		if (take_behind(&rest, SPAN("host ")))
			(void)take_peer(&rest, &line->peer);
	} else if (!span_starts(rest, SPAN("Cannot start TLS: ")) &&
	    !span_starts(rest, SPAN("Server certificate not ")))
		return false;
	line->kind = MAILLOG_TLS;
	line->dsn = take(&rest, SPAN(" refused to start TLS: ")) ?
	    answer_dsn(rest) : (struct dsn){ 4, 7, 5 };
	return true;
}

/* X.4.1: no answer from host. */
static bool
read_connect(struct span rest, struct maillog_line *line)
{
	if (!take(&rest, SPAN("connect to ")) ||
	    !take_peer(&rest, &line->peer) || !take(&rest, SPAN(": ")))
		return false;
	line->kind = MAILLOG_CONNECT;
	line->dsn = (struct dsn){ 4, 4, 1 };
	return true;
}

static bool
read_event(struct span rest, struct maillog_line *line)
{
	const bool is_client = span_eq(line->program, SPAN("smtp")) ||
	    span_eq(line->program, SPAN("lmtp"));

	line->text = rest;
	if (is_client && read_connect(rest, line))
		return true;
	if (!take_queue_id(&rest, &line->queue_id))
		return false;
	line->text = rest;
	return read_final(rest, line) || (is_client &&
	    (read_answer(rest, line) || read_lost(rest, line) ||
	    read_tls(rest, line)));
}

struct maillog_line
maillog_read(struct span line, int64_t reference_ms)
{
	struct maillog_line out = { 0 }, event;

	if (line.len > MAILLOG_LINE_MAX)
		line.len = MAILLOG_LINE_MAX;
	line = span_trim(line);
	if (!take_header(&line, reference_ms, &out))
		return (struct maillog_line){ 0 };
	event = out;
	return read_event(line, &event) ? event : out;
}
