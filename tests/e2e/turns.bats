#!/usr/bin/env bats
# How many times the direction of the traffic turns, which a clock would show on a long
# line alone: what waits for an answer turns it twice.
# shellcheck disable=SC2154 # run sets stderr

load lib/common

# What a slow program has not yet asked is overtaken by the answer to what it has.
setup() {
    [ -z "${DOCKTETHER_SANITIZED:-}" ] || skip "not counted with sanitizers"
    setup_home
}

# far [options]: the profile `lab` behind the wire `far`, long enough that what is sent
# without waiting is under way before anything comes back.
far() {
    local port
    port=$(wire_start far "$LAB_PORT" --delay 40)
    new_profile_at "$port" lab "$@"
}

turns() {
    wire_stat far turnarounds
}

# rests: nothing has moved for half a second.
rests() {
    local before
    before=$(turns)
    sleep 0.5
    [ "$(turns)" = "$before" ]
}

# Eight connections with a request each, at once.
burst() {
    python3 - "$RUN/lab.sock" <<'PYTHON'
import socket, sys
clients = [socket.socket(socket.AF_UNIX) for _ in range(8)]
for c in clients:
    c.connect(sys.argv[1])
for c in clients:
    c.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
for c in clients:
    assert c.recv(65536).startswith(b"HTTP/1.1 200")
PYTHON
}

# Banners and key exchange lists; the key exchange; the login; the channel. A tether that
# waits in between needs two more for each wait.
@test "a login and the first channel: four questions, four answers" {
    far --set spare-channels=0
    docktether up lab
    wait_for 10 rests
    echo "turns: $(turns)"
    [ "$(turns)" -le 10 ]
}

# The channel that showed that the socket can be reached is the first connection's.
@test "docker ps without a tether: the login, the first channel, two answers, the end" {
    far
    docktether exec lab docker ps
    wait_for 10 rests
    echo "turns: $(turns)"
    [ "$(turns)" -le 16 ] # two of them where docker is slow to start
}

@test "with a spare channel every connection does, and docker ps asks twice" {
    far
    docktether up lab
    for path in _ping version _ping; do
        wait_for 10 rests
        wire_tell far reset-stats
        curl -sf --unix-socket "$RUN/lab.sock" "http://docker/$path"
        after=$(turns) # the ends of the connection and a new spare come later
        echo "turns: $after"
        [ "$after" -le 3 ]
    done
    wait_for 10 rests
    wire_tell far reset-stats
    tethered lab docker ps
    after=$(turns)
    echo "turns: $after"
    [ "$after" -le 5 ]
}

# Long enough that its end does not hold up another's answer, and no longer.
@test "the channel of a client that has gone is kept for two round trips" {
    local began took
    far --set spare-channels=0
    docktether up lab
    docktether exec lab curl -sf --unix-socket "$RUN/lab.sock" http://docker/_ping
    began=$(date +%s%N)
    connections_are lab open 1
    wait_for 5 connections_are lab open 0
    took=$((($(date +%s%N) - began) / 1000000))
    echo "gone after $took ms"
    [ "$took" -le 1500 ]
}

# Once eight have come at once, eight that come at once do not wait. They come from a
# program that a busy machine may hold up between two of them, so the best of three counts:
# without the spares each has five turns and more.
@test "after a burst there are as many spare channels as it wanted" {
    local best=99
    far
    docktether up lab
    wait_for 10 rests
    burst
    for _ in 1 2 3; do
        wait_for 10 rests
        wire_tell far reset-stats
        burst
        wait_for 10 rests
        echo "turns: $(turns)"
        [ "$(turns)" -ge "$best" ] || best=$(turns)
    done
    [ "$best" -le 4 ]
}

# The last test of the file, because the daemon of the others is gone after it. The end of
# the spares is still on its way when a client is given one, which says something later.
@test "a spare channel that ended unseen costs no request" {
    far
    docktether up lab
    wait_for 10 rests
    wire_tell far stall
    lab_stop_dockerd
    lab_start_dockerd
    python3 - "$RUN/lab.sock" "$T/asked" <<'PYTHON' &
import os, socket, sys, time
c = socket.socket(socket.AF_UNIX)
c.connect(sys.argv[1])
open(sys.argv[2] + ".connected", "w").close()
while not os.path.exists(sys.argv[2]):
    time.sleep(0.05)
c.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
assert c.recv(65536).startswith(b"HTTP/1.1 200")
PYTHON
    client=$!
    at_end "$client"
    wait_for 10 test -e "$T/asked.connected"
    wait_for 10 connections_are lab open 1
    wire_tell far go
    wait_for 10 grep -q 'ended unseen' "$STATE/lab.log"
    touch "$T/asked"
    wait "$client"
    lab_stop_dockerd
}

