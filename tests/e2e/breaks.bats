#!/usr/bin/env bats
# The fault bench, one session after the other: the login and long answers cut and garbled
# at every byte, peers that vanish, sessions that come and die.
# shellcheck disable=SC2154 # run sets stderr

load lib/common
load lib/faults

# How many of the places to break a login at are left out after each.
leap() {
    in_long 1 4
}

# bats test_tags=long
@test "the login cut at every stage" {
    bench_profile
    breaks cuts "$(leap)"
    same_socket
}

# bats test_tags=long
@test "the login with a bit flipped at every stage: tried again, never taken for a refusal" {
    bench_profile
    breaks flips "$(leap)"
    same_socket
    run ! grep -q -e '-> failed' "$STATE/lab.log"
}

@test "a bit flipped in the name of the pinned type: tried again, too" {
    local server
    server=$(lab_sshd moving)
    bench_profile "$server"
    breaks keytypes "$server"
    same_socket
    grep -q 'has no key of a pinned type' "$STATE/lab.log"
    run ! grep -q -e '-> failed' "$STATE/lab.log"
}

# bats test_tags=long
@test "long answers cut and garbled in the middle: whole, or an error" {
    local count
    count=$(in_long 30 9)
    bench_profile
    breaks transfers "$count" "$BLOB" "$BLOB_SHA"
    same_socket
}

@test "a peer that vanishes: who was being answered knows by the keepalives' deadline" {
    bench_profile
    run -0 --separate-stderr breaks silent
    # TCP alone would go on for a quarter of an hour.
    python3 -c 'import sys; sys.exit(float(sys.argv[1]) > float(sys.argv[2]) + 20)' "$output" "$KEEPALIVE_S"
    back_in_time
}

# Each session serves one client, the one that has waited longest, and leaves the others
# with channels that are never answered, until it dies.
@test "sessions that come and die: who waits is told after hold, not after ever so many of them" {
    local i began clients=() longest
    /usr/bin/python3 -W ignore -c 'import asyncssh' 2>/dev/null || without "no asyncssh here"
    lab_spawn "$T/asyncssh.log" /usr/bin/python3 "$PEERS/asyncsshd.py" "$T/port" "$LAB/host_ed25519" \
        "$LAB/authorized_keys" swallow
    at_end "$LAB_SPAWNED"
    wait_for 20 test -s "$T/port"
    # shellcheck disable=SC2034 # of the fault bench
    HOLD_S=6 # two sessions and more, also on a busy machine
    bench_profile "$(cat "$T/port")" --set spare-channels=0
    for i in $(seq 20); do
        curl -sS -o /dev/null -w '%{time_total} %{http_code}\n' --max-time 30 --unix-socket "$SOCKET" \
            http://d/_ping >"took.$i" 2>/dev/null 3>&- &
        clients+=($!)
    done
    began=$SECONDS i=0
    until lab_gone "${clients[@]}" || [ $((SECONDS - began)) -ge 60 ]; do
        wait_for 5 has_begun "$((++i))"
        wire_tell net cut rst
    done
    wait "${clients[@]}" || true
    sort -n took.* | tail -n 3
    longest=$(sort -n took.* | tail -n 1)
    echo "$i sessions; the longest waited $longest"
    [ "$i" -ge 2 ]
    python3 -c 'import sys; sys.exit(float(sys.argv[1]) > float(sys.argv[2]))' "${longest% *}" "$(limit_s)"
    # Some were told.
    grep -q ' 503$' took.*
}

has_begun() {
    [ "$(wire_stat net connections)" -ge "$1" ] && serving
}

# backs_off MS: the wait for the next attempt has become as long as that.
backs_off() {
    local ms
    ms=$(sed -n 's/.*trying again in \([0-9]*\) ms$/\1/p' "$STATE/lab.log" | tail -n 1)
    [ "${ms:-0}" -ge "$1" ]
}

# bats test_tags=long
@test "a long backoff ends with the first connection, and with up" {
    local longest began
    # It doubles up to 30 s, less up to a half.
    longest=$(in_long 15000 3000)
    bench_profile
    wire_tell net refuse
    wire_tell net cut rst
    wait_for 120 backs_off "$longest"
    wire_tell net accept
    back_in_time
    wire_tell net refuse
    wire_tell net cut rst
    wait_for 10 not_serving
    wait_for 120 backs_off "$longest"
    wire_tell net accept
    began=$(date +%s%3N)
    docktether up lab
    [ $(($(date +%s%3N) - began)) -le $((BACK_MS + 1000)) ]
    serving
    same_socket
}
