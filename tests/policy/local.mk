if HAVE_CHECK
check_PROGRAMS += tests/policy/test_pulse
tests_policy_test_pulse_SOURCES = tests/policy/test_pulse.c \
	policy/pulse.h policy/pulse.c
tests_policy_test_pulse_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_policy_test_pulse_CFLAGS = $(test_cflags)
tests_policy_test_pulse_LDADD = $(CHECK_LIBS)

check_PROGRAMS += tests/policy/test_reload
tests_policy_test_reload_SOURCES = tests/policy/test_reload.c \
	policy/reload.h policy/reload.c
tests_policy_test_reload_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) \
	$(LIBEVENT_CFLAGS)
tests_policy_test_reload_CFLAGS = $(test_cflags)
tests_policy_test_reload_LDADD = $(base_libs) $(LIBEVENT_LIBS) $(CHECK_LIBS)
endif

dist_check_SCRIPTS += tests/policy/test_caps.py tests/policy/test_fair.py tests/policy/test_feed.py \
	tests/policy/test_mx.py tests/policy/test_notify.py \
	tests/policy/test_page.py \
	tests/policy/test_policyd.py \
	tests/policy/test_preflight.py tests/policy/test_probe.py \
	tests/policy/test_status.py tests/policy/test_storm.py \
	tests/policy/test_strangers.py
EXTRA_DIST += tests/policy/browser.py
