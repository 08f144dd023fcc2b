#include "ctl/fault.h"

#include "base/mem.h"
#include "ctl/list.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FULLY 5			/* findings of a kind that are shown */

static const struct {
	const char *name, *why;
} faults[] = {
	[FAULT_POSTFIX_OLD] = { "postfix-old", "before 3.5 a lane has one next "
	    "hop only: there is nowhere to go when the gate refuses it" },
	[FAULT_NO_SOCKETMAP] = { "no-socketmap",
	    "lanes ask the gate by socketmap: they would deliver nothing" },
	[FAULT_NO_TLS] = { "no-tls", "the gate is a TLS policy table: without "
	    "TLS nobody asks it, and mail goes past it" },

	[FAULT_NO_POLICY] = { "no-policy",
	    "no caps and no holds for mail that comes in" },
	[FAULT_NO_END_OF_DATA] = { "no-end-of-data",
	    "without a milter, each message keeps its place under the cap "
	    "until lease.ttl" },
	[FAULT_NO_MILTER] = { "no-milter", "mail is accepted that can no "
	    "longer move, and a place under the cap may be kept too long" },
	[FAULT_HIDDEN] = { "hidden",
	    "a service's own setting hides main.cf's, and Mailweir with it" },
	[FAULT_PERMIT_BEFORE] = { "permit-before",
	    "what is permitted before Mailweir is asked counts under no cap" },
	[FAULT_POLICY_NOT_LAST] = { "policy-not-last", "a recipient that a "
	    "later check rejects holds a place for nothing" },
	[FAULT_UNLISTED] = { "unlisted", "unknown recipients, which are "
	    "rejected at the end, hold a place for nothing" },
	[FAULT_RELAY_AFTER] = { "relay-after", "what the relay restrictions "
	    "reject holds a place for nothing" },
	[FAULT_POLICY_ACTION] = { "policy-action",
	    "while mailweir-policyd is away, mail would be refused" },
	[FAULT_POLICY_TIMEOUT] = { "policy-timeout",
	    "a policyd that hangs would hold up every recipient for so long" },
	[FAULT_MILTER_ACTION] = { "milter-action",
	    "while mailweir-milter is away, mail would be refused" },
	[FAULT_MILTER_TIMEOUT] = { "milter-timeout",
	    "a milter that hangs would hold up every session for so long" },
	[FAULT_MILTER_PROTOCOL] = { "milter-protocol", "the milter does not "
	    "learn the ports, and a message counts twice" },

	[FAULT_NO_LANE] = { "no-lane",
	    "its mail waits: mail transport unavailable" },
	[FAULT_LANE_PROGRAM] = { "lane-program",
	    "only smtp(8) asks the gate by these settings" },
	[FAULT_LANE_SIZE] = { "lane-size", "Postfix is the narrower cap: "
	    "connections that are allowed are not used" },
	[FAULT_NO_GATE] = { "no-gate",
	    "connections are made that no cap and no breaker knows" },
	[FAULT_TLS_POLICY] = { "tls-policy", "an upstream without tls of its "
	    "own loses the policy that main.cf's table has for it" },
	[FAULT_NO_OUTCOME] = { "no-outcome", "the breaker learns nothing, and "
	    "slots are given back too late" },
	[FAULT_LANE_CACHE] = { "lane-cache",
	    "a cached connection asks no gate" },
	[FAULT_LANE_PATIENCE] = { "lane-patience", "an upstream that hangs "
	    "holds up each message for so long before the next one has it" },
	[FAULT_LANE_LOG] = { "lane-log", "the mail log does not say which lane "
	    "it was: replay and feed.maillog guess" },
	[FAULT_LANE_FALLBACK] = { "lane-fallback",
	    "the gate refuses what is in none of the destination's routes" },
	[FAULT_CONCURRENCY] = { "concurrency", "Postfix is the narrower cap: "
	    "connections that are allowed are not used" },
	[FAULT_INITIAL] = { "initial", "Postfix starts slowly after each pause "
	    "and restart, though the caps allow more" },
	[FAULT_COHORT] = { "cohort", "two breakers fight: Postfix stops the "
	    "lane, the alternates with it" },
	[FAULT_RECIPIENT_LIMIT] = { "recipient-limit",
	    "at 1, Postfix's limits are each recipient's, and none holds" },
	[FAULT_RATE_DELAY] = { "rate-delay",
	    "one connection at a time, whatever the caps allow" },
	[FAULT_STALE_LANE] = { "stale-lane", "there is no such destination: "
	    "the gate refuses what still goes there" },
	[FAULT_STALE_LIMIT] = { "stale-limit",
	    "Postfix warns of it, and it limits nothing" },

	[FAULT_NO_TABLE] = { "no-table",
	    "mail goes where it went before, past the lanes" },
	[FAULT_NO_FILE] = { "no-file",
	    "a table that cannot be opened puts off all mail" },
	[FAULT_TABLE_MISSING] = { "table-missing",
	    "its mail goes past the lane" },
	[FAULT_TABLE_LANE] = { "table-lane",
	    "its mail takes another way than its routes say" },
	[FAULT_SHADOWED] = { "shadowed",
	    "the first table that knows a domain wins" },
	[FAULT_WILDCARD] = { "wildcard",
	    "\"*\" comes before default_transport: the lane gets no mail" },
	[FAULT_TABLE_UNREAD] = { "table-unread",
	    "nothing is known of where it sends mail" },
	[FAULT_CATCH_ALL] = { "catch-all",
	    "mail for all other domains goes past the lane" },
	[FAULT_RELAY_TRANSPORT] = { "relay-transport",
	    "mail for relay_domains goes past the lane" },
	[FAULT_RELAYHOST] = { "relayhost", "it takes the place of the "
	    "recipient's MX, and the gate refuses it" },
	[FAULT_BYPASS] = { "bypass",
	    "connections that no cap counts and no breaker stops" },
	[FAULT_UNKNOWN_NEXTHOP] = { "unknown-nexthop",
	    "the gate refuses what is in none of the destination's routes" },
	[FAULT_STALE_ENTRY] = { "stale-entry",
	    "there is no such lane: its mail waits" },

	[FAULT_NO_SOCKET] = { "no-socket", "nobody answers Postfix there" },
	[FAULT_SOCKET_CLOSED] = { "socket-closed",
	    "for Postfix that is as if nobody were there" },
	[FAULT_CHROOT] = { "chroot",
	    "a chrooted service sees its queue directory only" },
};

void
fault_found(struct findings *f, enum fault fault, const struct change *change,
    const char *fmt, ...)
{
	const struct span where = change->where, value = change->value;
	char what[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (f->n == f->room) {
		f->room = f->room == 0 ? 16 : 2 * f->room;
		f->list = mem_resize(f->list, f->room, sizeof(*f->list));
	}
	f->list[f->n++] = (struct finding){
		.fault = fault, .place = change->place, .out = change->out,
		.what = mem_dup(what),
		.where = mem_dup_n(where.len > 0 ? where.at : "", where.len),
		.value = mem_dup_n(value.len > 0 ? value.at : "", value.len),
	};
}

void
fault_in_option(struct findings *f, enum fault fault, const struct service *s,
    const char *name, struct span right, const char *what)
{
	struct buf where = buf_new(LINES_MAX), value = buf_new(LINES_MAX);
	struct change change = { .place = PLACE_OPTION };

	if (list_blankless(right, &value)) {
		buf_addf(&where, "%s/%s", s->id, name);
	} else {
		change.place = PLACE_HAND;
		buf_addf(&where, "master.cf, %s", s->id);
		buf_addf(&value, "-o { %s = %.*s }", name, (int)right.len,
		    right.at);
	}
	change.where = buf_span(&where);
	change.value = buf_span(&value);
	fault_found(f, fault, &change, "%s: %s: %s", s->id, name, what);
	buf_free(&where);
	buf_free(&value);
}

void
findings_free(struct findings *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		mem_free(f->list[i].what);
		mem_free(f->list[i].where);
		mem_free(f->list[i].value);
	}
	mem_free(f->list);
	*f = (struct findings){ 0 };
}

void
finding_print_line(const struct finding *f)
{
	const char *parameter = strrchr(f->where, '/');
	const bool blank = strchr(f->value, ' ') != NULL;

	switch (f->place) {
	case PLACE_MAIN:
		printf("%s = %s\n", f->where, f->value);
		break;
	case PLACE_OPTION:
		printf("%.*s: -o %s%s=%s%s\n", (int)(parameter - f->where),
		    f->where, blank ? "{ " : "", parameter + 1, f->value,
		    blank ? " }" : "");
		break;
	case PLACE_FIELD:
		printf("%.*s: %s %s\n", (int)(parameter - f->where), f->where,
		    parameter + 1, f->value);
		break;
	case PLACE_TABLE:
		printf("%s%s%s\n", f->where, f->where[0] != '\0' ? "  " : "",
		    f->value);
		break;
	case PLACE_SERVICE:
	case PLACE_HAND:
	case PLACE_NONE:
		puts(f->value);
		break;
	}
}

static void
print_change(const struct finding *f, const struct live *live)
{
	switch (f->place) {
	case PLACE_NONE:
		return;
	case PLACE_MAIN:
		printf("    %s/main.cf: ", live->config_dir);
		break;
	case PLACE_OPTION:
	case PLACE_FIELD:
	case PLACE_SERVICE:
		printf("    %s/master.cf: ", live->config_dir);
		break;
	case PLACE_TABLE:
		printf("    %s: ", live->table);
		break;
	case PLACE_HAND:
		printf("    %s%s", f->where, f->where[0] != '\0' ? ": " : "");
		break;
	}
	if (f->out)
		printf("take out %s\n", f->where);
	else
		finding_print_line(f);
}

void
findings_print(const struct findings *f, const struct live *live)
{
	uint32_t seen[MW_N_OF(faults)] = { 0 };

	for (uint32_t i = 0; i < f->n; i++) {
		const struct finding *one = &f->list[i];

		if (++seen[one->fault] > FULLY)
			continue;
		printf("%s: %s\n    %s\n", faults[one->fault].name, one->what,
		    faults[one->fault].why);
		print_change(one, live);
	}
	for (size_t k = 0; k < MW_N_OF(faults); k++)
		if (seen[k] > FULLY)
			printf("%s: and %u more\n", faults[k].name,
			    (unsigned)(seen[k] - FULLY));
}
