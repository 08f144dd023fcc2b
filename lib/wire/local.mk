noinst_LIBRARIES += lib/libwire.a

lib_libwire_a_SOURCES = \
	include/wire/maillog.h lib/wire/maillog.c \
	include/wire/netstring.h lib/wire/netstring.c \
	include/wire/policy_request.h lib/wire/policy_request.c \
	include/wire/smtp_reply.h lib/wire/smtp_reply.c \
	include/wire/socketmap.h lib/wire/socketmap.c

wire_libs = lib/libwire.a $(core_libs)
