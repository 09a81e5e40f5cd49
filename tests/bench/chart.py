"""The chart: a panel for each of the rows that say most, a bar for each way. It is an SVG with its own
colours for light and dark, and needs no font but the reader's."""

import statistics
from html import escape

# row: title, better. The order is that of the picture, two panels a line.
PANELS = {
    "ps-loop": ("docker ps, loopback", "ms, less is better"),
    "ps-far": ("docker ps, 50 ms round trip", "ms, less is better"),
    "cold-far": ("first docker ps, nothing running, 50 ms round trip", "ms, less is better"),
    "crowd": ("50 docker ps at once", "ms until all are done, less is better"),
    "bulk-down": ("download, loopback", "MB/s, more is better"),
    "bulk-far": ("download, 50 ms round trip", "MB/s, more is better"),
}
WAYS = {
    "docktether": "docktether",
    "direct": "direct socket",
    "ssh": "ssh -L",
    "ssh-chacha": "ssh -L, chacha20",
    "url-master": "ssh://, ControlMaster",
    "url": "ssh://",
}

WIDTH, MARGIN, GAP = 860, 16, 28
LABEL, BAR, STEP, VALUE = 140, 14, 21, 60
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 13px }
  .quiet { fill: #57606a }
  .ours { fill: #0969da }
  .theirs { fill: #afb8c1 }
  .back { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9198a1 }
    .ours { fill: #4493f8 }
    .theirs { fill: #59636e }
    .back { fill: #0d1117 }
  }
"""


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def panel(x, y, width, row, title, unit):
    """The elements, and how high they are."""
    # Beside the bare socket's speed the others would not be seen.
    shown = [kind for kind in WAYS if kind in row["ways"] and not (kind == "direct" and "more" in unit)]
    medians = {kind: statistics.median(row["ways"][kind]) for kind in shown}
    longest = max(medians.values())
    room = VALUE + (60 if row.get("failed") else 0)
    parts = [f'<text class="title" x="{x}" y="{y + 13}">{escape(title)}</text>',
             f'<text class="quiet" x="{x}" y="{y + 29}">{escape(unit)}</text>']
    y += 40
    for kind, value in medians.items():
        count = row.get("failed", {}).get(kind)
        failed = f" ({count} failed)" if count else ""
        length = max(1.0, (width - LABEL - room) * value / longest)
        ours = kind == "docktether"
        weight = ' font-weight="600"' if ours else ''
        parts += [f'<text x="{x + LABEL - 8}" y="{y + 11}" text-anchor="end"{weight}>'
                  f"{escape(WAYS[kind])}</text>",
                  f'<rect class="{"ours" if ours else "theirs"}" x="{x + LABEL}" y="{y}" '
                  f'width="{length:.1f}" height="{BAR}" rx="2"/>',
                  f'<text x="{x + LABEL + length + 6:.1f}" y="{y + 11}">{number(value)}{failed}</text>']
        y += STEP
    return parts, 40 + STEP * len(medians)


def svg(told):
    shown = [(name, told["rows"][name]) for name in PANELS
             if name in told["rows"] and "docktether" in told["rows"][name]["ways"]]
    width = (WIDTH - 2 * MARGIN - GAP) // 2
    parts, y = [], MARGIN
    for i in range(0, len(shown), 2):
        tallest = 0
        for k, (name, row) in enumerate(shown[i:i + 2]):
            elements, height = panel(MARGIN + k * (width + GAP), y, width, row, *PANELS[name])
            parts += elements
            tallest = max(tallest, height)
        y += tallest + 20
    machine = told["machine"]
    openssh = machine["openssh"].split(",")[0]
    foot = (f"medians of one run, {machine['date'][:10]}: docktether {machine['docktether']}, "
            f"libssh {machine['libssh']}, {openssh}, {machine['processors']} processors"
            f"{', busy with other things' if machine['load'][0] > machine['processors'] / 2 else ''}")
    parts.append(f'<text class="quiet" x="{MARGIN}" y="{y + 4}">{escape(foot)}</text>')
    y += 20
    label = "Bars: how long docktether and the other ways take, and how fast they carry data"
    size = f'width="{WIDTH}" height="{y}"'
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" {size} role="img" '
            f'aria-label="{label}">\n<style>{STYLE}</style>\n<rect class="back" {size} rx="6"/>\n'
            + "\n".join(parts) + "\n</svg>\n")
