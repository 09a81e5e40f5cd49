#!/usr/bin/env bats
# What a tether does not let itself be pushed beyond.
# shellcheck disable=SC2154 # run sets stderr

load lib/common

ping_it() {
    curl -sS --max-time 20 --unix-socket "$RUN/lab.sock" "http://d/_ping"
}

@test "more than max-held connections are not held; those that are, are served" {
    local i shells=()
    moving_profile --set max-held=3 --set hold=60s
    docktether up lab
    lab_stop_sshd moving
    wait_for 10 not_serving
    for i in 1 2 3; do
        ping_it >"out.$i" 2>&1 3>&- &
        shells+=($!)
        wait_for 10 connections_are lab held "$i"
    done
    run -0 ping_it
    [[ $output == *"3 connections wait for the session already"* ]]
    lab_sshd_again moving
    wait "${shells[@]}"
    for i in 1 2 3; do
        [ "$(cat "out.$i")" = OK ]
    done
}

@test "no descriptor left: answered with the reason, and served when there are some again" {
    new_profile lab
    (ulimit -n 128 && docktether up lab)
    cat >many.py <<'PY'
import os, socket, sys
path, count = sys.argv[1], int(sys.argv[2])
kept, told = [], 0
for _ in range(count):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(15)
    s.connect(path)
    s.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
    kept.append(s)
ok = 0
for s in kept:
    data = s.recv(4096)
    if b" 200 " in data:
        ok += 1
    elif b" 503 " in data and b"descriptor" in data:
        told += 1
        s.close()
    else:
        sys.exit("a connection got %r" % data[:100])
print(ok, told)
sys.exit(not (ok > 20 and told > 0 and ok + told == count))
PY
    run -0 python3 many.py "$RUN/lab.sock" 150
    # And all is as before: the descriptors are back.
    run -0 ping_it
    [ "$output" = OK ]
    run -0 python3 many.py "$RUN/lab.sock" 150
    state_is lab serving
}

@test "no descriptor left, with clients that stay: control answers, the session is made anew" {
    local pid
    moving_profile --set hold=20s
    (ulimit -n 64 && docktether up lab)
    pid=$(status_of lab pid)
    # More than there is room for; those that are told why do not go away at once.
    hoard 200 mute lab.sock
    wait_for 20 logged "the descriptors that are left"
    [ "$(status_of lab pid)" = "$pid" ]
    lab_stop_sshd moving
    wait_for 10 not_serving
    lab_sshd_again moving
    wait_for 20 state_is lab serving
    [ "$(status_of lab pid)" = "$pid" ]
    # One line for as long as it lasts, not ten a second.
    [ "$(grep -c "those that come wait" "$STATE/lab.log")" -le 20 ]
    end "$HOARD"
    wait_for 20 pings
}

pings() {
    [ "$(ping_it 2>&1)" = OK ]
}

# hoard COUNT KIND SOCKET: clients that do what KIND says; the pid is HOARD.
hoard() {
    python3 "$TOOLS/idle_clients.py" "$RUN/$3" "$1" "$2" >"hoard.$2" 2>&1 3>&- &
    HOARD=$!
    at_end "$HOARD"
    [ "$2" != mute ] || return 0
    wait_for 60 hoard_settled "hoard.$2" || true
    grep -q ready "hoard.$2" || { cat "hoard.$2"; return 1; }
}

hoard_settled() {
    grep -q ready "$1" || lab_gone "$HOARD"
}

rss() {
    awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

# grown_by AT_MOST WHAT: kilobytes since BEFORE, of the process PID.
grown_by() {
    local now
    now=$(rss "$PID")
    echo "# $2: $((now - BEFORE)) kB more than $BEFORE, at most $1" >&3
    [ $((now - BEFORE)) -le "$1" ]
}

@test "memory: held clients that write, half-open ones, and a control socket that is abused" {
    [ -z "${DOCKTETHER_SANITIZED:-}" ] || skip "a sanitizer keeps what is freed"
    moving_profile --set hold=60s --set max-connections=3000 --set max-held=3000
    docktether up lab
    PID=$(status_of lab pid)
    lab_stop_sshd moving
    wait_for 10 not_serving
    BEFORE=$(rss "$PID")
    hoard 64 write lab.sock
    wait_for 20 connections_are lab held 64
    grown_by 2048 "64 held clients that write megabytes"
    (ulimit -n 4096 && exec python3 "$TOOLS/idle_clients.py" "$RUN/lab.sock" 2000 mute) >hoard.mute 2>&1 3>&- &
    at_end $!
    wait_for 30 connections_are lab held 2064
    grown_by 6144 "2000 more that say nothing"
    BEFORE=$(rss "$PID")
    hoard 50 endless lab.ctl
    hoard 500 deaf lab.ctl
    hoard 3000 status lab.ctl
    grown_by 2048 "a control socket that is abused"
}

@test "memory: clients that do not read what never ends" {
    [ -z "${DOCKTETHER_SANITIZED:-}" ] || skip "a sanitizer keeps what is freed"
    lab_spawn "$T/flood.log" python3 "$TOOLS/pinger.py" "$T/flood.sock"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -S "$T/flood.sock"
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$LAB_PORT$T/flood.sock" --identity "$LAB_KEY" --pin "$LAB_PIN"
    docktether up lab
    PID=$(status_of lab pid)
    BEFORE=$(rss "$PID")
    hoard 20 stalled lab.sock
    wait_for 20 settled
    grown_by 65536 "20 clients that do not read"
    # Nobody else waits for them.
    run -0 ping_it
    [ "$output" = OK ]
}

@test "memory: a server that does not stop at the window is left" {
    /usr/bin/python3 -c 'import asyncssh' 2>/dev/null || without "no asyncssh for /usr/bin/python3"
    lab_spawn "$T/flood.log" python3 "$TOOLS/pinger.py" "$T/flood.sock"
    at_end "$LAB_SPAWNED"
    lab_spawn "$T/rude.log" /usr/bin/python3 "$PEERS/asyncsshd.py" "$T/port" "$LAB/host_ed25519" \
        "$LAB/authorized_keys" overrun
    at_end "$LAB_SPAWNED"
    wait_for 10 test -S "$T/flood.sock"
    wait_for 20 test -e "$T/port"
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$(cat "$T/port")$T/flood.sock" --identity "$LAB_KEY" \
        --pin "$LAB_PIN"
    docktether up lab
    PID=$(status_of lab pid)
    BEFORE=$(rss "$PID")
    hoard 1 stalled lab.sock
    wait_for 30 logged "more than it was told there is room for"
    [ -n "${DOCKTETHER_SANITIZED:-}" ] || grown_by 40960 "a server that goes on"
    # It is dialled again, and has another chance.
    wait_for 20 pings
}

settled() {
    local before
    before=$(status_of lab bytes in)
    sleep 0.3
    [ "$(status_of lab bytes in)" = "$before" ]
}

@test "the log is moved aside when it is full, and there are never more than two" {
    local i
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$LAB_PORT$T/pinged.sock" --identity "$LAB_KEY" --pin "$LAB_PIN"
    lab_spawn "$T/pinged.log" python3 "$TOOLS/pinger.py" "$T/pinged.sock"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -S "$T/pinged.sock"
    docktether up lab
    # From now on every request is worth a line or two.
    end "$LAB_SPAWNED"
    for i in 1 2; do
        head -c 1047000 /dev/zero | tr '\\0' . >>"$STATE/lab.log"
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            ping_it >/dev/null
        done
    done
    ls -l "$STATE"
    [ "$(stat -c %s "$STATE/lab.log")" -lt 200000 ]
    [ "$(stat -c %s "$STATE/lab.log.1")" -le 1100000 ]
    [ "$(stat -c %a "$STATE/lab.log")" = 600 ]
    [ "$(find "$STATE" -name 'lab.log*' | wc -l)" = 2 ]
    logged "cannot be reached"
}

@test "the log is bounded, and a full disk stops nothing" {
    [ "$(id -u)" = 0 ] || without "needs root"
    new_profile lab --set description=full
    mkdir -p "$STATE"
    mount -t tmpfs -o size=16k,mode=700 tmpfs "$STATE" || without "cannot mount a tmpfs"
    head -c 16384 /dev/zero >"$STATE/filler" || true
    docktether up lab
    run -0 ping_it
    docktether down lab
    umount "$STATE"
}
