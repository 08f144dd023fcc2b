# Tests of config. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(config_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)

if HAVE_CHECK
check_PROGRAMS += tests/config/test_rules
tests_config_test_rules_SOURCES = tests/config/test_rules.c
tests_config_test_rules_CFLAGS = $(test_cflags) -I$(top_srcdir)/lib/config
tests_config_test_rules_LDADD = $(config_libs) $(CHECK_LIBS)
endif

# What is loaded, and what is said of it.
if HAVE_CHECK
check_PROGRAMS += tests/config/test_config tests/config/test_digest \
	tests/config/test_errors tests/config/test_files tests/config/test_notes
loaded = tests/config/loaded.h tests/config/place.h
tests_config_test_config_SOURCES = tests/config/test_config.c $(loaded)
tests_config_test_config_CFLAGS = $(test_cflags)
tests_config_test_config_LDADD = $(config_libs) $(CHECK_LIBS)
tests_config_test_digest_SOURCES = tests/config/test_digest.c $(loaded)
tests_config_test_digest_CFLAGS = $(test_cflags)
tests_config_test_digest_LDADD = $(config_libs) $(CHECK_LIBS)
tests_config_test_errors_SOURCES = tests/config/test_errors.c $(loaded)
tests_config_test_errors_CFLAGS = $(test_cflags)
tests_config_test_errors_LDADD = $(config_libs) $(CHECK_LIBS)
tests_config_test_files_SOURCES = tests/config/test_files.c $(loaded)
tests_config_test_files_CFLAGS = $(test_cflags)
tests_config_test_files_LDADD = $(config_libs) $(CHECK_LIBS)
tests_config_test_notes_SOURCES = tests/config/test_notes.c $(loaded)
tests_config_test_notes_CFLAGS = $(test_cflags)
tests_config_test_notes_LDADD = $(config_libs) $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/config/test_keys
tests_config_test_keys_SOURCES = tests/config/test_keys.c tests/config/place.h
tests_config_test_keys_CFLAGS = $(test_cflags)
tests_config_test_keys_LDADD = $(config_libs) $(CHECK_LIBS)
endif
