# The command, against a private Redis, on terminals, and on logs.
dist_check_SCRIPTS += tests/ctl/test_ctl.py tests/ctl/test_json.py \
	tests/ctl/test_replay.py tests/ctl/test_status.py tests/ctl/test_watch.py \
	tests/ctl/test_wiring.py
EXTRA_DIST += tests/ctl/terminal.py

if HAVE_CHECK
check_PROGRAMS += tests/ctl/test_watch_model
tests_ctl_test_watch_model_SOURCES = tests/ctl/test_watch_model.c \
	ctl/watch_detail.h ctl/watch_detail.c \
	ctl/watch_keys.h ctl/watch_keys.c \
	ctl/watch_model.h ctl/watch_model.c
tests_ctl_test_watch_model_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_ctl_test_watch_model_CFLAGS = $(test_cflags)
tests_ctl_test_watch_model_LDADD = $(observe_libs) $(JANSSON_LIBS) \
	$(CHECK_LIBS)
endif
