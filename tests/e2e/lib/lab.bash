# shellcheck shell=bash
# lab: a throwaway OpenSSH server and a throwaway dockerd, for the tests, the
# benchmark and contrib/quickstart. Source it; it changes no shell option.
#
# Everything it makes lies under $LAB, a new directory in /tmp (a short path:
# a unix socket's address holds 107 bytes), and lab_stop leaves nothing behind:
# no process, no mount, no cgroup, no file.
#
#   lab_init                      makes $LAB with fresh keys
#   lab_start_sshd [line...]      the server `main`; see lab_sshd for more servers
#   lab_start_dockerd             dockerd at $LAB_SOCK; lab_docker speaks to it
#   lab_make_image                the image `bb`: busybox and nothing else
#   lab_new_user                  a throwaway account LAB_OTHER of this machine, for logins
#   lab_stop                      ends all of it
#
# They work with `set -e` and without. Each returns 1 with a message on stderr when it
# cannot. What they set is exported, for bats:
# LAB, LAB_USER, LAB_KEY, LAB_PIN, LAB_SOCK, LAB_PORT.

PATH=$PATH:/usr/sbin:/sbin

lab_say() {
    printf 'lab: %s\n' "$*" >&2
}

# wait_for SECONDS COMMAND...: polls until COMMAND succeeds; 1 when the time is
# over. Every wait of the tests goes through here, so that none is a guess. SECONDS is
# far more than it takes; LAB_PATIENCE multiplies it, for a machine that is busy.
wait_for() {
    local end=$((SECONDS + $1 * ${LAB_PATIENCE:-1}))
    shift
    until "$@"; do
        [ "$SECONDS" -le "$end" ] || return 1
        sleep 0.05
    done
}

# never SECONDS COMMAND...: COMMAND does not succeed for that long.
never() {
    local end=$((SECONDS + $1))
    shift
    while [ "$SECONDS" -le "$end" ]; do
        ! "$@" || return 1
        sleep 0.1
    done
}

# A zombie that nobody has collected yet counts as gone.
lab_gone() {
    local pid state
    for pid; do
        state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null) || true
        [ -z "$state" ] || [ "$state" = Z ] || return 1
    done
}

# lab_kill SECONDS PID...: TERM, a bounded wait, then KILL.
lab_kill() {
    local patience=$1
    shift
    [ $# -gt 0 ] || return 0
    kill "$@" 2>/dev/null || true
    wait_for "$patience" lab_gone "$@" && return 0
    kill -9 "$@" 2>/dev/null || true
    wait_for 5 lab_gone "$@"
}

# lab_tree PID...: all descendants, one a line.
lab_tree() {
    local pid child
    for pid; do
        # shellcheck disable=SC2013 # words are what it holds
        for child in $(cat "/proc/$pid/task/"*/children 2>/dev/null); do
            echo "$child"
            lab_tree "$child"
        done
    done
}

# lab_spawn LOG COMMAND...: starts a daemon in a session of its own; its pid is
# in LAB_SPAWNED. It inherits no descriptor: bats waits for whoever holds its
# fd 3, make for whoever holds its job server.
lab_spawn() {
    local log=$1
    shift
    (
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            [ "$fd" -le 2 ] || eval "exec $fd>&-"
        done
        exec setsid "$@"
    ) </dev/null >>"$log" 2>&1 &
    LAB_SPAWNED=$!
    disown "$LAB_SPAWNED" 2>/dev/null || true
}

lab_init() {
    LAB=$(mktemp -d /tmp/dt-XXXXXX) || return 1
    LAB_USER=$(id -un)
    LAB_SOCK=$LAB/docker.sock
    LAB_KEY=$LAB/id_ed25519
    mkdir "$LAB/sshd" "$LAB/home" "$LAB/docker-config" || return 1
    if ! command -v sshd >/dev/null || ! command -v ssh-keygen >/dev/null; then
        lab_say "no OpenSSH server here (Debian: openssh-server)"
        return 1
    fi
    lab_new_key "$LAB_KEY" || return 1
    cp "$LAB_KEY.pub" "$LAB/authorized_keys"
    lab_new_key "$LAB/host_ed25519" && lab_new_key "$LAB/host_ecdsa" -t ecdsa && lab_rsa_key || return 1
    LAB_PIN=$(lab_pin "$LAB/host_ed25519.pub")
    export LAB LAB_USER LAB_SOCK LAB_KEY LAB_PIN
}

# lab_rsa_key: the RSA host key. It takes longer than all else here, so that the labs of one run
# share it where LAB_CACHE names a directory that keeps it.
lab_rsa_key() {
    local kept=${LAB_CACHE:-}/lab-rsa new
    if [ -z "${LAB_CACHE:-}" ]; then
        lab_new_key "$LAB/host_rsa" -t rsa -b 3072
        return
    fi
    if [ ! -d "$kept" ]; then
        new=$(mktemp -d "$kept-XXXXXX") && lab_new_key "$new/host_rsa" -t rsa -b 3072 || return 1
        # Another lab may have been quicker.
        mv -T "$new" "$kept" 2>/dev/null || rm -rf "$new"
    fi
    cp "$kept/host_rsa" "$kept/host_rsa.pub" "$LAB"
}

# lab_new_key FILE [ssh-keygen options]: ed25519 without a passphrase unless told otherwise.
lab_new_key() {
    local file=$1
    shift
    ssh-keygen -q -t ed25519 -N '' -C lab "$@" -f "$file" </dev/null
}

# lab_pin FILE.pub: "TYPE SHA256:...", as a profile writes it.
lab_pin() {
    printf '%s %s\n' "$(cut -d' ' -f1 "$1")" "$(ssh-keygen -l -E sha256 -f "$1" | cut -d' ' -f2)"
}

# A port that nobody listens at now, and below those that the kernel gives to clients. Somebody may
# take it before we do: a caller tries again with another.
lab_free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

# ---- sshd --------------------------------------------------------------------

# lab_start_sshd [sshd_config line...]: the server `main`; its port is LAB_PORT.
lab_start_sshd() {
    LAB_PORT=$(lab_sshd main "$@") || return 1
    export LAB_PORT
}

# lab_sshd NAME [sshd_config line...]: starts one more server of that name and
# prints its port. A line given here wins over those below, as the first always
# does for sshd. A file $LAB/sshd/NAME/sshd is used as the program when it is there.
lab_sshd() {
    local name=$1 dir=$LAB/sshd/$1 try
    shift
    mkdir -p "$dir" || return 1
    printf '%s\n' "$@" >"$dir/extra"
    for try in 1 2 3 4 5 6 7 8; do
        lab_free_port >"$dir/port" || return 1
        lab_sshd_again "$name" && { cat "$dir/port"; return 0; }
        grep -q 'Address already in use' "$dir/log" || break
        lab_say "the port was taken, attempt $try"
    done
    lab_say "sshd $name did not start:"
    sed 's/^/lab:   /' "$dir/log" >&2
    return 1
}

# What is stock stays stock: MaxStartups, MaxSessions, MaxAuthTries, ciphers.
lab_sshd_config() {
    local dir=$1
    cat "$dir/extra"
    cat <<CONFIG
ListenAddress 127.0.0.1:$(cat "$dir/port")
PidFile $dir/pid
HostKey $LAB/host_ed25519
HostKey $LAB/host_ecdsa
HostKey $LAB/host_rsa
AuthorizedKeysFile $LAB/authorized_keys
# The directory lies in /tmp, which everybody can write to.
StrictModes no
UsePAM no
LogLevel VERBOSE
# No ~/.bashrc of this machine's user decides what the remote PATH is.
SetEnv HOME=$LAB/home
CONFIG
    # Tests are refused on purpose, again and again.
    ! lab_sshd_knows PerSourcePenalties no || echo 'PerSourcePenalties no'
}

# lab_sshd_knows OPTION VALUE: whether this sshd has the option, which it is asked once.
lab_sshd_knows() {
    local answer=$LAB/sshd/knows-$1
    if [ ! -e "$answer" ]; then
        "$(command -v sshd)" -T -f /dev/null -h "$LAB/host_ed25519" -o "$1=$2" >/dev/null 2>&1
        echo $? >"$answer"
    fi
    [ "$(cat "$answer")" = 0 ]
}

# lab_sshd_again NAME: starts a server that was stopped, on the same port.
lab_sshd_again() {
    local dir=$LAB/sshd/$1 program
    program=$(command -v sshd)
    [ ! -x "$dir/sshd" ] || program=$dir/sshd
    # Where sshd confines its unprivileged half; made by the service's unit otherwise.
    [ "$(id -u)" != 0 ] || [ -d /run/sshd ] || mkdir -m 0755 /run/sshd
    lab_sshd_config "$dir" >"$dir/config"
    : >"$dir/log"
    lab_spawn "$dir/log" "$program" -D -e -f "$dir/config"
    echo "$LAB_SPAWNED" >"$dir/spawned"
    wait_for 10 lab_sshd_settled "$dir/log" "$LAB_SPAWNED" || true
    grep -q '^Server listening on' "$dir/log"
}

lab_sshd_settled() {
    grep -q '^Server listening on' "$1" || lab_gone "$2"
}

# lab_stop_sshd NAME: ends the server and every session it serves.
lab_stop_sshd() {
    local dir=$LAB/sshd/$1 pid
    pid=$(cat "$dir/spawned" 2>/dev/null) || return 0
    # The sessions are in sessions of their own and would outlive the listener.
    # shellcheck disable=SC2046 # a list of numbers
    set -- "$pid" $(lab_tree "$pid")
    rm -f "$dir/spawned"
    lab_kill 5 "$@"
}

lab_sshd_log() {
    cat "$LAB/sshd/${1:-main}/log"
}

# ---- an account ----------------------------------------------------------------

# lab_new_user: an account that may log in by key, with an empty home; its name is LAB_OTHER.
lab_new_user() {
    local name=dt$RANDOM try
    [ "$(id -u)" = 0 ] || { lab_say "only root can make an account"; return 1; }
    mkdir -p "$LAB/homes" || return 1
    # Somebody else may hold the lock of the password file.
    for try in 1 2 3 4 5 6 7 8 9 10; do
        if useradd --create-home --skel /nonexistent --home-dir "$LAB/homes/$name" --shell /bin/sh \
            --password '*' --no-log-init "$name" 2>"$LAB/useradd.log"; then
            export LAB_OTHER=$name
            return 0
        fi
        [ "$try" = 10 ] || sleep 0.3
    done
    lab_say "useradd failed: $(cat "$LAB/useradd.log")"
    return 1
}

# lab_remove_users: those whose homes are in $LAB, whoever has made them.
lab_remove_users() {
    local home name try
    for home in "$LAB"/homes/*/; do
        [ -d "$home" ] || continue
        name=$(basename "$home")
        for try in 1 2 3 4 5 6 7 8 9 10; do
            userdel --force "$name" 2>/dev/null || true
            getent passwd "$name" >/dev/null || break
            [ "$try" != 10 ] || { lab_say "the account $name is left"; return 1; }
            sleep 0.3
        done
        rm -rf "$home"
    done
}

# ---- dockerd -----------------------------------------------------------------

# lab_direct COMMAND...: with the lab's dockerd itself as Docker's host, without any tether.
lab_direct() {
    env -u DOCKER_CONTEXT -u DOCKER_TLS_VERIFY DOCKER_HOST="unix://$LAB_SOCK" \
        DOCKER_CONFIG="$LAB/docker-config" "$@"
}

lab_docker() {
    lab_direct docker "$@"
}

# Says why dockerd cannot run here; silent when it can be tried.
lab_dockerd_obstacle() {
    local program
    for program in dockerd containerd runc docker unshare; do
        command -v "$program" >/dev/null || {
            echo "no $program here (Debian: docker.io)"
            return
        }
    done
    [ "$(id -u)" = 0 ] || echo "dockerd needs root"
}

# dockerd runs in a mount namespace of its own. Its mounts die with it, and what it
# and its containerd write to /etc/docker, /run and /opt whatever they are told stays
# there too. A machine without cgroups (a bare container) gets them there and nowhere else.
# The network namespace is its own as well: `docker run` warns on stderr where IPv4
# forwarding is off, which is this machine's business and no part of any test.
lab_dockerd_command() {
    cat <<'SCRIPT'
set -e
for dir in /etc/docker /run /opt; do
    [ ! -d "$dir" ] || mount -n -t tmpfs -o mode=755 lab "$dir"
done
echo 1 >/proc/sys/net/ipv4/ip_forward
grep -q ' - cgroup' /proc/self/mountinfo || mount -n -t cgroup2 none /sys/fs/cgroup
cd / # where this was started may go, and runc wants to know where it is
exec dockerd "$@"
SCRIPT
}

lab_start_dockerd() {
    local obstacle
    obstacle=$(lab_dockerd_obstacle)
    if [ -n "$obstacle" ]; then
        lab_say "$obstacle"
        return 1
    fi
    # A test's own home and runtime directory go with the test.
    lab_spawn "$LAB/dockerd.log" env -u XDG_RUNTIME_DIR HOME="$LAB/home" unshare --mount --net sh -c "$(lab_dockerd_command)" dockerd \
        --bridge=none --iptables=false --ip-forward=false --cgroup-parent="/${LAB##*/}" \
        --exec-opt native.cgroupdriver=cgroupfs --data-root "$LAB/data" --exec-root "$LAB/exec" \
        --pidfile "$LAB/dockerd.pid" -H "unix://$LAB_SOCK"
    LAB_DOCKERD_PID=$LAB_SPAWNED
    export LAB_DOCKERD_PID
    # A test that starts it anew is another process than the one that stops it.
    echo "$LAB_SPAWNED" >"$LAB/dockerd.spawned"
    wait_for 60 lab_dockerd_settled || true
    lab_dockerd_answers && return 0
    lab_say "dockerd did not start:"
    tail -n 5 "$LAB/dockerd.log" | sed 's/^/lab:   /' >&2
    return 1
}

lab_dockerd_answers() {
    [ -S "$LAB_SOCK" ] && timeout 10 curl -sf --unix-socket "$LAB_SOCK" http://docker/_ping >/dev/null
}

lab_dockerd_settled() {
    lab_dockerd_answers || lab_gone "$LAB_DOCKERD_PID"
}

# The image `bb`: a static busybox under all its names.
lab_make_image() {
    local root=$LAB/bb busybox
    busybox=$(command -v busybox) || {
        lab_say "no busybox here (Debian: busybox-static)"
        return 1
    }
    mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$root/root"
    cp "$busybox" "$root/bin/busybox"
    # Its own shell makes its links, for it starts no program for each.
    # shellcheck disable=SC2016 # for that shell
    (cd "$root/bin" && "$busybox" sh -c 'for applet in $(busybox --list); do
        [ "$applet" = busybox ] || ln -s busybox "$applet"; done')
    echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
    chmod 1777 "$root/tmp"
    tar -C "$root" -c . | lab_docker import -c 'ENV PATH=/bin' -c 'CMD ["sh"]' - bb >/dev/null
}

# ---- the end -----------------------------------------------------------------

# Processes of this lab: their command line or environment names its directory.
# This shell and those above it are no leftovers.
lab_processes() {
    local files file pid seen=
    files=$(grep -lF -- "$LAB/" /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null) || true
    for file in $files; do
        pid=${file#/proc/}
        pid=${pid%%/*}
        case " $seen " in *" $pid "*) continue ;; esac
        seen="$seen $pid"
        lab_gone "$pid" || lab_is_above "$pid" || echo "$pid"
    done
}

lab_is_deserted() {
    [ -z "$(lab_processes)" ]
}

lab_is_above() {
    local above=$BASHPID
    while [ "${above:-0}" -gt 1 ]; do
        [ "$above" != "$1" ] || return 0
        above=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$above/status" 2>/dev/null) || true
    done
    return 1
}

lab_stop_dockerd() {
    local pid containers
    pid=$(cat "$LAB/dockerd.spawned" 2>/dev/null)
    unset LAB_DOCKERD_PID
    if [ -z "$pid" ] || lab_gone "$pid"; then
        return 0
    fi
    containers=$(lab_direct timeout 20 docker ps -aq)
    # shellcheck disable=SC2086 # a list of ids
    [ -z "$containers" ] || lab_direct timeout 60 docker rm -f $containers >/dev/null
    # shellcheck disable=SC2046 # a list of numbers
    set -- $(lab_tree "$pid")
    lab_kill 20 "$pid"
    lab_kill 10 "$@"
}

# Ends everything and removes $LAB; 1 when something had to be swept up or is still there.
lab_stop() {
    local dir left status=0
    [ -n "${LAB:-}" ] && [ -d "$LAB" ] || return 0
    for dir in "$LAB"/sshd/*/; do
        [ ! -d "$dir" ] || lab_stop_sshd "$(basename "$dir")" || status=1
    done
    lab_stop_dockerd || status=1
    # Clients of the servers that were just stopped may be on their way out.
    wait_for 3 lab_is_deserted || true
    left=$(lab_processes)
    if [ -n "$left" ]; then
        lab_say "still running:"
        # shellcheck disable=SC2086 # a list of numbers
        ps -o pid=,args= -p "$(echo $left | tr ' ' ,)" | cut -c1-200 >&2
        # shellcheck disable=SC2086
        lab_kill 3 $left
        status=1
    fi
    lab_remove_users || status=1
    lab_unmount || status=1
    find /sys/fs/cgroup -depth -type d -path "*/${LAB##*/}*" -exec rmdir {} + 2>/dev/null || true
    rm -rf "$LAB" || status=1
    unset LAB
    return "$status"
}

lab_unmount() {
    local point
    # The deepest first.
    awk -v lab="$LAB/" 'index($5, lab) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
        while read -r point; do umount "$point" || umount -l "$point"; done
}
