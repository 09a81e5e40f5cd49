# shellcheck shell=bash
# common: what every e2e test has: a home of its own, the program under test,
# and a look, at the end, that nothing was left behind.
#
#   load lib/common
#   lab_kind pinger     what is behind the SSH server: docker (a dockerd, which is the default),
#                       pinger (a program that answers /_ping as one) or none
#
# A file that needs more defines setup_file, teardown_file, setup or teardown anew, after it has
# loaded this, and calls lab_up, lab_down, setup_home or teardown_home in it.
#
# Environment: DOCKTETHER (the program), DOCKTETHER_SANITIZED=1 (it was built
# with sanitizers), DOCKTETHER_WIRE (see wire.bash), DOCKTETHER_TEST_LONG=1 (the
# long form of the tests that are tagged `long`), CI=true (a missing dockerd is a
# failure, not a reason to skip).

bats_require_minimum_version 1.5.0

# tests/e2e, wherever the test lies that loads this: programs of the tests are in tools/, servers
# and agents of other makes in peers/.
TESTS=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
export TOOLS=$TESTS/tools PEERS=$TESTS/peers
JQ=$(type -P jq) || JQ=jq # a test may have another one in its PATH
# shellcheck source=lab.bash
. "$TESTS/lib/lab.bash"
# shellcheck source=wire.bash
. "$TESTS/lib/wire.bash"

LAB_KIND=docker
lab_kind() { LAB_KIND=$1; }

setup_file() { lab_up; }
teardown_file() { lab_down; }
setup() { setup_home; }
teardown() { teardown_home; }

docktether() {
    "$DOCKTETHER" "$@"
}

# What a person has set for docker, ssh, terminals, languages or service managers is no part of a test.
clean_environment() {
    local name
    # npm is the one program of the tests that goes to the network.
    [ -z "${https_proxy:-${HTTPS_PROXY:-}}" ] ||
        export npm_config_https_proxy=${npm_config_https_proxy:-${https_proxy:-$HTTPS_PROXY}}
    for name in $(compgen -e); do
        case $name in
        DOCKTETHER | DOCKTETHER_CI_RUN | DOCKTETHER_SANITIZED | DOCKTETHER_WIRE) ;;
        DOCKTETHER_TEST_LONG | DOCKTETHER_SOAK_*) ;;
        DOCKTETHER* | DOCKER* | COMPOSE* | BUILDKIT* | BUILDX* | CONTAINER* | PODMAN* | TESTCONTAINERS* | SSH_* | \
            LC_* | LANG | LANGUAGE | TZ | NO_COLOR | CLICOLOR* | FORCE_COLOR | COLORTERM | DISPLAY | WAYLAND_DISPLAY | \
            XDG_* | DBUS_* | NOTIFY_SOCKET | LISTEN_* | WATCHDOG_* | EDITOR | VISUAL | PAGER | LESS* | POSIXLY_CORRECT | \
            BASH_ENV | ENV | ZDOTDIR | CDPATH | GREP_* | COLUMNS | LINES | TMUX* | *_proxy | *_PROXY | CURL_HOME | \
            INPUTRC | SHELL | PS1 | PROMPT_COMMAND)
            [[ $name == npm_config_* ]] || unset "$name" ;;
        esac
    done
    export LC_ALL=C.UTF-8 TERM=xterm
    umask 022
}

# find_program: makes DOCKTETHER absolute, since tests work in directories of their own.
find_program() {
    DOCKTETHER=$(realpath "$(type -P "${DOCKTETHER:-docktether}")") || {
        echo "there is no ${DOCKTETHER:-docktether} to test"
        return 1
    }
    export DOCKTETHER
}

# lab_up: the lab of a .bats file. Without dockerd its tests skip, except in CI.
lab_up() {
    find_program || return 1
    clean_environment
    export LAB_SKIP='' LAB_PATIENCE=4
    export LSAN_OPTIONS=suppressions=$TOOLS/lsan.supp:print_suppressions=0
    # shellcheck disable=SC2119 # it needs no lines of sshd_config
    if ! lab_init || ! lab_start_sshd; then
        lab_stop
        return 1
    fi
    export HOME=$LAB/home
    case $LAB_KIND in
    none) return 0 ;;
    pinger)
        lab_spawn "$LAB/pinger.log" python3 "$TOOLS/pinger.py" "$LAB_SOCK"
        echo "$LAB_SPAWNED" >"$LAB/pinger.pid"
        wait_for 10 test -S "$LAB_SOCK"
        return
        ;;
    esac
    if lab_start_dockerd && lab_make_image; then
        return 0
    fi
    LAB_SKIP="no dockerd here: $(lab_dockerd_obstacle)$(tail -n 1 "$LAB/dockerd.log" 2>/dev/null)" || true
    [ "${CI:-}" = true ] || return 0
    echo "$LAB_SKIP"
    lab_stop
    return 1
}

lab_down() {
    [ ! -e "$LAB/pinger.pid" ] || lab_kill 5 "$(cat "$LAB/pinger.pid")"
    wire_stop_all "$LAB/wires"
    lab_stop
}

setup_home() {
    [ -z "${LAB_SKIP:-}" ] || skip "$LAB_SKIP"
    T=$LAB/t$BATS_TEST_NUMBER
    mkdir -p "$T/home/.ssh"
    mkdir -m 0700 "$T/run"
    chmod 0700 "$T/home/.ssh"
    export T HOME=$T/home XDG_CONFIG_HOME=$T/home/.config XDG_STATE_HOME=$T/home/.local/state
    export XDG_RUNTIME_DIR=$T/run DOCKER_CONFIG=$T/home/.docker
    RUN=$T/run/docktether
    STATE=$XDG_STATE_HOME/docktether
    export STORE=$XDG_CONFIG_HOME/docktether/profiles
    URL=ssh://$LAB_USER@127.0.0.1:$LAB_PORT$LAB_SOCK
    CLEANUP=()
    cd "$HOME" || return 1
}

# at_end PID...: what the test has started in the background and teardown_home ends.
at_end() {
    CLEANUP+=("$@")
}

# end PID...: ends them now, with what they have started (a function in the background is a shell).
end() {
    # shellcheck disable=SC2046 # a list of numbers
    lab_kill 5 $(lab_tree "$@") "$@"
}

# Ends the tethers by the program's own means and fails the test when one outlives
# that, when a socket is left, or when a sanitizer has complained in a log.
teardown_home() {
    local status=0 left
    [ -n "${T:-}" ] || return 0
    [ -n "${BATS_TEST_COMPLETED:-}" ] || show_logs
    end "${CLEANUP[@]}"
    timeout 120 "$DOCKTETHER" down --all >/dev/null || status=1
    # A sanitizer looks for leaks between the end of the tether and that of its process.
    wait_for 5 no_tethers || true
    left=$(tethers)
    if [ -n "$left" ]; then
        echo "tethers left: $left"
        # shellcheck disable=SC2086 # a list of numbers
        lab_kill 3 $left
        status=1
    fi
    left=$(find "$RUN" -type s 2>/dev/null)
    [ -z "$left" ] || { echo "sockets left: $left"; status=1; }
    sanitizers_complain && status=1
    wire_stop_all "$T/wires"
    stop_other_sshds
    cd / && rm -rf "$T"
    return "$status"
}

stop_other_sshds() {
    local dir
    for dir in "$LAB"/sshd/*/; do
        case $dir in */main/) continue ;; esac
        [ ! -d "$dir" ] || { lab_stop_sshd "$(basename "$dir")" && rm -rf "$dir"; }
    done
}

# The processes of the program under test that belong to this test.
tethers() {
    local file files pid exe
    files=$(grep -lF "XDG_RUNTIME_DIR=$T/run" /proc/[0-9]*/environ 2>/dev/null) || true
    for file in $files; do
        pid=${file#/proc/}
        pid=${pid%%/*}
        # By its own name: a directory of the build may have ours in its.
        exe=$(readlink "/proc/$pid/exe") || true
        case ${exe##*/} in *docktether* | *memcheck*) lab_gone "$pid" || echo "$pid" ;; esac
    done
}

no_tethers() {
    [ -z "$(tethers)" ]
}

sanitizers_complain() {
    grep -rE 'ERROR: (Address|Leak|Undefined)|runtime error:' "$STATE" 2>/dev/null
}

show_logs() {
    local log
    printf '%s\n' "${output:+--- output of the last run:}" "${output:-}" "${stderr:-}" | sed '/^$/d'
    for log in "$STATE"/*.log; do
        [ ! -f "$log" ] || { echo "--- $log"; tail -n 30 "$log"; }
    done
}

# ---- words of the tests --------------------------------------------------------

# new_profile NAME [options]: a profile of the lab's main server, pinned, with its key.
new_profile() {
    local name=$1
    shift
    docktether create "$name" "$URL" --identity "$LAB_KEY" --pin "$LAB_PIN" "$@"
}

# new_profile_at PORT NAME [options]: the same at another server.
new_profile_at() {
    local port=$1 name=$2
    shift 2
    docktether create "$name" "ssh://$LAB_USER@127.0.0.1:$port$LAB_SOCK" --identity "$LAB_KEY" --pin "$LAB_PIN" "$@"
}

# moving_profile [options]: the profile `lab` at the server `moving`, which may go away.
moving_profile() {
    local port
    port=$(lab_sshd moving) || return 1
    new_profile_at "$port" lab "$@"
}

# sshd_with NAME COMMAND [sshd_config line...]: a server with a /run of its own, which COMMAND
# fills; sets PORT. What it finds at the usual places is ours, and this machine's is not touched.
sshd_with() {
    local name=$1 command=$2 dir=$LAB/sshd/$1
    shift 2
    [ "$(id -u)" = 0 ] || skip "only root can make a mount namespace"
    mkdir -p "$dir"
    cat >"$dir/fill" <<SCRIPT
set -e
mount -n -t tmpfs -o mode=755 lab /run
mkdir /run/sshd
[ /var/run -ef /run ] || mount -n --bind /run /var/run
$command
exec $(command -v sshd) "\$@"
SCRIPT
    printf '#!/bin/sh\nexec unshare --mount sh %s "$@"\n' "$dir/fill" >"$dir/sshd"
    chmod +x "$dir/sshd"
    PORT=$(lab_sshd "$name" "$@")
}

# bad_server KIND: one of badserver.py's; its port is PORT.
# shellcheck disable=SC2034 # the tests read PORT
bad_server() {
    rm -f "$T/bad.port"
    lab_spawn "$T/bad.log" python3 "$PEERS/badserver.py" "$1" "$T/bad.port"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -e "$T/bad.port"
    PORT=$(cat "$T/bad.port")
}

# direct COMMAND...: the same command against dockerd itself; tethered NAME COMMAND...: through NAME.
direct() {
    env DOCKER_HOST="unix://$LAB_SOCK" "$@"
}

tethered() {
    local name=$1
    shift
    env DOCKER_HOST="unix://$RUN/$name.sock" "$@"
}

# json_get MEMBER...: one value of the JSON on standard input. An array of one element, or several
# values one a line, stand for their first. A missing member prints nothing.
# shellcheck disable=SC2016 # variables of jq
json_get() {
    "$JQ" -ren 'first(inputs) | if type == "array" and length > 0 then .[0] else . end
        | reduce $ARGS.positional[] as $m (.; if type == "object" and has($m) then .[$m] else "" end)
        | if type == "string" then . else tojson end' --args "$@"
}

# status_of NAME MEMBER...: one value of the tether's status.
status_of() {
    local name=$1
    shift
    docktether status "$name" --format json | json_get "$@"
}

state_is() {
    [ "$(status_of "$1" state)" = "$2" ]
}

not_serving() {
    ! state_is "${1:-lab}" serving
}

pid_of() {
    status_of "$1" pid
}

# connections_are NAME open|held COUNT
connections_are() {
    [ "$(status_of "$1" connections "$2")" = "$3" ]
}

# stream NAME: a client that reads what /events says, and is read from when this returns. Its process
# is STREAM, which teardown ends; what it has read is in the file `events`.
stream() {
    curl -svN --unix-socket "$RUN/$1.sock" http://docker/events >events 2>events.said 3>&- &
    STREAM=$!
    at_end "$STREAM"
    wait_for 10 grep -q '^< HTTP/1.1 200 ' events.said
}

# listeners_of_events_are COUNT: so many clients of dockerd ask for its events.
listeners_of_events_are() {
    [ "$(lab_docker system info --format '{{.NEventsListener}}')" = "$1" ]
}

answers() {
    tethered "$1" docker version
}

inode() {
    stat -c %i "$RUN/${1:-lab}.sock"
}

# logged TEXT: in the log of `lab`.
logged() {
    grep -qF -- "$1" "$STATE/lab.log"
}

# logins SERVER: how often somebody has logged in to that server of the lab.
logins() {
    lab_sshd_log "$1" | grep -c 'Accepted publickey' || true
}

# pins [NAME]: those of the profile, sorted.
pins() {
    sed -n 's/^pin = //p' "$STORE/${1:-lab}.ini" | sort
}

# meta_of NAME: the file of that Docker context.
meta_of() {
    echo "$DOCKER_CONFIG/contexts/meta/$(printf %s "$1" | sha256sum | cut -d' ' -f1)/meta.json"
}

# terminal STEP... -- COMMAND...: the command on a terminal, see terminal.py.
terminal() {
    python3 "$TOOLS/terminal.py" -s "$TERMINAL" "$@"
}

# terminal_size ROWSxCOLUMNS: of the terminals of this file.
TERMINAL=24x80
terminal_size() { TERMINAL=$1; }

# fails_with CODE ARGUMENT...: the program, without a terminal, ends with CODE, one sentence
# and one hint, in bounded time, and tells no secret.
fails_with() {
    local code=$1
    shift
    run --separate-stderr setsid --wait timeout 120 "$DOCKTETHER" "$@"
    # What was waited for, where that took long, comes before.
    # shellcheck disable=SC2154 # run sets them
    [[ ${stderr_lines[0]:-} != *": waiting for "* ]] || stderr_lines=("${stderr_lines[@]:1}")
    if [ "$status" -ne "$code" ] || [ "${#stderr_lines[@]}" -ne 2 ] ||
        [[ ${stderr_lines[0]} != docktether:* ]] || [[ ${stderr_lines[1]} != hint:* ]]; then
        printf 'expected exit %s, a sentence and a hint; got exit %s and:\n' "$code" "$status"
        printf '%s\n' "$output" "$stderr"
        return 1
    fi
    tells_no_secret "$LAB_KEY" "$output" "$stderr"
}

# tells_no_secret KEYFILE TEXT...: no line of the private key is in the texts or in any log.
tells_no_secret() {
    local secret
    secret=$(sed -n 2p "$1")
    shift
    if grep -rqF -- "$secret" "$STATE" "$RUN" "$XDG_CONFIG_HOME" 2>/dev/null || [[ $* == *"$secret"* ]]; then
        echo "a line of the private key was printed or logged"
        return 1
    fi
}

# long: the long form of a test is wanted (`make check-long`), which runs tests with the tag `long`.
long() {
    [ "${DOCKTETHER_TEST_LONG:-}" = 1 ]
}

# in_long LONG SHORT: that of the two which this run wants.
in_long() {
    if long; then echo "$1"; else echo "$2"; fi
}

# without REASON: what CI must have is a reason to skip elsewhere.
without() {
    [ "${CI:-}" != true ] || { echo "$1"; return 1; }
    skip "$1"
}
