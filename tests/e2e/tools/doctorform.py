#!/usr/bin/env python3
"""Checks the form of what `docktether doctor --format json` prints, and prints it flat.

One line for each question that a test may have, a tab between question and answer:

    first            "LAYER: TEXT" of the first failure, or nothing
    fix              the command for it, "HOST: COMMAND" when it is for another host
    hint             its hint
    LAYER            "RESULT: TEXT | FURTHER LINES" of a layer of the last host
    LAYER fix        its command
    LAYER hint       its hint
    HOST LAYER       the same for each host, and
    HOST LAYER fix
    HOST LAYER hint

A text of another form ends with an exit status of 2."""

import json
import sys

LAYERS = (
    "profile directories tether keys agent name TCP banner algorithms|host key|methods login socket permission forwarding "
    "dial-stdio /_ping /version|local socket|context contexts environment proxies"
)
NAMES = []
for part in LAYERS.split("|"):
    NAMES += [part] if part in ("host key", "local socket") else part.split()
HOP_NAMES = NAMES[: NAMES.index("login") + 1]
RESULTS = {"ok", "warning", "failed", "skipped", "blocked"}


def check(condition, what):
    if not condition:
        print(f"doctor's JSON: {what}", file=sys.stderr)
        sys.exit(2)


def check_layer(layer):
    check(set(layer) >= {"layer", "result", "ms", "text", "more", "code", "hint", "fix", "fix_on"}, f"members {layer}")
    check(layer["result"] in RESULTS, f"result {layer}")
    check(layer["text"] and isinstance(layer["more"], list), f"text {layer}")
    check((layer["code"] != 0) == (layer["result"] == "failed"), f"code {layer}")
    check(layer["ms"] is None or 0 <= layer["ms"] < 60000, f"ms {layer}")
    check(layer["result"] in ("failed", "warning") or not (layer["hint"] or layer["fix"]), f"remedy {layer}")


def check_all(report):
    failed = []
    for host in report["hosts"]:
        check([layer["layer"] for layer in host["layers"]] == (HOP_NAMES if host["hop"] else NAMES), f"layers {host}")
        for layer in host["layers"]:
            check_layer(layer)
            failed += [(host["name"], layer)] if layer["result"] == "failed" else []
    check(report["hosts"][-1]["name"] == report["name"] and not report["hosts"][-1]["hop"], "hosts")
    check(report["ok"] == (not failed), "ok")
    check(report["code"] == (failed[0][1]["code"] if failed else 0), "code")
    if failed:
        name, layer = failed[0]
        check(report["first"] == dict(layer, host=name), "first")
    else:
        check(report["first"] is None, "first")


def remedy(layer):
    return f"{layer['fix_on']}: {layer['fix']}" if layer["fix_on"] else layer["fix"] or ""


def tell(question, answer):
    print(question, answer.replace("\t", " ").replace("\n", " | "), sep="\t")


def main():
    report = json.load(sys.stdin)
    check_all(report)
    first = report["first"]
    tell("first", f"{first['layer']}: {first['text']}" if first else "")
    tell("fix", remedy(first) if first else "")
    tell("hint", first["hint"] or "" if first else "")
    for host in report["hosts"]:
        for layer in host["layers"]:
            answer = "\n".join([f"{layer['result']}: {layer['text']}"] + layer["more"])
            for prefix in [host["name"] + " "] + ([""] if not host["hop"] else []):
                tell(f"{prefix}{layer['layer']}", answer)
                tell(f"{prefix}{layer['layer']} fix", remedy(layer))
                tell(f"{prefix}{layer['layer']} hint", layer["hint"] or "")


main()
