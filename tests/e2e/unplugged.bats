#!/usr/bin/env bats
# A network that loses packets, between two machines as the kernel sees it: nothing is
# refused, nothing is closed, and TCP's own patience is a quarter of an hour. The same
# promises as on the fault bench.

load lib/common
load lib/faults
load lib/netns

# shellcheck disable=SC2034 # of the fault bench: a busy machine may make more than a moment of one
KEEPALIVE_S=3

setup_file() {
    bench_up
    [ -n "$LAB_SKIP" ] || net_up || export LAB_SKIP="no network namespaces here"
}

teardown_file() {
    cat "$LAB/back" 2>/dev/null || true
    net_down
    lab_down
}

setup() {
    setup_home
    far_sshd moving
    docktether create lab "ssh://$LAB_USER@$FAR_IP$LAB_SOCK" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set hold="${HOLD_S}s" --set keepalive-interval=1s --set keepalive-count="$KEEPALIVE_S" --set context=no
    near "$DOCKTETHER" up lab
    bench_began
}

teardown() {
    net_plug
    net_carry
    ip -n "$NEAR" route flush root 10.0.0.0/8
    ip -n "$NEAR" addr flush dev cable to 198.51.100.0/24
    teardown_home
}

# The established connections to the server, as the near end's kernel has them.
established() {
    near ss -Htn state established "dst $FAR_IP"
}

retransmitting() {
    near ss -Htni state established "dst $FAR_IP" | grep -q 'backoff:'
}

none_established() {
    [ -z "$(established)" ]
}

@test "packets vanish, for a moment: nobody notices" {
    begin_crew
    net_swallow
    sleep 0.7 # the moment
    net_carry
    all_is_well
    crew_saw_no_error
    [ "$(status_of lab reconnects)" = 0 ]
}

# bats test_tags=long
@test "packets vanish, for long: found out, told, and over when it is over" {
    local pause
    for pause in $(in_long "1 3.3 6" 3.3); do
        begin_crew
        net_swallow
        wait_for $((KEEPALIVE_S + 2)) not_serving
        wait_for 10 crew_has_seen ping refused
        sleep "$pause" # the attempts of the meantime are at every stage when the network is back
        net_carry
        all_is_well
    done
}

# bats test_tags=long
@test "the cable out, and in again" {
    local pause
    for pause in $(in_long "0.2 2" 2); do
        begin_crew
        net_unplug
        wait_for $((KEEPALIVE_S + 2)) not_serving
        wait_for 10 crew_has_seen ping refused
        sleep "$pause"
        net_plug
        all_is_well
    done
}

@test "the cable out and in at once: the session is as it was" {
    begin_crew
    net_unplug
    net_plug
    all_is_well
    crew_saw_no_error
    [ "$(status_of lab reconnects)" = 0 ]
}

@test "another address: what stood is given up, and the new one is used at once" {
    # The server does not know yet that the old session is gone, and dockerd keeps a container locked as long
    # as sshd takes somebody for a reader of its files: nobody copies any here.
    crew_of ping ping ping list list raw=keeper raw=keeper
    wait_for 30 crew_went_round
    ip -n "$NEAR" addr del "$NEAR_IP/24" dev cable
    ip -n "$NEAR" addr add 192.0.2.3/24 dev cable
    wait_for 5 reconnected
    back_in_time
    established | grep -F 192.0.2.3
    grep -F "network has changed" "$STATE/lab.log"
    ip -n "$NEAR" addr del 192.0.2.3/24 dev cable
    ip -n "$NEAR" addr add "$NEAR_IP/24" dev cable
    all_is_well
}

reconnected() {
    [ "$(status_of lab reconnects)" -gt 0 ]
}

@test "more news of the network than the kernel keeps: what comes after it is heard, too" {
    local routes=$T/routes count
    news_of_an_address 198.51.100.1
    seq 0 1499 | awk '{ printf "route add 10.%d.%d.0/24 dev cable\n", $1 / 250, $1 % 250 }' >"$routes"
    count=$(news)
    kill -STOP "$PID"
    ip -n "$NEAR" -batch "$routes"
    kill -CONT "$PID"
    # What was lost may have mattered.
    wait_for 5 news_since "$count"
    news_of_an_address 198.51.100.2
    news_of_an_address 198.51.100.3
}

news() {
    grep -cF "network has changed" "$STATE/lab.log"
}

news_since() {
    [ "$(news)" -gt "$1" ]
}

# One that the session does not use (TEST-NET-2, RFC 5737).
news_of_an_address() {
    local count
    count=$(news) || true # grep's status says that there is none yet
    ip -n "$NEAR" addr add "$1/24" dev cable
    wait_for 5 news_since "$count"
}

@test "a tether that cannot look after its session: the kernel ends it in the same time" {
    begin_crew
    [ -n "$(established)" ]
    net_swallow
    wait_for 1 retransmitting # something is on its way and not acknowledged
    kill -STOP "$PID"
    # TCP alone would go on for a quarter of an hour.
    wait_for $((2 * KEEPALIVE_S + 3)) none_established
    net_carry
    kill -CONT "$PID"
    back_in_time
    same_socket
    crew_stop || true # who asked while all stood still has waited longer than it is a promise
}
