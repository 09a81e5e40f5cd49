"""The commands of a Markdown page and what they print.

A block that is marked `console` holds commands, each after a prompt (`$ ` or
`server$ `), and below each what it prints. `...` in it stands for anything, on a
line of its own for any number of lines. `\\` at the end of a command's line
continues it with the next.
"""

import re
import subprocess
import sys

PROMPTS = ("$ ", "server$ ")


class Step:
    def __init__(self, section, line, prompt, command):
        self.section, self.line, self.prompt = section, line, prompt
        self.command, self.output = command, []


def steps(text):
    """All commands of the page, in their order."""
    found, section, inside, continued = [], "", False, False
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("```"):
            inside = line == "```console"
        elif not inside:
            if line.startswith("## "):
                section = line[3:]
        elif continued:
            found[-1].command += "\n" + line
            continued = line.endswith("\\")
        elif line.startswith(PROMPTS):
            prompt = next(p for p in PROMPTS if line.startswith(p))
            found.append(Step(section, number, prompt, line[len(prompt) :]))
            continued = line.endswith("\\")
        else:
            found[-1].output.append(line)
    return found


def matches(expected, printed):
    """Lines against lines; `...` is a wildcard."""
    pattern = []
    for line in expected:
        if line == "...":
            pattern.append(r"(?:[^\n]*\n)*")
        else:
            pattern.append(re.escape(line).replace(r"\.\.\.", r"[^\n]*") + r" *\n")
    return re.fullmatch("".join(pattern), "".join(line + "\n" for line in printed)) is not None


class Names:
    """What the page calls things, and what they are called where it is run."""

    def __init__(self, pairs):
        self.pairs = [pair.split("=>", 1) for pair in pairs]

    def real(self, text):
        for name, real in self.pairs:
            text = text.replace(name, real)
        return text

    def shown(self, text):
        for name, real in self.pairs:
            text = text.replace(real, name)
        return text


class Shell:
    """A bash that lives through all commands; `init` is run in it first."""

    END = "@end of the command@"

    def __init__(self, init):
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )
        self.run(init)

    def run(self, command):
        self.process.stdin.write(f"{{ {command}\n}} </dev/null; printf '\\n%s %s\\n' '{self.END}' $?\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            line = line.rstrip("\n")
            if line.startswith(self.END):
                # The line end before the mark is ours, when the output had one of its own.
                if lines and lines[-1] == "":
                    lines.pop()
                return [re.sub(r"\x1b\[[0-9;]*m", "", one) for one in lines], int(line.split()[-1])
            lines.append(line)
        sys.exit(f"the shell ended within: {command}")

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
