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
# without waiting is under way before anything comes back; DELAY ms each way.
far() {
    local port
    port=$(wire_start far "$LAB_PORT" --delay "${DELAY:-40}")
    new_profile_at "$port" lab "$@"
}

turns() {
    wire_stat far turnarounds
}

# rests: nothing has moved for half a second, or REST seconds, which are more than a round trip.
rests() {
    local before
    before=$(turns)
    sleep "${REST:-0.5}"
    [ "$(turns)" = "$before" ]
}

# at_most BOUND COMMAND...: the turns of the COMMAND. A busy machine may hold up a program between two things
# that it sends, whose answers then turn the line more often: the best of five counts.
at_most() {
    local bound=$1 attempt after
    shift
    for attempt in 1 2 3 4 5; do
        wait_for 10 rests
        wire_tell far reset-stats
        "$@"
        after=$(turns) # the ends of its connections, and new spares, come later
        echo "attempt $attempt: $after turns, at most $bound"
        [ "$after" -gt "$bound" ] || return 0
    done
    return 1
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
    at_most 10 up_anew
}

up_anew() {
    docktether down lab
    wait_for 10 rests
    wire_tell far reset-stats
    docktether up lab
    wait_for 10 rests
}

# The channel that showed that the socket can be reached is the first connection's.
@test "docker ps without a tether: the login, the first channel, two answers, the end" {
    DELAY=200 REST=0.8 # more than docker takes from an answer to the next question
    far
    at_most 16 exec_anew # two of them where docker is slow to start
}

exec_anew() {
    docktether down lab
    wait_for 10 rests
    wire_tell far reset-stats
    docktether exec lab docker ps
    wait_for 10 rests
}

@test "with a spare channel every connection does, and docker ps asks twice" {
    DELAY=200 REST=0.8
    far
    docktether up lab
    for path in _ping version _ping; do
        at_most 3 curl -sf --unix-socket "$RUN/lab.sock" "http://docker/$path"
    done
    at_most 5 tethered lab docker ps
}

# Long enough that its end does not hold up another's answer, and no longer.
@test "the channel of a client that has gone is kept for two round trips" {
    # A round trip of a second: time enough to look at it before two are over.
    DELAY=500
    far --set spare-channels=0
    docktether up lab
    curl -sf --unix-socket "$RUN/lab.sock" http://docker/_ping
    connections_are lab open 1
    wait_for 5 connections_are lab open 0
}

# Once eight have come at once, eight that come at once do not wait: without the spares each has
# five turns and more.
@test "after a burst there are as many spare channels as it wanted" {
    far
    docktether up lab
    wait_for 10 rests
    burst
    at_most 4 burst_to_the_end
}

burst_to_the_end() {
    burst
    wait_for 10 rests
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

