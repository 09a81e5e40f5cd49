#!/usr/bin/env bats
# A server that takes no login for the moment says so in place of its banner: it is an SSH
# server all the same, and what waits for it gets there.
# shellcheck disable=SC2154 # run sets stderr

load lib/common
lab_kind pinger

ping_it() {
    curl -sS --max-time 20 --unix-socket "$RUN/lab.sock" "http://d/_ping"
}

# A client that connects to the port and says nothing; its pid is MUTE.
mute() {
    python3 -c 'import socket, sys, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.recv(10)
open(sys.argv[2], "w").close()
time.sleep(600)' "$1" "$PWD/mute" 3>&- &
    MUTE=$!
    at_end "$MUTE"
    wait_for 10 test -e mute
}

# Somebody else's login has its place until it has ended.
startups_full() {
    ! python3 -c 'import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
sys.exit(not s.recv(4) == b"SSH-")' "$1"
}

@test "MaxStartups: 6, and not the port's fault; a tether that runs waits for it" {
    local port
    port=$(lab_sshd busy 'MaxStartups 1')
    new_profile_at "$port" lab --set hold=60s
    mute "$port"
    fails_with 6 up lab
    # OpenSSH 9.8 and newer have one sentence for this and for an address that is locked out.
    [[ $stderr == *": it says \""@("Exceeded MaxStartups"|"Not allowed at this time")"\""* ]]
    [[ $stderr == *"MaxStartups in its sshd_config"* && $stderr != *"is the port right"* ]]
    run -6 docktether doctor lab
    [[ $output == *"for the moment: it says"* && $output != *"is the port right"* ]]
    end "$MUTE"
    wait_for 20 free_again "$port"
    docktether up lab
    # The session ends while another login has the only place.
    rm mute
    mute "$port"
    break_session busy
    wait_for 20 logged "for the moment: it says"
    ping_it >answer 2>&1 3>&- &
    at_end $!
    end "$MUTE"
    wait_for 60 state_is lab serving
    wait_for 20 grep -q OK answer
}

free_again() {
    ! startups_full "$1"
}

# Ends the session that the server's children serve, and leaves the server and the mute client's.
break_session() {
    local pid
    for pid in $(lab_tree "$(cat "$LAB/sshd/$1/spawned")"); do
        ! tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q "sshd[^:]*: $LAB_USER" || kill "$pid" 2>/dev/null || true
    done
}

@test "a server that locks this address out: 6, a tether waits as long as it needs, and earns nothing" {
    local port
    lab_sshd_knows PerSourcePenalties yes || skip "this sshd has no PerSourcePenalties"
    port=$(lab_sshd angry 'PerSourcePenalties authfail:20s min:5s max:20s')
    new_profile_at "$port" lab
    docktether up lab
    lab_new_key "$PWD/other"
    docktether create wrong "ssh://$LAB_USER@127.0.0.1:$port$LAB_SOCK" --identity "$PWD/other" --pin "$LAB_PIN"
    fails_with 5 up wrong
    fails_with 6 up wrong
    [[ $stderr == *"takes no login from here for the moment"*"Not allowed at this time"* ]]
    [[ $stderr == *"PerSourcePenalties"* && $stderr != *"is the port right"* ]]
    break_session angry
    wait_for 20 logged "Not allowed at this time"
    # Clients that come in between make no row of attempts.
    for _ in 1 2 3 4 5 6 7 8; do
        curl -sS --max-time 1 --unix-socket "$RUN/lab.sock" http://d/_ping >answer 2>&1 3>&- || true
    done
    wait_for 60 state_is lab serving
    [ "$(grep -c "Not allowed at this time" "$STATE/lab.log")" -le 15 ]
    [ "$(lab_sshd_log angry | grep -c 'new .* penalty')" -le 1 ]
}

@test "a look at the host's keys costs less than a lock-out, and says when it is not whole" {
    local port
    lab_sshd_knows PerSourcePenalties yes || skip "this sshd has no PerSourcePenalties"
    port=$(lab_sshd stock 'PerSourcePenalties yes')
    new_profile_at "$port" lab
    run -0 --separate-stderr docktether pin lab --scan
    [ "${#lines[@]}" = 4 ]
    [[ $stderr != *"other keys"* ]]
    docktether up lab
    port=$(lab_sshd strict 'PerSourcePenalties noauth:20s min:1s')
    new_profile_at "$port" other
    run -0 --separate-stderr docktether pin other --scan
    [[ $stderr == *"it may have other keys"*"Not allowed at this time"* ]]
}
