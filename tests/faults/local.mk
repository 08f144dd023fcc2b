# What goes wrong, on a real Postfix and a real Redis under load: a few faults
# in every run, all of them with MW_TESTS=soak.
dist_check_SCRIPTS += tests/faults/test_faults.py \
	tests/faults/test_no_stall.py

EXTRA_DIST += tests/faults/change.py tests/faults/clock.c \
	tests/faults/clock.py tests/faults/fault.py tests/faults/ground.py \
	tests/faults/machine.py tests/faults/parts.py tests/faults/proxy.py \
	tests/faults/run tests/faults/shared.py tests/faults/table.py
