EXTRA_DIST += docs/design.md docs/log-lines.md docs/store.md
dist_man_MANS = docs/mailweir.8 docs/mailweir-milter.8 docs/mailweir-policyd.8
