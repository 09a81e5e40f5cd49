#!/usr/bin/env bats
# A server that has the pinned key, lets us log in, and is hostile from then on: a host or a hop
# that was taken over. It must not stop the tether, fill its memory, or pass a cut for an end.

# shellcheck disable=SC2154 # run sets stderr
load lib/common
lab_kind none

setup() {
    setup_home
    /usr/bin/python3 -W ignore -c 'import asyncssh' 2>/dev/null || without "no asyncssh here (Debian: python3-asyncssh)"
    lab_spawn "$T/pinger.log" python3 "$TOOLS/pinger.py" "$T/pinger.sock"
    at_end "$LAB_SPAWNED"
    wait_for 20 test -S "$T/pinger.sock"
}

# server BEHAVIOUR [options of create]: the profile lab at it. It is hostile once $T/hostile exists.
server() {
    local behaviour=$1
    shift
    lab_spawn "$T/server.log" /usr/bin/python3 "$PEERS/hostilesshd.py" "$behaviour" "$T/port" "$LAB/host_ed25519" \
        "$LAB/authorized_keys" "$T/hostile"
    at_end "$LAB_SPAWNED"
    wait_for 20 test -s "$T/port" || { cat "$T/server.log"; return 1; }
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$(cat "$T/port")$T/pinger.sock" --identity "$LAB_KEY" \
        --pin "$LAB_PIN" --set spare-channels=0 "$@"
}

get() {
    curl -sS --max-time 60 --unix-socket "$RUN/lab.sock" http://d/_ping 2>&1
}

answers() {
    [ "$(get)" = OK ]
}

logged() {
    grep -qF "$1" "$STATE/lab.log"
}

rss() {
    awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

@test "channels with a maximum packet size of 10, in which libssh never returns: the connection ends" {
    server tiny-packets
    docktether up lab
    answers
    touch "$T/hostile"
    get >/dev/null &
    at_end $!
    wait_for 60 logged "libssh did not return"
    # It is deaf no longer, and serves when the server does.
    rm "$T/hostile"
    wait_for 60 answers
}

@test "data without end on channels that were closed here: the server is left" {
    local pid before
    server late-data
    docktether up lab
    answers
    pid=$(status_of lab pid)
    before=$(rss "$pid")
    touch "$T/hostile"
    # A client that goes away while the answer is awaited.
    for _ in 1 2 3 4; do
        curl -sS --max-time 1 --unix-socket "$RUN/lab.sock" http://d/hang >/dev/null 2>&1 || true
    done
    wait_for 60 logged "more than it was told there is room for"
    # No window is granted for a channel that is closed: its number may be another's by then.
    [ ! -e "$T/hostile.adjusted" ]
    [ -n "${DOCKTETHER_SANITIZED:-}" ] || [ $(($(rss "$pid") - before)) -le 65536 ]
    rm "$T/hostile"
    wait_for 60 answers
}

@test "a later key exchange with a key that is not pinned ends the session" {
    server other-key --set keepalive-interval=1s
    docktether up lab
    answers
    touch "$T/hostile"
    wait_for 60 logged "a later key exchange was made with ssh-ed25519 SHA256:"
    # The next session begins with the pinned key.
    wait_for 60 answers
    [ "$(status_of lab host_key)" = "$LAB_PIN" ]
}

@test "the pinned key without proof of it: exit 4" {
    server forged
    touch "$T/hostile"
    run -4 --separate-stderr docktether up lab
    [[ "$stderr" == *"does not prove that it holds it"*"this may be an attack"* ]]
    rm "$T/hostile"
    docktether up lab
    answers
}

@test "a line before the banner does not hide that" {
    server forged-hello
    touch "$T/hostile"
    run -4 --separate-stderr docktether up lab
    [[ "$stderr" == *"does not prove that it holds it"* ]]
}

@test "a tether that runs gives a server without proof three attempts" {
    server forged --set connect=demand
    docktether up lab
    touch "$T/hostile"
    get >/dev/null &
    at_end $!
    wait_for 60 state_is lab failed
    [ "$(grep -c 'does not prove that it holds it' "$STATE/lab.log")" = 3 ]
}

# read_to_end: an answer that ends with its connection: "end", or "cut" after ECONNRESET.
read_to_end() {
    python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
try:
    while s.recv(4096):
        pass
    print("end")
except ConnectionResetError:
    print("cut")' "$RUN/lab.sock"
}

@test "a channel that is closed without an end of file is cut, not ended" {
    server close-only
    docktether up lab
    [ "$(read_to_end)" = end ]
    touch "$T/hostile"
    [ "$(read_to_end)" = cut ]
    rm "$T/hostile"
    [ "$(read_to_end)" = end ]
}

@test "two refusals in one packet: neither client is told the other one's reason" {
    server same-words
    docktether up lab
    answers
    touch "$T/hostile"
    get >one &
    get >two
    wait $!
    cat one two
    [ "$(cat one two | grep -c pear)" = 1 ]
    grep -q "refused to open a channel" one two
    rm "$T/hostile"
}

@test "packets without end before the key exchange cost little memory" {
    [ -z "${DOCKTETHER_SANITIZED:-}" ] || skip "a sanitizer keeps what is freed"
    lab_spawn "$T/bad.log" python3 "$PEERS/badserver.py" packets "$T/port"
    at_end "$LAB_SPAWNED"
    wait_for 20 test -s "$T/port"
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$(cat "$T/port")" --identity "$LAB_KEY" --pin "$LAB_PIN"
    run -0 python3 -c '
import resource, subprocess, sys
p = subprocess.run(sys.argv[1:], stderr=subprocess.PIPE, text=True)
print(p.stderr, p.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(p.returncode != 6 or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 65536)' \
        "$DOCKTETHER" pin lab --scan
    echo "$output"
    [[ "$output" == *"packets without end"* ]]
}
