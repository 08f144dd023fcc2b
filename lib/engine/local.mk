noinst_LIBRARIES += lib/libengine.a

lib_libengine_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
lib_libengine_a_SOURCES = \
	include/engine/announce.h lib/engine/announce.c \
	include/engine/batch.h lib/engine/batch.c \
	include/engine/fleet.h lib/engine/fleet.c \
	lib/engine/fleet_bypass.c \
	lib/engine/fleet_parts.h lib/engine/fleet_record.c \
	lib/engine/fleet_alone.c lib/engine/fleet_holds.c \
	lib/engine/fleet_slots.c \
	include/engine/hearsay.h lib/engine/hearsay.c \
	include/engine/held.h lib/engine/held.c \
	include/engine/intake.h lib/engine/intake.c \
	include/engine/keeper.h lib/engine/keeper.c \
	lib/engine/keeper_parts.h lib/engine/keeper_clerk.c \
	lib/engine/keeper_porter.c \
	include/engine/line.h lib/engine/line.c \
	include/engine/pace.h lib/engine/pace.c \
	include/engine/places.h lib/engine/places.c \
	include/engine/roll.h lib/engine/roll.c \
	include/engine/sight.h lib/engine/sight.c \
	include/engine/tally.h lib/engine/tally.c

engine_libs = lib/libengine.a lib/libobserve.a $(store_libs)
