noinst_LIBRARIES += lib/libmwconfig.a

lib_libmwconfig_a_CPPFLAGS = $(AM_CPPFLAGS) $(LIBCONFIG_CFLAGS) \
	-DMW_RULES_FILE='"$(pkgdatadir)/outcomes.rules"'
lib_libmwconfig_a_SOURCES = \
	include/config/config.h lib/config/config.c \
	lib/config/arena.h lib/config/arena.c \
	lib/config/digest.h lib/config/digest.c \
	lib/config/errors.h lib/config/errors.c \
	lib/config/file.h lib/config/file.c \
	lib/config/keys.h lib/config/keys.c \
	lib/config/load.h lib/config/load.c \
	lib/config/near.h lib/config/near.c \
	include/config/options.h lib/config/options.c \
	lib/config/read.h lib/config/read.c \
	lib/config/resolve.h lib/config/resolve_settings.c \
	lib/config/resolve_upstreams.c \
	lib/config/resolve_destinations.c \
	lib/config/resolve_domains.c \
	lib/config/rules.h lib/config/rules.c \
	lib/config/scan.h lib/config/scan.c

config_libs = lib/libmwconfig.a $(core_libs) $(LIBCONFIG_LIBS)
