#!/usr/bin/env bats
# Other values, or another version, for a tether that runs: nobody finds the socket closed.
# shellcheck disable=SC2154,SC2153 # run sets stderr, bad_server PORT

load lib/common

gone() {
    lab_gone "$1"
}

# hammer FILE: one request after the other until FILE.stop is there; a line for each that failed.
hammer() {
    : >"$1"
    while [ ! -e "$1.stop" ]; do
        curl -sS --fail --max-time 20 --unix-socket "$RUN/lab.sock" http://d/_ping >/dev/null 2>>"$1" || echo failed >>"$1"
        echo x >>"$1.count"
    done
}

# hammered COUNT: the first of them has asked so often.
hammered() {
    [ "$(wc -l <fails.1.count)" -ge "$1" ]
}

@test "update says which changes apply now and which at the next connection" {
    new_profile lab
    docktether up lab
    run --separate-stderr docktether update lab --set description=Other --set hold=20s --set max-held=7
    [ "$status" = 0 ]
    [[ $stderr == *"applied now: description"* ]]
    [[ $stderr == *"hold, max-held: takes effect at the next connection; to apply it now: docktether up lab"* ]]
    run --separate-stderr docktether update lab --set description=Third
    [[ $stderr != *"takes effect"* ]]
}

@test "up applies what has changed, and no client notices" {
    local at old clients=() i
    new_profile lab
    docktether up lab
    at=$(inode)
    old=$(pid_of lab)
    for i in 1 2 3; do
        hammer "fails.$i" 3>&- &
        clients+=($!)
    done
    stream lab
    for i in 1 2 3; do
        docktether update lab --set "hold=2${i}s"
        run -0 docktether up lab
        [[ $output == *"with the current settings"* ]]
    done
    wait_for 30 hammered 3
    touch fails.1.stop fails.2.stop fails.3.stop
    wait "${clients[@]}"
    cat fails.? && [ ! -s fails.1 ] && [ ! -s fails.2 ] && [ ! -s fails.3 ]
    [ "$(inode)" = "$at" ]
    [ "$(pid_of lab)" != "$old" ]
    # The stream that was open goes on in the old process, until it ends; and status tells.
    kill -0 "$old"
    [ "$(status_of lab draining)" = 1 ]
    run -0 docktether status lab
    [[ $output == *"Draining: "*"1 older process with open connections"* ]]
    tethered lab docker create --name after-reload bb true
    wait_for 10 grep -q after-reload events
    tethered lab docker rm after-reload
    end "$STREAM"
    wait_for 10 gone "$old"
    [ "$(tethers)" = "$(pid_of lab)" ]
    [ "$(status_of lab draining)" = 0 ]
}

@test "up with values that do not work leaves the tether as it was" {
    local old at
    new_profile lab
    docktether up lab
    old=$(pid_of lab)
    at=$(inode)
    docktether update lab --set port=1
    run -6 docktether up lab
    [[ $output == *"keeps older settings"* ]]
    [ "$(pid_of lab)" = "$old" ]
    [ "$(inode)" = "$at" ]
    tethered lab docker version
    docktether update lab --set "port=$LAB_PORT"
    run -0 docktether up lab
    [ "$(pid_of lab)" = "$old" ]
}

@test "an up that waits still joins the tether that takes the place of its own" {
    local first pid
    bad_server silent
    new_profile_at "$PORT" lab --set connect-timeout=30s
    docktether up lab >first.out 2>&1 3>&- &
    first=$!
    at_end "$first"
    wait_for 10 state_is lab connecting
    docktether update lab --set "port=$LAB_PORT"
    run -0 docktether up lab
    [[ $output == *"with the current settings"* ]]
    pid=$(pid_of lab)
    wait "$first" || { cat first.out; return 1; }
    wait_for 5 one_tether
    [ "$(tethers)" = "$pid" ]
    state_is lab serving
    tethered lab docker version
}

# profile_away [options]: a tether whose server has gone away.
profile_away() {
    local port
    port=$(lab_sshd away)
    new_profile_at "$port" lab --set hold=30s "$@"
    docktether up lab
    lab_stop_sshd away
}

@test "what waits for a session is served by the tether with the right values" {
    local waiting
    profile_away
    tethered lab docker version >held.out 2>&1 3>&- &
    waiting=$!
    wait_for 10 connections_are lab held 1
    docktether update lab --set "port=$LAB_PORT"
    docktether up lab
    wait "$waiting"
    cat held.out
}

@test "all that wait are handed over, also when they are many" {
    local waiting
    profile_away --set max-held=1000
    python3 "$TOOLS/idle_clients.py" "$RUN/lab.sock" 600 ask >asked 2>&1 3>&- &
    waiting=$!
    at_end "$waiting"
    wait_for 20 connections_are lab held 600
    docktether update lab --set "port=$LAB_PORT"
    docktether up lab
    wait "$waiting"
    cat asked
    [ "$(cat asked)" = "ready
600 answered" ]
}

@test "a hand-over that does not come about leaves the tether as it was, with its streams" {
    local old events up port
    port=$(wire_start far "$LAB_PORT" --delay 300)
    new_profile lab
    docktether up lab
    old=$(pid_of lab)
    # shellcheck disable=SC2094 # a word, not the file
    tethered lab docker events >events 2>&1 3>&- &
    events=$!
    at_end "$events"
    wait_for 10 connections_are lab open 1
    # The new one has some seconds to connect, in which the old one stops answering.
    docktether update lab --set "port=$port"
    docktether up lab >up.out 2>&1 3>&- &
    up=$!
    at_end "$up"
    wait_for 10 is_connecting
    kill -STOP "$old"
    wait "$up" && return 1
    kill -CONT "$old"
    cat up.out
    grep -F "keeps older settings" up.out
    wait_for 10 logged "the process that was to take over did not"
    state_is lab serving
    [ "$(pid_of lab)" = "$old" ]
    [ "$(status_of lab draining)" = 0 ]
    tethered lab docker create --name after-all bb true
    wait_for 10 grep -q after-all events
    tethered lab docker rm after-all
    lab_gone "$events" && return 1
    # And the next one gets it.
    docktether up lab
    [ "$(pid_of lab)" != "$old" ]
}

# The new one is there, and has connected to its server's wire.
is_connecting() {
    [ "$(wire_stat far connections)" -gt 0 ]
}

@test "up does not wait for a tether that stands still" {
    local old
    new_profile lab
    docktether up lab
    old=$(pid_of lab)
    kill -STOP "$old"
    fails_with 1 up lab
    kill -CONT "$old"
    [[ $stderr == *"docktether down lab"* ]]
    wait_for 10 state_is lab serving
}

@test "a successor that stops, or is killed, in the middle of a hand-over gets nothing" {
    local old waiting signal
    profile_away --set hold=60s
    old=$(pid_of lab)
    curl -sS --fail --max-time 60 --unix-socket "$RUN/lab.sock" http://d/_ping >held.out 2>&1 3>&- &
    waiting=$!
    wait_for 10 connections_are lab held 1
    for signal in STOP KILL; do
        python3 "$TOOLS/successor.py" "$RUN/lab.ctl" "$signal" >successor.out 2>&1 3>&- &
        at_end $!
        wait_for 10 grep -q '"ok":true' successor.out
        wait_for 10 kept "$signal"
        [ "$(pid_of lab)" = "$old" ]
        wait_for 10 connections_are lab held 1
        end $!
    done
    # Those that came meanwhile, and the one that was offered.
    docktether update lab --set "port=$LAB_PORT"
    docktether up lab
    wait "$waiting" || { cat held.out; return 1; }
    [ "$(pid_of lab)" != "$old" ]
}

# One line in the log for each.
kept() {
    local times=1
    [ "$1" = STOP ] || times=2
    [ "$(grep -c "the process that was to take over did not" "$STATE/lab.log")" = "$times" ]
}

@test "a hop with new values: who goes that way does not notice" {
    local old session
    docktether create bastion "ssh://$LAB_USER@127.0.0.1:$LAB_PORT" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set socket=none
    new_profile inner --set via=bastion
    docktether up bastion inner
    old=$(pid_of bastion)
    session=$(status_of inner since)
    docktether update bastion --set hold=21s
    run -0 docktether up bastion
    [[ $output == *"with the current settings"* ]]
    [ "$(pid_of bastion)" != "$old" ]
    kill -0 "$old"
    [ "$(status_of bastion draining)" = 1 ]
    tethered inner docker version
    [ "$(status_of inner reconnects)" = 0 ]
    [ "$(status_of inner since)" = "$session" ]
    docktether down inner
    wait_for 10 gone "$old"
    [ "$(status_of bastion draining)" = 0 ]
}

@test "down ends the replaced process, too" {
    local old
    new_profile lab
    docktether up lab
    old=$(pid_of lab)
    stream lab
    docktether update lab --set hold=21s
    docktether up lab
    kill -0 "$old"
    docktether down lab
    wait_for 5 gone "$old"
    wait_for 5 lab_gone "$STREAM"
}

@test "another version of the program replaces the one that runs" {
    local version next=$T/docktether-next old at
    [ -z "${DOCKTETHER_SANITIZED:-}" ] || skip "a copy with another version is made by hand, from a plain build"
    version=$(docktether version | awk 'NR == 1 { print $2 }')
    [ -n "$version" ]
    # Its first digit: the linker lets other strings share the end of this one.
    python3 - "$DOCKTETHER" "$next" "$version" "9${version#?}" <<'PATCH'
import sys
program, copy, old, new = sys.argv[1:]
with open(program, "rb") as source, open(copy, "wb") as target:
    target.write(source.read().replace(old.encode(), new.encode()))
PATCH
    chmod +x "$next"
    new_profile lab
    docktether up lab
    old=$(pid_of lab)
    at=$(inode)
    run -0 "$next" up lab
    [[ $output == *"up with this version of the program"* ]]
    [ "$(status_of lab version)" = "9${version#?}" ]
    [ "$(inode)" = "$at" ]
    wait_for 5 gone "$old"
    tethered lab docker version
}

@test "a tether in the foreground is not replaced behind the back of whoever runs it" {
    local run pid
    new_profile lab
    docktether run lab >run.log 2>&1 3>&- &
    run=$!
    at_end "$run"
    wait_for 10 state_is lab serving
    pid=$(pid_of lab)
    docktether update lab --set hold=22s
    run -0 docktether up lab
    [[ $output == *"not started by docktether up"* ]]
    [ "$(pid_of lab)" = "$pid" ]
}

@test "a demand profile is replaced without a session" {
    local at
    new_profile lab --set connect=demand
    docktether up lab
    at=$(inode)
    docktether update lab --set hold=23s
    docktether up lab
    [ "$(inode)" = "$at" ]
    state_is lab asleep
    tethered lab docker version
}

@test "five shells apply the same change at once" {
    local i shells=()
    new_profile lab
    docktether up lab
    docktether update lab --set hold=24s
    for i in 1 2 3 4 5; do
        docktether up lab >"out.$i" 2>&1 3>&- &
        shells+=($!)
    done
    for i in "${shells[@]}"; do
        wait "$i"
    done
    wait_for 10 one_tether
    tethered lab docker version
}

one_tether() {
    [ "$(tethers | wc -l)" = 1 ]
}
