#!/usr/bin/env bats
# What would show a regression without a clock: counts of round trips, allocations, system calls
# and instructions. The bounds leave room for other compilers and libraries, and for a busy machine;
# a change that doubles something does not fit. docs/PERFORMANCE.md says what is usual.

load lib/common
lab_kind none

# The tools are built beside the program.
setup_file() {
    lab_up || return 1
    BUILT=$(dirname "$DOCKTETHER")/tests
    export BUILT FRONT=$LAB/front.sock
    [ -x "$BUILT/bench/bulk" ] || return 0
    lab_spawn "$LAB/bulk.log" "$BUILT/bench/bulk" --listen "$FRONT"
    echo "$LAB_SPAWNED" >"$LAB/bulk.pid"
    wait_for 10 test -S "$FRONT"
}

teardown_file() {
    [ ! -e "$LAB/bulk.pid" ] || lab_kill 3 "$(cat "$LAB/bulk.pid")"
    lab_down
}

setup() {
    setup_home
    [ "${DOCKTETHER_SANITIZED:-}" != 1 ] || skip "a sanitizer counts for itself"
    [ -e "$LAB/bulk.pid" ] || without "the load generator is not built"
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$LAB_PORT$FRONT" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set connect-timeout=60s
}

transfer() {
    "$BUILT/bench/load" "$1" --to "$RUN/lab.sock" --bytes "$2" >/dev/null
}

# tether_under COMMAND...: the tether in the foreground under a program that watches it.
tether_under() {
    "$@" "$DOCKTETHER" run lab </dev/null >"$T/run.log" 2>&1 3>&- &
    WATCHED=$!
    at_end "$WATCHED"
    wait_for 60 state_is lab serving
}

# at_most BOUND COUNT WHAT
at_most() {
    echo "# $3: $2, at most $1" >&3
    [ "$2" -gt 0 ] && [ "$2" -le "$1" ]
}

# ---- round trips -----------------------------------------------------------------

# How often the flow over the wire has turned round.
turnarounds() {
    wire_stat line turnarounds
}

# The line is silent when nothing has turned round for longer than a round trip takes.
silent() {
    local before
    before=$(turnarounds)
    sleep 0.6
    [ "$(turnarounds)" = "$before" ]
}

# round_trips COMMAND...: that the line makes while the command runs, alone on it. The goodbye that
# turns the line once more may be seen or not.
round_trips() {
    local before
    wait_for 10 silent
    before=$(turnarounds)
    "$@" >&2 || return 1
    echo $((($(turnarounds) - before) / 2))
}

# fewest COMMAND...: the fewest of three times. The next spare channel is opened when the line may be busy
# with it, so on a loaded machine its round trip falls into the one that is counted, now and then.
fewest() {
    local least='' count
    for _ in 1 2 3; do
        count=$(round_trips "$@") || return 1
        [ -n "$least" ] && [ "$least" -le "$count" ] || least=$count
    done
    echo "$least"
}

# A line with a delay, so that what is sent at once is on its way at once, and what a command leaves
# behind comes back when it was counted; and a tether over it.
far() {
    local port
    port=$(wire_start line "$LAB_PORT" --delay 200)
    docktether create far "ssh://$LAB_USER@127.0.0.1:$port$FRONT" --identity "$LAB_KEY" --pin "$LAB_PIN"
}

@test "round trips" {
    far
    at_most 6 "$(round_trips docktether exec far true)" "round trips of a cold exec"
    # A channel is ready for each; one that had to be opened first would make it two.
    at_most 1 "$(fewest "$BUILT/bench/load" ping --to "$RUN/far.sock")" "round trips of a new connection"
    at_most 4 "$(fewest "$BUILT/bench/load" ping --to "$RUN/far.sock" -n 3)" "round trips of three in a row"
}

# ---- allocations -----------------------------------------------------------------

allocations() {
    od -An -tu8 -N8 "$T/allocs" | tr -d ' '
}

# allocations_per_mb down|up MEGABYTES
allocations_per_mb() {
    local before
    before=$(allocations)
    transfer "$1" "$2"000000
    echo $((($(allocations) - before) / $2))
}

@test "allocations for each MB" {
    [ -e "$BUILT/bench/allocs.so" ] || without "the counter of allocations is not built"
    head -c 8 /dev/zero >"$T/allocs"
    tether_under env ALLOCS="$T/allocs" LD_PRELOAD="$BUILT/bench/allocs.so"
    # Buffers find their sizes first.
    transfer down 20000000
    transfer up 20000000
    at_most 100 "$(allocations_per_mb down 100)" "allocations for a MB down"
    at_most 100 "$(allocations_per_mb up 100)" "allocations for a MB up"
}

# ---- memory ----------------------------------------------------------------------

rss() {
    awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

# Within 2 MB of what it was.
given_back() {
    [ "$(rss "$1")" -le $(($2 + 2048)) ]
}

@test "memory after large downloads over a long line is given back" {
    local port pid before
    port=$(wire_start long "$LAB_PORT" --delay 50)
    docktether create long "ssh://$LAB_USER@127.0.0.1:$port$FRONT" --identity "$LAB_KEY" --pin "$LAB_PIN"
    docktether up long
    pid=$(status_of long pid)
    # What the first connections need stays.
    for _ in 1 2 3; do
        "$BUILT/bench/load" down --to "$RUN/long.sock" --bytes 1000000 >/dev/null
    done
    before=$(rss "$pid")
    for _ in 1 2; do
        "$BUILT/bench/load" down --to "$RUN/long.sock" --bytes 200000000 >/dev/null
    done
    echo "# kB: $before before, $(rss "$pid") at the end" >&3
    wait_for 30 given_back "$pid" "$before" || { rss "$pid"; return 1; }
}

# ---- system calls ----------------------------------------------------------------

# calls NAME...: how often these were made, by strace's table.
calls() {
    awk -v names=" $* " 'index(names, " " $NF " ") { n += $4 } END { print n + 0 }' "$T/calls"
}

# traced down|up MEGABYTES: the calls of a tether's life with one transfer, in $T/calls.
traced() {
    tether_under strace -f -qq -c -o "$T/calls"
    transfer "$1" "$2"000000
    docktether down lab
    wait_for 10 lab_gone "$WATCHED"
}

@test "system calls for each MB" {
    command -v strace >/dev/null || skip "no strace here"
    strace -o /dev/null true || skip "strace may not trace here"
    traced down 40
    cat "$T/calls"
    # libssh reads 4 KB at a time, and polls for each.
    at_most 280 $(($(calls recvfrom recvmsg read) / 40)) "reads for a MB down"
    at_most 300 $(($(calls poll ppoll) / 40)) "polls for a MB down"
    at_most 100 $(($(calls sendto sendmsg write writev) / 40)) "writes for a MB down"
    traced up 40
    cat "$T/calls"
    at_most 150 $(($(calls recvfrom recvmsg read) / 40)) "reads for a MB up"
    at_most 300 $(($(calls poll ppoll) / 40)) "polls for a MB up"
    at_most 150 $(($(calls sendto sendmsg write writev) / 40)) "writes for a MB up"
}

# ---- instructions ----------------------------------------------------------------

# kilo_instructions FILE: all that callgrind has counted but those of libcrypto. What a cipher costs
# is the processor's business.
kilo_instructions() {
    callgrind_annotate --threshold=100 "$1" | awk '
        { n = $1; gsub(/,/, "", n) }
        /PROGRAM TOTALS/ { total = n }
        /\[[^]]*libcrypto[^]]*\]$/ { crypto += n }
        END { printf "%d\n", (total - crypto) / 1000 }'
}

counting() {
    callgrind_control "$@" "$WATCHED" 3>&- | grep -q OK
}

# instructions_of down|up MEGABYTES: thousands for each MB.
instructions_of() {
    transfer "$1" 4000000 # buffers find their sizes first
    counting -z
    transfer "$1" "$2"000000
    counting -d
    # Dumps are numbered; the last is the one.
    echo $(($(kilo_instructions "$(find "$T" -name 'callgrind.*' -size +0 | sort -V | tail -n 1)") / $2))
}

@test "instructions for each MB" {
    command -v callgrind_control >/dev/null || skip "no valgrind here"
    # Older ones of valgrind give up over the debug information that clang writes.
    strip -g -o "$T/docktether" "$DOCKTETHER"
    DOCKTETHER=$T/docktether
    tether_under valgrind --tool=callgrind --callgrind-out-file="$T/callgrind"
    at_most 6000 "$(instructions_of down 20)" "thousand instructions for a MB down, less libcrypto's"
    at_most 10000 "$(instructions_of up 20)" "thousand instructions for a MB up, less libcrypto's"
}

# ---- being there -----------------------------------------------------------------

rss_kb() {
    awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"
}

# How often the threads of a process have slept and gone on.
wakes() {
    cat /proc/"$1"/task/*/status | awk '/^voluntary_ctxt_switches:/ { n += $2 } END { print n }'
}

relays_are() {
    [ "$(status_of lab connections open)" = "$1" ]
}

@test "memory and wakes of a tether that has nothing to do" {
    local pid before count=200 idle
    docktether up lab
    pid=$(status_of lab pid)
    transfer down 1000
    wait_for 10 relays_are 0
    before=$(rss_kb "$pid")
    at_most 12000 "$before" "KB of an idle tether"
    mkfifo hold
    "$BUILT/bench/load" idle --to "$RUN/lab.sock" -n "$count" <hold >ready 2>&1 3>&- &
    idle=$!
    at_end "$idle"
    exec 7>hold
    wait_for 20 relays_are "$count"
    at_most 20 $(((($(rss_kb "$pid") - before) + count - 1) / count)) "KB for an idle relay, with libssh's share"
    exec 7>&-
    wait "$idle"
    wait_for 10 relays_are 0
    # News of the machine's network wakes it: one quiet look out of three is enough.
    few_wakes "$pid" || few_wakes "$pid" || few_wakes "$pid"
}

few_wakes() {
    local slept
    slept=$(wakes "$1")
    sleep 5 # nothing is waited for: this is what is measured
    at_most 10 $(($(wakes "$1") - slept + 1)) "wakes in five idle seconds"
}
