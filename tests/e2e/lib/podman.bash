# shellcheck shell=bash
# podman: a throwaway podman service. Load it after common.

# podman_service: one for this file, at $LAB/podman.sock, with all of its own in $LAB.
podman_service() {
    command -v podman >/dev/null || without "no podman here (Debian: podman)"
    [ "$(id -u)" = 0 ] || skip "this podman needs root"
    [ ! -S "$LAB/podman.sock" ] || return 0
    # In a mount namespace of its own: what it writes to /run and /etc stays there.
    lab_spawn "$LAB/podman.log" unshare --mount sh -c 'mount -n -t tmpfs -o mode=755 lab /run
        grep -q " - cgroup" /proc/self/mountinfo || mount -n -t cgroup2 none /sys/fs/cgroup
        exec podman "$@"' podman --root "$LAB/podman/root" --runroot "$LAB/podman/run" --tmpdir "$LAB/podman/tmp" \
        --storage-driver vfs --cgroup-manager cgroupfs --events-backend file \
        system service -t 0 "unix://$LAB/podman.sock"
    echo "$LAB_SPAWNED" >"$LAB/podman.pid"
    wait_for 30 podman_answers || { cat "$LAB/podman.log"; return 1; }
}

podman_answers() {
    curl -sf --unix-socket "$LAB/podman.sock" http://podman/_ping >/dev/null
}

end_podman() {
    local pid
    pid=$(cat "$LAB/podman.pid" 2>/dev/null) || return 0
    # shellcheck disable=SC2046 # a list of numbers
    lab_kill 10 $(lab_tree "$pid") "$pid"
}

teardown_file() {
    end_podman
    lab_down
}
