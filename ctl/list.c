#include "ctl/list.h"

#include "base/mem.h"
#include "base/number.h"

#define SECONDS_MAX (INT64_C(1000) * 86400)

static bool
separates(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

/* How long the word is that the text begins with. */
static size_t
word_length(struct span text)
{
	int depth = 0;
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.at[i] == '{')
			depth++;
		else if (text.at[i] == '}')
			depth--;
		else if (depth <= 0 && separates(text.at[i]))
			break;
	}
	return i;
}

struct list
list_words(struct span text)
{
	struct list l = { 0 };

	while (text.len > 0) {
		if (separates(text.at[0])) {
			text = (struct span){ text.at + 1, text.len - 1 };
			continue;
		}
		l.at = mem_resize(l.at, l.n + 1, sizeof(*l.at));
		l.at[l.n] = (struct span){ text.at, word_length(text) };
		text.at += l.at[l.n].len;
		text.len -= l.at[l.n].len;
		l.n++;
	}
	return l;
}

/* Restrictions have names of small letters; anything else is what the one
 * before it is asked about: a table, a server, a domain, a number. */
static bool
is_argument(struct span word)
{
	for (size_t i = 0; i < word.len; i++)
		if ((word.at[i] < 'a' || word.at[i] > 'z') &&
		    word.at[i] != '_')
			return true;
	return false;
}

struct list
list_restrictions(struct span text)
{
	struct list l = list_words(text);
	uint32_t n = 0;

	for (uint32_t i = 0; i < l.n; i++) {
		struct span *last = &l.at[n > 0 ? n - 1 : 0];

		if (n > 0 && is_argument(l.at[i]))
			last->len = (size_t)(l.at[i].at - last->at) +
			    l.at[i].len;
		else
			l.at[n++] = l.at[i];
	}
	l.n = n;
	return l;
}

void
list_free(struct list *l)
{
	mem_free(l->at);
	*l = (struct list){ 0 };
}

static bool
nests(struct span text)
{
	int depth = 0, most = 0;

	for (size_t i = 0; i < text.len; i++) {
		depth += (text.at[i] == '{') - (text.at[i] == '}');
		most = depth > most ? depth : most;
	}
	return most > 1;
}

bool
list_blankless(struct span value, struct buf *out)
{
	if (nests(value) && span_find(value, ' ') >= 0)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		const char last = out->len > 0 ? out->at[out->len - 1] : ',';
		const char c = separates(value.at[i]) ? ',' : value.at[i];

		if (c == '}' && last == ',')
			out->len--;
		if (c != ',' || (last != ',' && last != '{'))
			buf_add(out, &c, 1);
	}
	return true;
}

static struct span
without_braces(struct span word)
{
	if (word.len < 2 || word.at[0] != '{')
		return word;
	return span_trim((struct span){ word.at + 1, word.len - 2 });
}

struct span
server_name(struct span word)
{
	word = without_braces(word);
	word.len = word_length(word);
	return word;
}

struct span
server_option(struct span word, const char *option)
{
	struct list l = list_words(without_braces(word));
	struct span found = { NULL, 0 };

	for (uint32_t i = 1; i < l.n; i++) {
		struct span rest = without_braces(l.at[i]);

		if (span_eq(span_trim(span_cut(&rest, '=')),
		    span_of(option)) && rest.at != NULL)
			found = span_trim(rest);
	}
	list_free(&l);
	return found;
}

int64_t
postfix_seconds(struct span text)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 7 * 86400 },
	};
	int64_t unit = 1, number;

	for (size_t i = 0; text.len > 0 && i < MW_N_OF(units); i++) {
		if (text.at[text.len - 1] == units[i].letter) {
			unit = units[i].seconds;
			text.len--;
			break;
		}
	}
	if (!number_parse(text, 0, SECONDS_MAX, &number))
		return -1;
	return number * unit;
}
