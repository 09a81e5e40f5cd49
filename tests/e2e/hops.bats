#!/usr/bin/env bats
# Bastions: one session each, streams out of one tether for the next.
# shellcheck disable=SC2154 # run sets stderr

load lib/common

# hop NAME PORT [options]: a profile that is only a way to others.
hop() {
    local name=$1 port=$2
    shift 2
    docktether create "$name" "ssh://$LAB_USER@127.0.0.1:$port" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set socket=none "$@"
}

image_sum() {
    "$@" docker save bb | sha256sum
}

# What a chain has to carry: a container's output, the end of stdin, many bytes both ways.
carries_everything() {
    local name=$1
    [ "$(tethered "$name" docker run --rm bb echo through)" = through ]
    [ "$(echo hi | tethered "$name" docker run --rm -i bb cat)" = hi ]
    [ "$(image_sum tethered "$name")" = "$(image_sum direct env)" ]
    head -c 5000000 /dev/urandom >blob
    [ "$(tethered "$name" docker run --rm -i bb sha256sum <blob)" = "$(sha256sum <blob)" ]
}

@test "a bastion: docker works through it, and Docker knows the target alone" {
    hop bastion "$(lab_sshd bastion)"
    new_profile prod --via bastion
    run -0 docktether up prod
    carries_everything prod
    [ "$(status_of prod via)" = bastion ]
    [ "$(status_of bastion connections streams)" = 1 ]
    [ ! -e "$RUN/bastion.sock" ]
    run -0 docker context ls --format '{{.Name}}'
    [[ $output == *prod* ]] && [[ $output != *bastion* ]]
}

@test "two and three hops carry everything that the direct case carries" {
    hop one "$(lab_sshd one)"
    hop two "$(lab_sshd two)" --via one
    hop three "$(lab_sshd three)" --via two
    new_profile far --via two
    new_profile farther --via three
    docktether up far
    carries_everything far
    docktether up farther
    carries_everything farther
    [ "$(logins one)" = 1 ]
    [ "$(logins two)" = 1 ]
    # Each hop sees one network connection, from the hop before it.
    [ "$(logins three)" = 1 ]
}

@test "ten profiles behind one bastion log in to it once" {
    local i names=()
    hop bastion "$(lab_sshd bastion)"
    for i in 0 1 2 3 4 5 6 7 8 9; do
        new_profile "p$i" --via bastion
        names+=("p$i")
    done
    docktether up "${names[@]}"
    for i in "${names[@]}"; do
        [ "$(tethered "$i" docker run --rm bb echo "$i")" = "$i" ]
    done
    [ "$(logins bastion)" = 1 ]
    [ "$(status_of bastion connections streams)" = 10 ]
}

@test "two shells at once bring up a shared bastion once" {
    hop bastion "$(lab_sshd bastion)"
    new_profile p1 --via bastion
    new_profile p2 --via bastion
    docktether up p1 &
    docktether up p2
    wait $!
    [ "$(logins bastion)" = 1 ]
    state_is p1 serving && state_is p2 serving
}

ended() {
    [ "$(status_of "$1" state)" = down ]
}

@test "a hop that was started for others ends by itself after its last stream" {
    hop bastion "$(lab_sshd bastion)" --set hop-linger=1s
    new_profile prod --via bastion
    docktether up prod
    # In use it stays, however long.
    never 3 ended bastion
    [ "$(tethered prod docker run --rm bb echo still)" = still ]
    docktether down prod
    wait_for 10 ended bastion
    grep -q 'no streams for hop-linger' "$STATE/bastion.log"
}

@test "a hop that the user brought up stays" {
    hop bastion "$(lab_sshd bastion)" --set hop-linger=1s
    new_profile prod --via bastion
    docktether up prod
    docktether up bastion
    docktether down prod
    never 3 ended bastion
    state_is bastion serving
}

@test "down of a bastion in use asks for --force" {
    hop bastion "$(lab_sshd bastion)"
    new_profile prod --via bastion
    docktether up prod
    fails_with 1 down bastion
    [[ $stderr == *--force* ]]
    [ "$(tethered prod docker run --rm bb echo unharmed)" = unharmed ]
    # Who goes through it would only start it again.
    run -0 docktether down --force bastion
    never 2 state_is bastion serving
    ended bastion
    ended prod
}

@test "a hop that was killed is started again by who goes through it" {
    hop bastion "$(lab_sshd bastion)"
    new_profile prod --via bastion --set keepalive-interval=1s
    docktether up prod
    kill -9 "$(status_of bastion pid)"
    wait_for 20 tethered prod docker version
    state_is bastion serving
    [ "$(status_of prod reconnects)" -ge 1 ]
}

@test "a way that leads in a circle is refused when it is made" {
    hop one "$(lab_sshd one)"
    hop two "$LAB_PORT" --via one
    fails_with 1 update one --via two
    [[ $stderr == *circle* ]]
    fails_with 1 create three "$URL" --pin "$LAB_PIN" --identity "$LAB_KEY" --via three
    fails_with 3 create three "$URL" --pin "$LAB_PIN" --identity "$LAB_KEY" --via nosuch
    [ ! -e "$STORE/three.ini" ]
}

@test "an error names the hop that failed and keeps its exit code" {
    local port
    port=$(lab_sshd bastion)
    lab_new_key "$T/other"

    docktether create wrongpin "ssh://$LAB_USER@127.0.0.1:$port" --identity "$LAB_KEY" --set socket=none \
        --pin "$(lab_pin "$T/other.pub")"
    new_profile p4 --via wrongpin
    fails_with 4 up p4
    [[ $stderr == *"hop wrongpin"*"host key"* ]]

    docktether create wrongkey "ssh://$LAB_USER@127.0.0.1:$port" --identity "$T/other" --pin "$LAB_PIN" \
        --set socket=none
    new_profile p5 --via wrongkey
    fails_with 5 up p5
    [[ $stderr == *"hop wrongkey"*authentication* ]]

    hop away "$(lab_free_port)"
    new_profile p6 --via away
    fails_with 6 up p6
    [[ $stderr == *"hop away"*TCP* ]]
}

@test "a target that its bastion cannot reach" {
    local port
    port=$(lab_free_port)
    hop bastion "$(lab_sshd bastion)"
    docktether create prod "ssh://$LAB_USER@127.0.0.1:$port" --identity "$LAB_KEY" --pin "$LAB_PIN" --via bastion
    fails_with 6 up prod
    [[ $stderr == *"hop bastion"*"port $port"*refused* ]]
}

@test "a bastion that forwards nothing" {
    hop bastion "$(lab_sshd bastion 'AllowTcpForwarding no')"
    new_profile prod --via bastion
    fails_with 6 up prod
    [[ $stderr == *"hop bastion"* ]] && [[ $stderr == *AllowTcpForwarding* ]]
}

@test "a bastion that forwards nothing, and is mended: the next up makes it a new session" {
    local old
    hop bastion "$(lab_sshd bastion 'AllowTcpForwarding no')"
    new_profile prod --via bastion
    fails_with 6 up prod
    old=$(pid_of bastion)
    sed -i 's/^AllowTcpForwarding no/AllowTcpForwarding yes/' "$LAB/sshd/bastion/config"
    kill -HUP "$(cat "$LAB/sshd/bastion/pid")"
    wait_for 10 docktether up prod
    [ "$(pid_of bastion)" = "$old" ]
    answers prod
}

@test "a hop that is killed, and needs longer than one phase may take, is there again" {
    local port
    port=$(wire_start far "$LAB_PORT" --delay 1100)
    hop bastion "$port" --set connect-timeout=8s
    new_profile prod --via bastion --set connect-timeout=8s
    docktether up prod
    kill -KILL "$(pid_of bastion)"
    # Its login alone takes more than eight seconds, and each phase of it less.
    wait_for 20 not_serving prod
    wait_for 60 state_is prod serving
}

@test "a hop that stands still while it is started does not hold up the end" {
    local inner child
    port=$(wire_start far "$LAB_PORT")
    hop bastion "$port"
    new_profile prod --via bastion
    docktether up prod
    inner=$(pid_of prod)
    wire_tell far stall
    kill -KILL "$(pid_of bastion)"
    wait_for 10 starts_a_hop "$inner"
    # shellcheck disable=SC2046 # a list of numbers
    kill -STOP $(pgrep -P "$inner")
    docktether down prod
    # In order, and not by a signal.
    grep -F "tether ended, process $inner" "$STATE/prod.log"
}

starts_a_hop() {
    [ -n "$(pgrep -P "$1")" ]
}

@test "a profile that others go via is not removed by mistake" {
    hop bastion "$LAB_PORT"
    new_profile prod --via bastion
    fails_with 1 rm bastion
    [[ $stderr == *prod* ]]
    run -0 docktether rm -f bastion
    fails_with 3 up prod
    [[ $stderr == *bastion* ]]
}

@test "each host of a chain is pinned on its own" {
    hop bastion "$(lab_sshd bastion)"
    lab_new_key "$T/other"
    docktether create prod "$URL" --identity "$LAB_KEY" --pin "$(lab_pin "$T/other.pub")" --via bastion
    fails_with 4 up prod
    [[ $stderr == *prod* ]] && [[ $stderr != *"hop bastion"* ]]
}

@test "pin --scan and create's question go by the bastion" {
    hop bastion "$(lab_sshd bastion)"
    new_profile prod --via bastion
    run -0 docktether pin prod --scan
    [[ $output == *"$(cut -d' ' -f2 <<<"$LAB_PIN")"* ]]
    [ "$(logins bastion)" = 1 ]
}

@test "a profile that is only a way to others has no Docker" {
    hop bastion "$(lab_sshd bastion)"
    fails_with 1 use bastion
    fails_with 1 env bastion
    fails_with 1 exec bastion true
    docktether up bastion
    [ ! -e "$RUN/bastion.sock" ]
    state_is bastion serving
}

@test "the bastion goes away and comes back" {
    hop bastion "$(lab_sshd bastion)" --set keepalive-interval=1s
    new_profile prod --via bastion --set keepalive-interval=1s
    docktether up prod
    lab_stop_sshd bastion
    lab_sshd_again bastion
    wait_for 30 tethered prod docker version
}
