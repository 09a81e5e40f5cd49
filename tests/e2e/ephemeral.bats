#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test changes its own environment
# `exec --url`: no profile, one command, and nothing left behind.

load lib/common

# The log of such a tether goes with it: what a sanitizer says has to go elsewhere.
setup() {
    setup_home
    export ASAN_OPTIONS=log_path=$T/sanitizer UBSAN_OPTIONS=log_path=$T/sanitizer
}

teardown() {
    local status=0
    cat "$T"/sanitizer.* 2>/dev/null && status=1
    teardown_home && return "$status"
}

# once [OPTION...] [--] COMMAND...
once() {
    docktether exec --url "$URL" --pin "$LAB_PIN" "$@"
}

# No socket, no directory and no process of a tether is left, nor any profile, context or log.
nothing_left() {
    local left
    left=$(tethers; find "$RUN" -mindepth 1 ! -name .logins 2>/dev/null
        find "$HOME" -mindepth 1 -path "*docktether*" -o -name meta.json)
    [ -z "$left" ] || { echo "left: $left"; return 1; }
}

# A tether of `exec --url` has its lock.
running() {
    local lock
    for lock in "$RUN"/exec-*/lock; do
        [ -s "$lock" ] && return 0
    done
    return 1
}

@test "a key from a file: the command's output and status, and nothing is left" {
    run -0 --separate-stderr once --identity "$LAB_KEY" docker version --format '{{.Server.Version}}'
    [ "$output" = "$(direct docker version --format '{{.Server.Version}}')" ]
    [ -z "$stderr" ]
    nothing_left
    run -7 once --identity "$LAB_KEY" -- sh -c 'exit 7'
    run -127 once --identity "$LAB_KEY" -- no-such-command
    run -126 once --identity "$LAB_KEY" -- /etc/passwd
    nothing_left
    # An option of the command is the command's.
    run -0 once --identity "$LAB_KEY" echo --url -h
    [ "$output" = "--url -h" ]
}

@test "the command has its standard input, and the context variables are gone" {
    DOCKER_CONTEXT=other DOCKER_TLS_VERIFY=1 run -0 once --identity "$LAB_KEY" \
        sh -c 'cat; env | grep -c "^DOCKER_\(CONTEXT\|TLS\)"; true' <<<"from here"
    [ "${lines[0]}" = "from here" ]
    [ "${lines[1]}" = 0 ]
}

@test "a key from a descriptor: file, pipe, without a final newline, with CRLF" {
    run -0 once --identity-fd 3 docker ps -q 3<"$LAB_KEY"
    run -0 once --identity-fd 7 docker ps -q 7< <(cat "$LAB_KEY")
    run -0 once --identity-fd 7 docker ps -q 7< <(printf %s "$(cat "$LAB_KEY")")
    run -0 once --identity-fd 7 docker ps -q 7< <(sed 's/$/\r/' "$LAB_KEY")
    # As some CI systems keep their secrets.
    cp "$LAB_KEY" open && chmod 0666 open
    run -0 once --identity-fd 3 docker ps -q 3<open
    fails_with 5 exec --url "$URL" --pin "$LAB_PIN" --identity open docker ps
    nothing_left
}

@test "a key from the agent" {
    eval "$(ssh-agent -s)" >/dev/null
    at_end "$SSH_AGENT_PID"
    ssh-add -q "$LAB_KEY" 2>/dev/null
    run -0 once docker ps -q
    run -0 once --identity "$LAB_KEY.pub" docker ps -q
    fails_with 5 exec --url "$URL" --pin "$LAB_PIN" --set agent=no true
    nothing_left
}

@test "the key is in no argument, environment or descriptor, neither of the command nor of the tether" {
    local pid seen
    printf '%s\n' '#!/bin/sh' 'readlink /proc/self/fd/* | sed "s/^/open: /"' \
        'tr "\0" "\n" </proc/self/environ; tr "\0" "\n" </proc/self/cmdline' \
        'touch go; until [ -e stop ]; do sleep 0.05; done' >look
    chmod +x look
    once --identity-fd 9 ./look 9<"$LAB_KEY" >seen 3>&- &
    at_end $!
    wait_for 10 test -e go
    seen=$(cat seen)
    for pid in $(tethers); do
        seen+=$(tr '\0' '\n' <"/proc/$pid/environ"; tr '\0' '\n' <"/proc/$pid/cmdline")
        seen+=$(readlink "/proc/$pid"/fd/* | sed 's/^/open: /')
    done
    [ "$(grep -c ^open: <<<"$seen")" -gt 5 ]
    [[ $seen == *DOCKER_HOST=* && $seen != *"open: $LAB_KEY"* ]]
    tells_no_secret "$LAB_KEY" "$seen"
    touch stop
    wait "$!"
    nothing_left
}

@test "wrong usage and what fails have their exit status, a sentence and a hint without a profile" {
    local url=(exec --url "$URL" --identity "$LAB_KEY")
    fails_with 4 "${url[@]}" true
    fails_with 4 "${url[@]}" --pin 'ssh-ed25519 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs' true
    # shellcheck disable=SC2154 # run sets them
    [[ ${stderr_lines[0]} == "docktether: 127.0.0.1: host key: "*"not pinned"* && ${stderr_lines[1]} != *"docktether pin"* ]]
    ssh-keygen -q -t ed25519 -N '' -f stranger
    fails_with 5 exec --url "$URL" --pin "$LAB_PIN" --identity stranger true
    fails_with 5 exec --url "$URL" --pin "$LAB_PIN" true
    [[ ${stderr_lines[1]} == "hint: --identity FILE"* ]]
    fails_with 6 exec --url ssh://127.0.0.1:1 --pin "$LAB_PIN" --identity "$LAB_KEY" true
    fails_with 7 exec --url "${URL}x" --pin "$LAB_PIN" --identity "$LAB_KEY" true
    [[ ${stderr_lines[1]} == *": --set socket="* ]]
    url+=(--pin "$LAB_PIN")
    fails_with 2 "${url[@]}"
    fails_with 2 "${url[@]}" --no-up true
    fails_with 2 "${url[@]}" --identity-fd 77 true
    fails_with 2 "${url[@]}" --identity-fd 0 true
    fails_with 2 "${url[@]}" --identity-fd x true
    fails_with 2 "${url[@]}" --set via=bastion true
    fails_with 2 "${url[@]}" --set socket=none true
    fails_with 2 exec --url docker.sock true
    fails_with 2 exec --pin "$LAB_PIN" prod true
    nothing_left
}

@test "a descriptor that is no key: 5" {
    run -5 --separate-stderr once --identity-fd 9 true 9</dev/null
    [[ $stderr == *"descriptor 9 is no private key"*$'\n'hint:*BEGIN* ]]
    run -5 --separate-stderr once --identity-fd 9 true 9< <(head -c 100000 /dev/zero | tr '\0' x)
    [[ $stderr == *"larger than"* ]]
    ssh-keygen -q -t ed25519 -N secret -f locked
    run -5 --separate-stderr setsid --wait "$DOCKTETHER" exec --url "$URL" --pin "$LAB_PIN" \
        --identity-fd 9 true 9<locked
    [[ $stderr == *encrypted*$'\n'hint:* ]]
    nothing_left
}

@test "options: pins from a file, keys of docktether(5), a second key" {
    printf '[127.0.0.1]:%s %s\n' "$LAB_PORT" "$(cut -d' ' -f1,2 "$LAB/host_ed25519.pub")" >hosts
    ssh-keygen -q -t ed25519 -N '' -f stranger
    run -0 docktether exec --url "ssh://127.0.0.1:$LAB_PORT" --pin-from hosts --identity stranger \
        --identity-fd 3 --set "user=$LAB_USER" --set "socket=$LAB_SOCK" docker ps -q 3<"$LAB_KEY"
    nothing_left
}

@test "neither profiles nor docktether.ini are read" {
    mkdir -p "$STORE"
    printf '[docker]\nsocket = none\n' >"$XDG_CONFIG_HOME/docktether/docktether.ini"
    printf 'nonsense\n' >"$STORE/127.0.0.1.ini"
    run -0 once --identity "$LAB_KEY" docker ps -q
    rm -r "$XDG_CONFIG_HOME/docktether"
    nothing_left
}

@test "without HOME, XDG_RUNTIME_DIR or an entry in the password file" {
    local bare=(env -i "PATH=$PATH" "TMPDIR=$T/tmp")
    mkdir -m 1777 tmp && mv tmp "$T/tmp"
    # shellcheck disable=SC2016 # for the command
    local script='docker ps -q; stat -c "%a %n" "$(dirname "${DOCKER_HOST#unix://}")"'
    run -0 "${bare[@]}" "$DOCKTETHER" exec --url "$URL" --pin "$LAB_PIN" --identity "$LAB_KEY" sh -c "$script"
    # Where the user has a /run/user/UID of his own the socket is there.
    [[ $output == "700 $T/tmp/docktether-"* || $output == "700 /run/user/"* ]]
    [ -z "$(ls "$T/tmp")" ]
    [ "$(id -u)" = 0 ] || return 0
    # A directory that others could replace is not taken.
    chmod 0755 "$LAB" && chmod 0777 "$T/tmp"
    run -0 "${bare[@]}" setpriv --reuid 4242 --regid 4242 --clear-groups "$DOCKTETHER" exec --url "$URL" \
        --pin "$LAB_PIN" --identity-fd 3 sh -c "$script" 3<"$LAB_KEY"
    chmod 0700 "$LAB"
    [[ $output == "700 /tmp/docktether-"* ]]
    [ ! -e "${output#700 }" ]
}

@test "killed with SIGKILL: the tether notices, and nothing is left" {
    local pid
    once --identity "$LAB_KEY" sh -c 'echo $$ >pid; exec sleep 60' 3>&- &
    pid=$!
    disown "$pid"
    wait_for 10 test -s pid
    at_end "$(cat pid)"
    running
    # shellcheck disable=SC2046 # `once` is a shell, the program its child
    kill -9 $(lab_tree "$pid" | grep -vx "$(cat pid)")
    wait_for 5 no_tethers
    wait_for 5 nothing_left
}

@test "both killed: the next one removes what they left, and nothing that is used or being made" {
    local pid dir
    once --identity "$LAB_KEY" sh -c 'echo $$ >pid; exec sleep 60' 3>&- &
    pid=$!
    disown "$pid"
    wait_for 10 test -s pid
    at_end "$(cat pid)"
    dir=$(echo "$RUN"/exec-*)
    # Looked at by one that runs beside it, it stays.
    run -0 once --identity "$LAB_KEY" true
    [ -S "$dir/docker.sock" ]
    # Both at once, so that neither can tidy up after the other.
    # shellcheck disable=SC2046
    kill -STOP $(tethers)
    # shellcheck disable=SC2046
    kill -9 $(tethers)
    wait_for 5 no_tethers
    [ -S "$dir/docker.sock" ]
    # Without a lock yet, without a process id in it yet, not ours to follow, and not of our making.
    mkdir "$RUN/exec-making" "$RUN/exec-locked" "$T/elsewhere"
    : >"$RUN/exec-locked/lock"
    echo 1 >"$T/elsewhere/lock"
    ln -s "$T/elsewhere" "$RUN/exec-linked"
    mkdir -p "$RUN/exec-forgot"
    touch -d '2 hours ago' "$RUN/exec-forgot"
    run -0 once --identity "$LAB_KEY" true
    [ "$(cd "$RUN" && echo exec-*)" = 'exec-linked exec-locked exec-making' ]
    [ -e "$T/elsewhere/lock" ]
    rm -r "$RUN"/exec-*
    nothing_left
}

@test "an XDG_RUNTIME_DIR that is not there is not made" {
    mkdir -m 0700 "$T/tmp"
    # shellcheck disable=SC2016 # for the command
    XDG_RUNTIME_DIR=$T/run/gone/too TMPDIR=$T/tmp run -0 once --identity "$LAB_KEY" sh -c 'echo "$DOCKER_HOST"'
    [[ $output == "unix://$T/tmp/docktether-"*/docker.sock ]]
    [ ! -e "$T/run/gone" ]
    [ -z "$(ls "$T/tmp")" ]
}

@test "a tether that is killed: what it leaves is removed with the command" {
    local tether
    once --identity "$LAB_KEY" sh -c 'touch go; until [ -e stop ]; do sleep 0.05; done' 3>&- &
    at_end $!
    wait_for 10 test -e go
    tether=$(cat "$RUN"/exec-*/lock)
    kill -9 "$tether"
    wait_for 5 lab_gone "$tether"
    touch stop
    wait $!
    nothing_left
}

@test "signals: passed on to the command, whose end is ours" {
    local pid rc=0
    # shellcheck disable=SC2016 # for the command
    "$DOCKTETHER" exec --url "$URL" --pin "$LAB_PIN" --identity "$LAB_KEY" \
        sh -c 'trap "echo got TERM >got; exit 9" TERM; touch go; while :; do sleep 0.05; done' 3>&- &
    pid=$!
    wait_for 10 test -e go
    kill "$pid"
    wait "$pid" || rc=$?
    [ "$rc" = 9 ]
    [ "$(cat got)" = "got TERM" ]
    nothing_left
    # One that ends the command ends us alike.
    # shellcheck disable=SC2016
    run -143 once --identity "$LAB_KEY" sh -c 'kill $$'
    nothing_left
}

@test "on a terminal: an interrupt reaches the command once, and its end is ours" {
    # shellcheck disable=SC2016 # for the command
    local script='trap "echo go""t it" INT; echo rea""dy; while :; do sleep 0.05; done'
    # shellcheck disable=SC2016
    local again='echo rea""dy; exec sleep 60'
    once_there() {
        terminal "${steps[@]}" -- "$DOCKTETHER" exec --url "$URL" --pin "$LAB_PIN" \
            --identity "$LAB_KEY" sh -c "$1"
    }
    local steps=(expect:ready 'send:\x03' 'expect:got it' 'send:\x1c')
    run once_there "$script"
    [ "$(grep -c 'got it' <<<"$output")" = 1 ]
    [ "$status" -gt 128 ]
    steps=(expect:ready 'send:\x03')
    run once_there "$again"
    [ "$status" -gt 128 ] && [ "$status" -ne 255 ]
    nothing_left
}

@test "interrupted while it connects: nothing is left" {
    local pid
    bad_server silent
    "$DOCKTETHER" exec --url "ssh://127.0.0.1:$PORT" --pin "$LAB_PIN" --identity "$LAB_KEY" true 3>&- &
    pid=$!
    wait_for 5 running
    kill "$pid"
    wait_for 5 lab_gone "$pid"
    wait_for 5 nothing_left
}

@test "eight at once, each with a tether of its own" {
    local i pids=()
    for i in 1 2 3 4 5 6 7 8; do
        # shellcheck disable=SC2016 # for the command
        once --identity "$LAB_KEY" sh -c 'docker ps -q && echo $DOCKER_HOST' >"out$i" 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    [ "$(cat out* | sort -u | grep -c ^unix)" = 8 ]
    nothing_left
}

@test "docker-compose up -d, as in a pipeline" {
    mkdir app && cat >app/docker-compose.yml <<'YML'
version: "3"
services:
  web:
    image: bb
    command: sleep 60
    network_mode: none
YML
    cd app
    run -0 once --identity-fd 3 docker-compose up -d 3<"$LAB_KEY"
    [ -n "$(direct docker ps -q --filter label=com.docker.compose.project=app)" ]
    run -0 once --identity-fd 3 docker-compose down -t 0 3<"$LAB_KEY"
    [ -z "$(direct docker ps -aq --filter label=com.docker.compose.project=app)" ]
    nothing_left
}

@test "the example for pipelines: the key of a variable reaches no other process's environment" {
    local script=$TESTS/../../contrib/ci/deploy
    # shellcheck disable=SC2016 # for the command
    DEPLOY_KEY=$(cat "$LAB_KEY") DEPLOY_URL=$URL DEPLOY_PIN=$LAB_PIN PATH=$(dirname "$DOCKTETHER"):$PATH \
        run -0 "$script" sh -c 'docker ps -q && env' 3>&-
    [[ $output == *DOCKER_HOST=* ]]
    tells_no_secret "$LAB_KEY" "$output"
    DEPLOY_KEY_FILE=$LAB_KEY DEPLOY_URL=$URL DEPLOY_PIN=$LAB_PIN PATH=$(dirname "$DOCKTETHER"):$PATH \
        run -0 "$script" docker ps -q 3>&-
    DEPLOY_URL=$URL DEPLOY_PIN=$LAB_PIN run -2 "$script" docker ps -q
    nothing_left
}
