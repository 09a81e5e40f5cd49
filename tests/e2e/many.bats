#!/usr/bin/env bats
# A hundred tethers on one machine, at one stock sshd.

load lib/common

names() {
    seq -f 'host%g' "$COUNT"
}

serving_are() {
    [ "$(docktether status --format json | grep -c '"state":"serving"')" = "$1" ]
}

dropped() {
    lab_sshd_log many | grep -c -e MaxStartups -e 'drop connection' || true
}

# bats test_tags=long
@test "a hundred come up, serve, and come back together after the server" {
    local port name began
    COUNT=$(in_long 100 12)
    [ -z "${DOCKTETHER_SANITIZED:-}" ] || COUNT=$(in_long 20 12)
    port=$(lab_sshd many)
    for name in $(names); do
        docktether create "$name" "ssh://$LAB_USER@127.0.0.1:$port$LAB_SOCK" --identity "$LAB_KEY" \
            --pin "$LAB_PIN" --set context=no --set connect-timeout=60s
    done
    began=$SECONDS
    names | xargs -P "$COUNT" -n 1 "$DOCKTETHER" up
    echo "up after $((SECONDS - began)) s"
    serving_are "$COUNT"
    [ "$(dropped)" = 0 ]
    for name in $(names); do
        [ "$(curl -sS --max-time 20 --unix-socket "$RUN/$name.sock" http://d/_ping)" = OK ]
    done
    lab_stop_sshd many
    lab_sshd_again many
    began=$SECONDS
    wait_for 120 serving_are "$COUNT"
    echo "back after $((SECONDS - began)) s"
    [ "$(dropped)" = 0 ]
    for name in $(names); do
        [ "$(curl -sS --max-time 20 --unix-socket "$RUN/$name.sock" http://d/_ping)" = OK ]
    done
    docktether down --all
}
