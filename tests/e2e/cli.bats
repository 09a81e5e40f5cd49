#!/usr/bin/env bats
# cli: what the command line does without any server: usage, the store, Docker's
# own files, shells, exit codes.

load lib/common
terminal_size 40x200

COMMANDS="create update ls inspect rm import export pin up down status logs run use show env exec version help"
PIN='ssh-ed25519 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs'
PIN2='ssh-rsa SHA256:76hKHPFeWzewf3l5/jPGl3+a02HpK78M9CpWWNAq55M'

# No lab: nothing here is ever connected to.
setup_file() {
    find_program || return 1
    clean_environment
}

teardown_file() { :; }
teardown() { :; }

setup() {
    export HOME=$BATS_TEST_TMPDIR/home SHELL=/bin/sh
    export XDG_CONFIG_HOME=$HOME/.config XDG_STATE_HOME=$HOME/.local/state
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run DOCKER_CONFIG=$HOME/.docker
    PROFILES=$XDG_CONFIG_HOME/docktether/profiles
    RUN=$XDG_RUNTIME_DIR/docktether
    STATE=$XDG_STATE_HOME/docktether
    mkdir -p "$HOME"
    mkdir -m 0700 "$XDG_RUNTIME_DIR"
    cd "$HOME" || return 1
}

# new NAME [option...]: a profile of a host that no test ever reaches.
new() {
    local name=$1
    shift
    docktether create "$name" "ssh://deploy@$name.invalid" --pin "$PIN" "$@" >/dev/null 2>&1
}

# refuses CODE ARGUMENT...: that exit code, nothing on standard output, and on standard
# error one sentence and, for all but plain failures, one hint. Never a terminal.
refuses() {
    local code=$1
    shift
    run --separate-stderr timeout 100 "$DOCKTETHER" "$@" </dev/null
    # shellcheck disable=SC2154 # run sets them
    if [ "$status" -ne "$code" ] || [ -n "$output" ] || [[ ${stderr_lines[0]:-} != docktether:* ]] ||
        [ "${#stderr_lines[@]}" -gt 2 ] || { [ "${#stderr_lines[@]}" -eq 2 ] && [[ ${stderr_lines[1]} != hint:* ]]; }; then
        printf 'docktether %s: expected exit %s and a sentence, got exit %s and\n' "$*" "$code" "$status"
        printf '%s\n' "$output" "$stderr"
        return 1
    fi
}

# json EXPRESSION: of the value `v` (a list of all lines' objects with `lines`), in Python.
json() {
    python3 -c '
import json, sys
text = sys.stdin.read()
v = [json.loads(line) for line in text.splitlines()] if sys.argv[1] == "lines" else json.loads(text)
result = eval(sys.argv[2])
print(result if isinstance(result, str) else json.dumps(result))' "$@"
}

# lacks PATTERN TEXT. (A `!` alone fails no test of bats.)
lacks() {
    if grep -qE -- "$1" <<<"$2"; then
        printf 'there should be no %q in\n%s\n' "$1" "$2"
        return 1
    fi
}

mode_of() {
    stat -c %a "$1"
}

endpoint_of() {
    docktether inspect "$1" --format json | json text 'v[0]["DockerEndpoint"]'
}

# A Docker context that is not ours, as `docker context create` writes it.
foreign_context() {
    local file
    file=$(meta_of "$1")
    mkdir -p "$(dirname "$file")"
    printf '{"Name":"%s","Metadata":{},"Endpoints":{"docker":{"Host":"unix:///theirs","SkipTLSVerify":false}}}' \
        "$1" >"$file"
}

# ---- usage ---------------------------------------------------------------------

@test "without a command: the overview on standard error, exit 2" {
    run --separate-stderr docktether
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [[ $stderr == *"Usage: docktether COMMAND"* ]]
}

@test "help names every command and the exit codes" {
    run --separate-stderr docktether help
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    for command in $COMMANDS; do
        grep -q "^  $command  " <<<"$output"
    done
    for code in 0 1 2 3 4 5 6 7 8; do
        grep -q "^  $code  " <<<"$output"
    done
    [ "$output" = "$(docktether --help)" ]
    [ "$output" = "$(docktether -h)" ]
}

@test "every command explains itself in three ways, alike" {
    for command in $COMMANDS; do
        run --separate-stderr docktether help "$command"
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        [[ ${lines[0]} == "Usage: docktether $command [OPTION...]"* ]]
        [ "$output" = "$(docktether "$command" --help)" ]
        [ "$output" = "$(docktether "$command" -h)" ]
        [ "$(wc -L <<<"$output")" -le 100 ]
    done
}

@test "a command that does not exist: exit 2, and what was probably meant" {
    refuses 2 statsu
    [[ $stderr == *'did you mean "status"?'* ]]
    refuses 2 craete
    [[ $stderr == *'did you mean "create"?'* ]]
    refuses 2 frobnicate
    [[ $stderr != *"did you mean"* ]]
    refuses 2 help frobnicate
    refuses 2 --frobnicate
}

@test "wrong usage: exit 2, one sentence, where to read on" {
    new prod
    while read -r -a words; do
        refuses 2 "${words[@]}"
        [ "${#stderr_lines[@]}" -eq 2 ]
    done <<'USAGE'
create
create aa
create aa ssh://h extra
create aa ssh://h --frobnicate
create aa ssh://h --pin
create aa ssh://h --protected=yes
create aa ssh://h --set
create aa ssh://h --set port
create aa ssh://h --set =22
create aa ssh://h --set port=0
create aa ssh://h --set frobnicate=1
create aa ssh://h --pin nonsense
create aa http://h
create aa h
update
update prod
ls extra
ls --format yaml
ls -x
inspect
rm
pin
pin prod extra
pin prod --add nonsense
pin prod --scan --add x
up
down
down --all prod
run
logs
logs prod extra
use
use prod default
show prod
env
env prod --shell cmd.exe
env prod extra
exec
exec prod
exec prod --
version extra
help create update
status --format
USAGE
    [ "$(docktether ls -q)" = prod ]
}

@test "a short option that is wrong is named" {
    refuses 2 rm -x prod
    [[ $stderr == *"unknown option -x"* ]]
    refuses 2 up --frobnicate=1 prod
    [[ $stderr == *"unknown option --frobnicate"* ]]
}

@test "options may stand anywhere, POSIXLY_CORRECT or not; -- ends them" {
    docktether create --pin "$PIN" aa ssh://h
    POSIXLY_CORRECT=1 docktether create bb ssh://h "--pin=$PIN"
    refuses 2 create -- cc ssh://h --pin "$PIN"
    [ "$(docktether ls -q | xargs)" = "aa bb" ]
    run docktether rm -- -f
    [ "$status" -eq 2 ] # a name that cannot be one
}

@test "version, for people and for programs" {
    [[ $(docktether version) =~ ^docktether\ [0-9]+\.[0-9]+\.[0-9]+ ]]
    [ "$(docktether version)" = "$(docktether --version)" ]
    [ "docktether $(docktether version --format json | json text 'v["Version"]')" = "$(docktether version)" ]
}

@test "output that cannot be written is a failure" {
    new prod
    for command in help version ls "inspect prod" "env --unset" show "pin prod" "status"; do
        # shellcheck disable=SC2086 # words
        run sh -c '"$0" "$@" >/dev/full' "$DOCKTETHER" $command
        [ "$status" -eq 1 ]
        [[ $output == *"cannot write to standard output"* ]]
        # shellcheck disable=SC2086
        run sh -c '"$0" "$@" >&-' "$DOCKTETHER" $command
        [ "$status" -eq 1 ]
    done
    run bash -c '{ sleep 0.3; "$0" help; echo $? >status; } | true; cat status' "$DOCKTETHER"
    [ "${lines[-1]}" = 1 ]
}

# ---- create --------------------------------------------------------------------

@test "create writes a private profile and Docker's context, and says its name" {
    run --separate-stderr docktether create prod ssh://deploy@prod.invalid:2222/run/d.sock --pin "$PIN" \
        --description "Größe ☃" --protected --set keepalive-count=5 --set tether.hold=5s
    [ "$status" -eq 0 ]
    [ "$output" = prod ]
    [ "$stderr" = 'Successfully created profile "prod"' ]
    [ "$(mode_of "$PROFILES")" = 700 ]
    [ "$(mode_of "$PROFILES/prod.ini")" = 600 ]
    [ "$(mode_of "$(meta_of prod)")" = 644 ]
    [ "$(json text 'v["Endpoints"]["docker"]["Host"]' <"$(meta_of prod)")" = "unix://$RUN/prod.sock" ]
    [ "$(json text 'v["Metadata"]["Description"]' <"$(meta_of prod)")" = "Größe ☃" ]
    docktether inspect prod --format json >all
    [ "$(json text 'v[0]["SSH"]' <all)" = ssh://deploy@prod.invalid:2222 ]
    [ "$(json text 'v[0]["Profile"]["docker"]["socket"]' <all)" = /run/d.sock ]
    [ "$(json text 'v[0]["Profile"]["profile"]["protected"]' <all)" = true ]
    [ "$(json text 'v[0]["Profile"]["ssh"]["keepalive-count"]' <all)" = 5 ]
    [ "$(json text 'v[0]["Profile"]["ssh"]["pin"][0]' <all)" = "$PIN" ]
    [ "$(json text 'v[0]["Profile"]["tether"]["hold"]' <all)" = 5s ]
}

@test "create without a user means the current one" {
    docktether create prod ssh://h --pin "$PIN"
    [ "$(docktether inspect prod --format json | json text 'v[0]["SSH"]')" = "ssh://$(id -un)@h" ]
}

@test "create refuses what is no name, and a name that is taken" {
    for name in x ../x a/b .hidden -- 'a b' 'ünï' default; do
        refuses 2 create -- "$name" ssh://h
    done
    new prod
    cp "$PROFILES/prod.ini" before
    refuses 1 create prod ssh://elsewhere --pin "$PIN"
    cmp before "$PROFILES/prod.ini"
}

@test "create without a pin and without a terminal: exit 4, and nothing is written" {
    refuses 4 create prod ssh://127.0.0.1:1
    [[ $stderr == *--pin* && $stderr == *"ssh-keygen -lf"* ]]
    [ ! -e "$PROFILES/prod.ini" ]
    [ ! -e "$(meta_of prod)" ]
}

@test "a password in a URL is refused and not repeated" {
    refuses 2 create prod ssh://deploy:hunter2@h --pin "$PIN"
    [[ $stderr != *hunter2* ]]
}

@test "create takes identities that exist: relative ones become absolute, ~/ stays" {
    refuses 5 create prod ssh://h --pin "$PIN" --identity missing
    [[ $stderr == *"$HOME/missing"* ]]
    [ "${#stderr_lines[@]}" -eq 2 ]
    [ ! -e "$PROFILES/prod.ini" ]
    mkdir dir
    refuses 1 create prod ssh://h --pin "$PIN" --identity dir
    touch key1 key2
    # shellcheck disable=SC2088 # as typed in quotes
    docktether create prod ssh://h --pin "$PIN" -i ./key1 -i '~/key2'
    [ "$(docktether inspect prod --format json | json text 'v[0]["Profile"]["ssh"]["identity"]')" = \
        "[\"$HOME/key1\", \"~/key2\"]" ]
}

@test "create --pin-from reads known_hosts, plain and hashed, with ports" {
    ssh-keygen -q -t ed25519 -N '' -f host
    pin="ssh-ed25519 $(ssh-keygen -lf host.pub | cut -d' ' -f2)"
    mkdir .ssh
    printf '[h.invalid]:2222 %s\nother.invalid %s\n' "$(cut -d' ' -f1,2 host.pub)" "$(cut -d' ' -f1,2 host.pub)" \
        >.ssh/known_hosts
    docktether create prod ssh://h.invalid:2222 --pin-from known_hosts
    [ "$(docktether pin prod)" = "$pin" ]
    refuses 4 create none ssh://h.invalid --pin-from known_hosts
    ssh-keygen -q -H -f .ssh/known_hosts
    mv .ssh/known_hosts hashed
    docktether create hashed ssh://h.invalid:2222 --pin-from hashed
    [ "$(docktether pin hashed)" = "$pin" ]
    refuses 1 create none ssh://h.invalid --pin-from known_hosts
    [ "$(docktether ls -q | xargs)" = "hashed prod" ]
}

@test "a Docker context that is not ours is never touched" {
    foreign_context theirs
    cp "$(meta_of theirs)" before
    refuses 1 create theirs ssh://h --pin "$PIN"
    [[ $stderr == *"context=no"* ]]
    [ ! -e "$PROFILES/theirs.ini" ]
    docktether create theirs ssh://h --pin "$PIN" --set context=no
    cp "$PROFILES/theirs.ini" profile
    refuses 1 update theirs --set context=yes
    cmp profile "$PROFILES/theirs.ini"
    docktether rm theirs
    cmp before "$(meta_of theirs)"
}

@test "a context that cannot be written takes the new profile back" {
    mkdir -p "$DOCKER_CONFIG/contexts"
    touch "$DOCKER_CONFIG/contexts/meta"
    refuses 1 create prod ssh://h --pin "$PIN"
    [ ! -e "$PROFILES/prod.ini" ]
}

# ---- the store -----------------------------------------------------------------

@test "ls: a table for people without blanks at the ends of lines" {
    new prod --description "Größe"
    new staging
    docktether use --no-up staging
    run docktether ls
    [ "$status" -eq 0 ]
    [[ ${lines[0]} =~ ^NAME\ +DESCRIPTION\ +ENDPOINT\ +STATE$ ]]
    [[ ${lines[1]} =~ ^prod\ +Größe\ +ssh://deploy@prod.invalid\ +down$ ]]
    [[ ${lines[2]} =~ ^staging\ \*\ +ssh://deploy@staging.invalid\ +down$ ]]
    lacks ' $' "$output"
}

@test "ls of nothing: an empty store is no error" {
    [ "$(docktether ls -q)" = "" ]
    [ "$(docktether ls --format json)" = "" ]
    [ "$(docktether ls | wc -l)" = 1 ]
    [ ! -e "$XDG_CONFIG_HOME" ]
}

@test "a hop has no Docker: ls and inspect name no socket, and use is not offered it" {
    new way --set socket=none
    new prod --via way
    docktether ls --format json >all
    [ "$(json lines '[o["DockerEndpoint"] for o in v]' <all)" = "[\"unix://$RUN/prod.sock\", \"\"]" ]
    for command in use shell env exec; do
        run docktether __completeNoDesc "$command" ''
        [[ $output == prod* && $output != *way* ]]
    done
    run docktether __completeNoDesc up ''
    [[ $output == *prod*way* ]]
}

@test "a key that is in no file: exec says how it is read" {
    refuses 2 exec --url ssh://h --pin "$PIN" -i - true
    [[ $stderr == *"not standard input"*"--identity-fd"* ]]
    mkfifo key
    refuses 1 exec --url ssh://h --pin "$PIN" -i key true
    [[ $stderr == *"not a regular file"*"--identity-fd"* ]]
    refuses 5 exec --url ssh://h --pin "$PIN" -i missing true
    refuses 2 create prod ssh://h --pin "$PIN" -i -
}

@test "ls --format json: one object a line" {
    new prod --description 'with "quotes"'
    new staging
    docktether use --no-up prod
    docktether ls --format json >all
    [ "$(json lines '[o["Name"] for o in v]' <all)" = '["prod", "staging"]' ]
    [ "$(json lines '[o["Current"] for o in v]' <all)" = '[true, false]' ]
    [ "$(json lines 'v[0]["Description"]' <all)" = 'with "quotes"' ]
    [ "$(json lines 'v[0]["DockerEndpoint"]' <all)" = "unix://$RUN/prod.sock" ]
    [ "$(json lines 'sorted(v[0])' <all)" = \
        '["Current", "Description", "DockerEndpoint", "Enabled", "Error", "Name", "Protected", "SSH", "State"]' ]
}

@test "one broken profile never hides the others" {
    new prod
    new staging
    printf '[ssh]\nhost = h\nbad\033[31mkey = 1\n' >"$PROFILES/prod.ini"
    run docktether ls
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == *ERROR ]]
    [[ ${lines[1]} == prod*"prod.ini:3: "* ]]
    [[ ${lines[2]} == staging*down ]]
    lacks $'\033' "$output"
    [ "$(docktether ls -q | xargs)" = "prod staging" ]
    [[ $(docktether ls --format json | json lines 'v[0]["Error"]') == *"prod.ini:3: "* ]]
    run --separate-stderr docktether inspect prod staging --format json
    [ "$status" -eq 3 ]
    [ "$(json text '[o["Name"] for o in v]' <<<"$output")" = '["staging"]' ]
    for command in "inspect prod" "update prod --protected" "up prod" "env prod" "use prod" "exec prod true"; do
        # shellcheck disable=SC2086 # words
        refuses 3 $command
        [[ $stderr == *"prod.ini:3: "* ]]
    done
    docktether rm prod # for that, nobody needs to understand it
    [ "$(docktether ls -q)" = staging ]
    [ ! -e "$(meta_of prod)" ]
}

@test "a profile that others could have written is refused" {
    new prod
    chmod 666 "$PROFILES/prod.ini"
    refuses 3 inspect prod
    chmod 600 "$PROFILES/prod.ini"
    docktether inspect prod >/dev/null
    chmod 777 "$PROFILES"
    refuses 3 inspect prod
}

@test "docktether.ini gives defaults, and a bad one is named" {
    mkdir -p "$XDG_CONFIG_HOME/docktether"
    printf '[ssh]\nport = 2200\n' >"$XDG_CONFIG_HOME/docktether/docktether.ini"
    new prod
    [ "$(docktether inspect prod --format json | json text 'v[0]["SSH"]')" = ssh://deploy@prod.invalid:2200 ]
    docktether update prod ssh://deploy@prod.invalid:22
    [ "$(docktether inspect prod --format json | json text 'v[0]["SSH"]')" = ssh://deploy@prod.invalid ]
    docktether update prod ssh://deploy@prod.invalid
    [ "$(docktether inspect prod --format json | json text 'v[0]["SSH"]')" = ssh://deploy@prod.invalid:2200 ]
    printf '[ssh]\nport = none\n' >"$XDG_CONFIG_HOME/docktether/docktether.ini"
    refuses 3 inspect prod
    [[ $stderr == *"docktether.ini:2: "* ]]
    refuses 3 create other ssh://h --pin "$PIN"
}

@test "a name that is not there: exit 3 everywhere" {
    new prod
    for command in "update prud --protected" "inspect prud" "rm prud" "rm -f prud" "pin prud" "up prud" "down prud" \
        "use prud" "env prud" "exec prud true" "run prud" "status prud" "logs prud"; do
        # shellcheck disable=SC2086 # words
        refuses 3 $command
        [ "${#stderr_lines[@]}" -eq 2 ]
    done
}

@test "update replaces what is given and nothing else" {
    touch key1 key2 key3
    new prod -i key1 --description old
    run --separate-stderr docktether update prod --description new -i key2 -i key3
    [ "$status" -eq 0 ]
    [ "$output" = prod ]
    [ "$stderr" = 'Successfully updated profile "prod"' ]
    docktether inspect prod --format json >all
    [ "$(json text 'v[0]["Profile"]["ssh"]["identity"]' <all)" = "[\"$HOME/key2\", \"$HOME/key3\"]" ]
    [ "$(json text 'v[0]["Profile"]["ssh"]["pin"]' <all)" = "[\"$PIN\"]" ]
    [ "$(json text 'v["Metadata"]["Description"]' <"$(meta_of prod)")" = new ]
    docktether update prod --pin "$PIN2" --set description= --set identity=
    [ "$(docktether pin prod)" = "$PIN2" ]
    docktether inspect prod --format json >all
    [ "$(json text 'v[0]["Profile"]["ssh"]["identity"]' <all)" = "[]" ]
    [ "$(json text 'v[0]["Profile"]["profile"]["description"]' <all)" = "" ]
    docktether update prod ssh://other.invalid:2022
    [ "$(docktether inspect prod --format json | json text 'v[0]["SSH"]')" = "ssh://$(id -un)@other.invalid:2022" ]
}

@test "update with a bad value changes nothing" {
    new prod
    cp "$PROFILES/prod.ini" before
    refuses 2 update prod --description new --set port=70000
    refuses 2 update prod --description new --pin nonsense
    refuses 5 update prod --description new --identity missing
    refuses 2 update prod http://h
    # One of the two would be lost.
    touch key
    refuses 2 update prod --set identity= --identity key
    refuses 2 update prod --identity key --set ssh.identity="$HOME/other"
    refuses 2 update prod --protected --set protected=no
    refuses 2 create aa ssh://h --pin "$PIN" --set certificate= --certificate key
    cmp before "$PROFILES/prod.ini"
}

@test "update --set context=no takes the context away, and Docker's default becomes current" {
    new prod
    docktether use --no-up prod
    run --separate-stderr docktether update prod --set context=no
    [ "$status" -eq 0 ]
    [[ $stderr == *'Current context is now "default"'* ]]
    [ ! -e "$(meta_of prod)" ]
    [ "$(docktether show)" = default ]
    refuses 1 use prod
    [[ $stderr == *"docktether exec prod"* ]]
    docktether update prod --set context=yes
    [ -e "$(meta_of prod)" ]
}

@test "rm removes profile and context, goes on after a failure, and resets the current one" {
    new prod
    new staging
    docktether use --no-up staging
    run --separate-stderr docktether rm prod none staging
    [ "$status" -eq 3 ]
    [ "$output" = $'prod\nstaging' ]
    [[ $stderr == *"docktether: none: "* ]]
    [ "$(docktether ls -q)" = "" ]
    [ ! -e "$(meta_of prod)" ]
    [ ! -e "$(meta_of staging)" ]
    [ "$(docktether show)" = default ]
}

@test "pin: lists, adds once, removes" {
    new prod
    [ "$(docktether pin prod)" = "$PIN" ]
    docktether pin prod --add "$PIN2" --add "$PIN2"
    [ "$(docktether pin prod)" = "$PIN"$'\n'"$PIN2" ]
    docktether pin prod --remove "$PIN"
    [ "$(docktether pin prod)" = "$PIN2" ]
    refuses 1 pin prod --remove "$PIN"
    [ "$(docktether pin prod --remove "$PIN2" --add "$PIN" 2>/dev/null)" = "$PIN" ]
    refuses 2 pin prod --add 'ssh-dss SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs'
    refuses 6 pin prod --scan
}

@test "without a pin nothing connects: exit 4" {
    new prod
    docktether pin prod --remove "$PIN"
    for command in "up prod" "run prod" "use prod" "env prod" "exec prod true"; do
        # shellcheck disable=SC2086 # words
        refuses 4 $command
        [[ $stderr == *"docktether pin prod --scan"* ]]
    done
    [ "$(docktether show)" = default ]
}

# ---- Docker's current context --------------------------------------------------

@test "use switches, default and - go back, other keys of config.json are kept" {
    new prod
    new staging
    mkdir -p "$DOCKER_CONFIG"
    printf '{\n\t"auths": {},\n\t"detachKeys": "ctrl-x"\n}' >"$DOCKER_CONFIG/config.json"
    refuses 1 use -
    run --separate-stderr docktether use --no-up prod
    [ "$status" -eq 0 ]
    [ "$output" = prod ]
    [ "$stderr" = 'Current context is now "prod"' ]
    [ "$(json text 'v["currentContext"]' <"$DOCKER_CONFIG/config.json")" = prod ]
    docktether use --no-up staging
    [ "$(docktether use --no-up -)" = prod ]
    [ "$(docktether use --no-up -)" = staging ]
    docktether use --no-up staging # the same again is no step
    [ "$(docktether use --no-up -)" = prod ]
    [ "$(docktether use default)" = default ]
    [ "$(json text '"currentContext" in v' <"$DOCKER_CONFIG/config.json")" = false ]
    [ "$(json text 'v["detachKeys"]' <"$DOCKER_CONFIG/config.json")" = ctrl-x ]
    [ "$(docktether use --no-up -)" = prod ]
    [ "$(mode_of "$STATE/previous")" = 600 ]
}

@test "use goes to no context but ours, except back" {
    new prod
    foreign_context theirs
    refuses 3 use theirs
    printf '{"currentContext":"theirs"}' >"$DOCKER_CONFIG/config.json"
    docktether use --no-up prod
    [ "$(docktether use -)" = theirs ]
    [ "$(docktether show)" = theirs ]
    docktether use --no-up prod
    rm "$(meta_of theirs)"
    refuses 3 use -
    [ "$(docktether show)" = prod ]
}

@test "use mends a context of ours that is gone or points elsewhere" {
    new prod
    sed -i "s,$RUN/prod.sock,/elsewhere," "$(meta_of prod)"
    docktether use --no-up prod
    [ "$(json text 'v["Endpoints"]["docker"]["Host"]' <"$(meta_of prod)")" = "unix://$RUN/prod.sock" ]
    rm "$(meta_of prod)"
    docktether use --no-up prod
    [ -e "$(meta_of prod)" ]
}

@test "use does not switch when the tether cannot be brought up" {
    new prod
    run --separate-stderr timeout 100 "$DOCKTETHER" use prod </dev/null
    [ "$status" -eq 6 ] || [ "$status" -eq 5 ] # no key to log in with, or no such host
    [ -z "$output" ]
    [ "$(docktether show)" = default ]
}

@test "use says when the environment overrides it" {
    new prod
    run --separate-stderr env DOCKER_HOST=tcp://x "$DOCKTETHER" use --no-up prod
    [ "$status" -eq 0 ]
    [[ $stderr == *warning*"unset DOCKER_HOST"* ]]
    run --separate-stderr env DOCKER_CONTEXT=other SHELL=/usr/bin/fish "$DOCKTETHER" use --no-up prod
    [[ $stderr == *warning*"set -e DOCKER_CONTEXT"* ]]
    run --separate-stderr env DOCKER_CONTEXT=prod DOCKER_HOST="$(endpoint_of prod)" "$DOCKTETHER" use --no-up prod
    [[ $stderr != *warning* ]]
}

@test "a protected profile becomes current with --yes alone, or by its name on a terminal" {
    new prod --protected
    new staging
    refuses 8 use prod
    refuses 8 use --no-up prod
    [ "$(docktether show)" = default ]
    docktether use --yes --no-up prod
    docktether use --no-up staging
    refuses 8 use --no-up -
    [ "$(docktether show)" = staging ]
    run terminal 'expect:protected' 'send:staging\n' -- "$DOCKTETHER" use --no-up prod
    [ "$status" -eq 8 ]
    run terminal 'expect:protected' 'send:\x04' -- "$DOCKTETHER" use --no-up prod
    [ "$status" -eq 8 ]
    [ "$(docktether show)" = staging ]
    run terminal 'expect:protected' 'send:prod\n' -- "$DOCKTETHER" use --no-up prod
    [ "$status" -eq 0 ]
    [ "$(docktether show)" = prod ]
    docktether update prod --set protected=no
    docktether use --no-up staging
    docktether use --no-up prod
}

@test "show: by DOCKER_HOST, DOCKER_CONTEXT, config.json, default" {
    new prod
    [ "$(docktether show)" = default ]
    docktether use --no-up prod
    [ "$(docktether show)" = prod ]
    [ "$(DOCKER_CONTEXT=other docktether show)" = other ]
    [ "$(DOCKER_HOST=tcp://h:1 DOCKER_CONTEXT=other docktether show)" = tcp://h:1 ]
    docktether use default
    [ "$(DOCKER_HOST="$(endpoint_of prod)" docktether show)" = prod ]
    [ "$(DOCKER_HOST='' DOCKER_CONTEXT='' docktether show)" = default ]
}

@test "a config.json that does not parse is reported and left alone" {
    new prod
    mkdir -p "$DOCKER_CONFIG"
    printf '{broken' >"$DOCKER_CONFIG/config.json"
    refuses 1 use --no-up prod
    refuses 1 show
    run docktether ls
    [ "$status" -eq 0 ]
    [[ $output == *"prod "* ]]
    [ "$(cat "$DOCKER_CONFIG/config.json")" = '{broken' ]
}

@test "Docker's own CLI sees what we write" {
    command -v docker >/dev/null || skip "no docker CLI here"
    new prod --description "for Docker"
    docker context ls --format '{{json .}}' >all
    [ "$(json lines '[o["DockerEndpoint"] for o in v if o["Name"] == "prod"][0]' <all)" = "unix://$RUN/prod.sock" ]
    [ "$(json lines '[o["Description"] for o in v if o["Name"] == "prod"][0]' <all)" = "for Docker" ]
    docktether use --no-up prod
    [ "$(docker context inspect --format '{{.Name}}')" = prod ]
    docker context use default
    [ "$(docktether show)" = default ]
    docktether rm prod
    [ "$(docker context ls -q)" = default ]
}

# ---- shells and commands -------------------------------------------------------

# Bytes that some shell or other takes for something.
strange_runtime() {
    # shellcheck disable=SC2016 # meant as it is
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/'r u$n'\''x"*\!y`z'
    mkdir -m 0700 "$XDG_RUNTIME_DIR"
    new prod
    WANTED=unix://$XDG_RUNTIME_DIR/docktether/prod.sock
    export DOCKER_CONTEXT=other DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=/nowhere
}

# shellcheck disable=SC2016 # the inner shell's variables
@test "env for sh: quoted, and what would override it unset" {
    strange_runtime
    for shell in sh bash dash zsh ksh; do
        command -v "$shell" >/dev/null || continue
        run "$shell" -c 'eval "$("$DOCKTETHER" env --no-up --shell sh prod)"; printf "%s" "$DOCKER_HOST"; env'
        [[ $output == "$WANTED"* ]]
        lacks '^DOCKER_(CONTEXT|TLS|TLS_VERIFY|CERT_PATH)=' "$output"
        run "$shell" -c 'eval "$("$DOCKTETHER" env --unset --shell sh)"; echo "${DOCKER_HOST-none}"'
        [ "$output" = none ]
    done
    docktether env --no-up prod | tail -n 1 | grep -q '^# Run: eval'
}

# shellcheck disable=SC2016
@test "env for fish" {
    strange_runtime
    docktether env --no-up --shell fish prod | grep -q '^set -gx DOCKER_HOST '
    command -v fish >/dev/null || skip "no fish here"
    run fish -c '$DOCKTETHER env --no-up --shell fish prod | source; echo "$DOCKER_HOST"; env'
    [ "${lines[0]}" = "$WANTED" ]
    lacks '^DOCKER_(CONTEXT|TLS|TLS_VERIFY|CERT_PATH)=' "$output"
    run env DOCKER_HOST=x fish -c '$DOCKTETHER env --unset --shell fish | source; echo "<$DOCKER_HOST>"'
    [ "${lines[0]}" = "<>" ]
}

# shellcheck disable=SC2016
@test "env for csh" {
    strange_runtime
    docktether env --no-up --shell csh prod | grep -q '^setenv DOCKER_HOST '
    command -v tcsh >/dev/null || skip "no tcsh here"
    run tcsh -fc 'eval "`$DOCKTETHER:q env --no-up --shell csh prod`"; printenv DOCKER_HOST; env'
    [ "${lines[0]}" = "$WANTED" ]
    lacks '^DOCKER_(CONTEXT|TLS|TLS_VERIFY|CERT_PATH)=' "$output"
    # As the help says it, without quotes: the usual directories have nothing to expand.
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    run tcsh -fc 'eval `$DOCKTETHER:q env --no-up --shell tcsh prod`; printenv DOCKER_HOST'
    [ "$output" = "unix://$RUN/prod.sock" ]
    run env DOCKER_HOST=x tcsh -fc 'eval `$DOCKTETHER:q env --unset --shell csh`; echo $?DOCKER_HOST'
    [ "$output" = 0 ]
}

@test "env takes the shell from SHELL" {
    new prod
    [[ $(SHELL=/usr/bin/fish docktether env --no-up prod) == "set -gx "* ]]
    [[ $(SHELL=/bin/tcsh docktether env --no-up prod) == "setenv "* ]]
    [[ $(SHELL=/bin/zsh docktether env --no-up prod) == "export "* ]]
    [[ $(SHELL=/opt/unheard-of docktether env --no-up prod) == "export "* ]]
    unset SHELL
    [[ $(docktether env --no-up prod) == "export "* ]]
}

# shellcheck disable=SC2016
@test "exec: the environment, the command's own options and exit status" {
    new prod
    export DOCKER_CONTEXT=other DOCKER_TLS_VERIFY=1
    run --separate-stderr docktether exec --no-up prod sh -c \
        'echo "$DOCKER_HOST" "${DOCKER_CONTEXT-unset}" "${DOCKER_TLS_VERIFY-unset}"; exit 42'
    [ "$status" -eq 42 ]
    [ -z "$stderr" ]
    [ "$output" = "unix://$RUN/prod.sock unset unset" ]
    [ "$(docktether exec --no-up prod -- echo -n --help)" = --help ]
    [ "$(docktether exec --no-up prod echo -- x)" = "-- x" ]
    [ "$(echo hello | docktether exec --no-up prod cat)" = hello ]
    run -127 docktether exec --no-up prod there-is-no-such-program
    [[ $output == *"cannot run there-is-no-such-program"* ]]
    touch plain
    run -126 docktether exec --no-up prod ./plain
    run -143 docktether exec --no-up prod sh -c 'kill $$'
}

@test "exec hands signals on as it got them" {
    new prod
    # Bit 13 of SigIgn: SIGPIPE.
    ignored() { python3 -c 'import sys; print(int(sys.stdin.read().split()[1], 16) >> 12 & 1)'; }
    [ "$(docktether exec --no-up prod grep SigIgn /proc/self/status | ignored)" = 0 ]
    [ "$(trap '' PIPE; docktether exec --no-up prod grep SigIgn /proc/self/status | ignored)" = 1 ]
}

# ---- tethers that are not there ------------------------------------------------

@test "down of what is not up is no error" {
    new prod
    run --separate-stderr docktether down prod
    [ "$status" -eq 0 ]
    [ "$output" = prod ]
    run docktether down --all
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "status without tethers: all are down; asked by name, exit 1" {
    new prod
    new staging
    run docktether status
    [ "$status" -eq 0 ]
    [[ ${lines[0]} =~ ^NAME\ +STATE\ +FOR\ +RECONNECTS\ +ROUND\ TRIP\ +CONNECTIONS\ +BYTES\ IN\ /\ OUT\ +TRANSPORT\ +LAST\ ERROR$ ]]
    [[ ${lines[1]} =~ ^prod\ +down$ ]]
    [ "$(docktether status --format json | json lines 'v')" = \
        '[{"name": "prod", "state": "down"}, {"name": "staging", "state": "down"}]' ]
    run docktether status prod
    [ "$status" -eq 1 ]
    [[ $output == *"State:"*down* ]]
    run docktether status prod staging
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 3 ]
}

@test "up goes on after a failure, and its exit status is the first one's" {
    new prod
    docktether pin prod --remove "$PIN"
    run --separate-stderr docktether up prod none
    [ "$status" -eq 4 ]
    [[ $stderr == *"docktether: prod: host key: "* ]]
    [[ $stderr == *"docktether: none: "* ]]
    run docktether up none prod
    [ "$status" -eq 3 ]
}

@test "logs: the older file, then the newer, without control bytes" {
    new prod
    run docktether logs prod
    [ "$status" -eq 0 ]
    mkdir -p "$STATE"
    printf 'one\n' >"$STATE/prod.log.1"
    printf 'two \033[31mred\nhalf' >"$STATE/prod.log"
    run docktether logs prod
    [ "$status" -eq 0 ]
    [ "$output" = $'one\ntwo \\x1b[31mred\nhalf' ]
}

# shellcheck disable=SC2016 # the inner shell's variables
@test "logs -f follows across a rotation and ends with its reader" {
    new prod
    mkdir -p "$STATE"
    echo one >"$STATE/prod.log"
    "$DOCKTETHER" logs -f prod >out 3>&- &
    pid=$!
    for i in 1 2 3 4 5; do
        for _ in $(seq 1000); do
            [ "$(wc -l <out)" -lt "$i" ] || break
            sleep 0.05
        done
        case $i in
        1) echo two >>"$STATE/prod.log" ;;
        2)
            mv "$STATE/prod.log" "$STATE/prod.log.1"
            echo three >>"$STATE/prod.log.1"
            ;;
        3) echo four >"$STATE/prod.log" ;;
        4) echo five >>"$STATE/prod.log" ;;
        esac
    done
    kill "$pid"
    [ "$(xargs <out)" = "one two three four five" ]
    run timeout 100 bash -c '"$0" logs -f prod | head -n 1' "$DOCKTETHER"
    [ "$status" -eq 0 ]
    [ "$output" = one ]
}

@test "a name that is too long for a socket gets another path, and works alike" {
    name=$(printf 'n%.0s' {1..120})
    new "$name"
    url=$(endpoint_of "$name")
    [ "${#url}" -le 114 ]
    [ "$(json text 'v["Endpoints"]["docker"]["Host"]' <"$(meta_of "$name")")" = "$url" ]
    [ "$(DOCKER_HOST=$url docktether show)" = "$name" ]
    docktether rm "$name"
}

@test "relative directories in the environment are refused, except Docker's" {
    new prod
    XDG_CONFIG_HOME=relative refuses 3 ls || XDG_CONFIG_HOME=relative refuses 1 ls
    XDG_RUNTIME_DIR=relative refuses 1 env --no-up prod
    HOME=relative XDG_CONFIG_HOME='' refuses 3 ls || HOME=relative XDG_CONFIG_HOME='' refuses 1 ls
    run env DOCKER_CONFIG=.docker "$DOCKTETHER" use --no-up prod
    [ "$status" -eq 0 ]
    [ "$(docktether show)" = prod ]
}
