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
    fast_line 2>/dev/null || true
    ip -n "$NEAR" link del other 2>/dev/null || true
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

# news_of_an_address ADDRESS [DEVICE]: one that the session does not use (TEST-NET-2, RFC 5737).
news_of_an_address() {
    local count
    count=$(news) || true # grep's status says that there is none yet
    ip -n "$NEAR" addr add "$1/24" dev "${2:-cable}"
    wait_for 5 news_since "$count"
}

# A line whose near end sends so slowly that an upload queues for longer than the three seconds in
# which a server must answer when there is a doubt. It has room for all of it: nothing is lost.
slow_line() {
    tc -n "$NEAR" qdisc replace dev cable root tbf rate "$1kbit" burst 2kb limit 1000000
}

fast_line() {
    tc -n "$NEAR" qdisc del dev cable root
}

# slow_profile KEEPALIVE: `lab` anew, with an upload on its way over a slow line.
slow_profile() {
    slow_line 300 2>/dev/null || without "no traffic shaping here"
    fast_line
    near "$DOCKTETHER" down lab
    docktether update lab --set keepalive-interval="$1" --set keepalive-count=3
    near "$DOCKTETHER" up lab
    PID=$(status_of lab pid)
    SINCE=$(status_of lab since)
    [ -e body.tar ] || { head -c 4000K /dev/urandom >body && tar -cf body.tar body; }
    slow_line "$2"
    tethered lab docker import body.tar uploaded >upload.out 2>&1 3>&- &
    UPLOAD=$!
    at_end "$UPLOAD"
    wait_for 20 queued "$2"
}

# More than goes out in three seconds lies in this machine.
queued() {
    near ss -Htn state established "dst $FAR_IP" | awk -v least="$(($1 * 375))" '$2 > least { found = 1 } END { exit !found }'
}

# Addresses of others come and go, as those of container networks and VPNs do; a server that is
# asked each time has not answered when the next comes.
others_come_and_go() {
    local i
    ip -n "$NEAR" link add other type veth peer name others
    ip -n "$NEAR" link set other up
    for i in 1 2 3 4 5; do
        news_of_an_address "198.51.100.$i" other
        sleep 1 # a part of the time in which nothing may happen
    done
    ip -n "$NEAR" link del other
}

nobody_noticed() {
    [ "$(status_of lab since)" = "$SINCE" ]
    [ "$(status_of lab reconnects)" = 0 ]
    fast_line
    wait "$UPLOAD" || { cat upload.out; return 1; }
    tethered lab docker rmi uploaded
}

@test "an upload on a slow line, and addresses of others come and go: nobody notices" {
    local keepalive
    for keepalive in "15s 300" "0 300" "15s 100"; do
        # shellcheck disable=SC2086 # two words
        slow_profile $keepalive
        others_come_and_go
        nobody_noticed
    done
}

@test "a server that stands still while an upload is on its way is found out" {
    local session
    slow_profile 1s 300
    session=$(pgrep -P "$(cat "$LAB/sshd/moving/pid")" | head -n 1)
    # shellcheck disable=SC2046 # a list of numbers
    kill -STOP "$session" $(lab_tree "$session")
    fast_line
    wait_for 30 logged "has not answered for"
    # shellcheck disable=SC2046 # a list of numbers
    kill -CONT "$session" $(lab_tree "$session")
    wait_for 10 reconnected
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
