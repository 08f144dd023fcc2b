/*
 * The status page: what is wrong first, then everything. It is whole without
 * a script; with one, its main element is fetched anew every two seconds.
 */
#include "page_parts.h"

#include "html.h"
#include "observe/words.h"
#include "page_text.h"

static void
add_hosts(struct buf *to, const struct overview *o)
{
	const struct status *s = &o->status;
	char age[24];

	buf_addf(to, "<section><h2>Hosts <small>%u</small></h2>"
	    "<ul class=\"hosts\">", s->n_hosts);
	for (uint32_t i = 0; i < s->n_hosts; i++) {
		const struct host_status *h = &s->hosts[i];
		const bool lost = status_lost(s, h);

		buf_addf(to, "<li%s>", lost ? " class=\"bad\"" : "");
		html_element(to, "b", "", h->name);
		html_element(to, "span", "", h->mode);
		html_element(to, "code", "", h->digest);
		if (lost)
			buf_addf(to, "<span>lost, seen %s ago</span>",
			    words_wait(s->now_ms - h->seen_ms, age));
		buf_add_text(to, "</li>");
	}
	buf_add_text(to, "</ul></section>");
}

static void
add_footer(struct buf *to, const struct overview *o)
{
	char up[24];

	buf_addf(to, "<footer><span>Mailweir %s</span><span>up %s</span>"
	    "<span>configuration ", o->version,
	    words_wait(o->status.now_ms - o->started_ms, up));
	html_element(to, "code", "", o->status.digest);
	buf_add_text(to, "</span></footer>");
}

void
overview_page(const struct overview *o, struct buf *to)
{
	struct health health = health_of(&o->status);

	buf_add_text(to, "<!DOCTYPE html><html lang=\"en\"><head>"
	    "<meta charset=\"utf-8\"><meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">"
	    "<meta name=\"color-scheme\" content=\"light dark\"><title>");
	buf_add_text(to, !o->redis_fine ||
	    health.count[HEALTH_WRONG] > 0 ? "! " : "");
	html_text(to, o->status.host);
	buf_add_text(to, " - Mailweir</title>"
	    "<link rel=\"icon\" href=\"status.svg\">"
	    "<link rel=\"stylesheet\" href=\"status.css\">"
	    "<noscript><meta http-equiv=\"refresh\" content=\"10\">"
	    "</noscript><script src=\"status.js\" defer></script>"
	    "</head><body><main>");
	page_header(to, o, &health);
	page_upstreams(to, o);
	page_destinations(to, o);
	buf_add_text(to, "<aside>");
	page_events(to, o);
	add_hosts(to, o);
	buf_add_text(to, "</aside>");
	page_other_destinations(to, o);
	add_footer(to, o);
	buf_add_text(to, "</main><nav><a href=\"metrics\">Metrics</a>"
	    "<a href=\"status.json\">JSON</a></nav></body></html>\n");
	health_free(&health);
}

struct span
overview_style(void)
{
	return SPAN(CSS_TONES CSS_STATUS CSS_WIDTHS);
}

struct span
overview_script(void)
{
	return SPAN(JS_STATUS);
}

struct span
overview_icon(void)
{
	return SPAN(SVG_MARK);
}
