#!/usr/bin/env bats
# Pins for a lifetime: where they come from, how a host changes its keys, and what a
# key that nobody announced does.
# shellcheck disable=SC2154,SC2030,SC2031 # run sets stderr; each test has a PORT of its own

load lib/common
lab_kind pinger
terminal_size 40x200

setup_file() {
    lab_up || return 1
    lab_new_key "$LAB/host_new" || return 1
    lab_new_key "$LAB/host_other" || return 1
    lab_new_key "$LAB/host_521" -t ecdsa -b 521 || return 1
}

pin_of() {
    lab_pin "$LAB/host_$1.pub"
}

all_pins() {
    local type
    for type; do pin_of "$type"; done | sort
}

# server NAME TYPE...: a server with those keys, in that order; its port is in PORT.
server() {
    local name=$1 type lines=()
    shift
    # The configuration of the lab names all keys; what is here comes first, so it is a file of its own.
    for type; do lines+=("HostKey $LAB/host_$type"); done
    mkdir -p "$LAB/sshd/$name"
    printf '%s\n' "${lines[@]}" >"$LAB/sshd/$name/keys"
    PORT=$(with_keys "$name" lab_sshd "$name")
}

# The lab's own HostKey lines are left out.
# shellcheck disable=SC2317 # the lab calls it
with_keys() {
    local name=$1
    shift
    (
        eval "lab_sshd_config_all() $(declare -f lab_sshd_config | tail -n +2)"
        lab_sshd_config() {
            lab_sshd_config_all "$1" | grep -v '^HostKey'
            cat "$LAB/sshd/$name/keys"
        }
        "$@"
    )
}

# now_has NAME TYPE...: restarts it on the same port with other keys.
now_has() {
    local name=$1 type
    shift
    lab_stop_sshd "$name"
    for type; do echo "HostKey $LAB/host_$type"; done >"$LAB/sshd/$name/keys"
    with_keys "$name" lab_sshd_again "$name"
}

# profile OPTION...: `lab`, of the server at PORT.
profile() {
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$PORT$LAB_SOCK" --identity "$LAB_KEY" "$@"
}

ping() {
    curl -sS --max-time 20 --unix-socket "$RUN/lab.sock" http://docker/_ping
}

# ---- where they come from ----------------------------------------------------------

@test "--pin-from -: ssh-keyscan, ssh-keygen -l and -r, .pub files, pins" {
    PORT=$LAB_PORT
    ssh-keyscan -p "$PORT" 127.0.0.1 2>/dev/null | profile --pin-from -
    diff <(all_pins ed25519 ecdsa rsa) <(pins)
    docktether up lab
    [ "$(ping)" = OK ]
    docktether rm -f lab
    ssh-keygen -lf "$LAB/host_rsa.pub" | profile --pin-from -
    [ "$(pins)" = "$(pin_of rsa)" ]
    docktether up lab
    [[ "$(status_of lab host_key)" == ssh-rsa* ]]
    ssh-keygen -r 127.0.0.1 -f "$LAB/host_ed25519.pub" | docktether update lab --pin-from -
    [ "$(pins)" = "$LAB_PIN" ]
    docktether update lab --pin-from - <"$LAB/host_ecdsa.pub"
    [ "$(pins)" = "$(pin_of ecdsa)" ]
    docktether pin lab --add-from - < <(pin_of rsa)
    diff <(all_pins ecdsa rsa) <(pins)
}

@test "an SSHFP record of ECDSA does not tell the curve and works all the same" {
    PORT=$LAB_PORT
    ssh-keygen -r 127.0.0.1. -f "$LAB/host_ecdsa.pub" | profile --pin-from -
    [ "$(pins | wc -l)" -eq 3 ]
    docktether up lab
    [ "$(status_of lab host_key)" = "$(pin_of ecdsa)" ]
}

@test "--pin-from - of another host, of nothing, and of nonsense" {
    PORT=$LAB_PORT
    run -4 --separate-stderr profile --pin-from - < <(ssh-keyscan -4 -p "$PORT" localhost 2>/dev/null)
    [[ $stderr == *"[localhost]:$PORT"* && $stderr == *"hint: "*"ssh-keygen -lf -"* ]]
    run -4 --separate-stderr profile --pin-from - </dev/null
    run -2 --separate-stderr profile --pin-from - < <(echo "# a comment"; echo nonsense)
    [[ $stderr == *"standard input, line 2: "* ]]
    run -1 --separate-stderr profile --pin-from - < <(yes '# padding' | head -c 1100000)
    [ ! -e "$STORE/lab.ini" ]
    # What the hint says.
    ssh-keyscan -p "$PORT" localhost 2>/dev/null | ssh-keygen -lf - | profile --pin-from -
    docktether up lab
}

@test "each type of pin makes the server present that key" {
    local type
    PORT=$LAB_PORT
    for type in ed25519 ecdsa rsa; do
        profile --pin "$(pin_of "$type")"
        docktether up lab
        [ "$(status_of lab host_key)" = "$(pin_of "$type")" ]
        docktether rm -f lab
    done
}

@test "--scan, --rotate and trust on a terminal go through a bastion" {
    local port
    port=$(lab_sshd bastion)
    docktether create way "ssh://$LAB_USER@127.0.0.1:$port" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set docker.socket=none
    PORT=$LAB_PORT
    run -0 terminal 'expect:\(yes' 'send:yes\r' -- "$DOCKTETHER" create lab \
        "ssh://$LAB_USER@127.0.0.1:$PORT$LAB_SOCK" --identity "$LAB_KEY" --via way
    docktether update lab --pin "$LAB_PIN"
    run -0 docktether pin lab --scan
    [[ $output == *"$(pin_of rsa | cut -d' ' -f2)"* ]]
    run -0 terminal 'expect:\(yes' 'send:yes\r' -- "$DOCKTETHER" pin lab --rotate
    diff <(all_pins ed25519 ecdsa rsa) <(pins)
    # One login there for all that.
    [ "$(lab_sshd_log bastion | grep -c '^Accepted publickey')" -eq 1 ]
}

# ---- rotation ----------------------------------------------------------------------

@test "--rotate with yes: the pins become what the host presents" {
    server moving ed25519
    profile --pin "$LAB_PIN" --pin "$(pin_of rsa)"
    docktether up lab
    run -0 --separate-stderr docktether pin lab --remove "$(pin_of rsa)"
    run -0 --separate-stderr docktether pin lab --rotate
    [[ $stderr == *"nothing to rotate"* ]]
    now_has moving ed25519 ecdsa rsa
    run -0 terminal 'expect:proved the pinned ssh-ed25519 key' 'expect:\(yes' 'send:yes\r' -- \
        "$DOCKTETHER" pin lab --rotate
    [[ $output =~ ssh-ed25519\ +256\ +[^\ ]+\ +pinned && $output =~ ssh-rsa\ +3072\ +[^\ ]+\ +new ]]
    [[ $output == *"the running tether keeps its connection; to apply the new pins: docktether up lab"* ]]
    diff <(all_pins ed25519 ecdsa rsa) <(pins)
    # The old key retires; one of those that were learned vouches for the next.
    now_has moving new rsa
    run -0 terminal 'expect:proved the pinned ssh-rsa key' 'expect:\(yes' 'send:yes\r' -- \
        "$DOCKTETHER" pin lab --rotate
    [[ $output == *"pinned, not presented"* ]]
    diff <(all_pins new rsa) <(pins)
    docktether down lab
    docktether up lab
    [ "$(ping)" = OK ]
    [ "$(status_of lab host_key)" = "$(pin_of new)" ]
}

@test "--rotate with a fingerprint adds that key alone, with anything else nothing: 4" {
    server moving ed25519 ecdsa rsa
    profile --pin "$LAB_PIN" --pin "$(pin_of other)"
    run -4 terminal 'expect:\(yes' 'send:no\r' -- "$DOCKTETHER" pin lab --rotate
    run -4 terminal 'expect:\(yes' 'send:\x04' -- "$DOCKTETHER" pin lab --rotate
    # One that is pinned, or not presented, is no new one.
    run -4 terminal 'expect:\(yes' "send:${LAB_PIN#* }\r" -- "$DOCKTETHER" pin lab --rotate
    run -4 terminal 'expect:\(yes' "send:$(pin_of new | cut -d' ' -f2)\r" -- "$DOCKTETHER" pin lab --rotate
    diff <(all_pins ed25519 other) <(pins)
    run -0 terminal 'expect:\(yes' "send:$(pin_of rsa | cut -d' ' -f2)\r" -- "$DOCKTETHER" pin lab --rotate
    diff <(all_pins ed25519 other rsa) <(pins)
}

@test "--rotate off a terminal shows the keys and changes nothing: 4" {
    PORT=$LAB_PORT
    profile --pin "$LAB_PIN"
    fails_with 4 pin lab --rotate
    [[ $output == *"$(pin_of rsa | cut -d' ' -f2)"*new* ]]
    [[ $stderr == *"hint: "*--add*--remove* ]]
    [ "$(pins)" = "$LAB_PIN" ]
}

@test "--rotate sees every ECDSA curve that is pinned" {
    server curves ecdsa 521
    profile --pin "$(pin_of ecdsa)" --pin "$(pin_of 521)"
    run -0 --separate-stderr docktether pin lab --rotate
    [[ $stderr == *"nothing to rotate"* ]]
}

@test "--rotate of a host that proves no pinned key is no rotation: 4, and nobody logs in" {
    server impostor other ecdsa
    profile --pin "$LAB_PIN" --pin "$(pin_of rsa)"
    fails_with 4 pin lab --rotate
    [[ $stderr == *"$(pin_of other)"*"$LAB_PIN"* && $stderr == *"this is no rotation"* ]]
    run ! grep -E 'Accepted|Failed|Postponed|userauth' "$LAB/sshd/impostor/log"
    docktether update lab --pin "$LAB_PIN"
    docktether pin lab --remove "$LAB_PIN"
    fails_with 4 pin lab --rotate
}

@test "--rotate needs a login, and takes no other option" {
    PORT=$LAB_PORT
    lab_new_key "$T/stranger"
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$PORT$LAB_SOCK" --identity "$T/stranger" --pin "$LAB_PIN"
    fails_with 5 pin lab --rotate
    fails_with 2 pin lab --rotate --scan
    fails_with 2 pin lab --rotate --add "$LAB_PIN"
}

# shows_one_key LOG: a dropbear that says so, by its version.
shows_one_key() {
    local year
    year=$(dropbear -V 2>&1 | sed -n 's/.*Dropbear v\(20[0-9][0-9]\)\..*/\1/p')
    [ "${year:-0}" -ge 2025 ]
}

@test "--rotate with dropbear" {
    command -v dropbear >/dev/null || skip "no dropbear here (Debian: dropbear-bin)"
    [ "$(id -u)" = 0 ] || skip "only root can make an account for it"
    local port type
    # It reads the keys of an account's home, so it needs an account of its own.
    lab_new_user
    install -d -m 0700 -o "$LAB_OTHER" "$LAB/homes/$LAB_OTHER/.ssh"
    install -m 0600 -o "$LAB_OTHER" "$LAB/authorized_keys" "$LAB/homes/$LAB_OTHER/.ssh/authorized_keys"
    chmod 0711 "$LAB"
    for type in ed25519 ecdsa rsa; do
        dropbearkey -t "$type" -f "$T/$type" 2>/dev/null | grep -E '^(ssh|ecdsa)-' >"$T/$type.pub"
    done
    port=$(lab_free_port)
    lab_spawn "$T/dropbear.log" dropbear -F -E -s -p "127.0.0.1:$port" -P "$T/dropbear.pid" \
        -r "$T/ed25519" -r "$T/ecdsa" -r "$T/rsa"
    at_end "$LAB_SPAWNED"
    wait_for 10 grep -q 'Not backgrounding' "$T/dropbear.log"
    docktether create lab "ssh://$LAB_OTHER@127.0.0.1:$port" --identity "$LAB_KEY" --pin "$(lab_pin "$T/ed25519.pub")"
    if shows_one_key "$T/dropbear.log"; then
        # 2025.89 and newer name no other key when the exchange is repeated: that is said.
        run -0 --separate-stderr docktether pin lab --rotate
        [[ $stderr == *"nothing to rotate: it showed one key in this connection"*"pin lab --scan"* ]]
        [ "$(pins)" = "$(lab_pin "$T/ed25519.pub")" ]
    else
        run -0 terminal 'expect:\(yes' 'send:yes\r' -- "$DOCKTETHER" pin lab --rotate
        diff <(for type in ed25519 ecdsa rsa; do lab_pin "$T/$type.pub"; done | sort) <(pins)
    fi
    run -0 docktether pin lab --scan
    for type in ed25519 ecdsa rsa; do
        [[ $output == *"$(lab_pin "$T/$type.pub" | cut -d' ' -f2)"* ]]
    done
    lab_remove_users
}

# ---- a key that changes ------------------------------------------------------------

both_named() {
    [[ $1 == *"$(pin_of other | cut -d' ' -f2)"*"${LAB_PIN#* }"* ]]
}

@test "a running tether meets a changed key at its next connection, and stops for good" {
    server moving ed25519
    profile --pin "$LAB_PIN" --set hold=2m
    docktether up lab
    [ "$(ping)" = OK ]
    now_has moving other
    wait_for 30 state_is lab failed
    both_named "$(status_of lab last_error message)"
    run -1 docktether status lab
    both_named "$output"
    # ls and inspect say the same state.
    [[ $(docktether ls) =~ lab\ .*failed ]]
    [ "$(docktether ls --format json | json_get State)" = failed ]
    docktether inspect lab | grep -q '^State: *failed$'
    # Whoever asks is told at once, and the server is left alone.
    local before seconds=$SECONDS
    before=$(lab_sshd_log moving | grep -c '^Connection from')
    run -0 curl -sS -w '\n%{http_code}\n' --unix-socket "$RUN/lab.sock" http://docker/version
    both_named "$output"
    [ "${lines[-1]}" = 503 ]
    [ $((SECONDS - seconds)) -le 60 ] # and not when hold is over
    sleep 3
    [ "$(lab_sshd_log moving | grep -c '^Connection from')" -eq "$before" ]
    fails_with 4 up lab
    both_named "$stderr"
    # It says what to do: a pin, and a tether that knows it.
    [[ $stderr == *"docktether pin lab --add"*"docktether up lab"* ]]
    run -0 --separate-stderr docktether pin lab --add "$(pin_of other)"
    [[ $stderr == *"to connect with the new pins: docktether up lab"* ]]
    docktether up lab
    [ "$(ping)" = OK ]
}

@test "a changed key behind a bastion names the host and keeps the exit code" {
    local port
    server moving ed25519
    port=$PORT
    docktether create way "ssh://$LAB_USER@127.0.0.1:$port" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set docker.socket=none
    PORT=$LAB_PORT
    profile --pin "$LAB_PIN" --via way
    docktether up lab
    docktether down lab
    wait_for 10 docktether down way # a stream of lab's may be on its way out
    now_has moving other
    fails_with 4 up lab
    [[ $stderr == *"hop way"* ]]
    both_named "$stderr"
}
