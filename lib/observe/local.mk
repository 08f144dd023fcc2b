noinst_LIBRARIES += lib/libobserve.a

observe_page = \
	lib/observe/page/mark.svg \
	lib/observe/page/tones.css \
	lib/observe/page/status.css \
	lib/observe/page/widths.css \
	lib/observe/page/status.js
EXTRA_DIST += $(observe_page)

# What the page is made with, as C strings; as for the scripts of the store.
lib/observe/page_text.h: build-aux/embed.awk $(observe_page)
	$(AM_V_GEN)$(MKDIR_P) lib/observe && (cd $(srcdir) && \
	$(AWK) -f build-aux/embed.awk $(observe_page)) >$@.tmp && mv $@.tmp $@
$(lib_libobserve_a_OBJECTS): lib/observe/page_text.h
BUILT_SOURCES += lib/observe/page_text.h
CLEANFILES += lib/observe/page_text.h lib/observe/page_text.h.tmp

lib_libobserve_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) \
	-I$(top_builddir)/lib/observe
lib_libobserve_a_SOURCES = \
	include/observe/event.h lib/observe/event.c \
	include/observe/explain.h lib/observe/explain.c \
	include/observe/health.h lib/observe/health.c \
	include/observe/history.h lib/observe/history.c \
	include/observe/json.h lib/observe/json.c \
	include/observe/overview.h lib/observe/overview.c \
	lib/observe/html.h lib/observe/html.c \
	lib/observe/spark.h lib/observe/spark.c \
	lib/observe/metrics.c \
	lib/observe/page_parts.h lib/observe/page.c \
	lib/observe/page_header.c lib/observe/page_upstreams.c \
	lib/observe/page_destinations.c lib/observe/page_events.c \
	include/observe/status.h lib/observe/status.c \
	lib/observe/status_json.c \
	include/observe/words.h lib/observe/words.c

observe_libs = lib/libobserve.a $(core_libs)
