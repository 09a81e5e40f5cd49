#!/usr/bin/env bats
# What a user gave up is not done: a client that has gone before anything of it went up is
# forgotten, wherever it waited. Each request would make a volume.
# shellcheck disable=SC2154 # run sets stderr

load lib/common

# profile_far PORT [options]: the profile `lab` at that port, behind the wire `far`, up.
profile_far() {
    local port
    port=$(wire_start far "$1")
    shift
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$port$LAB_SOCK" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set hold=60s --set keepalive-interval=0 --set context=no "$@"
    docktether up lab
}

# asks NAME VOLUME: a request for a volume in the background, CLIENT.
asks() {
    curl -sS -m 60 --unix-socket "$RUN/$1.sock" -H 'Content-Type: application/json' \
        -d "{\"Name\":\"$2\"}" -o "$T/$2.answer" http://d/volumes/create 2>"$T/$2.err" 3>&- &
    CLIENT=$!
    at_end "$CLIENT"
}

# gives_up: the client of the last `asks` is gone, and so is its connection.
gives_up() {
    kill -KILL "$CLIENT"
    wait "$CLIENT" || true
}

counts_are() {
    [ "$(status_of "$1" connections open) $(status_of "$1" connections held)" = "$2 $3" ]
}

line_breaks() {
    wire_tell far refuse
    wire_tell far cut rst
    wait_for 10 not_serving lab
}

# served NAME VOLUME: the next one is made, and so all that came before has had its turn.
served() {
    asks "$1" "$2"
    wait "$CLIENT" || { cat "$T/$2.err"; return 1; }
    has_volume "$2"
}

has_volume() {
    lab_docker volume inspect "$1" >/dev/null 2>&1
}

@test "held: curl -m gives up, and counts as held no more" {
    profile_far "$LAB_PORT"
    line_breaks
    run ! curl -sS -m 1 --unix-socket "$RUN/lab.sock" -H 'Content-Type: application/json' \
        -d '{"Name":"g1"}' http://d/volumes/create
    wait_for 5 counts_are lab 0 0
    wire_tell far accept
    served lab s1
    run ! has_volume g1
}

@test "held: a half-close is not giving up" {
    local client
    profile_far "$LAB_PORT"
    line_breaks
    python3 - "$RUN/lab.sock" >half 3>&- <<'PY' &
import socket, sys
body = b'{"Name":"half"}'
s = socket.socket(socket.AF_UNIX)
s.settimeout(60)
s.connect(sys.argv[1])
s.sendall(b"POST /volumes/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
          b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
s.shutdown(socket.SHUT_WR)
data = b""
while got := s.recv(4096):
    data += got
print(data.split(b"\r\n")[0].decode())
print(data.split(b"\r\n\r\n", 1)[1].decode())
PY
    client=$!
    at_end "$client"
    wait_for 10 counts_are lab 0 1
    wire_tell far accept
    wait "$client"
    cat half
    # The request reaches the engine. On a busy machine the engine itself takes a half-close for a client
    # that has gone, on its own socket too: its words say so, and then nothing need be made.
    if [[ $(cat half) == "HTTP/1.1 500 "*'{"message":"context canceled"}'* ]]; then
        return 0
    fi
    [[ $(cat half) == "HTTP/1.1 201 "* ]]
    has_volume half
}

@test "queued before a server that runs one command at a time" {
    local watcher
    profile_far "$(lab_sshd narrow 'MaxSessions 1' 'AllowStreamLocalForwarding no')" --set transport=dial-stdio
    curl -sN --unix-socket "$RUN/lab.sock" -o events http://d/events 3>&- &
    watcher=$!
    at_end "$watcher"
    wait_for 10 counts_are lab 1 0
    asks lab g3
    wait_for 10 counts_are lab 1 1
    gives_up
    wait_for 10 counts_are lab 1 0
    kill "$watcher"
    served lab s3
    run ! has_volume g3
}

@test "its channel is being opened" {
    profile_far "$LAB_PORT" --set spare-channels=0
    wire_tell far stall
    asks lab g4
    wait_for 10 counts_are lab 1 0
    gives_up
    wait_for 10 counts_are lab 0 0
    wire_tell far go
    served lab s4
    run ! has_volume g4
}

# The old tether is stopped when the new one asks for its place, and the client goes before it
# goes on: it is handed over, or forgotten just before.
@test "handed over to a tether with new values" {
    local old up port
    profile_far "$LAB_PORT"
    old=$(status_of lab pid)
    line_breaks
    asks lab g5
    wait_for 10 counts_are lab 0 1
    port=$(wire_start near "$LAB_PORT")
    wire_tell near stall
    docktether update lab --set "port=$port"
    docktether up lab 3>&- &
    up=$!
    at_end "$up"
    wait_for 10 has_started 2
    kill -STOP "$old"
    wire_tell near go
    wait_for 10 has_probed 2
    gives_up
    kill -CONT "$old"
    wait "$up"
    [ "$(status_of lab pid)" != "$old" ]
    served lab s5
    run ! has_volume g5
}

# has_started N: so many tethers of `lab` were started.
has_started() {
    [ "$(grep -c ': tether of lab started' "$STATE/lab.log")" = "$1" ]
}

# has_probed N: so many times a tether of `lab` was about to serve.
has_probed() {
    [ "$(grep -c ' by streamlocal: ' "$STATE/lab.log")" = "$1" ]
}

@test "through a hop whose line breaks" {
    local port
    port=$(wire_start far "$LAB_PORT")
    docktether create hop "ssh://$LAB_USER@127.0.0.1:$port" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set socket=none --set hold=60s
    new_profile lab --set via=hop --set hold=60s
    docktether up lab
    line_breaks
    asks lab g6
    wait_for 10 counts_are lab 0 1
    gives_up
    wait_for 10 counts_are lab 0 0
    wire_tell far accept
    served lab s6
    run ! has_volume g6
}
