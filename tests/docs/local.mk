# The documents for administrators, held to the programs.
dist_check_SCRIPTS += tests/docs/test_manual.py tests/docs/test_recipes.py
