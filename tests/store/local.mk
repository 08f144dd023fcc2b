# Tests of store. They start a redis-server of their own.
if HAVE_CHECK
check_PROGRAMS += tests/store/test_contract
tests_store_test_contract_SOURCES = tests/store/test_contract.c \
	tests/store/redis.h tests/store/redis.c
tests_store_test_contract_CPPFLAGS = $(AM_CPPFLAGS) $(HIREDIS_CFLAGS)
tests_store_test_contract_CFLAGS = $(test_cflags)
tests_store_test_contract_LDADD = $(store_libs) $(CHECK_LIBS)
endif
