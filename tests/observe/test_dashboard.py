#!/usr/bin/env python3
"""The dashboard against the model that Grafana documents (dashboard kind, and
the options of the panels in use): no field that it would pass over, none that
it wants is missing. Speaks TAP."""

import json
import os
import re
import sys

SOURCE = os.path.abspath(os.environ.get("top_srcdir", "."))
DASHBOARD = os.path.join(SOURCE, "packaging/grafana/mailweir.json")

# A dictionary is an object with these fields and no other ("name?" may be
# missing), a list a list of such things, a set the values there are.
NUMBER = (int, float)
COLOR = re.compile(r"#[0-9a-f]{6}|green|orange|red|transparent|text")
DATASOURCE = {"type": {"prometheus"}, "uid": {"${datasource}"}}
STEP = {"color": COLOR, "value": NUMBER + (type(None),)}
MAPPING = {"type": {"value"}, "options": {
    re.compile(r"\d+"): {"text": str, "color?": COLOR, "index?": int}}}
OVERRIDE = {
    "matcher": {"id": {"byName", "byRegexp"}, "options": str},
    "properties": [{"id": {"color", "custom.fillOpacity",
                           "custom.lineStyle"}, "value": object}]}
FIELDS = {
    "defaults": {
        "unit": {"short", "ops", "s", "percentunit"},
        "min?": NUMBER, "max?": NUMBER,
        "color?": {"mode": {"thresholds", "palette-classic"}},
        "thresholds?": {"mode": {"absolute"}, "steps": [STEP]},
        "mappings?": [MAPPING],
        "custom?": {"lineWidth?": int, "fillOpacity?": int,
                    "showPoints?": {"auto", "never", "always"},
                    "spanNulls?": bool,
                    "stacking?": {"mode": {"none", "normal", "percent"},
                                  "group": str}}},
    "overrides": [OVERRIDE]}
LEGEND = {"displayMode": {"list", "table", "hidden"},
          "placement": {"bottom", "right"}, "showLegend": bool,
          "calcs": [str]}
TOOLTIP = {"mode": {"single", "multi", "none"},
           "sort?": {"none", "asc", "desc"}}
OPTIONS = {
    "stat": {
        "reduceOptions": {"calcs": [{"lastNotNull", "max", "sum"}],
                          "fields?": str, "values?": bool},
        "colorMode": {"none", "value", "background"},
        "graphMode": {"none", "area"},
        "textMode": {"auto", "value", "value_and_name", "name", "none"}},
    "timeseries": {"legend": LEGEND, "tooltip": TOOLTIP},
    "state-timeline": {"showValue": {"auto", "always", "never"},
                       "mergeValues?": bool, "rowHeight?": NUMBER,
                       "legend": LEGEND, "tooltip": TOOLTIP},
}
TARGET = {"refId": re.compile("[A-Z]"), "datasource": DATASOURCE,
          "expr": str, "legendFormat": str, "instant?": bool}
PLACE = {"x": int, "y": int, "w": int, "h": int}
ROW = {"id": int, "type": {"row"}, "title": str, "gridPos": PLACE,
       "collapsed": {False}, "panels": []}
VARIABLES = {
    "datasource": {
        "name": {"datasource"}, "label": str, "type": {"datasource"},
        "query": {"prometheus"}, "current": {}, "hide": {0}},
    "query": {
        "name": str, "label": str, "type": {"query"},
        "datasource": DATASOURCE, "query": {"query": str, "refId": str},
        "definition": str, "includeAll": bool, "allValue": {".*"},
        "multi": bool, "current": {"text": str, "value": {"$__all"}},
        "refresh": {1, 2}, "sort": set(range(7))},
}


def panel(kind):
    return {"id": int, "type": {kind}, "title": str, "description": str,
            "datasource": DATASOURCE, "gridPos": PLACE, "targets": [TARGET],
            "fieldConfig": FIELDS, "options": OPTIONS[kind]}


DASHBOARDS = {
    "title": {"Mailweir"}, "uid": re.compile("[a-z-]{8,40}"),
    "description": str, "tags": [str], "schemaVersion": {37}, "version": int,
    "editable": bool, "graphTooltip": {0, 1, 2},
    "refresh": re.compile(r"\d+[smh]"), "timezone": {"browser", "utc"},
    "time": {"from": re.compile(r"now-\d+[mhd]"), "to": {"now"}},
    "templating": {"list": [lambda v: VARIABLES.get(v.get("type"), {})]},
    "annotations": {"list": []},
    "panels": [lambda p: ROW if p.get("type") == "row" else
               panel(p["type"]) if p.get("type") in OPTIONS else {}],
}


def faults_of_object(value, shape, path):
    if not isinstance(value, dict):
        yield "%s is no object" % path
        return
    names = [key for key in shape if isinstance(key, str)]
    patterns = [key for key in shape if not isinstance(key, str)]
    for key in names:
        if not key.endswith("?") and key not in value:
            yield "%s lacks %s" % (path, key)
    for key, field in value.items():
        known = [name for name in names if name.rstrip("?") == key] + [
            pattern for pattern in patterns if pattern.fullmatch(key)]
        if known:
            yield from faults(field, shape[known[0]], "%s.%s" % (path, key))
        else:
            yield "%s has %s" % (path, key)


def faults_of_list(value, shape, path):
    if not isinstance(value, list) or (value and not shape):
        yield "%s is no such list" % path
        return
    for number, item in enumerate(value):
        yield from faults(item, shape[0], "%s[%d]" % (path, number))


def faults(value, shape, path="dashboard"):
    """What is wrong with it, in words."""
    if isinstance(shape, dict):
        yield from faults_of_object(value, shape, path)
    elif isinstance(shape, list):
        yield from faults_of_list(value, shape, path)
    elif isinstance(shape, set):
        if value not in shape:
            yield "%s is %r" % (path, value)
    elif isinstance(shape, re.Pattern):
        if not isinstance(value, str) or not shape.fullmatch(value):
            yield "%s is %r" % (path, value)
    elif isinstance(shape, (type, tuple)):
        if not isinstance(value, shape):
            yield "%s is %r" % (path, value)
    else:
        yield from faults(value, shape(value), path)


def ids(dashboard):
    """Each panel has its own, and each query its own in its panel."""
    seen = [panel["id"] for panel in dashboard["panels"]]
    if len(set(seen)) != len(seen):
        yield "the panels' ids: %s" % seen
    for each in dashboard["panels"]:
        names = [target["refId"] for target in each.get("targets", [])]
        if len(set(names)) != len(names):
            yield "%s: %s" % (each["title"], names)


def places(dashboard):
    """No two in one place, none outside."""
    taken = set()
    for each in dashboard["panels"]:
        at = each["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                if (x, y) in taken or not 0 <= x < 24:
                    yield "%s at %d, %d" % (each["title"], x, y)
                    return
                taken.add((x, y))


def variables(dashboard):
    """The ones that are used are those that there are."""
    there = {one["name"] for one in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]+)", json.dumps(dashboard)))
    if used != there:
        yield "there are %s, used are %s" % (sorted(there), sorted(used))


def legends(dashboard):
    """A label that an expression does not keep would be shown as nothing."""
    for each in dashboard["panels"]:
        for target in each.get("targets", []):
            kept = re.findall(r"\bby \(([^)]*)\)", target["expr"])
            kept = set(re.split(", ?", kept[0])) if kept else {"instance"}
            told = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            if told - kept:
                yield "%s: %s" % (each["title"], sorted(told - kept))


def main():
    with open(DASHBOARD) as text:
        dashboard = json.load(text)
    checks = [
        ("it is as Grafana's model has it", faults(dashboard, DASHBOARDS)),
        ("ids are their own", ids(dashboard)),
        ("panels have places of their own", places(dashboard)),
        ("variables are defined and used", variables(dashboard)),
        ("legends name labels that are there", legends(dashboard))]
    failed = 0
    print("1..%d" % len(checks))
    for number, (name, found) in enumerate(checks, 1):
        wrong = list(found)
        failed += bool(wrong)
        print("%sok %d - %s" % ("not " if wrong else "", number, name))
        for fault in wrong[:20]:
            print("# " + fault)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
