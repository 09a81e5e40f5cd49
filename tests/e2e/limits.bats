#!/usr/bin/env bats
# What a tether does not let itself be pushed beyond.
# shellcheck disable=SC2154 # run sets stderr

load common

setup_file() {
    lab_up docker
}

teardown_file() {
    lab_down
}

setup() {
    setup_home
}

teardown() {
    teardown_home
}

moving_profile() {
    local port
    port=$(lab_sshd moving)
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$port$LAB_SOCK" --identity "$LAB_KEY" --pin "$LAB_PIN" "$@"
}

held() {
    [ "$(status_of lab connections held)" = "$1" ]
}

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
        wait_for 10 held "$i"
    done
    run -0 ping_it
    [[ $output == *"3 connections wait for the session already"* ]]
    lab_sshd_again moving
    wait "${shells[@]}"
    for i in 1 2 3; do
        [ "$(cat "out.$i")" = OK ]
    done
}

not_serving() {
    ! state_is lab serving
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
