noinst_LIBRARIES += lib/libcore.a

lib_libcore_a_SOURCES = \
	include/core/alone.h lib/core/alone.c \
	include/core/breaker.h lib/core/breaker.c lib/core/breaker_record.c \
	include/core/census.h lib/core/census.c \
	include/core/counter.h lib/core/counter.c \
	include/core/decide.h lib/core/decide.c \
	include/core/destination.h lib/core/destination.c \
	include/core/domain.h lib/core/domain.c \
	include/core/lease.h lib/core/lease.c \
	include/core/mx.h lib/core/mx.c \
	include/core/mx_cache.h lib/core/mx_cache.c \
	include/core/outcome.h lib/core/outcome.c \
	include/core/plan.h lib/core/plan.c \
	include/core/probe.h lib/core/probe.c \
	include/core/replay.h lib/core/replay.c \
	include/core/reply.h lib/core/reply.c \
	include/core/review.h lib/core/review.c \
	include/core/route.h lib/core/route.c \
	include/core/shares.h lib/core/shares.c \
	include/core/shield.h lib/core/shield.c \
	include/core/silence.h lib/core/silence.c \
	include/core/story.h lib/core/story.c \
	include/core/throttle.h lib/core/throttle.c \
	include/core/view.h lib/core/view.c \
	include/core/window.h lib/core/window.c

core_libs = lib/libcore.a $(base_libs)
