"""What bench has measured, as text, as Markdown, and in the places of a document made for it.

    report.py FILE.json                      the table
    report.py FILE.json --chart OUT.svg      the chart
    report.py FILE.json --update DOC.md...   writes the table between the lines
                                             <!-- bench table: begin --> and <!-- bench table: end -->,
                                             and what is shorter between those with "summary" """

import json
import re
import statistics
import sys
import textwrap

import chart

COLUMNS = {"direct": "direct", "ssh": "`ssh -L`", "ssh-chacha": "`ssh -L`, chacha20", "url": "`ssh://`",
           "url-master": "`ssh://`, ControlMaster", "docktether": "docktether"}
SUMMARY = ["direct", "ssh", "url-master", "url", "docktether"]
SUMMARY_ROWS = ["ps-loop", "ps-far", "cold-far", "crowd", "bulk-down", "bulk-up", "bulk-far", "busy-loop",
                "memory"]


def median(values):
    return statistics.median(values)


def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def cells(row):
    """Column to text; what has no column of its own stands in the first that is free."""
    told = {kind: number(median(values)) for kind, values in row["ways"].items() if kind in COLUMNS}
    other = [f"{kind} {number(median(values))}" for kind, values in row["ways"].items() if kind not in told]
    if other:
        place = "direct" if "direct" not in told and "docktether" in told else "docktether"
        told[place] = ", ".join(other)
    return told


def met(check):
    value, bound = check["value"], check["bound"]
    # As it is printed: 1.004 is 1.00.
    value = round(value, 2)
    return value >= bound if check.get("at_least") else value <= bound


def describe(check):
    """What, measured, target, met."""
    form = {"ratio": "{:.2f}", "count": "{:.0f}", "1/s": "{:.2f}"}.get(check["of"], "{:.1f} " + check["of"])
    least = "at least" if check.get("at_least") else "at most"
    target = f"{least} {form.format(check['bound'])}" if check["of"] != "count" or check["bound"] else "none"
    return check["what"], form.format(check["value"]), target, "yes" if met(check) else "**no**"


def head(machine):
    openssh = machine["openssh"].split(",")[0]
    told = (f"docktether {machine['docktether']} (libssh {machine['libssh']}), {openssh}, "
            f"docker {machine['docker']}; {machine['processors']} processors ({machine['cpu']}), "
            f"Linux {machine['kernel']}, {machine['date']}")
    if machine["load"][0] > machine["processors"] / 2:
        told += f"; the machine was busy with other things (load {machine['load'][0]:.1f})"
    return told + ("; a quick run" if machine["quick"] else "")


def table(told):
    """Lists of cells, the header first."""
    yield ["what (median)", *COLUMNS.values(), "measured", "target", "met"]
    for name, row in told["rows"].items():
        if "error" in row:
            yield [row["title"], *[""] * len(COLUMNS), "could not be measured", "", ""]
            continue
        have = cells(row)
        first = [f"{row['title']}, {row['unit']}", *(have.get(kind, "") for kind in COLUMNS)]
        for check in row["checks"] or [None]:
            if check is None:
                yield [*first, "", "", ""]
            else:
                what, value, target, good = describe(check)
                yield [*first, f"{value} {what}", target, good]
            first = [""] * len(first)


def lines_of(rows):
    """A table of Markdown."""
    lines = ["| " + " | ".join(cells).rstrip() + " |" for cells in rows]
    return "\n".join([lines[0], "|" + "---|" * (lines[0].count("|") - 1), *lines[1:]])


def markdown(told):
    return lines_of(table(told))


def text(told):
    lines = ["", head(told["machine"])]
    for name, row in told["rows"].items():
        lines += ["", f"{row['title']}, {row['unit']}  [{name}]"]
        if "error" in row:
            lines.append(f"    could not be measured: {row['error']}")
            continue
        ways = [f"{COLUMNS.get(kind, kind)} {number(median(values))}" for kind, values in row["ways"].items()]
        lines.append("    " + "   ".join(ways).replace("`", ""))
        for check in row["checks"]:
            what, value, target, good = describe(check)
            lines.append(f"    {value + ' ' + what:<48} {target:<20} {'met' if good == 'yes' else 'NOT MET'}")
        lines += [f"    ({note})" for note in row["notes"]]
    return "\n".join(lines)


def line(name, row):
    """One line while the run goes on."""
    if "error" in row:
        return f"    failed: {row['error']}"
    ways = ", ".join(f"{kind} {number(median(values))}" for kind, values in row["ways"].items())
    checks = "; ".join(" ".join(describe(check)[1::-1]) for check in row["checks"])
    return f"    {ways} {row['unit']}{'; ' + checks if checks else ''} ({row['took_s']} s)"


def to_json(told):
    """A list of numbers on one line."""
    text = json.dumps(rounded(told), indent=1)
    return re.sub(r"\[\s+([-\d.,\s]+?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"


def rounded(value):
    """Three digits behind the point are more than anybody can repeat."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list) else value


def summary(told):
    """Fewer rows, fewer ways, and no targets: for people who choose a tool."""
    table = [["", *(COLUMNS[kind] for kind in SUMMARY)]]
    for name in SUMMARY_ROWS:
        row = told["rows"].get(name, {"ways": {}})
        if "docktether" not in row["ways"]:
            continue
        have, failed = cells(row), row.get("failed", {})
        for kind in set(have) & set(failed):
            have[kind] += f" ({failed[kind]} failed)"
        table.append([f"{row['title']}, {row['unit']}", *(have.get(kind, "") for kind in SUMMARY)])
    return lines_of(table)


def update(path, told):
    with open(path, encoding="utf-8") as f:
        document = f.read()
    found, foot = False, textwrap.fill(head(told["machine"]) + ".", 110)
    for word, make in (("table", markdown), ("summary", summary)):
        opening, closing = f"<!-- bench {word}: begin -->", f"<!-- bench {word}: end -->"
        before, begin, rest = document.partition(opening)
        _, end, after = rest.partition(closing)
        if begin and end:
            document = f"{before}{opening}\n{make(told)}\n\n{foot}\n{closing}{after}"
            found = True
    if not found:
        sys.exit(f"report: {path} has no place for the table")
    with open(path, "w", encoding="utf-8") as f:
        f.write(document)


def main(words):
    if not words or words[0].startswith("-"):
        sys.exit(__doc__)
    with open(words[0], encoding="utf-8") as f:
        told = json.load(f)
    if words[1:2] == ["--chart"] and len(words) == 3:
        with open(words[2], "w", encoding="utf-8") as f:
            f.write(chart.svg(told))
    elif words[1:2] == ["--update"] and len(words) > 2:
        for path in words[2:]:
            update(path, told)
    elif len(words) == 1:
        print(text(told))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
