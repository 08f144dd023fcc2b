# Tests of config. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(config_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)

if HAVE_CHECK
check_PROGRAMS += tests/config/test_rules
tests_config_test_rules_SOURCES = tests/config/test_rules.c
tests_config_test_rules_CFLAGS = $(test_cflags) -I$(top_srcdir)/lib/config
tests_config_test_rules_LDADD = $(config_libs) $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/config/test_config
tests_config_test_config_SOURCES = tests/config/test_config.c \
	tests/config/place.h
tests_config_test_config_CFLAGS = $(test_cflags)
tests_config_test_config_LDADD = $(config_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/config/test_keys
tests_config_test_keys_SOURCES = tests/config/test_keys.c tests/config/place.h
tests_config_test_keys_CFLAGS = $(test_cflags)
tests_config_test_keys_LDADD = $(config_libs) $(CHECK_LIBS)
endif
