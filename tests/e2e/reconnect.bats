#!/usr/bin/env bats
# The fault bench: what a tether that is cut off again and again keeps.

load lib/common
load lib/faults

# bats test_tags=long
@test "1,000 reconnections leave nothing behind" {
    local count before
    count=$(in_long 1000 30)
    [ -z "${DOCKTETHER_SANITIZED:-}" ] || count=$(in_long 100 30)
    bench_profile
    # What a tether keeps for good it has after a few.
    breaks reconnect 30 "$RUN/lab.ctl"
    back_in_time
    fresh_session
    before=$(cost)
    breaks reconnect "$count" "$RUN/lab.ctl"
    back_in_time
    fresh_session
    [ "$(status_of lab reconnects)" -ge "$count" ]
    echo "descriptors, threads, processes, kB, at the server: $before before, $(cost) after" | tee -a "$LAB/back"
    costs_no_more "$before" 1024
    wait_for 10 listeners_of_events_are 0
    same_socket
}
