EXTRA_DIST += docs/design.md docs/store.md
