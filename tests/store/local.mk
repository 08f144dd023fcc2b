# Tests of store. They start a redis-server of their own.
if HAVE_CHECK
check_PROGRAMS += tests/store/test_health tests/store/test_leases \
	tests/store/test_sha1 tests/store/test_slots \
	tests/store/test_budget tests/store/test_cluster \
	tests/store/test_faults tests/store/test_sentinel \
	tests/store/test_threads

store_test_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/lib/store \
	$(HIREDIS_CFLAGS) $(LIBEVENT_CFLAGS)
own_redis = tests/store/redis.h tests/store/redis.c tests/store/nap.h
both_stores = tests/store/stores.h tests/store/stores.c

tests_store_test_health_SOURCES = tests/store/test_health.c
tests_store_test_health_CPPFLAGS = $(store_test_cppflags)
tests_store_test_health_CFLAGS = $(test_cflags)
tests_store_test_health_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_leases_SOURCES = tests/store/test_leases.c
tests_store_test_leases_CPPFLAGS = $(store_test_cppflags)
tests_store_test_leases_CFLAGS = $(test_cflags)
tests_store_test_leases_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_sha1_SOURCES = tests/store/test_sha1.c
tests_store_test_sha1_CPPFLAGS = $(store_test_cppflags)
tests_store_test_sha1_CFLAGS = $(test_cflags)
tests_store_test_sha1_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_slots_SOURCES = tests/store/test_slots.c
tests_store_test_slots_CFLAGS = $(test_cflags)
tests_store_test_slots_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_budget_SOURCES = tests/store/test_budget.c $(own_redis)
tests_store_test_budget_CPPFLAGS = $(store_test_cppflags)
tests_store_test_budget_CFLAGS = $(test_cflags)
tests_store_test_budget_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_cluster_SOURCES = tests/store/test_cluster.c $(own_redis)
tests_store_test_cluster_CPPFLAGS = $(store_test_cppflags)
tests_store_test_cluster_CFLAGS = $(test_cflags)
tests_store_test_cluster_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_faults_SOURCES = tests/store/test_faults.c $(own_redis) \
	$(both_stores)
tests_store_test_faults_CPPFLAGS = $(store_test_cppflags)
tests_store_test_faults_CFLAGS = $(test_cflags)
tests_store_test_faults_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_sentinel_SOURCES = tests/store/test_sentinel.c \
	$(own_redis) $(both_stores)
tests_store_test_sentinel_CPPFLAGS = $(store_test_cppflags)
tests_store_test_sentinel_CFLAGS = $(test_cflags)
tests_store_test_sentinel_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_threads_SOURCES = tests/store/test_threads.c $(own_redis)
tests_store_test_threads_CPPFLAGS = $(store_test_cppflags)
tests_store_test_threads_CFLAGS = $(test_cflags)
tests_store_test_threads_LDADD = $(store_libs) $(CHECK_LIBS)
endif

# What every store promises.
if HAVE_CHECK
check_PROGRAMS += tests/store/test_contract_agree \
	tests/store/test_contract_destination \
	tests/store/test_contract_events tests/store/test_contract_hosts \
	tests/store/test_contract_leases tests/store/test_contract_outcomes \
	tests/store/test_contract_record tests/store/test_contract_slots \
	tests/store/test_contract_words
contract = tests/store/contract.h tests/store/contract.c $(own_redis)

tests_store_test_contract_agree_SOURCES = \
	tests/store/test_contract_agree.c $(contract)
tests_store_test_contract_agree_CPPFLAGS = $(store_test_cppflags)
tests_store_test_contract_agree_CFLAGS = $(test_cflags)
tests_store_test_contract_agree_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_contract_destination_SOURCES = \
	tests/store/test_contract_destination.c $(contract)
tests_store_test_contract_destination_CPPFLAGS = $(store_test_cppflags)
tests_store_test_contract_destination_CFLAGS = $(test_cflags)
tests_store_test_contract_destination_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_contract_events_SOURCES = \
	tests/store/test_contract_events.c $(contract)
tests_store_test_contract_events_CPPFLAGS = $(store_test_cppflags)
tests_store_test_contract_events_CFLAGS = $(test_cflags)
tests_store_test_contract_events_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_contract_hosts_SOURCES = \
	tests/store/test_contract_hosts.c $(contract)
tests_store_test_contract_hosts_CPPFLAGS = $(store_test_cppflags)
tests_store_test_contract_hosts_CFLAGS = $(test_cflags)
tests_store_test_contract_hosts_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_contract_leases_SOURCES = \
	tests/store/test_contract_leases.c $(contract)
tests_store_test_contract_leases_CPPFLAGS = $(store_test_cppflags)
tests_store_test_contract_leases_CFLAGS = $(test_cflags)
tests_store_test_contract_leases_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_contract_outcomes_SOURCES = \
	tests/store/test_contract_outcomes.c $(contract)
tests_store_test_contract_outcomes_CPPFLAGS = $(store_test_cppflags)
tests_store_test_contract_outcomes_CFLAGS = $(test_cflags)
tests_store_test_contract_outcomes_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_contract_record_SOURCES = \
	tests/store/test_contract_record.c $(contract)
tests_store_test_contract_record_CPPFLAGS = $(store_test_cppflags)
tests_store_test_contract_record_CFLAGS = $(test_cflags)
tests_store_test_contract_record_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_contract_slots_SOURCES = \
	tests/store/test_contract_slots.c $(contract)
tests_store_test_contract_slots_CPPFLAGS = $(store_test_cppflags)
tests_store_test_contract_slots_CFLAGS = $(test_cflags)
tests_store_test_contract_slots_LDADD = $(store_libs) $(CHECK_LIBS)

tests_store_test_contract_words_SOURCES = \
	tests/store/test_contract_words.c $(contract)
tests_store_test_contract_words_CPPFLAGS = $(store_test_cppflags)
tests_store_test_contract_words_CFLAGS = $(test_cflags)
tests_store_test_contract_words_LDADD = $(store_libs) $(CHECK_LIBS)
endif
