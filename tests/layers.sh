#!/bin/sh
# Reads the rules of the house in every #include and fails on one that breaks them (TAP).
#
# A room of src/ includes its own headers and those of the rooms named beside it below.
# Each library has the rooms that may see it. No two files include each other in a circle:
# x.c and x.h count as one file. The test plants a violation of each kind in a tree of its
# own, because a test that cannot fail says nothing.

top=${1:-$(cd "$(dirname "$0")/.." && pwd)}

low='base store docker ssh http engine guard control relay tether ui'
rules="base: base
store: base store
docker: base store docker
ssh: base store ssh
http: base store http
engine: base store docker ssh http engine
guard: base store docker ssh http guard
control: base store docker ssh http control
relay: base store docker ssh http engine guard control relay
tether: base store docker ssh http engine guard control relay tether
ui: base ui
doctor: $low doctor
audit: $low audit
import: $low import
autostart: $low autostart
cli: $low doctor audit import autostart cli
<libssh/: ssh
<uv.h: relay tether
<ini.h: store"

# violations TREE: one line each, "file:line: what".
# shellcheck disable=SC2016 # a program for awk
violations() {
    (cd "$1" && find src -name '*.[ch]' | LC_ALL=C sort | xargs awk -v rules="$rules" '
    BEGIN {
        n = split(rules, line, "\n")
        for (i = 1; i <= n; i++) {
            split(line[i], part, ": ")
            m = split(part[2], word, " ")
            for (j = 1; j <= m; j++)
                if (part[1] ~ /^</) library[part[1]] = library[part[1]] " " word[j] " "
                else { allowed[part[1], word[j]] = 1; room[part[1]] = 1 }
        }
    }
    function broken(why) { printf "%s:%d: %s\n", FILENAME, FNR, why }
    !/^[ \t]*#[ \t]*include[ \t]*["<]/ { next }
    {
        split(FILENAME, path, "/")
        self = path[2]
        name = $0
        sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
        for (l in library)
            if (index(name, l) == 1 && index(library[l], " " self " ") == 0)
                broken(self " includes " name)
        if (name !~ /^"/ || name ~ /^"config.h"/) next
        split(substr(name, 2), part, "/")
        if (!(self in room)) broken("src/" self " is no room of the house")
        else if (!(part[1] in room)) broken("include " name " names no room")
        else if (!((self, part[1]) in allowed)) broken(self " includes " name)
    }')
}

# circles TREE: the includes that lead back to where they are, a line each. x-internal.h is
# part of x.
# shellcheck disable=SC2016 # a program for awk
circles() {
    (cd "$1" && find src -name '*.[ch]' | LC_ALL=C sort | xargs awk '
    function file(name) { sub(/^src\//, "", name); sub(/\.[ch]$/, "", name); sub(/-internal$/, "", name); return name }
    FNR == 1 { self = file(FILENAME) }
    /^[ \t]*#[ \t]*include[ \t]*"[^"]*\.h"/ {
        split($0, part, "\"")
        name = file(part[2])
        if (name != self && !((self, name) in edge)) { edge[self, name] = 1; uses[self] = uses[self] " " name }
    }
    # True when some way of includes leads from one file to the other.
    function leads(from, to,    n, i, todo, next_ones, seen, head) {
        todo[n = 1] = from
        for (head = 1; head <= n; head++) {
            if (todo[head] == to) return 1
            split(uses[todo[head]], next_ones, " ")
            for (i in next_ones)
                if (!(next_ones[i] in seen)) { seen[next_ones[i]] = 1; todo[++n] = next_ones[i] }
        }
        return 0
    }
    END {
        for (e in edge) {
            split(e, ends, SUBSEP)
            if (leads(ends[2], ends[1])) print ends[1] " includes " ends[2]
        }
    }' | LC_ALL=C sort)
}

count=0
# report NAME FOUND: passes when FOUND is empty.
report() {
    count=$((count + 1))
    if [ -z "$2" ]; then
        echo "ok $count - $1"
    else
        echo "not ok $count - $1"
        printf '%s\n' "$2" | sed 's/^/# /'
    fi
}

# planted ROOM INCLUDE: says so when the violation goes unnoticed.
planted() {
    rm -rf "$scratch/src"
    mkdir -p "$scratch/src/$1"
    printf '/* a file */\n\n#include %s\n' "$2" >"$scratch/src/$1/x.c"
    found=$(violations "$scratch")
    case $found in
    "src/$1/x.c:3: "*) ;;
    *) echo "src/$1 with #include $2 was let through: $found" ;;
    esac
}

permitted() {
    planted "$1" "$2" >/dev/null
    violations "$scratch"
}

# chain FILE...: each file includes the next one.
chain() {
    rm -rf "$scratch/src"
    while [ $# -gt 1 ]; do
        mkdir -p "$scratch/src/${1%/*}"
        printf '#include "%s"\n' "${2%.c}.h" | sed 's/\.h\.h/.h/' >"$scratch/src/$1"
        shift
    done
}

# circle FILE...: says so when no circle is found.
circle() {
    chain "$@"
    [ -n "$(circles "$scratch")" ] || echo "the circle $* was let through"
}

straight() {
    chain "$@"
    circles "$scratch"
}

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

report 'src/ keeps the rules' "$(violations "$top")"
report 'src/ has no circle' "$(circles "$top")"
report 'src/ was read' "$([ -f "$top/src/base/err.h" ] || echo "no sources in $top")"
# The rooms that may not be included, one after the other: each rule can fail.
for pair in base:store base:ui store:ssh store:docker docker:ssh docker:control ssh:docker ssh:engine http:ssh \
    http:guard engine:control engine:relay guard:control guard:engine control:engine control:relay \
    relay:tether relay:ui tether:ui tether:doctor ui:store ui:cli doctor:cli doctor:import audit:doctor \
    import:cli import:autostart autostart:cli autostart:doctor; do
    report "${pair%:*} may not include ${pair#*:}" "$(planted "${pair%:*}" "\"${pair#*:}/x.h\"")"
done
report 'cli may not include libssh' "$(planted cli '<libssh/libssh.h>')"
report 'control may not include libssh' "$(planted control '<libssh/libssh.h>')"
report 'ssh may not include libuv' "$(planted ssh '<uv.h>')"
report 'control may not include libuv' "$(planted control '<uv.h>')"
report 'cli may not include inih' "$(planted cli '<ini.h>')"
report 'a header without its room is noticed' "$(planted cli '"../store/pin.h"')$(planted cli '"out.h"')"
report 'a folder that is no room is noticed' "$(planted util '"base/err.h"')"
report 'a circle of two headers is noticed' "$(circle base/a.h base/b.h base/a.h)"
report 'a circle over sources and rooms is noticed' "$(circle base/a.c store/b.h store/c.h base/a.c)"
report 'an internal header is part of its file' "$(circle base/a.c base/a-internal.h base/b.h base/a.h)"
report 'a chain is no circle' "$(straight base/a.h base/b.h base/c.h)"
report 'what is permitted passes' "$(permitted cli '"docker/context.h"')$(permitted ssh '<libssh/libssh.h>')"
echo "1..$count"
