#!/bin/sh
# Compares the documents with the program (TAP): commands and options with what
# `docktether help` prints, keys with the table in src/store/option.c.
#
# Environment: DOCKTETHER (the program), srcdir (the top of the sources). Both have a
# default, for a tree that was built in place.

top=${srcdir:-$(dirname "$0")/..}
program=${DOCKTETHER:-$top/docktether}
page1=$top/docs/docktether.1
page5=$top/docs/docktether.5
page7=$top/docs/docktether-security.7

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

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

# only_in FIRST SECOND: the lines that FIRST has and SECOND has not.
only_in() {
    LC_ALL=C sort -u "$1" >"$scratch/first"
    LC_ALL=C sort -u "$2" >"$scratch/second"
    LC_ALL=C comm -23 "$scratch/first" "$scratch/second"
}

# too_few FILE LEAST: says so when a list is so short that it was not read at all.
too_few() {
    [ "$(wc -l <"$1")" -ge "$2" ] || echo "only $(wc -l <"$1") lines were found"
}

# ---- what the program has ----------------------------------------------------

"$program" help >"$scratch/help" || exit 1
cp "$scratch/help" "$scratch/all-help"

# Commands are the indented words before the first steps.
awk '/^First steps:/ { exit } /^  [a-z]/ { print $1 }' "$scratch/help" >"$scratch/commands"

# The help of all commands.
{
    cat "$scratch/help"
    while read -r command; do
        "$program" help "$command" </dev/null
    done <"$scratch/commands"
} >"$scratch/all-help"

# "COMMAND --long" and "COMMAND -x", less those of every command.
while read -r command; do
    "$program" help "$command" </dev/null | tee -a "$scratch/all-help" | awk -v command="$command" '
        /^Options:/ { options = 1; next }
        !options || !/^  +-/ { next }
        $1 == "-h," { next }
        $1 ~ /^-.,$/ { print command, substr($1, 1, 2); $1 = $2 }
        { print command, $1 }'
done <"$scratch/commands" >"$scratch/options"

# "SECTION KEY [DEFAULT]": an entry of the table begins with { "SECTION", "KEY",
awk '
    /^static const struct option table/ { inside = 1; next }
    inside && /^};/ { exit }
    inside && /^ *\{ "/ {
        split($0, part, "\"")
        entry = part[2] " " part[4]
        order[++n] = entry
    }
    inside && match($0, /\.fallback = [^,}]*/) {
        value = substr($0, RSTART + 12, RLENGTH - 12)
        gsub(/["]/, "", value)
        if (value == "PROFILE_DEFAULT_SOCKET") value = "/var/run/docker.sock"
        default_of[entry] = value
    }
    END { for (i = 1; i <= n; i++) print order[i], default_of[order[i]] }
' "$top/src/store/option.c" | sed 's/ *$//' >"$scratch/keys"

# ---- what the pages have -----------------------------------------------------

# "COMMAND" for each item, and "COMMAND --long" and "COMMAND -x" for what stands within it. An
# item of a command begins ".It Cm COMMAND", or ".It Xo" and then ".Cm COMMAND".
awk -v list="$(tr '\n' ' ' <"$scratch/commands")" -v commands="$scratch/page-commands" '
    BEGIN { n = split(list, word, " "); for (i = 1; i <= n; i++) known[word[i]] = 1 }
    /^\.Sh / { inside = $2 == "COMMANDS"; command = "" }
    !inside { next }
    /^\.Ss / { depth = 0; command = "" }
    /^\.Bl / { depth++ }
    /^\.El/ { depth-- }
    depth == 1 && (/^\.It Cm / || (previous == ".It Xo" && /^\.Cm /)) {
        command = $1 == ".It" ? $3 : $2
        print command >commands
    }
    { previous = $0 }
    command != "" {
        for (i = 1; i <= NF; i++) {
            if ($i != "Fl" && $i != ".Fl") continue
            if ($(i + 1) == "Fl") { print command, "--" $(i + 2); i += 2 }
            else print command, "-" $(i + 1)
        }
    }' "$page1" >"$scratch/page-options"

# "COMMAND" for each item that shows the command at work: a line "$ docktether COMMAND" or the like.
awk '
    /^\.Sh / { inside = $2 == "COMMANDS"; command = "" }
    !inside { next }
    /^\.Bl / { depth++ }
    /^\.El/ { depth-- }
    depth == 1 && (/^\.It Cm / || (previous == ".It Xo" && /^\.Cm /)) { command = $1 == ".It" ? $3 : $2 }
    { previous = $0 }
    command != "" && /^(\.Dl )?\$ / && index($0 " ", "docktether " command " ") { print command }
    command != "" && /^(\.Dl )?\$ / && index($0, "docktether " command ")") { print command }
' "$page1" >"$scratch/page-examples"

# "SECTION KEY [DEFAULT]", the default being the first word that is quoted after "default".
awk '
    function flush() { if (key != "") print section, key, value; key = value = "" }
    /^\.Sh / { flush(); section = "" }
    /^\.Ss Section / { flush(); section = $3; next }
    section == "" { next }
    /^\.It Ic / { flush(); key = $3; next }
    key != "" && waits && /^\.Ql / && value == "" { value = $2 }
    { waits = /default$/ }
    END { flush() }
' "$page5" | sed 's/ *$//' >"$scratch/page-keys"

# ---- the other documents -----------------------------------------------------

documents() {
    find "$top" -maxdepth 1 -name '*.md' -type f
    find "$top/docs" "$top/contrib" "$top/tests" -name '*.md' -type f
}

broken_links() {
    documents | while IFS= read -r file; do
        # No link of ours has a blank or a bracket in it.
        grep -o ']([^)]*)' "$file" | sed 's/^](//; s/)$//; s/#.*//' | while IFS= read -r link; do
            case $link in
            '' | *:*) continue ;;
            esac
            [ -e "$(dirname "$file")/$link" ] || echo "$file: $link"
        done
    done
}

long_lines() {
    documents | while IFS= read -r file; do
        # A row of a table cannot be broken.
        awk -v file="$file" '/^\|/ { next } length($0) > 110 { print file ":" FNR ": " length($0) " columns" }' "$file"
    done
}

# "CODE MEANING" from help, from the table of README.md and from docktether.1.
awk '/^Exit status:/ { on = 1; next } on && /^  [0-9]/ { sub(/^ +/, ""); sub(/  +/, " "); print; next } { on = 0 }' \
    "$scratch/help" >"$scratch/codes"
awk -F ' *[|] *' '/^\| *exit *\| *meaning *\|/ { on = 1 } !/^\|/ { on = 0 } on && $2 ~ /^[0-9]+$/ { print $2, $3 }' \
    "$top/README.md" >"$scratch/readme-codes"
awk '/^\.Sh / { on = /EXIT STATUS/ } on && /^\.It / { code = $2; next } on && code != "" { print code, $0; code = "" }' \
    "$page1" >"$scratch/page-codes"

# differ FIRST SECOND: what is in one alone.
differ() {
    only_in "$1" "$2" | sed 's/^/missing: /'
    only_in "$2" "$1" | sed 's/^/not of the program: /'
}

# Every room stands in ARCHITECTURE.md, and every header says in its first line what it is for.
unnamed_rooms() {
    for room in "$top"/src/*/; do
        room=$(basename "$room")
        grep -q "\`$room\`" "$top/docs/ARCHITECTURE.md" || echo "src/$room is not in ARCHITECTURE.md"
    done
    # unit-text.h is made, in the tree itself where that is built in place.
    find "$top/src" -name '*.h' ! -name unit-text.h | while IFS= read -r header; do
        name=$(basename "$header" .h)
        head -n 1 "$header" | grep -q "^/\* $name: " || echo "the first line of $header does not explain $name"
    done
}

# ---- the English ---------------------------------------------------------------

# Phrases that have been replaced, one a line; CONTRIBUTING.md says how we write instead.
cat >"$scratch/phrases" <<'PHRASES'
by whom
it reads:
it is there already
it is there for everybody
was not up
goes via it
goes on with its older values
has older values
overrides it in this shell
what it presents
what the host presents
let us in
a turn at
whoever
who waits
goes this way
a way to others
the way there
that lead there
is sshd running there
against a profile
in effect when it is connected anew
when it is connected anew
there is to know
have them no longer
trust it no longer
have tethers from
turned away
in effect root
in effect there
what is there
what was open goes on
goes on to its end
cuts nothing short
cuts what is open
of all else nothing
speaks against
with its new values
whose syntax
who is trusted with what
somebody may be in between
it reads: ssh
says no more
no more than
make it a plugin of
shell against
command against
ends it all the same
as good as anywhere
is told by nobody
what holds for
where it must
PHRASES

# on_one_line FILE: its text in one line with a blank at each end, without the marks of Markdown, the
# macros of manual pages and line breaks, so that no phrase is hidden by them.
on_one_line() {
    { echo; cat "$1"; echo; } | sed -e 's/^\.[A-Z][A-Za-z]* //' -e 's/[`*]//g' | tr -s '[:space:]' ' '
}

any_phrase=$(paste -s -d '|' "$scratch/phrases")

# old_phrases NAME FILE: the phrases that FILE has, with the words around them.
old_phrases() {
    on_one_line "$2" | grep -ioE ".{0,30}[^a-z]($any_phrase)[^a-z].{0,20}" | sed "s|^|$1: ...|"
}

# The strings of the sources, one a line.
messages() {
    find "$top/src" -name '*.[ch]' -exec cat {} + | sed -e "s/'\"'//g" -e '/^#include/d' | tr '\n' ' ' |
        sed -e 's|/[*][^*]*[*]\{1,\}\([^/*][^*]*[*]\{1,\}\)*/||g' -e 's/\\["nt]/ /g' -e 's/"[[:space:]]*"//g' | grep -o '"[^"]*"'
}

# Texts that are searched. Each is one line here.
every_text() {
    for page in "$page1" "$page5" "$page7"; do
        old_phrases "${page##*/}" "$page"
    done
    old_phrases NEWS "$top/NEWS"
    documents | grep -v /CONTRIBUTING.md | while IFS= read -r file; do
        old_phrases "${file##*/}" "$file"
    done
    old_phrases 'docktether help' "$scratch/all-help"
    messages >"$scratch/messages" && old_phrases 'a message' "$scratch/messages"
}

# Every phrase is found wherever a line breaks it.
unfound_phrases() {
    while IFS= read -r phrase; do
        printf '.Pp\nIt says: %s.\n' "$phrase" | sed 's/\(.*\) /\1\n/' >"$scratch/sample"
        [ -n "$(old_phrases sample "$scratch/sample")" ] || echo "$phrase"
    done <"$scratch/phrases"
}

echo 1..15
report 'the lists were read' "$(too_few "$scratch/commands" 10)$(too_few "$scratch/options" 20)$(
    too_few "$scratch/keys" 10)$(too_few "$scratch/codes" 9)"
report 'every command stands in docktether.1' "$(only_in "$scratch/commands" "$scratch/page-commands")"
report 'docktether.1 has no command that is none' "$(only_in "$scratch/page-commands" "$scratch/commands")"
report 'every command of docktether.1 has an example' "$(only_in "$scratch/commands" "$scratch/page-examples")"
report 'every option stands in docktether.1 with its command' "$(
    only_in "$scratch/options" "$scratch/page-options")"
report 'docktether.1 says what -h and --help do' "$(
    grep -q '^\.Fl h , Fl Fl help\|^\.Fl h ,$' "$page1" || echo "it does not")"
report 'every key stands in docktether.5 with its section and default' "$(
    differ "$scratch/keys" "$scratch/page-keys")"
if command -v mandoc >/dev/null; then
    report 'mandoc has nothing to say' "$(mandoc -Tlint -Wwarning "$page1" "$page5" "$page7" 2>/dev/null)"
else
    count=$((count + 1))
    echo "ok $count - mandoc has nothing to say # SKIP there is no mandoc here"
fi
report 'every relative link leads somewhere' "$(broken_links)"
report 'no line is longer than 110 columns' "$(long_lines)"
report 'the exit codes of README.md are those of the program' "$(differ "$scratch/codes" "$scratch/readme-codes")"
report 'the exit codes of docktether.1 are those of the program' "$(differ "$scratch/codes" "$scratch/page-codes")"
report 'every room of src/ stands in ARCHITECTURE.md, and every header says what it is' "$(unnamed_rooms)"
report 'the phrases that may not come back are found where a line breaks them' "$(unfound_phrases)"
report 'no document, help or message has a phrase that may not come back' "$(every_text)"
