dist_check_SCRIPTS += tests/observe/test_dashboard.py \
	tests/observe/test_log_lines.py tests/observe/test_rules.py

if HAVE_CHECK
check_PROGRAMS += tests/observe/test_event tests/observe/test_explain \
	tests/observe/test_health tests/observe/test_history tests/observe/test_overview

tests_observe_test_event_SOURCES = tests/observe/test_event.c
tests_observe_test_event_CFLAGS = $(test_cflags)
tests_observe_test_event_LDADD = $(observe_libs) $(CHECK_LIBS)

tests_observe_test_explain_SOURCES = tests/observe/test_explain.c
tests_observe_test_explain_CFLAGS = $(test_cflags)
tests_observe_test_explain_LDADD = $(observe_libs) $(CHECK_LIBS)

tests_observe_test_health_SOURCES = tests/observe/test_health.c
tests_observe_test_health_CFLAGS = $(test_cflags)
tests_observe_test_health_LDADD = $(observe_libs) $(CHECK_LIBS)

tests_observe_test_history_SOURCES = tests/observe/test_history.c
tests_observe_test_history_CFLAGS = $(test_cflags)
tests_observe_test_history_LDADD = $(observe_libs) $(CHECK_LIBS)

tests_observe_test_overview_SOURCES = tests/observe/test_overview.c
tests_observe_test_overview_CFLAGS = $(test_cflags)
tests_observe_test_overview_LDADD = $(observe_libs) $(JANSSON_LIBS) \
	$(CHECK_LIBS)
endif
