EXTRA_DIST += docs/design.md docs/faults.md docs/incident-runbook.md docs/incidents.md \
	docs/json.md docs/log-lines.md docs/performance.md docs/recipes.md \
	docs/scale.md docs/security.md docs/store.md docs/threat-model.md
dist_man_MANS = docs/mailweir.8 docs/mailweir-milter.8 docs/mailweir-policyd.8 \
	docs/mailweir.conf.5
EXTRA_DIST += docs/scale/before.jsonl docs/scale/destinations.svg \
	docs/scale/hosts.svg docs/scale/leases.svg docs/scale/look.svg \
	docs/scale/now.jsonl docs/scale/own_leases.svg docs/scale/upstreams.svg
