EXTRA_DIST += docs/design.md docs/log-lines.md docs/security.md \
	docs/store.md docs/threat-model.md
