# Tests of store. They start a redis-server of their own.
if HAVE_CHECK
check_PROGRAMS += tests/store/test_health tests/store/test_leases \
	tests/store/test_sha1 tests/store/test_slots \
	tests/store/test_budget tests/store/test_cluster \
	tests/store/test_contract tests/store/test_faults \
	tests/store/test_sentinel tests/store/test_threads

store_test_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/lib/store \
	$(HIREDIS_CFLAGS) $(LIBEVENT_CFLAGS)
own_redis = tests/store/redis.h tests/store/redis.c
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

tests_store_test_contract_SOURCES = tests/store/test_contract.c $(own_redis)
tests_store_test_contract_CPPFLAGS = $(store_test_cppflags)
tests_store_test_contract_CFLAGS = $(test_cflags)
tests_store_test_contract_LDADD = $(store_libs) $(CHECK_LIBS)

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
