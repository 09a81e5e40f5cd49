#!/usr/bin/env bats
# A stream that is cut short does not look like one that has ended.
# shellcheck disable=SC2154 # run sets stderr

load lib/common

setup() {
    setup_home
    port=$(lab_sshd moving)
    new_profile_at "$port" lab
    docktether up lab
}

teardown() {
    [ -z "${container:-}" ] || lab_docker rm -f "$container" >/dev/null
    teardown_home
}

# watch_events: reads /events in the background; says "reading" in `seen` when it has begun,
# and then how it ended.
watch_events() {
    cat >watch.py <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(30)
s.connect(sys.argv[1])
s.sendall(b"GET /events HTTP/1.1\r\nHost: d\r\n\r\n")
data = s.recv(4096)
print("reading" if b" 200 " in data else data, flush=True)
try:
    while s.recv(4096):
        pass
    print("ended", flush=True)
except ConnectionResetError:
    print("cut", flush=True)
PY
    python3 watch.py "$RUN/lab.sock" >seen 2>&1 3>&- &
    at_end $!
    wait_for 10 grep -q reading seen
}

says() {
    [ "$(tail -n 1 seen)" = "$1" ]
}

@test "the session is lost: a client sees a reset" {
    watch_events
    lab_stop_sshd moving
    wait_for 10 says cut
}

# The processes of the sessions.
sessions() {
    lab_tree "$(cat "$LAB/sshd/moving/spawned")"
}

# asks_when FILE: connects, says "connected", asks when FILE is there, says what came.
asks_when() {
    cat >ask.py <<'PY'
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect(sys.argv[1])
print("connected", flush=True)
while not os.path.exists(sys.argv[2]):
    time.sleep(0.02)
s.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
print("asked", flush=True)
try:
    print(s.recv(4096).split(b"\r\n")[0].decode() or "nothing", flush=True)
except OSError as error:
    print(type(error).__name__, flush=True)
PY
    python3 ask.py "$RUN/lab.sock" "$1" >seen 2>&1 3>&- &
    at_end $!
    wait_for 10 grep -q connected seen
}

@test "a client that has asked for nothing yet does not notice the loss of the session" {
    asks_when now
    wait_for 10 connections_are lab open 1
    # shellcheck disable=SC2046 # a list of numbers
    kill -9 $(sessions)
    wait_for 10 reconnected
    touch now
    wait_for 10 says "HTTP/1.1 200 OK"
}

@test "a client that comes while the loss of the session lies unread is served by the next" {
    local pid
    pid=$(status_of lab pid)
    kill -STOP "$pid"
    touch now
    asks_when now
    wait_for 10 says asked
    # shellcheck disable=SC2046 # a list of numbers
    kill -9 $(sessions)
    wait_for 10 no_sessions
    kill -CONT "$pid"
    wait_for 10 says "HTTP/1.1 200 OK"
}

reconnected() {
    [ "$(status_of lab reconnects)" -gt 0 ] && [ "$(status_of lab state)" = serving ]
}

no_sessions() {
    [ -z "$(sessions)" ]
}

@test "the tether is killed: a client sees a reset" {
    watch_events
    kill -9 "$(status_of lab pid)"
    wait_for 10 says cut
    docktether down lab
}

@test "down: a client sees a reset" {
    watch_events
    docktether down lab
    wait_for 10 says cut
}

@test "an end over there is an end here" {
    run -0 python3 - "$RUN/lab.sock" <<'PY'
import socket, sys
for _ in range(20):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(30)
    s.connect(sys.argv[1])
    s.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
    data = b""
    while True:
        got = s.recv(4096)
        if not got:
            break
        data += got
    assert data.endswith(b"OK"), data
PY
}

@test "docker exec whose session is lost fails, and says so" {
    container=cut$$
    lab_docker run -d --name "$container" bb sleep 1000 >/dev/null
    mkfifo input
    (
        exec 3>&-
        tethered lab docker exec -i "$container" sh -c 'echo begun; cat' <input >begun 2>why && code=0 || code=$?
        echo "exit $code" >ended
    ) &
    at_end $!
    exec 4>input
    wait_for 10 grep -q begun begun
    lab_stop_sshd moving
    wait_for 20 test -s ended
    exec 4>&-
    cat begun why ended
    [ "$(cat ended)" != "exit 0" ]
    grep -q "reset" why
}
