#!/usr/bin/env bats
# Whom a profile trusts and with which key it logs in: pins and passphrases, asked for
# and given.
# shellcheck disable=SC2154 # run sets stderr

load lib/common

PASSPHRASE='a phrase nobody else knows'

setup_file() {
    lab_up || return 1
    cp "$LAB_KEY" "$LAB/locked"
    cp "$LAB_KEY.pub" "$LAB/locked.pub"
    ssh-keygen -q -p -P '' -N "$PASSPHRASE" -f "$LAB/locked"
}

# What the lab's server has, read from its files.
host_pins() {
    local type
    for type in ed25519 ecdsa rsa; do
        lab_pin "$LAB/host_$type.pub"
    done | sort
}

# ---- pins --------------------------------------------------------------------------

@test "create on a terminal shows every key with type, bits and fingerprint, and pins them" {
    local pin
    run -0 terminal 'expect:\(yes' 'send:yes\r' -- "$DOCKTETHER" create lab "$URL" --identity "$LAB_KEY"
    while read -r pin; do
        [[ $output == *"${pin%% *}"*"${pin#* }"* ]]
    done < <(host_pins)
    [[ $output =~ ssh-rsa\ +3072 && $output =~ ssh-ed25519\ +256 ]]
    diff <(host_pins) <(pins)
    docktether up lab
    tethered lab docker version
}

@test "create on a terminal pins the one key whose fingerprint is typed" {
    run -0 terminal 'expect:\(yes' "send:${LAB_PIN#* }\r" -- "$DOCKTETHER" create lab "$URL" \
        --identity "$LAB_KEY"
    [ "$(pins)" = "$LAB_PIN" ]
}

@test "create on a terminal with any other answer: 4, and nothing is written" {
    local answer
    for answer in 'no\r' 'y\r' '\r' '\x04'; do
        run -4 terminal 'expect:\(yes' "send:$answer" -- "$DOCKTETHER" create lab "$URL" --identity "$LAB_KEY"
        [ ! -e "$STORE/lab.ini" ]
    done
}

@test "create off a terminal without a pin: 4, and it says which option to give" {
    fails_with 4 create lab "$URL" --identity "$LAB_KEY"
    [[ $stderr == *--pin* && $stderr == *--pin-from* ]]
    [ ! -e "$STORE/lab.ini" ]
}

public_key() {
    cut -d' ' -f1,2 "$LAB/host_$1.pub"
}

@test "--pin-from known_hosts: [host]:port, plain and hashed" {
    local kind
    for kind in plain hashed; do
        printf '[127.0.0.1]:%s %s\n' "$LAB_PORT" "$(public_key ed25519)" >.ssh/known_hosts
        printf 'other.example %s\n' "$(public_key rsa)" >>.ssh/known_hosts
        [ "$kind" = plain ] || ssh-keygen -q -H -f .ssh/known_hosts
        docktether create lab "$URL" --identity "$LAB_KEY" --pin-from known_hosts
        [ "$(pins)" = "$LAB_PIN" ]
        docktether up lab
        docktether rm -f lab
    done
}

@test "--pin-from known_hosts: a plain name for port 22, hashed too, and a revoked key never" {
    printf 'first.example,second.example %s\n' "$(public_key ed25519)" >.ssh/known_hosts
    printf '@revoked * %s\n' "$(public_key rsa)" >>.ssh/known_hosts
    printf 'second.example %s\n' "$(public_key rsa)" >>.ssh/known_hosts
    docktether create lab ssh://second.example --pin-from known_hosts
    [ "$(pins)" = "$LAB_PIN" ]
    docktether rm lab
    ssh-keygen -q -H -f .ssh/known_hosts
    docktether create lab ssh://second.example --pin-from known_hosts
    [ "$(pins)" = "$LAB_PIN" ]
}

@test "--pin-from known_hosts that does not know the host: 4" {
    printf 'other.example %s\n' "$(public_key rsa)" >.ssh/known_hosts
    fails_with 4 create lab "$URL" --identity "$LAB_KEY" --pin-from known_hosts
}

@test "pin --scan shows what the host presents and trusts nothing" {
    local pin
    new_profile lab
    run -0 docktether pin lab --scan
    while read -r pin; do
        [[ $output == *"${pin#* }"* ]]
    done < <(host_pins)
    [ "$(pins)" = "$LAB_PIN" ]
}

@test "pin --add and --remove decide what up accepts" {
    new_profile lab
    docktether pin lab --add "$(lab_pin "$LAB/host_rsa.pub")"
    docktether pin lab --remove "$LAB_PIN"
    docktether up lab
    [[ "$(status_of lab host_key)" == ssh-rsa* ]]
    docktether down lab
    docktether pin lab --remove "$(lab_pin "$LAB/host_rsa.pub")"
    fails_with 4 up lab
}

# ---- keys --------------------------------------------------------------------------

locked_profile() {
    docktether create lab "$URL" --identity "$LAB/locked" --pin "$LAB_PIN"
}

# The phrase is in no file of ours and in no process's arguments or environment.
tells_no_passphrase() {
    run -1 grep -rlF -- "$PASSPHRASE" "$STATE" "$RUN" "$XDG_CONFIG_HOME"
    run -1 grep -lF -- "$PASSPHRASE" "/proc/$(status_of lab pid)/environ" "/proc/$(status_of lab pid)/cmdline"
    tells_no_secret "$LAB_KEY"
}

@test "an encrypted key through SSH_ASKPASS" {
    # shellcheck disable=SC2016 # the script's own $1
    printf '#!/bin/sh\necho "$1" >>"%s"\necho "%s"\n' "$T/asked" "$PASSPHRASE" >askpass
    chmod +x askpass
    locked_profile
    SSH_ASKPASS=$PWD/askpass SSH_ASKPASS_REQUIRE=force docktether up lab
    grep -q "$LAB/locked" "$T/asked"
    tethered lab docker version
    tells_no_passphrase
}

@test "an encrypted key through SSH_ASKPASS where there is a display and no terminal" {
    printf '#!/bin/sh\necho "%s"\n' "$PASSPHRASE" >askpass
    chmod +x askpass
    locked_profile
    DISPLAY=:0 SSH_ASKPASS=$PWD/askpass setsid --wait "$DOCKTETHER" up lab </dev/null
    tethered lab docker version
}

@test "an encrypted key through a terminal, at the second try, without echo" {
    locked_profile
    run -0 terminal 'expect:assphrase' 'send:wrong\r' 'expect:assphrase' "send:$PASSPHRASE\r" -- \
        "$DOCKTETHER" up lab
    [[ $output != *"$PASSPHRASE"* && $output != *wrong$'\r'* ]]
    tethered lab docker version
    tells_no_passphrase
    # The tether needs no one's terminal, and comes back without asking again.
    [ "$(status_of lab state)" = serving ]
}

@test "a passphrase is asked for once: the tether reconnects without it" {
    local port
    port=$(lab_sshd moving)
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$port$LAB_SOCK" --identity "$LAB/locked" --pin "$LAB_PIN"
    run -0 terminal 'expect:assphrase' "send:$PASSPHRASE\r" -- "$DOCKTETHER" up lab
    lab_stop_sshd moving
    lab_sshd_again moving
    wait_for 20 tethered lab docker version
}

@test "the agent alone" {
    export SSH_AUTH_SOCK=$T/agent.sock
    lab_spawn "$T/agent.log" ssh-agent -D -a "$SSH_AUTH_SOCK"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -S "$SSH_AUTH_SOCK"
    ssh-add -q "$LAB_KEY"
    docktether create lab "$URL" --pin "$LAB_PIN"
    docktether up lab
    tethered lab docker version
}

@test "the default key in ~/.ssh, unasked" {
    cp "$LAB_KEY" .ssh/id_ed25519
    docktether create lab "$URL" --pin "$LAB_PIN"
    docktether up lab
    tethered lab docker version
}

@test "ecdsa and rsa keys" {
    local type
    for type in ecdsa rsa; do
        lab_new_key "$T/id_$type" -t "$type"
        cat "$T/id_$type.pub" >>"$LAB/authorized_keys"
        docktether create "by-$type" "$URL" --identity "$T/id_$type" --pin "$LAB_PIN"
        docktether up "by-$type"
        tethered "by-$type" docker version
    done
}
