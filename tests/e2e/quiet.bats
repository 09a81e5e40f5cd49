#!/usr/bin/env bats
# A tether that has nothing to do does nothing: no busy loop in any state.
# shellcheck disable=SC2154,SC2030,SC2031 # run sets stderr

load lib/common
lab_kind pinger

# client NAME COUNT KIND: connections that do what KIND says, and then nothing.
client() {
    python3 - "$RUN/$1.sock" "$2" "$3" >"client.$1" 2>&1 3>&- <<'PY' &
import socket, sys, threading
path, count, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
kept = []
for i in range(count):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    s.sendall(b"GET /%s HTTP/1.1\r\nHost: d\r\n\r\n" % (b"flood" if kind == "stalled" else b"hang"))
    if kind == "half":
        s.shutdown(socket.SHUT_WR)
    if kind == "stalled":
        s.recv(1)
    kept.append(s)
print("ready", flush=True)
threading.Event().wait()
PY
    at_end $!
    wait_for 20 grep -q ready "client.$1"
}

bytes_settled() {
    local before
    before=$(status_of "$1" bytes in)
    sleep 0.3
    [ "$(status_of "$1" bytes in)" = "$before" ]
}

# at_most NAME CPU WAKES: of the line that costs.py printed for NAME's process.
at_most() {
    local pid=${pids[$1]} line
    line=$(grep "^$pid " costs) || return 1
    echo "# $1: $(cut -d' ' -f2 <<<"$line") ms of CPU and $(cut -d' ' -f3 <<<"$line") wakes a second (at most $2 and $3)" >&3
    awk -v cpu="$2" -v wakes="$3" '{ exit !($2 <= cpu && $3 <= wakes) }' <<<"$line"
}

@test "CPU and wakes: idle, asleep, failed, down, held, stalled, half-closed, draining" {
    local gone refusing name
    local -A pids
    [ "${DOCKTETHER_SANITIZED:-}" != 1 ] || skip "a sanitizer has threads of its own"
    gone=$(lab_sshd gone)
    cp "$LAB/authorized_keys" "$T/keys"
    refusing=$(lab_sshd refusing "AuthorizedKeysFile $T/keys")
    new_profile_at "$LAB_PORT" idle
    new_profile_at "$LAB_PORT" asleep --set connect=demand
    new_profile_at "$refusing" failed
    new_profile_at "$gone" waiting
    new_profile_at "$gone" held --set hold=60s
    new_profile_at "$LAB_PORT" stalled
    new_profile_at "$LAB_PORT" half
    new_profile_at "$LAB_PORT" draining
    docktether up idle asleep failed waiting held stalled half draining
    client stalled 4 stalled
    client half 8 half
    client draining 1 hang
    pids[draining]=$(pid_of draining)
    docktether update draining --set hold=21s
    docktether up draining
    : >"$T/keys"
    lab_stop_sshd refusing
    lab_sshd_again refusing
    lab_stop_sshd gone
    wait_for 20 state_is failed failed
    client held 8 hang
    wait_for 10 connections_are held held 8
    wait_for 10 connections_are half open 8
    wait_for 10 bytes_settled stalled
    for name in idle asleep failed waiting held stalled half; do
        pids[$name]=$(pid_of "$name")
    done
    kill -0 "${pids[draining]}"
    # News of the machine's network wakes all of them: one quiet look out of three is enough.
    quiet_now || quiet_now || quiet_now
}

quiet_now() {
    local failed=0
    python3 "$TOOLS/costs.py" 4 "${pids[@]}" >costs
    # An attempt costs some wakes, and while somebody waits there are two a second.
    at_most idle 5 2 || failed=1
    at_most asleep 5 2 || failed=1
    at_most failed 5 2 || failed=1
    at_most waiting 20 15 || failed=1
    at_most held 40 40 || failed=1
    at_most stalled 5 4 || failed=1
    at_most half 5 4 || failed=1
    at_most draining 5 4 || failed=1
    return "$failed"
}
