#!/usr/bin/env bats
# A tether's life as its user sees it: up, down, files, words, Docker's context.
# shellcheck disable=SC2154 # run sets stderr

load lib/common

# ---- up and down -------------------------------------------------------------------

@test "up twice is one tether" {
    local pid
    new_profile lab
    docktether up lab
    pid=$(pid_of lab)
    run -0 docktether up lab
    [ "$(pid_of lab)" = "$pid" ]
    [ "$(tethers)" = "$pid" ]
    answers lab
}

@test "up from five shells at once is one tether" {
    local i shells=()
    new_profile lab
    for i in 1 2 3 4 5; do
        docktether up lab >"out.$i" 2>&1 3>&- &
        shells+=($!)
    done
    for i in "${shells[@]}"; do
        wait "$i"
    done
    [ "$(tethers | wc -l)" = 1 ]
    answers lab
}

# as_other COMMAND...: docktether as LAB_OTHER, with directories of its own.
as_other() {
    setpriv --reuid "$LAB_OTHER" --clear-groups env HOME="$T/other" XDG_RUNTIME_DIR="$T/other/run" \
        XDG_CONFIG_HOME= XDG_STATE_HOME= DOCKER_CONFIG= "$T/program" "$@"
}

# The kernel tells an ordinary user little of a process that is not dumpable.
@test "down ends a tether that stands still, for an ordinary user as well" {
    local pid
    lab_new_user
    chmod 0711 "$LAB" "$T"
    install -m 0755 "$DOCKTETHER" "$T/program"
    install -d -m 0700 -o "$LAB_OTHER" "$T/other" "$T/other/run"
    install -m 0600 -o "$LAB_OTHER" "$LAB_KEY" "$T/other/key"
    as_other create lab "$URL" --identity "$T/other/key" --pin "$LAB_PIN"
    as_other up lab
    pid=$(cat "$T/other/run/docktether/lab.lock")
    kill -STOP "$pid"
    as_other down lab
    [ ! -e "$T/other/run/docktether/lab.lock" ]
    [[ $(ps -o stat= -p "$pid") == Z* || ! -e /proc/$pid ]]
    chmod 0700 "$LAB"
}

@test "up from two shells at once, where it must fail, fails in both" {
    local first second=0 status=0
    docktether create lab "$URL" --identity "$LAB_KEY" --pin "$(lab_pin "$LAB/authorized_keys")"
    docktether up lab >out.1 2>&1 3>&- &
    first=$!
    docktether up lab >out.2 2>&1 || second=$?
    wait "$first" || status=$?
    cat out.1 out.2
    [ "$status" = 4 ]
    [ "$second" = 4 ]
    [ -z "$(tethers)" ]
}

@test "up of several goes on after one that fails" {
    new_profile one
    docktether create two "$URL" --identity "$LAB_KEY" --pin "$(lab_pin "$LAB/authorized_keys")"
    new_profile three
    run -4 docktether up one two three
    answers one
    answers three
}

@test "down ends the process and takes its files along" {
    local pid
    new_profile lab
    docktether up lab
    pid=$(pid_of lab)
    docktether down lab
    wait_for 2 lab_gone "$pid"
    [ -z "$(find "$RUN" -type s)" ]
    [ "$(status_of lab state)" = down ]
    run -0 docktether down lab
    run -1 tethered lab docker version
}

@test "down --all ends all of them" {
    new_profile one
    new_profile two
    docktether up one two
    docktether down --all
    wait_for 2 no_tethers
}

@test "down cuts connections that are open" {
    new_profile lab
    docktether up lab
    stream lab
    docktether down lab
    wait_for 10 lab_gone "$STREAM"
}

@test "after kill -9 the next up works" {
    local pid
    new_profile lab
    docktether up lab
    pid=$(pid_of lab)
    kill -9 "$pid"
    wait_for 5 lab_gone "$pid"
    [ -S "$RUN/lab.sock" ]
    [ "$(status_of lab state)" = down ]
    docktether up lab
    [ "$(pid_of lab)" != "$pid" ]
    answers lab
}

@test "what a dead tether left is cleared by down" {
    local pid
    new_profile lab
    docktether up lab
    pid=$(pid_of lab)
    kill -9 "$pid"
    wait_for 5 lab_gone "$pid"
    docktether down lab
    [ -z "$(find "$RUN" -type s)" ]
}

@test "stale files where the sockets belong are no obstacle" {
    new_profile lab
    mkdir -m 0700 "$RUN"
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$RUN/lab.sock"
    echo rubbish >"$RUN/lab.ctl"
    echo 1 >"$RUN/lab.lock"
    docktether up lab
    answers lab
}

@test "an up that is interrupted leaves nothing behind" {
    local up
    bad_server silent
    new_profile_at "$PORT" lab --set connect-timeout=5s
    docktether up lab >up.out 2>&1 3>&- &
    up=$!
    at_end "$up"
    wait_for 5 test -S "$RUN/lab.ctl"
    docktether down lab
    wait_for 10 lab_gone "$up"
    run wait "$up"
    [ "$status" -ne 0 ]
    wait_for 2 no_tethers
}

@test "run stays in the foreground, logs to stderr and ends at SIGTERM" {
    local pid status=0
    new_profile lab
    "$DOCKTETHER" run lab >run.out 2>run.err 3>&- &
    pid=$!
    at_end "$pid"
    wait_for 10 state_is lab serving
    [ "$(pid_of lab)" = "$pid" ]
    answers lab
    kill "$pid"
    wait "$pid" || status=$?
    [ "$status" = 0 ]
    [ -s run.err ]
    [ -z "$(find "$RUN" -type s)" ]
}

@test "rm refuses a profile that is up, rm -f ends it first" {
    new_profile lab
    docktether up lab
    fails_with 1 rm lab
    docktether rm -f lab
    wait_for 2 no_tethers
    [ -z "$(docktether ls -q)" ]
    run -1 docker context inspect lab
}

@test "a profile that changed under its tether is told, and takes effect with up" {
    new_profile lab
    docktether up lab
    run -0 docktether update lab --set transport=dial-stdio
    [[ $output == *"to apply it now: docktether up lab"* ]]
    [ "$(status_of lab transport)" = streamlocal ]
    run -0 docktether up lab
    [[ $output == *"with the current settings"* ]]
    [ "$(status_of lab transport)" = dial-stdio ]
}

# ---- files -------------------------------------------------------------------------

modes() {
    find "$@" -printf '%m %y %P\n' | sort -k 3
}

@test "permissions of every file and directory, whatever the umask" {
    umask 000
    new_profile lab
    docktether up lab
    answers lab
    [ "$(stat -c %a "$XDG_CONFIG_HOME/docktether/profiles")" = 700 ]
    [ "$(stat -c %a "$STORE/lab.ini")" = 600 ]
    [ "$(stat -c '%a' "$RUN")" = 700 ]
    [ "$(stat -c '%a' "$STATE")" = 700 ]
    modes "$RUN" "$STATE" "$STORE"
    run -1 grep -vE '^(600|700) ' < <(modes "$RUN" "$STATE" "$STORE")
    [ "$(stat -c %a "$DOCKER_CONFIG"/contexts/meta/*/meta.json)" = 644 ]
    [ "$(stat -c %a "$DOCKER_CONFIG"/contexts/meta/*/)" = 755 ]
}

@test "with a strict umask too" {
    umask 077
    new_profile lab
    docktether up lab
    docker --context lab version
}

everything_in() {
    find "$1" -printf '%p %i %m %s %T@\n' | sort
}

@test "nothing is written to ~/.ssh" {
    local before
    cp "$LAB_KEY" .ssh/id_ed25519
    before=$(everything_in .ssh)
    docktether create lab "$URL" --pin "$LAB_PIN"
    docktether up lab
    answers lab
    [ "$(everything_in .ssh)" = "$before" ]
}

@test "a name too long for a socket's address" {
    local name
    name=$(printf 'n%.0s' $(seq 120))
    new_profile "$name"
    docktether up "$name"
    docker --context "$name" version
    run -0 docktether exec "$name" docker version
    docktether down "$name"
}

@test "without XDG_RUNTIME_DIR the state directory holds the sockets" {
    [ ! -d "/run/user/$(id -u)" ] || skip "there is a /run/user/$(id -u)"
    unset XDG_RUNTIME_DIR
    new_profile lab
    docktether up lab
    [ -S "$STATE/run/lab.sock" ]
    docker --context lab version
    docktether down lab
}

# ---- what it tells -----------------------------------------------------------------

@test "status: a table, one in full, json, and exit codes" {
    new_profile lab --description 'the lab'
    new_profile idle
    run -1 docktether status lab
    docktether up lab
    answers lab
    run -0 docktether status
    [[ $output == *lab*serving*streamlocal* && $output == *idle*down* ]]
    run -0 docktether status lab
    run -1 docktether status lab idle
    run -0 docktether status lab --format json
    python3 - "$output" <<'PYTHON'
import json, sys
s = json.loads(sys.argv[1])
assert s["name"] == "lab" and s["state"] == "serving", s
assert s["transport"] == "streamlocal" and s["transport_reason"], s
assert s["host_key"].startswith("ssh-ed25519 SHA256:"), s
assert "OpenSSH" in s["server"], s
assert s["connections"]["total"] >= 1 and s["connections"]["open"] == 0, s
assert s["bytes"]["in"] > 0 and s["bytes"]["out"] > 0, s
assert s["last_error"] is None and s["reconnects"] == 0, s
PYTHON
}

@test "logs: the story of the tether, also while it goes on" {
    local follower
    new_profile lab
    docktether up lab
    run -0 docktether logs lab
    [[ $output == *" info lab: "* ]]
    docktether logs lab -f >follow.out 2>&1 3>&- &
    follower=$!
    at_end "$follower"
    wait_for 5 test -s follow.out
    docktether down lab
    wait_for 5 cmp -s follow.out "$STATE/lab.log"
    tells_no_secret "$LAB_KEY" "$output"
}

# ---- Docker's context -----------------------------------------------------------------

# Debian 12's own CLI does not know `docker context show` yet.
current_context() {
    docker context inspect --format '{{.Name}}'
}

@test "use, use - and use default, as docker sees them" {
    new_profile one
    new_profile two
    run -0 --separate-stderr docktether use one
    [ "$output" = one ]
    [ "$(current_context)" = one ]
    docker version
    docktether use two
    [ "$(current_context)" = two ]
    docktether use -
    [ "$(current_context)" = one ]
    [ "$(docktether show)" = one ]
    docktether use default
    [ "$(current_context)" = default ]
    [ "$(docker context ls --format '{{.Name}}' | sort | xargs)" = 'default one two' ]
    docktether use -
    [ "$(current_context)" = one ]
}

@test "use warns when DOCKER_HOST or DOCKER_CONTEXT shadows it" {
    new_profile lab
    run -0 --separate-stderr env DOCKER_HOST=unix:///elsewhere "$DOCKTETHER" use lab
    [[ $stderr == *warning*DOCKER_HOST* ]]
    run -0 --separate-stderr env DOCKER_CONTEXT=elsewhere "$DOCKTETHER" use lab
    [[ $stderr == *warning*DOCKER_CONTEXT* ]]
    run -0 --separate-stderr docktether use lab
    [[ $stderr != *warning* ]]
}

@test "use of a protected profile: 8, --yes, or its name typed" {
    new_profile prod --protected
    fails_with 8 use prod
    [ "$(current_context)" = default ]
    run -8 terminal expect:prod 'send:yes\r' -- "$DOCKTETHER" use prod
    [ "$(current_context)" = default ]
    run -0 terminal expect:prod 'send:prod\r' -- "$DOCKTETHER" use prod
    [ "$(current_context)" = prod ]
    docktether use default
    docktether use --yes prod
    [ "$(current_context)" = prod ]
}

@test "exec: the command's own exit status, and a tether that comes up by itself" {
    new_profile lab
    run -1 docktether exec --no-up lab docker version
    run -0 docktether exec lab -- docker run --rm bb echo hi
    [[ $output == *hi ]]
    run -42 docktether exec lab docker run --rm bb sh -c 'exit 42'
    run -127 docktether exec lab no-such-command
    state_is lab serving
    [ "$(current_context)" = default ]
}

@test "env: a shell that follows it, and one that goes back" {
    new_profile lab
    eval "$(docktether env lab --shell sh)"
    docker version
    [ "$DOCKER_HOST" = "unix://$RUN/lab.sock" ]
    eval "$(docktether env --unset --shell sh)"
    [ -z "${DOCKER_HOST:-}" ]
}
