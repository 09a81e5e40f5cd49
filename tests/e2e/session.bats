#!/usr/bin/env bats
# The session beneath the sockets: lost and found again, its limits, its transports.
# shellcheck disable=SC2154 # run sets stderr

load lib/common

# away NAME: the server NAME is gone with its sessions; back NAME: it serves again.
away() {
    lab_stop_sshd "$1"
}

back() {
    lab_sshd_again "$1"
}

# ---- away and back ---------------------------------------------------------------------

@test "sshd restarted: the tether comes back by itself" {
    moving_profile
    docktether up lab
    away moving
    back moving
    wait_for 20 state_is lab serving
    wait_for 20 has_reconnected
    answers lab
}

@test "while the server is away docker ps prints why" {
    moving_profile --set hold=1s
    docktether up lab
    away moving
    wait_for 10 not_serving
    run -1 --separate-stderr tethered lab docker ps
    [[ $stderr == *"cannot connect to 127.0.0.1 port"* ]]
    run -0 curl -s -o body -w '%{http_code} %{content_type}' --unix-socket "$RUN/lab.sock" http://docker/_ping
    [ "$output" = '503 application/json' ]
    [[ "$(json_get message <body)" == *"cannot connect"* ]]
    [[ "$(status_of lab last_error message)" == *"cannot connect"* ]]
    back moving
    wait_for 20 answers lab
}

@test "a command that comes while the server is away briefly is held, not refused" {
    local client
    moving_profile --set hold=30s
    docktether up lab
    away moving
    wait_for 10 not_serving
    tethered lab docker ps >ps.out 2>ps.err 3>&- &
    client=$!
    at_end "$client"
    wait_for 10 somebody_is_held
    back moving
    wait "$client"
    grep -q CONTAINER ps.out
}

somebody_is_held() {
    [ "$(status_of lab connections held)" -gt 0 ]
}

has_reconnected() {
    [ "$(status_of lab reconnects)" -ge 1 ]
}

@test "a peer that falls silent is found out by keepalives" {
    local listener session
    moving_profile --set keepalive-interval=1s --set keepalive-count=2 --set hold=1s
    docktether up lab
    listener=$(cat "$LAB/sshd/moving/spawned")
    session=$(lab_tree "$listener")
    # shellcheck disable=SC2086 # a list of numbers
    kill -STOP $session
    # The listener itself still answers: the tether is back before anybody misses it.
    wait_for 20 has_reconnected
    wait_for 20 answers lab
    # shellcheck disable=SC2086
    kill -KILL $session
}

@test "up of a tether that waits makes it try at once" {
    moving_profile
    docktether up lab
    away moving
    wait_for 10 not_serving
    back moving
    docktether up lab
    state_is lab serving
}

@test "the Docker socket gone over there, and back" {
    ln -s "$LAB_SOCK" "$T/d.sock"
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$LAB_PORT$T/d.sock" --identity "$LAB_KEY" \
        --pin "$LAB_PIN" --set spare-channels=0 --set hold=1s
    docktether up lab
    answers lab
    rm "$T/d.sock"
    run -1 --separate-stderr tethered lab docker ps
    [[ $stderr == *"Docker socket"* || $stderr == *"d.sock"* ]]
    ln -s "$LAB_SOCK" "$T/d.sock"
    wait_for 20 answers lab
}

# ---- limits --------------------------------------------------------------------------------

@test "max-connections: the one too many is told so" {
    new_profile lab --set max-connections=3
    docktether up lab
    for _ in 1 2 3; do
        stream lab
    done
    connections_are lab open 3
    run -1 --separate-stderr tethered lab docker ps
    [[ $stderr == *connections* ]]
    [ "$(status_of lab connections refused)" -ge 1 ]
    end "${CLEANUP[0]}"
    wait_for 10 answers lab
}

# as_nobody COMMAND...: another user of this machine.
as_nobody() {
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# A line sent to the socket, and what comes back until it is closed.
converse() {
    cat >"$T/converse.py" <<'PYTHON'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(30)
s.connect(sys.argv[1])
try:
    s.sendall(sys.argv[2].encode().decode("unicode_escape").encode())
    print(s.recv(4096).decode(errors="replace"))
except (TimeoutError, ConnectionError):
    pass
PYTHON
    chmod 0644 "$T/converse.py"
    "$@"
}

@test "another user's process is served on neither socket, even where it can reach them" {
    local ask='GET /_ping HTTP/1.0\r\n\r\n' query='{"op":"status"}\n' python
    [ "$(id -u)" = 0 ] || skip "only root can become somebody else"
    python=$(command -v /usr/bin/python3 python3 | head -n 1)
    new_profile lab
    docktether up lab
    chmod 0711 "$LAB" "$T" "$T/run" "$RUN"
    chmod 0666 "$RUN/lab.sock" "$RUN/lab.ctl"
    [[ "$(converse "$python" "$T/converse.py" "$RUN/lab.sock" "$ask")" == *200* ]]
    [ -n "$(converse "$python" "$T/converse.py" "$RUN/lab.ctl" "$query")" ]
    [ -z "$(converse as_nobody "$python" "$T/converse.py" "$RUN/lab.sock" "$ask")" ]
    [ -z "$(converse as_nobody "$python" "$T/converse.py" "$RUN/lab.ctl" "$query")" ]
    chmod 0700 "$LAB" "$RUN"
    answers lab
}

# ---- transport ---------------------------------------------------------------------------------

@test "transport = dial-stdio does what streamlocal does" {
    new_profile lab --set transport=dial-stdio
    docktether up lab
    [ "$(status_of lab transport)" = dial-stdio ]
    [ "$(tethered lab docker run --rm -i bb cat <<<hi)" = hi ]
    run -3 tethered lab docker run --rm bb sh -c 'exit 3'
    head -c 3000000 /dev/urandom >blob
    tethered lab docker run --rm -i bb cat <blob >copy
    cmp blob copy
}

@test "a dial-command of the profile's own" {
    new_profile lab --set transport=dial-stdio --set "dial-command=socat - UNIX-CONNECT:$LAB_SOCK"
    command -v socat >/dev/null || without "no socat here (Debian: socat)"
    docktether up lab
    answers lab
}

@test "transport = streamlocal does not fall back" {
    local port
    port=$(lab_sshd shut 'AllowStreamLocalForwarding no')
    new_profile_at "$port" lab --set transport=streamlocal
    fails_with 7 up lab
}

@test "a server that calls itself OpenSSH 10 is spoken to by streamlocal" {
    local port program
    program=$(command -v sshd)
    mkdir -p "$LAB/sshd/ten"
    # The same length: nothing else in the program moves.
    sed 's/OpenSSH_9\.\([0-9]\)p\([0-9]\)/OpenSSH_10.\1p/g' "$program" >"$LAB/sshd/ten/sshd"
    chmod +x "$LAB/sshd/ten/sshd"
    ! cmp -s "$program" "$LAB/sshd/ten/sshd" || skip "this sshd has no OpenSSH_9.xpx in it"
    port=$(lab_sshd ten)
    new_profile_at "$port" lab
    docktether up lab
    [[ "$(status_of lab server)" == *OpenSSH_10.* ]]
    [ "$(status_of lab transport)" = streamlocal ]
    answers lab
}

# ---- names ------------------------------------------------------------------------------

# with_hosts COMMAND...: where the name `many` has three addresses: one refuses, one never
# answers (its listener's queue is full), and the last one is sshd's.
with_hosts() {
    printf '127.0.0.2 many\n127.0.0.3 many\n127.0.0.1 many\n' >"$T/hosts"
    # shellcheck disable=SC2016 # for the inner shell
    unshare --mount sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$T/hosts" "$@"
}

@test "a name with several addresses: all are raced, and the one that answers wins" {
    with_hosts true || skip "no mount namespace here"
    lab_spawn "$T/full.log" python3 "$TOOLS/fullqueue.py" 127.0.0.3 "$LAB_PORT" "$T/ready"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -e "$T/ready"
    docktether create lab "ssh://$LAB_USER@many:$LAB_PORT$LAB_SOCK" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set connect-timeout=5s
    with_hosts "$DOCKTETHER" up lab
    answers lab
}
