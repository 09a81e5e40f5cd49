#!/usr/bin/env bats
# The fault bench for long: whatever can break breaks, in an order of chance, under load.
#
# A few faults, for two minutes in the long form; DOCKTETHER_SOAK_MINUTES=N for longer
# (`make soak`), DOCKTETHER_SOAK_SEED=N for the order that a failure has printed.

load lib/common
load lib/faults

# chance N: less than N, in an order that the seed decides.
chance() {
    echo $((RANDOM % $1))
}

# A pause of up to N ms: faults come when they come.
pause() {
    sleep "$(printf '0.%03d' $((RANDOM % $1)))"
}

direction() {
    (($(chance 2))) && echo up || echo down
}

end_of() {
    (($(chance 2))) && echo fin || echo rst
}

# One fault, and its end. What is told is also in the output of a test that fails.
one_fault() {
    case $1 in
    0) wire_tell net cut "$(end_of)" ;;
    1) wire_tell net cut "$(end_of)" in "$(chance 2000000)" "$(direction)" && pause 900 && wire_tell net forget ;;
    2) wire_tell net flip in "$(chance 2000000)" "$(direction)" && pause 900 && wire_tell net forget ;;
    3) wire_tell net cut rst after "$(chance 4000)" "$(direction)" && wire_tell net cut fin && pause 900 ;;
    4) wire_tell net flip "$(chance 3000)" "$(direction)" && wire_tell net cut rst && pause 900 ;;
    5) wire_tell net stall && pause 999 && wire_tell net go ;;
    6) wire_tell net stall && sleep 3 && pause 999 && wire_tell net go ;;
    7) wire_tell net blackhole && sleep 2 && pause 999 && wire_tell net go ;;
    8) wire_tell net refuse && wire_tell net cut rst && sleep 1 && pause 999 && wire_tell net accept ;;
    9) wire_tell net delay "$(chance 150)" && pause 999 && wire_tell net delay 0 ;;
    10) wire_tell net rate $((100000 + $(chance 5000000))) && pause 999 && wire_tell net rate 0 ;;
    11) sshd_restart ;;
    12) sshd_kill ;;
    13) sessions_signal KILL ;;
    14) sessions_signal STOP && pause 999 && sessions_signal CONT ;;
    15) sessions_signal STOP && sleep 3 && sessions_signal CONT ;;
    16) docktether up lab ;;
    esac
    # What has not happened by now shall not happen while the time to recover is taken.
    wire_tell net forget
}

# bats test_tags=long
@test "soak: random faults, all clients" {
    local seconds seed=${DOCKTETHER_SOAK_SEED:-$RANDOM} end count=0 fault before
    seconds=$(in_long 120 15)
    [ -z "${DOCKTETHER_SOAK_MINUTES:-}" ] || seconds=$((DOCKTETHER_SOAK_MINUTES * 60))
    echo "seed $seed: DOCKTETHER_SOAK_SEED=$seed repeats the order"
    bench_profile
    # What it keeps for good it has after the first cuts under load.
    crew_start
    for fault in 1 2 3; do
        pause 999
        wire_tell net cut rst
        back_in_time
    done
    crew_stop
    fresh_session
    before=$(cost)
    RANDOM=$seed
    crew_start
    end=$((SECONDS + seconds))
    while [ "$SECONDS" -lt "$end" ]; do
        fault=$(chance 17)
        echo "--- $((++count)): fault $fault, $((end - SECONDS)) s left"
        one_fault "$fault"
        back_in_time
        same_socket
        kill -0 "$CREW"
        pause 999
    done
    all_is_well
    fresh_session
    echo "$count faults, $(status_of lab reconnects) reconnections; before $before, after $(cost)"
    costs_no_more "$before" 4096
}
