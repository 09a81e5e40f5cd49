#!/bin/sh
# Reads the rule of the house in every #include and fails on one that breaks it (TAP).
#
# A folder of src/ includes its own headers and those of the folders named beside it
# below; only cli knows them all. Three libraries have one folder each that may see them.
# The test also plants violations in a tree of its own, because a test that cannot
# fail says nothing.

top=${1:-$(cd "$(dirname "$0")/.." && pwd)}

rules='base: base
store: base store
docker: base store docker
ssh: base store ssh
tether: base store ssh tether
cli: base store docker ssh tether cli
<libssh/: ssh
<uv.h: tether
<ini.h: store'

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
                else { allowed[part[1], word[j]] = 1; folder[part[1]] = 1 }
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
        if (!(self in folder)) broken("src/" self " is no folder of the house")
        else if (!(part[1] in folder)) broken("include " name " names no folder")
        else if (!((self, part[1]) in allowed)) broken(self " includes " name)
    }')
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

# planted FOLDER INCLUDE: says so when the violation goes unnoticed.
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

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

echo 1..13
report 'src/ keeps the rule' "$(violations "$top")"
report 'src/ was read' "$([ -f "$top/src/base/err.h" ] || echo "no sources in $top")"
report 'base may not include store' "$(planted base '"store/pin.h"')"
report 'store may not include ssh' "$(planted store '"ssh/hostkey.h"')"
report 'docker may not include ssh' "$(planted docker '"ssh/hostkey.h"')"
report 'ssh may not include docker' "$(planted ssh '"docker/context.h"')"
report 'tether may not include cli' "$(planted tether '"ui/out.h"')"
report 'cli may not include libssh' "$(planted cli '<libssh/libssh.h>')"
report 'ssh may not include libuv' "$(planted ssh '<uv.h>')"
report 'cli may not include inih' "$(planted cli '<ini.h>')"
report 'a header without its folder is noticed' "$(planted cli '"../store/pin.h"')$(planted cli '"out.h"')"
report 'a folder that is not of the house is noticed' "$(planted util '"base/err.h"')"
report 'what is permitted passes' "$(permitted cli '"docker/context.h"')$(permitted ssh '<libssh/libssh.h>')"
