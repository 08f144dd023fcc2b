#!/usr/bin/env python3
"""What grows with what: runs bench/scale_fleet and bench/scale_host over fleets
of all sizes, and draws what came out.

    bench/scale_plots.py run BUILD DATA [PLOT...]   # ten minutes
    bench/scale_plots.py plot DATA [BEFORE]   # docs/scale/*.svg, by gnuplot

DATA is a file of JSON lines, to which a run adds; docs/scale has those that
docs/scale.md speaks of. BEFORE: the same of another version, drawn beside it.
"""
import json
import os
import subprocess
import sys

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs",
                   "scale")

# plot: (program, its arguments, the option that grows, its values)
RUNS = {
    "hosts": ("scale_fleet", ["-m", "-t", "-s", "4"], "-H",
              [1, 2, 5, 10, 20, 50, 100, 200]),
    "upstreams": ("scale_fleet", ["-m", "-s", "4", "-H", "10"], "-U",
                  [1, 3, 10, 30, 100]),
    "destinations": ("scale_fleet", ["-m", "-s", "60", "-w", "2", "-H",
                     "10"], "-D", [1, 10, 100, 1000]),
    "leases": ("scale_fleet", ["-p", "-s", "4", "-H", "64"], "-L",
               [1, 100, 1000, 10000, 100000]),
    "own_leases": ("scale_host", ["lease"], None,
                   [1, 100, 1000, 10000, 60000]),
    "look": ("scale_host", ["look"], None, [1, 10, 100, 1000]),
}

# plot: (title, x, y, name of y, a row's y, is y logarithmic)
PLOTS = {
    "hosts": ("One busy upstream, 500 messages/s and host", "hosts",
              "of one Redis, %", lambda r: 100 * r["redis_cpu"], True),
    "upstreams": ("10 hosts, every upstream busy", "upstreams",
                  "of one Redis, %", lambda r: 100 * r["redis_cpu"], True),
    "destinations": ("10 hosts, each with mail for all destinations",
                     "destinations", "scripts/s",
                     lambda r: r["scripts_s"], True),
    "leases": ("Take a lease, and give the last one back", "leases in use",
               "of one Redis, microseconds", lambda r: r["us_per_message"],
               False),
    "own_leases": ("A lease in policyd's own memory", "leases in use",
                   "microseconds", lambda r: r["ns"] / 1000, True),
    "look": ("One look at what the milter knows", "destinations",
             "microseconds", lambda r: r["ns"] / 1000, True),
}

STYLE = """
set terminal svg size 480,300 font "sans-serif,11" background rgb "white"
set output "%s"
set title "%s"
set xlabel "%s"
set ylabel "%s"
set logscale x 10
%s
set grid lc rgb "#dddddd"
set key top left
set border 3
set tics nomirror
plot %s
"""


def measure(build, plot):
    """The JSON lines of one plot's runs."""
    program, args, grows, values = RUNS[plot]
    for value in values:
        done = subprocess.run(
            [os.path.join(build, "bench", program), *args,
             *([grows] if grows else []), str(value)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=True)
        row = json.loads(done.stdout)
        row.update(plot=plot, x=value)
        print(json.dumps(row), flush=True)
        yield row


def read(path):
    with open(path, encoding="ascii") as file:
        return [json.loads(line) for line in file]


def points(rows, plot, value):
    """Hosts that had not the time to do what they should count for nothing."""
    return [(row["x"], value(row)) for row in rows if row["plot"] == plot and
            (row.get("ticks_host_s", 20) > 18 or "us_per_message" in row)]


def draw(plot, versions):
    title, x, y, value, log = PLOTS[plot]
    lines, data = [], []
    for (name, colour), rows in versions:
        found = points(rows, plot, value)
        if not found:
            continue
        lines.append('"-" with linespoints pt 7 ps 0.5 lw 2 lc rgb "%s" '
                     'title "%s"' % (colour, name))
        data += ["%g %g" % point for point in found] + ["e"]
    if not lines:
        return
    script = STYLE % (os.path.join(OUT, plot + ".svg"), title, x, y,
                      "set logscale y 10" if log else "set yrange [0:]",
                      ", ".join(lines))
    subprocess.run(["gnuplot"], input=script + "\n".join(data) + "\n",
                   text=True, check=True)


def main():
    if len(sys.argv) >= 4 and sys.argv[1] == "run":
        with open(sys.argv[3], "a", encoding="ascii") as file:
            for plot in sys.argv[4:] or RUNS:
                for row in measure(sys.argv[2], plot):
                    file.write(json.dumps(row) + "\n")
    elif len(sys.argv) in (3, 4) and sys.argv[1] == "plot":
        names = [("now", "#1f6f8b"), ("before", "#b0b0b0")]
        versions = list(zip(names, map(read, sys.argv[2:])))
        for plot in PLOTS:
            draw(plot, versions)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
