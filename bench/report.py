"""The bars of issue 2, and the page that says which of them were met."""

import csv
import json
import statistics

# What a bar on noisy figures is read from: the median of the repeats, of the calm ones where there are enough.


class Verdict:
    def __init__(self, number, what, value, compare, bar, shown):
        self.number, self.what, self.shown = number, what, shown
        self.bar = f"{'at least' if compare == '>=' else 'at most'} {bar}"
        limit = float(bar.split()[0].rstrip("×"))
        self.passed = None if value is None else (value >= limit if compare == ">=" else value <= limit)

    def row(self):
        mark = {True: "pass", False: "**FAIL**", None: "not measured"}[self.passed]
        return f"| {self.number} | {self.what} | {self.shown} | {self.bar} | {mark} |"


def ratio(above, below):
    return above / below if above is not None and below else None


def seconds(value):
    return "–" if value is None else f"{value:.3f} s" if value < 10 else f"{value:.1f} s"


def micro(value):
    return "–" if value is None else f"{value:.0f} µs" if value < 1000 else f"{value / 1000:.2f} ms"


def against(number, what, compare, bar, above, below, show):
    value = ratio(above, below)
    shown = "–" if value is None else f"{value:.2f}× ({show(above)} / {show(below)})"
    return Verdict(number, what, value, compare, f"{bar}×", shown)


def plain(number, what, value, bar, unit, show):
    return Verdict(number, what, value, "<=", f"{bar} {unit}", show)


def verdicts(bench, small, large):
    median = bench.median
    rows = []
    sql = median(small, "SQL self-join view")
    implicit = median(small, "implicit CosineRecommender(K=100).fit")
    engine = median(small, "engine alone")
    for turn in ("first", "repeated"):
        mine = median(small, f"ours: {turn}")
        rows += [
            against(1, f"SQL self-join view / {turn} refresh", ">=", 60, sql, mine, seconds),
            against(1, f"implicit's fit / {turn} refresh", ">=", 5, implicit, mine, seconds),
            against(1, f"{turn} refresh / engine alone", "<=", 2.5, mine, engine, seconds),
        ]
    for turn in ("first", "repeated"):
        rows.append(against(2, f"{turn} refresh, 5 times the playlists / bar 1's", "<=", 6,
                            median(large, f"ours: {turn}"), median(small, f"ours: {turn}"), seconds))

    changes = bench.values("incremental", "all")
    if changes:
        middle, worst = statistics.median(changes), max(changes)
        rows.append(plain(3, f"incremental refresh after one changed playlist of 50, median of {len(changes)}", middle, 50,
                          "ms", f"{middle:.1f} ms"))
        rows.append(plain(3, "the slowest of them", worst, 50, "ms", f"{worst:.1f} ms"))
    rows.append(against(3, "bulk COPY with the triggers / without", "<=", 1.15, median("copy", "COPY with triggers"),
                        median("copy", "COPY without triggers"), seconds))

    one, two = "latency, 1 client", "latency, 2 clients"
    key = median(one, "primary key: median")
    rows.append(against(4, "median of sgr_related / primary-key look-up", "<=", 2, median(one, "sgr_related: median"), key, micro))
    rows.append(against(4, "median of sgr_recommend / primary-key look-up", "<=", 12, median(one, "sgr_recommend: median"), key,
                        micro))
    p99 = median(one, "sgr_recommend: p99")
    rows.append(plain(4, "p99 of sgr_recommend", None if p99 is None else p99 / 1000, 5, "ms", micro(p99)))
    for who in ("primary key", "sgr_related", "sgr_recommend"):
        value = ratio(median(two, f"{who}: tps"), median(one, f"{who}: tps"))
        # The issue says "2 clients scale" and no number. pgbench itself needs a part of the second core.
        shown = "–" if value is None else f"{value:.2f}×"
        bar = Verdict(4, f"throughput of 2 clients / 1, {who}", value, ">=", "1.5×", shown)
        if who == "primary key":
            bar.bar, bar.passed = "for comparison", None
        rows.append(bar)
    p95 = median("similar users", "sgr_similar_users: p95")
    rows.append(plain(5, "p95 of sgr_similar_users", None if p95 is None else p95 / 1000, 20, "ms", micro(p95)))
    rows += memory(bench)
    return rows


def memory(bench):
    rows = []
    for name in dict.fromkeys(s["bench"] for s in bench.samples if s["bench"].startswith("memory")):
        for kind in dict.fromkeys(s["who"].split(":")[0] for s in bench.samples if s["bench"] == name):
            peak, said, bound, own = (bench.median(name, f"{kind}: {what}") for what in
                                      ("peak", "estimate", "VmHWM, less shared buffers", "memory_bytes of the refresh"))
            shown = f"{peak / said:.2f}× ({peak:.0f} / {said:.0f} MiB; by VmHWM {bound:.0f}, the refresh itself says {own:.0f})"
            rows.append(Verdict(6, f"peak of a refresh / estimate: {kind}, {name.removeprefix('memory, ')}", peak / said,
                                "<=", "1.2×", shown))
    return rows


def table(bench):
    """Every series of samples."""
    yield "| what | who | median | min | max | samples | others' cores |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for name, who, unit in dict.fromkeys((s["bench"], s["who"], s["unit"]) for s in bench.samples):
        mine = [s for s in bench.samples if (s["bench"], s["who"]) == (name, who)]
        values = [s["value"] for s in mine]
        foreign = [s["foreign"] for s in mine if s["foreign"] is not None]
        busy = f"{max(foreign):.2f}" if foreign else ""
        figures = " | ".join(f"{value:.4g}" for value in (statistics.median(values), min(values), max(values)))
        yield f"| {name} | {who} ({unit}) | {figures} | {len(values)} | {busy} |"


def page(bench, about, rows):
    lines = [
        "# Benchmarks of sgr_graph",
        "",
        f"`{about['command']}`, {about['date']}, {about['minutes']:.1f} minutes. Written by bench/report.py.",
        "",
        "## Bars",
        "",
        "Ratios are of medians of one run. A sample counts where the rest of the machine took less than 0.15 cores meanwhile;",
        "where fewer than half of a series are that calm, all of it counts.",
        "",
        "| bar | what | measured | bar | |",
        "| --- | --- | --- | --- | --- |",
        *(row.row() for row in rows),
        "",
        "What is compared and how: [bench/README.md](../../README.md).",
        "",
        "## Every series",
        "",
        *table(bench),
        "",
        "## Facts",
        "",
        *(f"- {name}: {json.dumps(value, default=str)}" for name, value in bench.facts.items()),
        "",
    ]
    for title in ("machine", "versions", "settings"):
        lines += [f"## {title.capitalize()}", "", *(f"- {name}: {value}" for name, value in about[title].items()), ""]
    return "\n".join(lines)


def write(folder, bench, about, small, large):
    rows = verdicts(bench, small, large)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(page(bench, about, rows))
    raw = {**about, "facts": bench.facts, "samples": bench.samples}
    (folder / "raw.json").write_text(json.dumps(raw, indent=1, default=str) + "\n")
    with (folder / "raw.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["bench", "who", "value", "unit", "foreign"])
        writer.writeheader()
        writer.writerows(bench.samples)
    return rows
