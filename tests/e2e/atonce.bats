#!/usr/bin/env bats
# atonce: commands that change the same profile, or Docker's config.json, at the same time.
# No server is needed.

bats_require_minimum_version 1.5.0

PIN='ssh-ed25519 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs'

setup_file() {
    DOCKTETHER=$(realpath "$(command -v "${DOCKTETHER:-docktether}")") || return 1
    export DOCKTETHER LC_ALL=C.UTF-8
}

setup() {
    unset DOCKER_HOST DOCKER_CONTEXT SSH_AUTH_SOCK
    export HOME=$BATS_TEST_TMPDIR/home
    export XDG_CONFIG_HOME=$HOME/.config XDG_STATE_HOME=$HOME/.local/state
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run DOCKER_CONFIG=$HOME/.docker
    PROFILES=$XDG_CONFIG_HOME/docktether/profiles
    mkdir -p "$HOME"
    mkdir -m 0700 "$XDG_RUNTIME_DIR"
    cd "$HOME" || return 1
}

docktether() {
    "$DOCKTETHER" "$@"
}

new() {
    docktether create "$1" "ssh://deploy@$1.invalid" --pin "$PIN" >/dev/null 2>&1
}

# pin_no N: a well-formed pin that no other number has.
pin_no() {
    printf 'ssh-ed25519 SHA256:%042dA' "$1"
}

# both COMMAND -- COMMAND: two command lines of docktether at once; both must succeed.
both() {
    local first=() pid rc=0
    while [ "$1" != -- ]; do
        first+=("$1")
        shift
    done
    shift
    docktether "${first[@]}" >"$BATS_TEST_TMPDIR/first" 2>&1 &
    pid=$!
    docktether "$@" >"$BATS_TEST_TMPDIR/second" 2>&1 || rc=$?
    wait "$pid" || rc=$?
    [ "$rc" -eq 0 ] || cat "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second"
    return "$rc"
}

# current: the currentContext of Docker's config.json, or "default".
current() {
    python3 -c 'import json, os
try: config = json.load(open(os.environ["DOCKER_CONFIG"] + "/config.json"))
except FileNotFoundError: config = {}
print(config.get("currentContext", "default"))'
}

@test "update and pin --add at once: neither undoes the other" {
    new prod
    for i in $(seq 30); do
        both update prod --description "round $i" -- pin prod --add "$(pin_no "$i")"
        grep -q "^description = round $i\$" "$PROFILES/prod.ini"
        grep -q "^pin = $(pin_no "$i")\$" "$PROFILES/prod.ini"
    done
}

@test "a hundred pairs of update and pin --add at once lose nothing" {
    local pids=()
    new prod
    for i in $(seq 100); do
        docktether update prod --set "keepalive-count=$i" >/dev/null 2>>update.log &
        pids+=($!)
        docktether pin prod --add "$(pin_no "$i")" >/dev/null 2>>pin.log &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || { cat ./*.log; false; }
    done
    for i in $(seq 100); do
        grep -q "^pin = $(pin_no "$i")\$" "$PROFILES/prod.ini"
    done
    grep -Eq '^keepalive-count = [0-9]+$' "$PROFILES/prod.ini"
}

@test "a pin that is removed while the profile is updated stays removed" {
    new prod
    for i in $(seq 30); do
        docktether pin prod --add "$(pin_no 7)" >/dev/null 2>&1
        both pin prod --remove "$(pin_no 7)" -- update prod --description "round $i"
        run ! grep -q "$(pin_no 7)" "$PROFILES/prod.ini"
    done
}

@test "a profile that is removed while it is updated does not come back" {
    for _ in $(seq 30); do
        new prod
        docktether update prod --description again >/dev/null 2>&1 &
        docktether rm -f prod >/dev/null
        wait "$!" || true
        [ ! -e "$PROFILES/prod.ini" ]
        [ -z "$(find "$DOCKER_CONFIG" -name meta.json)" ]
    done
}

@test "use and rm at once leave no current context that is gone" {
    for _ in $(seq 30); do
        new prod
        docktether use --no-up prod >/dev/null 2>&1 &
        docktether rm -f prod >/dev/null 2>&1
        wait "$!" || true
        [ ! -e "$PROFILES/prod.ini" ]
        [ "$(current)" = default ]
        [ -z "$(find "$DOCKER_CONFIG" -name meta.json)" ]
    done
}

@test "use and plugin change config.json at once: both changes are there" {
    new prod
    mkdir -p "$DOCKER_CONFIG"
    for i in $(seq 30); do
        printf '{"auths":{"x":{}},"n":%d}\n' "$i" >"$DOCKER_CONFIG/config.json"
        both use --no-up prod -- plugin enable-hooks
        [ "$(current)" = prod ]
        grep -q tether "$DOCKER_CONFIG/config.json"
        grep -q "\"n\":$i" "$DOCKER_CONFIG/config.json"
    done
}

@test "a file that is larger than ulimit -f allows: an error, and no copy is left behind" {
    new prod
    mkdir -p "$DOCKER_CONFIG"
    printf '{"auths":{"x":{"auth":"%s"}}}\n' "$(head -c 4000 /dev/zero | tr '\0' a)" >"$DOCKER_CONFIG/config.json"
    cp "$DOCKER_CONFIG/config.json" before
    run bash -c 'ulimit -f 2; exec "$DOCKTETHER" use --no-up prod'
    [ "$status" -eq 1 ]
    [[ $output == *"File too large"* ]]
    cmp before "$DOCKER_CONFIG/config.json"
    [ -z "$(find "$DOCKER_CONFIG" -name '.docktether-*')" ]
    run bash -c 'ulimit -f 0; exec "$DOCKTETHER" update prod --description new'
    [ "$status" -eq 1 ]
    [ "$(find "$PROFILES" -type f)" = "$PROFILES/prod.ini" ]
}

@test "a log that ulimit -f does not let grow does not end a tether" {
    mkdir -m 0700 .ssh
    ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519
    new prod
    mkdir -p "$XDG_STATE_HOME"
    mkdir -m 0700 "$XDG_STATE_HOME/docktether"
    head -c 4000 /dev/zero | tr '\0' '\n' >"$XDG_STATE_HOME/docktether/prod.log"
    run bash -c 'ulimit -f 2; exec "$DOCKTETHER" up prod'
    [ "$status" -eq 6 ] # the host has no address, which it lived to say
    [[ $output == *"prod.invalid"* ]]
}

@test "a new config.json is its owner's alone under any umask" {
    new prod
    mkdir -p "$DOCKER_CONFIG"
    (umask 0777 && docktether use --no-up prod)
    [ "$(stat -c %a "$DOCKER_CONFIG/config.json")" = 600 ]
}

@test "a key that config.json repeats twenty thousand times" {
    new prod
    mkdir -p "$DOCKER_CONFIG"
    python3 -c 'print("{" + ",".join(["\"currentContext\":\"\""] * 20000) + ",\"a\":1}")' >"$DOCKER_CONFIG/config.json"
    timeout 60 "$DOCKTETHER" use --no-up prod
    [ "$(cat "$DOCKER_CONFIG/config.json")" = '{"currentContext":"prod","a":1}' ]
}
