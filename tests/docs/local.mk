# The documents for administrators, held to the programs; and the completion.
dist_check_SCRIPTS += tests/docs/test_completion.sh tests/docs/test_manual.py \
	tests/docs/test_recipes.py
