noinst_LIBRARIES += lib/libwire.a

lib_libwire_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
lib_libwire_a_SOURCES = \
	include/wire/dns_mx.h lib/wire/dns_mx.c \
	include/wire/http_request.h lib/wire/http_request.c \
	include/wire/maillog.h lib/wire/maillog.c \
	include/wire/netstring.h lib/wire/netstring.c \
	include/wire/policy_request.h lib/wire/policy_request.c \
	include/wire/postqueue.h lib/wire/postqueue.c \
	include/wire/smtp_reply.h lib/wire/smtp_reply.c \
	include/wire/socketmap.h lib/wire/socketmap.c

wire_libs = lib/libwire.a $(JANSSON_LIBS) $(core_libs)
