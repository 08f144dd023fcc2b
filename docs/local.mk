EXTRA_DIST += docs/design.md docs/log-lines.md docs/store.md
