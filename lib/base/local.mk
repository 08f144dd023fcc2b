noinst_LIBRARIES += lib/libbase.a

lib_libbase_a_CPPFLAGS = $(AM_CPPFLAGS) $(PCRE2_CFLAGS) $(IDN2_CFLAGS) \
	$(SYSTEMD_CFLAGS)
lib_libbase_a_SOURCES = \
	include/base/compiler.h \
	include/base/bucket.h lib/base/bucket.c \
	include/base/buf.h lib/base/buf.c \
	include/base/chance.h lib/base/chance.c \
	include/base/clock.h lib/base/clock.c \
	include/base/err.h lib/base/err.c \
	include/base/hash.h \
	include/base/idna.h lib/base/idna.c \
	include/base/log.h lib/base/log.c \
	include/base/mem.h lib/base/mem.c \
	include/base/net.h lib/base/net.c \
	include/base/number.h lib/base/number.c \
	include/base/pattern.h lib/base/pattern.c \
	include/base/printable.h lib/base/printable.c \
	include/base/ready.h lib/base/ready.c \
	include/base/span.h lib/base/span.c \
	include/base/table.h lib/base/table.c \
	include/base/words.h lib/base/words.c \
	include/base/tail.h lib/base/tail.c \
	include/base/thread.h lib/base/thread.c

base_libs = lib/libbase.a $(PCRE2_LIBS) $(IDN2_LIBS) $(SYSTEMD_LIBS)
