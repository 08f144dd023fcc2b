# Tests of base.
if HAVE_CHECK
check_PROGRAMS += tests/base/test_bucket
tests_base_test_bucket_SOURCES = tests/base/test_bucket.c
tests_base_test_bucket_CFLAGS = $(test_cflags)
tests_base_test_bucket_LDADD = $(base_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_chance
tests_base_test_chance_SOURCES = tests/base/test_chance.c
tests_base_test_chance_CFLAGS = $(test_cflags)
tests_base_test_chance_LDADD = $(base_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_clock
tests_base_test_clock_SOURCES = tests/base/test_clock.c
tests_base_test_clock_CFLAGS = $(test_cflags)
tests_base_test_clock_LDADD = $(base_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_idna
tests_base_test_idna_SOURCES = tests/base/test_idna.c
tests_base_test_idna_CFLAGS = $(test_cflags)
tests_base_test_idna_LDADD = $(base_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_log
tests_base_test_log_SOURCES = tests/base/test_log.c
tests_base_test_log_CFLAGS = $(test_cflags)
tests_base_test_log_LDADD = $(base_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_net
tests_base_test_net_SOURCES = tests/base/test_net.c
tests_base_test_net_CFLAGS = $(test_cflags)
tests_base_test_net_LDADD = $(base_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_number
tests_base_test_number_SOURCES = tests/base/test_number.c
tests_base_test_number_CFLAGS = $(test_cflags)
tests_base_test_number_LDADD = $(base_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_pattern
tests_base_test_pattern_SOURCES = tests/base/test_pattern.c
tests_base_test_pattern_CFLAGS = $(test_cflags)
tests_base_test_pattern_LDADD = $(base_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_printable
tests_base_test_printable_SOURCES = tests/base/test_printable.c
tests_base_test_printable_CFLAGS = $(test_cflags)
tests_base_test_printable_LDADD = $(base_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_span
tests_base_test_span_SOURCES = tests/base/test_span.c
tests_base_test_span_CFLAGS = $(test_cflags)
tests_base_test_span_LDADD = $(base_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_table
tests_base_test_table_SOURCES = tests/base/test_table.c
tests_base_test_table_CFLAGS = $(test_cflags)
tests_base_test_table_LDADD = $(base_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_words
tests_base_test_words_SOURCES = tests/base/test_words.c
tests_base_test_words_CFLAGS = $(test_cflags)
tests_base_test_words_LDADD = $(base_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_tail
tests_base_test_tail_SOURCES = tests/base/test_tail.c
tests_base_test_tail_CFLAGS = $(test_cflags)
tests_base_test_tail_LDADD = $(base_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_thread
tests_base_test_thread_SOURCES = tests/base/test_thread.c
tests_base_test_thread_CFLAGS = $(test_cflags)
tests_base_test_thread_LDADD = $(base_libs) $(CHECK_LIBS)
endif
