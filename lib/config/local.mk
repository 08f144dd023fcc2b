noinst_LIBRARIES += lib/libmwconfig.a

lib_libmwconfig_a_CPPFLAGS = $(AM_CPPFLAGS) $(LIBCONFIG_CFLAGS) \
	-DMW_RULES_FILE='"$(pkgdatadir)/outcomes.rules"'
lib_libmwconfig_a_SOURCES = \
	include/config/config.h lib/config/config.c \
	lib/config/errors.h lib/config/errors.c \
	lib/config/keys.h lib/config/keys.c \
	lib/config/rules.h lib/config/rules.c

config_libs = lib/libmwconfig.a $(core_libs) $(LIBCONFIG_LIBS)
