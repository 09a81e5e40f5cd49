"""Runs the first section of a page and draws it as a terminal that is typed into.

    record.py PAGE SECTIONS INIT SVG [NAME=>REAL]...

See check. The SVG is animated by CSS alone; without animation, and for readers who
prefer less motion, it shows all of it at once.
"""

import shlex
import sys
from html import escape

sys.dont_write_bytecode = True

from console import Names, Shell, steps

COLUMNS, SIZE, LEADING, MARGIN, BAR = 106, 14, 20, 18, 34
ADVANCE = SIZE * 0.6
TYPING, PAUSE, READING = 0.035, 0.5, 1.3  # seconds: a character, before the answer, after it

STYLE = """
  .t { font: %dpx ui-monospace, 'SFMono-Regular', Menlo, Consolas, 'DejaVu Sans Mono', monospace; white-space: pre }
  .p { fill: #7ee787; font-weight: bold } .c { fill: #e6edf3 } .o { fill: #adbac7 } .e { fill: #ffa198 }
  .s { animation: show .01s linear both }
  .k { animation: type 1s steps(1) both }
  @keyframes show { from { opacity: 0 } to { opacity: 1 } }
  @keyframes type { from { clip-path: inset(0 100%% 0 0) } to { clip-path: inset(0 0 0 0) } }
  @media (prefers-reduced-motion: reduce) { .s, .k { animation: none } }
"""


def fit(line, columns=COLUMNS):
    return line if len(line) <= columns else line[: columns - 1] + "…"


class Picture:
    def __init__(self, title):
        self.title, self.now, self.rows, self.parts = title, 0.6, 0, []

    def _line(self, content):
        self.rows += 1
        y = BAR + MARGIN + self.rows * LEADING - LEADING // 2
        self.parts.append(f'<g transform="translate({MARGIN},{y})">{content}</g>')

    def _shown(self, column, kind, text):
        return (f'<text class="t s {kind}" x="{column * ADVANCE:.1f}" style="animation-delay:{self.now:.2f}s">'
                f"{escape(text)}</text>")

    def command(self, prompt, command):
        for number, line in enumerate(command.split("\n")):
            lead = prompt if number == 0 else ""
            text = fit(line, COLUMNS - len(lead)).lstrip(" ")
            indent = len(lead) + len(line) - len(line.lstrip(" "))
            typing = max(len(text) * TYPING, 0.05)
            start = self._shown(0, "p", lead) if lead else ""
            if lead:
                self.now += PAUSE
            self._line(start + f'<text class="t k c" x="{indent * ADVANCE:.1f}" style="animation-delay:{self.now:.2f}s;'
                       f'animation-duration:{typing:.2f}s;animation-timing-function:steps({max(len(text), 1)})">'
                       f"{escape(text)}</text>")
            self.now += typing
        self.now += PAUSE

    def output(self, lines):
        for line in lines:
            self._line(self._shown(0, "e" if line.startswith("Error") else "o", fit(line)))
            self.now += 0.04
        self.now += READING

    def svg(self):
        width = round(COLUMNS * ADVANCE + 2 * MARGIN)
        height = BAR + 2 * MARGIN + self.rows * LEADING
        dots = "".join(f'<circle cx="{22 + 20 * i}" cy="17" r="6" fill="{c}"/>' for i, c in
                       enumerate(("#ff5f57", "#febc2e", "#28c840")))
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" xml:space="preserve">',
            f"<title>{escape(self.title)}</title>", f"<style>{STYLE % SIZE}</style>",
            f'<rect width="{width}" height="{height}" rx="10" fill="#161b22"/>',
            f'<rect width="{width}" height="{height}" rx="10" fill="none" stroke="#30363d"/>', dots,
            *self.parts, "</svg>", ""])


def main(page, sections, init, svg, *pairs):
    names = Names(pairs)
    shell = Shell(f". {shlex.quote(init)}")
    picture = Picture("docktether in five minutes: " + sections)
    for step in steps(open(page).read()):
        if step.section not in sections.split(", "):
            continue
        command = names.real(step.command)
        if step.prompt == "server$ ":
            command = "server " + shlex.quote(step.command)
        printed, _ = shell.run(command)
        picture.command(step.prompt, step.command)
        picture.output([names.shown(line) for line in printed])
    shell.end()
    if picture.rows == 0:
        sys.exit(f"there is no command in: {sections}")
    with open(svg, "w") as out:
        out.write(picture.svg())


if __name__ == "__main__":
    main(*sys.argv[1:])
