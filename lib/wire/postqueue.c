#include "wire/postqueue.h"

#include "base/mem.h"
#include "base/number.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define TIME_MAX_S (3650 * INT64_C(86400))

static struct span
text_of(const json_t *object, const char *name)
{
	const json_t *text = json_object_get(object, name);

	return (struct span){ json_string_value(text),
		json_string_length(text) };
}

/* It becomes an argument of postqueue. */
static bool
copy_id(char dst[POSTQUEUE_ID_MAX + 1], struct span id)
{
	static const char letters[] = "0123456789"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	return id.len > 0 && span_copy(dst, POSTQUEUE_ID_MAX + 1, id) &&
	    dst[strspn(dst, letters)] == '\0';
}

static void
tell(const json_t *message, postqueue_recipient *each, void *arg)
{
	const json_t *recipients = json_object_get(message, "recipients");
	struct postqueue_message m = {
		.arrived_s = json_integer_value(json_object_get(message,
		    "arrival_time")),
	};

	if (!span_eq(text_of(message, "queue_name"), SPAN("deferred")) ||
	    !copy_id(m.id, text_of(message, "queue_id")))
		return;
	for (size_t i = 0; i < json_array_size(recipients); i++) {
		const json_t *one = json_array_get(recipients, i);

		each(arg, &m, text_of(one, "address"),
		    text_of(one, "delay_reason"));
	}
}

bool
postqueue_read(struct span line, postqueue_recipient *each, void *arg)
{
	json_t *message = json_loadb(line.at, line.len, 0, NULL);

	if (!json_is_object(message)) {
		json_decref(message);
		return false;
	}
	tell(message, each, arg);
	json_decref(message);
	return true;
}

bool
postqueue_sibling(const char *command, const char *program, char *dst,
    size_t size)
{
	static const char name[] = "postqueue";
	const size_t word = strcspn(command, " ");
	size_t folder;
	int n;

	if (word < sizeof(name) - 1)
		return false;
	folder = word - (sizeof(name) - 1);
	if (memcmp(command + folder, name, sizeof(name) - 1) != 0 ||
	    (folder > 0 && command[folder - 1] != '/'))
		return false;
	n = snprintf(dst, size, "%.*s%s%s", (int)folder, command, program,
	    command + word);
	return n >= 0 && (size_t)n < size;
}

bool
postqueue_time(struct span text, int64_t *out_ms)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 7 * 86400 },
	};
	int64_t number;

	for (size_t i = 0; text.len > 0 && i < MW_N_OF(units); i++) {
		if (text.at[text.len - 1] != units[i].letter)
			continue;
		if (!number_parse((struct span){ text.at, text.len - 1 }, 0,
		    TIME_MAX_S / units[i].seconds, &number))
			return false;
		*out_ms = number * units[i].seconds * 1000;
		return true;
	}
	return false;
}
