#!/usr/bin/env bats
# What can go wrong on the way to a Docker socket: each with its own exit code, one
# sentence, one hint, in bounded time and without a secret.
# shellcheck disable=SC2153 # bad_server sets PORT

load lib/common

PASSPHRASE='a phrase nobody else knows'

setup_file() {
    lab_up || return 1
    [ -z "$LAB_SKIP" ] || return 0
    lab_new_key "$LAB/stranger"
    # What it makes of LAB_KEY is encrypted, what it makes of others are keys no server knows.
    cp "$LAB_KEY" "$LAB/locked"
    cp "$LAB_KEY.pub" "$LAB/locked.pub"
    ssh-keygen -q -p -P '' -N "$PASSPHRASE" -f "$LAB/locked"
}

setup() {
    setup_home
    BEGUN=$SECONDS
}

# profile_at PORT [options]: the profile `lab`, quick to give up, at another port.
profile_at() {
    local port=$1
    shift
    profile_of "127.0.0.1:$port$LAB_SOCK" "$@"
}

# profile_of HOST... as it stands in a URL.
profile_of() {
    local place=$1
    shift
    docktether create lab "ssh://$LAB_USER@$place" --pin "$LAB_PIN" --set connect-timeout=2s "$@"
}

# up_fails CODE PATTERN: as fails_with, the sentence holds PATTERN, and it took no longer than
# the phases of connecting may take together. Nothing is left: no tether, no socket.
up_fails() {
    fails_with "$1" up lab
    [ $((SECONDS - BEGUN)) -le 60 ]
    # shellcheck disable=SC2154 # run sets it
    if [[ ! ${stderr_lines[0]} =~ $2 ]]; then
        echo "not said: $2"
        printf '%s\n' "$stderr"
        return 1
    fi
    says_no_passphrase
    [ -z "$(tethers)" ]
    [ -z "$(find "$RUN" -type s)" ]
}

says_no_passphrase() {
    ! grep -rqF -- "$PASSPHRASE" "$STATE" "$RUN" "$XDG_CONFIG_HOME" 2>/dev/null &&
        [[ $stderr != *"$PASSPHRASE"* ]]
}

start_agent() {
    export SSH_AUTH_SOCK=$T/agent.sock
    lab_spawn "$T/agent.log" ssh-agent -D -a "$SSH_AUTH_SOCK"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -S "$SSH_AUTH_SOCK"
}

# fill_agent COUNT: with keys that no server knows.
fill_agent() {
    local i
    for i in $(seq "$1"); do
        lab_new_key "$T/key$i"
        ssh-add -q "$T/key$i"
    done
}

# ---- whom to trust ---------------------------------------------------------------

@test "the wrong pin: 4" {
    docktether create lab "$URL" --identity "$LAB_KEY" --pin "$(lab_pin "$LAB/stranger.pub")"
    up_fails 4 "not pinned"
    # The one it presents instead can be told from what is said.
    [[ $stderr == *"${LAB_PIN#* }"* ]]
}

@test "no pin at all: 4" {
    new_profile lab
    sed -i '/^pin/d' "$STORE/lab.ini"
    up_fails 4 "pinned"
}

@test "a pin of a type that the host does not have: 4" {
    local port
    port=$(lab_sshd plain 'HostKeyAlgorithms ssh-ed25519')
    profile_at "$port" --identity "$LAB_KEY"
    docktether update lab --pin "$(lab_pin "$LAB/host_ecdsa.pub")"
    up_fails 4 "host key"
}

@test "each of the host's keys can be the pinned one" {
    local type
    for type in ed25519 ecdsa rsa; do
        docktether create "by-$type" "$URL" --identity "$LAB_KEY" --pin "$(lab_pin "$LAB/host_$type.pub")"
        docktether up "by-$type"
        tethered "by-$type" docker version
    done
}

@test "a host that changed its key: 4, before and behind a running tether" {
    local port
    lab_new_key "$T/changed"
    port=$(lab_sshd moving)
    profile_at "$port" --identity "$LAB_KEY" --set hold=1s
    docktether up lab
    tethered lab docker version
    lab_stop_sshd moving
    echo "HostKey $T/changed" >"$LAB/sshd/moving/extra"
    lab_sshd_again moving
    # The tether comes back by itself, sees another host and stops trying.
    wait_for 20 state_is lab failed
    run -1 --separate-stderr tethered lab docker ps
    [[ $stderr == *"host key"* ]]
    docktether down lab
    BEGUN=$SECONDS
    up_fails 4 "host key"
}

# ---- who we are --------------------------------------------------------------------

methods_tried() {
    # libssh 0.12 binds the signature to the host where the server lets it: a key all the same.
    lab_sshd_log "$1" | sed -n 's/.*userauth-request for user .* method \([^ ]*\).*/\1/p' |
        sed 's/^publickey-hostbound-v00@openssh\.com$/publickey/' | sort -u
}

@test "a server that offers only passwords: 5, and is sent none" {
    local port
    port=$(lab_sshd words 'PubkeyAuthentication no' 'PasswordAuthentication yes' \
        'KbdInteractiveAuthentication yes' 'LogLevel DEBUG')
    profile_at "$port" --identity "$LAB_KEY"
    up_fails 5 "password"
    methods_tried words | grep -qx publickey
    run -1 grep -vx -e none -e publickey < <(methods_tried words)
}

@test "a key that the server refuses: 5" {
    profile_at "$LAB_PORT" --identity "$LAB/stranger"
    up_fails 5 "refused"
    tells_no_secret "$LAB/stranger" "$stderr"
}

@test "no key at all: 5" {
    profile_at "$LAB_PORT"
    up_fails 5 "no key"
}

@test "a key that others can read: 5" {
    cp "$LAB_KEY" open
    chmod 0644 open
    profile_at "$LAB_PORT" --identity "$PWD/open"
    up_fails 5 "read by others"
}

@test "an encrypted key and nobody to ask: 5" {
    profile_at "$LAB_PORT" --identity "$LAB/locked"
    up_fails 5 "encrypted" </dev/null
    tells_no_secret "$LAB/locked" "$stderr"
}

@test "a wrong passphrase: 5, and it is told nowhere" {
    printf '#!/bin/sh\necho "%s, or so"\n' "$PASSPHRASE" >askpass
    chmod +x askpass
    profile_at "$LAB_PORT" --identity "$LAB/locked"
    SSH_ASKPASS=$PWD/askpass SSH_ASKPASS_REQUIRE=force up_fails 5 "passphrase"
}

refusals_logged() {
    lab_sshd_log | grep -c 'Failed publickey' || true
}

@test "an agent full of unrelated keys: 5" {
    local before
    before=$(refusals_logged)
    start_agent
    fill_agent 10
    profile_at "$LAB_PORT"
    up_fails 5 "."
    # MaxAuthTries, and not one offer more. OpenSSH 10.6 does not count the first questions, and
    # with ten keys may answer for each; none is offered twice.
    local most=6
    if lab_sshd_knows PubkeyAuthOptions max-pk-ok:6; then most=10; fi
    [ "$(refusals_logged)" -le $((before + most)) ]
}

@test "an agent full of keys, where identity names the right one" {
    start_agent
    fill_agent 10
    ssh-add -q "$LAB_KEY"
    # The file itself cannot be used without its passphrase: it can only be the agent's key.
    profile_at "$LAB_PORT" --identity "$LAB/locked"
    docktether up lab </dev/null
    tethered lab docker version
}

@test "agent = no leaves the agent alone" {
    start_agent
    ssh-add -q "$LAB_KEY"
    profile_at "$LAB_PORT" --set agent=no --identity "$LAB/stranger"
    up_fails 5 "refused"
}

@test "an agent that is gone: the key file does" {
    export SSH_AUTH_SOCK=$T/nothing
    profile_at "$LAB_PORT" --identity "$LAB_KEY"
    docktether up lab
    tethered lab docker version
}

# ---- how to get there -------------------------------------------------------------

@test "an unreachable host: 6" {
    profile_at "$(lab_free_port)" --identity "$LAB_KEY"
    up_fails 6 "refused"
}

@test "a name that does not resolve: 6" {
    profile_of host.invalid --identity "$LAB_KEY"
    up_fails 6 "host\.invalid"
}

@test "a host that says nothing: 6" {
    bad_server silent
    profile_at "$PORT" --identity "$LAB_KEY"
    up_fails 6 "does not answer"
}

@test "a host that never comes to the point: 6" {
    bad_server banner
    profile_at "$PORT" --identity "$LAB_KEY"
    up_fails 6 "SSH"
}

@test "a server that speaks HTTP: 6" {
    bad_server http
    profile_at "$PORT" --identity "$LAB_KEY"
    up_fails 6 "HTTP"
}

@test "a host that hangs up at once: 6" {
    bad_server close
    profile_at "$PORT" --identity "$LAB_KEY"
    # Seen while connecting or after it, as it comes.
    up_fails 6 "SSH|reset"
}

@test "noise after a version with control bytes: 6, and none of them reaches the terminal" {
    bad_server garbage
    profile_at "$PORT" --identity "$LAB_KEY"
    up_fails 6 "SSH"
    [[ $stderr != *$'\e'* && $stderr != *$'\a'* ]]
    run -1 grep -rlP '[\x00-\x08\x0b-\x1f\x7f]' "$STATE"
}

# ---- the socket over there --------------------------------------------------------

@test "forwarding disabled and no docker in the remote PATH: 7" {
    local port
    port=$(lab_sshd shut 'AllowStreamLocalForwarding no' "SetEnv PATH=/nowhere HOME=$LAB/home")
    profile_at "$port" --identity "$LAB_KEY"
    up_fails 7 "Docker socket"
}

@test "forwarding disabled with docker there: dial-stdio, and status says so" {
    local port
    port=$(lab_sshd shut 'AllowStreamLocalForwarding no')
    profile_at "$port" --identity "$LAB_KEY"
    docktether up lab
    [ "$(status_of lab transport)" = dial-stdio ]
    [ -n "$(status_of lab transport_reason)" ]
    [ "$(tethered lab docker run --rm -i bb cat <<<hi)" = hi ]
}

@test "everything disabled: 7" {
    local port
    port=$(lab_sshd shut 'DisableForwarding yes' 'ForceCommand /bin/false')
    profile_at "$port" --identity "$LAB_KEY"
    up_fails 7 "Docker socket"
}

@test "docker.sock absent: 7" {
    profile_of "127.0.0.1:$LAB_PORT$LAB/none.sock" --identity "$LAB_KEY"
    up_fails 7 "$LAB/none.sock does not exist"
}

@test "a file that is no socket: 7" {
    touch "$T/file"
    profile_of "127.0.0.1:$LAB_PORT$T/file" --identity "$LAB_KEY"
    up_fails 7 "is not a socket"
}

@test "a socket that nobody serves any more: 7" {
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/stale.sock"
    profile_of "127.0.0.1:$LAB_PORT$T/stale.sock" --identity "$LAB_KEY"
    fails_with 7 up lab
}

# ---- before any connection ------------------------------------------------------------

@test "no such profile: 3, with the nearest name" {
    new_profile prod
    fails_with 3 up prodd
    [[ ${stderr_lines[1]} == *prod* ]]
}

@test "wrong usage: 2" {
    fails_with 2 upp lab
    fails_with 2 up
    fails_with 2 create lab not-a-url
}
