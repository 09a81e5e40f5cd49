# shellcheck shell=bash
# faults: what the fault bench has in common: a profile behind a wire, a crew of clients
# that ask all the time, and the ways to break things. common.bash comes first.
#
# The tether of the bench holds for 3 s and takes a peer for dead after 2 s of silence, so
# that no client may ever hear nothing for longer than 5 s and a little.

HOLD_S=3
KEEPALIVE_S=2
SLACK_S=4 # a refusal waits half a second for the request; a busy machine does the rest
[ -z "${DOCKTETHER_SANITIZED:-}" ] || SLACK_S=8
BACK_MS=4000 # within that time of the network's return a new request is answered; of which this is most
[ -z "${DOCKTETHER_SANITIZED:-}" ] || BACK_MS=8000

limit_s() {
    awk -v a="$HOLD_S" -v b="$KEEPALIVE_S" -v c="$SLACK_S" 'BEGIN { print a + b + c }'
}

setup_file() { bench_up; }

teardown_file() {
    cat "$LAB/back" 2>/dev/null || true
    lab_down
}

# What the crew asks for: made once a file.
bench_up() {
    lab_up || return 1
    [ -z "$LAB_SKIP" ] || return 0
    head -c 12000000 /dev/urandom >"$LAB/blob"
    tar -C "$LAB" -c blob | lab_docker import - blob >/dev/null
    tar -C "$LAB/bb" -c . | lab_docker import - bb >/dev/null
    lab_docker create --name blob blob /none >/dev/null
    lab_docker create --name up1 bb true >/dev/null
    keep_keeper
    export BLOB='/containers/blob/archive?path=/blob' BLOB_SHA
    BLOB_SHA=$(lab_direct curl -sS --unix-socket "$LAB_SOCK" "http://d$BLOB" | sha256sum | cut -d' ' -f1)
}

keep_keeper() {
    lab_docker run -d --name keeper bb sleep 100000 >/dev/null
}

# bench_profile [PORT] [options]: the profile `lab`, at a server of this test or the one at
# PORT, behind the wire `net`. SSHD_LINE is one more line of that server's configuration.
# Sets SOCKET, INODE and PID, as bench_began does for a tether that was started otherwise.
bench_profile() {
    local server
    if [[ ${1:-} =~ ^[0-9]+$ ]]; then
        server=$1
        shift
    else
        server=$(lab_sshd moving ${SSHD_LINE:+"$SSHD_LINE"}) || return 1
    fi
    WIRE_PORT=$(wire_start net "$server") || return 1
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$WIRE_PORT$LAB_SOCK" --identity "$LAB_KEY" \
        --pin "$LAB_PIN" --set hold="${HOLD_S}s" --set keepalive-interval=1s \
        --set keepalive-count="$KEEPALIVE_S" --set connect-timeout=3s --set context=no "$@"
    docktether up lab
    bench_began
}

bench_began() {
    SOCKET=$RUN/lab.sock
    INODE=$(stat -c %i "$SOCKET")
    PID=$(status_of lab pid)
}

# crew_start [WORD...]: clients of every kind; the words go to load_clients.py as they are.
crew_start() {
    crew_of ping ping ping ping list list "get=$BLOB,$BLOB_SHA" "put=up1,$LAB_SOCK" raw=keeper raw=keeper "$@"
}

# crew_of WORD...: those alone.
crew_of() {
    rm -f "$T/crew" "$T/crew.mark"
    python3 "$TOOLS/load_clients.py" "$SOCKET" "$T/crew" "$(limit_s)" "$@" >"$T/crew.out" 2>&1 3>&- &
    CREW=$!
    at_end "$CREW"
}

# begin_crew [WORD...]: one that is at work: each kind has been served once.
begin_crew() {
    crew_start "$@"
    wait_for 30 crew_went_round
}

# crew_mark: crew_went_round begins anew.
crew_mark() {
    "$JQ" -c '[.kinds[].ok]' <"$T/crew" >"$T/crew.mark"
}

# crew_went_round: each kind of client was served since crew_mark, or since the start.
crew_went_round() {
    [ -e "$T/crew" ] || return 1
    [ -e "$T/crew.mark" ] || "$JQ" -c '[.kinds[].ok | 0]' <"$T/crew" >"$T/crew.mark"
    # shellcheck disable=SC2016 # variables of jq
    "$JQ" -e --slurpfile mark "$T/crew.mark" \
        '[.kinds[].ok] | length > 0 and ([range(length) as $i | .[$i] > $mark[0][$i]] | all)' <"$T/crew" >/dev/null
}

# crew_has_seen KIND OUTCOME: at least once.
crew_has_seen() {
    [ "$(crew_saw "$1" "$2")" -gt 0 ]
}

# crew_stop: ends it and fails when something happened to it that must not.
crew_stop() {
    local status=0
    touch "$T/crew.stop"
    wait "$CREW" || status=$?
    cat "$T/crew.out"
    rm -f "$T/crew.stop" "$T/crew.mark"
    return "$status"
}

# crew_saw KIND OUTCOME: how many
crew_saw() {
    json_get kinds "$1" "$2" <"$T/crew"
}

# crew_saw_no_error: a disturbance that is no fault is seen by nobody.
crew_saw_no_error() {
    local kind
    for kind in ping list get put raw; do
        [ "$(crew_saw "$kind" error)" = 0 ] || { echo "a $kind ended in an error"; return 1; }
        [ "$(crew_saw "$kind" refused)" = 0 ] || { echo "a $kind was refused"; return 1; }
    done
}

# back_in_time: called when the network is back: the first request to be answered comes in time.
back_in_time() {
    local ms
    ms=$(python3 "$TOOLS/first.py" "$SOCKET" 20) || return 1
    echo "the first answer after $ms ms" | tee -a "$LAB/back" >&2
    [ "$ms" -le "$BACK_MS" ]
}

same_socket() {
    [ "$(stat -c %i "$SOCKET")" = "$INODE" ]
}

serving() {
    state_is lab serving
}

# all_is_well: after the fault. PID is the tether's, as it was before.
all_is_well() {
    back_in_time
    same_socket
    crew_mark
    wait_for 30 crew_went_round
    crew_stop
    wait_for 10 quiet
    [ "$(status_of lab pid)" = "$PID" ]
}

# breaks WHAT [ARGUMENT...]: see breaks.py.
breaks() {
    local what=$1
    shift
    python3 "$TOOLS/breaks.py" "$what" "$(wire_dir net)/ctl" "$SOCKET" "$(limit_s)" "$@"
}

# ---- faults ------------------------------------------------------------------------------

sshd_pid() {
    cat "$LAB/sshd/moving/spawned"
}

# The processes of the sessions, the listener's children and theirs.
session_pids() {
    lab_tree "$(sshd_pid)"
}

sshd_restart() {
    lab_stop_sshd moving
    lab_sshd_again moving
}

sshd_kill() {
    # shellcheck disable=SC2046 # a list of numbers
    kill -9 "$(sshd_pid)" $(session_pids) 2>/dev/null || true
    lab_stop_sshd moving
    lab_sshd_again moving
}

sessions_signal() {
    # shellcheck disable=SC2046 # a list of numbers
    kill "-$1" $(session_pids) 2>/dev/null || true
}

# dockerd_again [SIGNAL]: ends dockerd, with all that it has started, and starts it anew.
dockerd_again() {
    local pid tree shims
    pid=$(cat "$LAB/dockerd.spawned")
    # The shims of its containers are no children of its any more.
    shims=$(grep -lF "$LAB/exec/containerd" /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3)
    # shellcheck disable=SC2086 # a list of numbers
    tree="$(lab_tree "$pid" $shims) $shims"
    kill "-${1:-TERM}" "$pid"
    wait_for 20 lab_gone "$pid"
    for pid in $tree; do
        lab_gone "$pid" || kill -9 "$pid" 2>/dev/null || true
    done
    # shellcheck disable=SC2086
    wait_for 10 lab_gone $tree
    rm -rf "$LAB/dockerd.pid" "$LAB/exec"
    lab_start_dockerd || return 1
    lab_docker rm -f keeper >/dev/null
    keep_keeper # its process was killed
}

# ---- what a tether costs -------------------------------------------------------------------

# cost: its descriptors, threads and children, kB of memory, and what the server has open for it.
cost() {
    local pid
    pid=$(status_of lab pid)
    printf '%s %s %s %s %s\n' "$(find "/proc/$pid/fd" -mindepth 1 | wc -l)" \
        "$(awk '/^Threads:/ { print $2 }' "/proc/$pid/status")" "$(lab_tree "$pid" | wc -l)" \
        "$(awk '/^VmRSS:/ { print $2 }' "/proc/$pid/status")" "$(server_sockets)"
}

# Descriptors of the server's sessions: every channel is one or more of them.
server_sockets() {
    local pid count=0
    for pid in $(session_pids); do
        count=$((count + $(find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l)))
    done
    echo "$count"
}

quiet() {
    [ "$(status_of lab connections open) $(status_of lab connections held)" = '0 0' ]
}

# costs_no_more BEFORE KB: now, as before; a moment may pass until all is closed.
costs_no_more() {
    wait_for 15 cost_is "$@" && return 0
    echo "descriptors, threads, processes, kB, at the server: $1 before, $(cost) after"
    return 1
}

cost_is() {
    local before after
    read -ra before <<<"$1"
    read -ra after <<<"$(cost)"
    [ "${after[0]}" -le "$((before[0] + 1))" ] && [ "${after[1]}" -le "${before[1]}" ] &&
        [ "${after[2]}" -le "${before[2]}" ] && [ "${after[4]}" -le "${before[4]}" ] || return 1
    # A sanitizer keeps freed memory to itself.
    [ -n "${DOCKTETHER_SANITIZED:-}" ] || [ "${after[3]}" -le "$((before[3] + $2))" ]
}

# fresh_session: a session that nobody has used has the spare channels of the profile and no
# more: only then can what the server has open be compared.
fresh_session() {
    local before
    before=$(status_of lab reconnects)
    wire_tell net cut rst
    wait_for 15 reconnects_exceed "$before"
    wait_for 15 settled
}

reconnects_exceed() {
    [ "$(status_of lab reconnects)" -gt "$1" ]
}

# The spare channels are there again, and a session that was cut is gone at the server.
settled() {
    quiet && serving && [ "$(session_pids | wc -l)" -le 2 ] && [ "$(server_sockets)" = "$(server_sockets)" ]
}
