#!/usr/bin/env bats
# Tethers that a service manager keeps: systemd's protocols, its units, enable and disable.
# shellcheck disable=SC2154 # run sets stderr

load lib/common

setup() {
    setup_home
    unset NOTIFY_SOCKET LISTEN_FDS LISTEN_PID LISTEN_FDNAMES WATCHDOG_USEC WATCHDOG_PID
    unset DBUS_SESSION_BUS_ADDRESS
    # It has the default value, as nearly everywhere: systemd's manager gets it from HOME.
    unset XDG_CONFIG_HOME
    UNITS=$HOME/.config/systemd/user
}

# ---- what it says to a service manager -----------------------------------------

# notified ADDRESS COMMAND...: in the background, its words in `heard`; its pid is RAN.
notified() {
    local address=$1
    shift
    python3 "$TOOLS/notify.py" "$address" heard 3>&- &
    at_end $!
    wait_for 5 test -e heard
    NOTIFY_SOCKET=$address WATCHDOG_USEC=400000 "$@" >run.log 2>&1 3>&- &
    RAN=$!
    at_end "$RAN"
}

heard() {
    grep -qF -- "$1" heard
}

heard_more() {
    [ "$(grep -cxF -- "$1" heard)" -ge "$2" ]
}

# The environment that it was started with, of which its children have but a part.
inherits() {
    tr '\0' '\n' <"/proc/$1/environ" | grep -qE '^(NOTIFY_SOCKET|WATCHDOG_|LISTEN_)'
}

@test "a service manager hears that it is ready, what it does, that it lives and that it ends" {
    new_profile lab
    notified "$T/notify" "$DOCKTETHER" run lab
    wait_for 10 heard READY=1
    heard "STATUS=serving ssh://$LAB_USER@127.0.0.1:$LAB_PORT"
    wait_for 5 heard_more WATCHDOG=1 3
    tethered lab docker version
    kill "$RAN"
    wait "$RAN"
    wait_for 5 heard STOPPING=1
}

@test "an abstract address, a hung loop is silent, and children do not speak for it" {
    local before
    docktether create bastion "ssh://$LAB_USER@127.0.0.1:$LAB_PORT" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set socket=none
    new_profile lab --via bastion
    notified "@docktether-$$-$BATS_TEST_NUMBER" "$DOCKTETHER" run lab
    wait_for 10 heard READY=1
    inherits "$RAN"
    ! inherits "$(status_of bastion pid)" || return 1
    wait_for 5 heard WATCHDOG=1
    kill -STOP "$RAN"
    before=$(grep -c WATCHDOG heard)
    sleep 1 # the time in which nothing may come
    [ "$(grep -c WATCHDOG heard)" -le $((before + 1)) ]
    kill -CONT "$RAN"
    wait_for 5 heard_more WATCHDOG=1 $((before + 2))
}

@test "the watchdog of another process is not ours" {
    new_profile lab
    python3 "$TOOLS/notify.py" "$T/notify" heard 3>&- &
    at_end $!
    wait_for 5 test -e heard
    NOTIFY_SOCKET=$T/notify WATCHDOG_USEC=100000 WATCHDOG_PID=1 "$DOCKTETHER" run lab >run.log 2>&1 3>&- &
    at_end $!
    wait_for 10 heard READY=1
    tethered lab docker version
    run ! heard WATCHDOG
}

@test "under a service manager a host that cannot be reached ends nothing" {
    local port
    port=$(lab_sshd away)
    lab_stop_sshd away
    new_profile_at "$port" lab --set hold=1s
    notified "$T/notify" "$DOCKTETHER" run lab
    wait_for 10 heard READY=1
    wait_for 5 heard "STATUS=waiting for the next attempt: TCP: cannot connect to 127.0.0.1 port $port"
    run ! tethered lab docker version
    [[ $output == *"cannot connect to 127.0.0.1 port $port"* ]]
    lab_sshd_again away
    tethered lab docker version
    wait_for 5 heard STATUS=serving
}

@test "under a service manager a pin that does not match is told, and up tries again" {
    docktether create lab "$URL" --identity "$LAB_KEY" --pin "$(lab_pin "$LAB/host_rsa.pub" | sed 's/ssh-rsa/ssh-ed25519/')"
    notified "$T/notify" "$DOCKTETHER" run lab
    wait_for 10 heard "STATUS=failed: host key"
    state_is lab failed
    run -4 docktether up lab
}

@test "on demand it is ready when it listens" {
    new_profile lab --set connect=demand
    notified "$T/notify" "$DOCKTETHER" run lab
    wait_for 5 heard READY=1
    heard "STATUS=asleep"
    tethered lab docker version
}

@test "what cannot even begin says why, and has an exit status that is not tried again" {
    notified "$T/notify" "$DOCKTETHER" run nobody
    wait "$RAN" || [ $? = 3 ]
    wait_for 5 heard 'STATUS=profile: no profile named "nobody"'
    grep -q '^RestartPreventExitStatus=.*\<3\>' "$TESTS/../../contrib/systemd/docktether@.service.in"
}

# ---- a socket that is passed ------------------------------------------------------

# activated PATH ARGUMENT...: systemd's own tool listens there and starts the program; its pid is RAN.
activated() {
    local path=$1
    shift
    mkdir "$RUN" && chmod 0700 "$RUN"
    systemd-socket-activate -l "$path" -E HOME -E XDG_RUNTIME_DIR -E XDG_STATE_HOME "$DOCKTETHER" "$@" \
        >run.log 2>&1 3>&- &
    RAN=$!
    at_end "$RAN"
    wait_for 5 test -S "$path"
}

@test "a passed socket: the first connection is served, and the file stays when it ends" {
    local at
    new_profile lab --set connect=demand
    activated "$RUN/lab.sock" run lab
    at=$(stat -c %i "$RUN/lab.sock")
    tethered lab docker version
    [ "$(status_of lab socket)" = "$RUN/lab.sock" ]
    run -0 docktether down lab
    wait "$RAN"
    [ "$(stat -c %i "$RUN/lab.sock")" = "$at" ]
    rm "$RUN/lab.sock"
}

@test "a passed socket is no leftover of a killed tether" {
    new_profile lab --set connect=demand
    activated "$RUN/lab.sock" run lab
    tethered lab docker version
    exec 5<"/proc/$RAN/cmdline"
    # Somebody else who listens still, as systemd does.
    python3 - "$RAN" "$T/listening" 3>&- <<'HOLD' &
import ctypes, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
pidfd = os.pidfd_open(int(sys.argv[1]))
assert libc.syscall(438, pidfd, 3, 0) >= 0
open(sys.argv[2], "w").close()
time.sleep(60)
HOLD
    at_end $!
    exec 5<&-
    wait_for 5 test -e "$T/listening"
    kill -9 "$RAN"
    wait "$RAN" || true
    run -0 docktether down lab
    [ -S "$RUN/lab.sock" ]
    rm "$RUN/lab.sock"
}

@test "up has a socket's service started instead of taking its place" {
    local at
    new_profile lab --set connect=demand
    activated "$RUN/lab.sock" run lab
    at=$(stat -c %i "$RUN/lab.sock")
    run -0 docktether up lab
    [ "$(status_of lab pid)" = "$RAN" ]
    [ "$(stat -c %i "$RUN/lab.sock")" = "$at" ]
    docktether down lab
    rm "$RUN/lab.sock"
}

@test "run by hand beside a socket that a service manager listens on leaves it alone" {
    local at
    new_profile lab --set connect=demand
    activated "$RUN/lab.sock" run lab
    at=$(stat -c %i "$RUN/lab.sock")
    run -1 docktether run lab
    [[ $output == *"another process listens on $RUN/lab.sock"* ]]
    [ "$(stat -c %i "$RUN/lab.sock")" = "$at" ]
    rm "$RUN/lab.sock"
}

@test "a passed socket at another path, two of them, a connected one: refused by name" {
    new_profile lab --set connect=demand
    activated "$RUN/other.sock" run lab
    run ! timeout 60 curl -s --unix-socket "$RUN/other.sock" http://docker/_ping
    wait "$RAN" || true
    grep -q "listens on $RUN/other.sock, the profile's socket is $RUN/lab.sock" run.log
    python3 - "$DOCKTETHER" "$RUN" <<'PASS'
import os, socket, subprocess, sys
def refused(words, *sockets):
    def pass_on():
        for i, s in enumerate(sockets):
            os.dup2(s.fileno(), 60 + i)
        for i in range(len(sockets)):
            os.dup2(60 + i, 3 + i)
        os.environ["LISTEN_PID"] = str(os.getpid())
    env = dict(os.environ, LISTEN_FDS=str(len(sockets)), LISTEN_FDNAMES="first:second")
    code = 'import os,sys; os.environ["LISTEN_PID"]=str(os.getpid()); os.execv(sys.argv[1],sys.argv[1:])'
    p = subprocess.run([sys.executable, "-c", code, sys.argv[1], "run", "lab"], env=env, text=True,
                       stderr=subprocess.PIPE, preexec_fn=pass_on, close_fds=False, timeout=20)
    assert p.returncode == 1 and words in p.stderr, (p.returncode, p.stderr)
def unix(kind, path=None, listen=False):
    s = socket.socket(socket.AF_UNIX, kind)
    if path:
        s.bind(path)
    if listen:
        s.listen()
    return s
refused("descriptor 3 (first) is no unix socket", socket.socket(socket.AF_INET))
refused("descriptor 3 (first) is no stream socket", unix(socket.SOCK_DGRAM))
refused("descriptor 3 (first) does not listen", unix(socket.SOCK_STREAM))
good = unix(socket.SOCK_STREAM, sys.argv[2] + "/lab.sock", True)
refused("descriptor 4 (second) is one too many", good, good)
PASS
    rm -f "$RUN"/*.sock
}

@test "a profile that cannot be used answers at its passed socket" {
    activated "$RUN/nobody.sock" run nobody
    run -0 timeout 60 curl -s -w '%{http_code}' --unix-socket "$RUN/nobody.sock" http://docker/_ping
    [[ $output == *'no profile named'*503 ]]
    wait "$RAN" || [ $? = 3 ]
    rm "$RUN/nobody.sock"
}

# ---- the units --------------------------------------------------------------------

@test "the units and the agent are what systemd and launchd can read" {
    local dir=$T/units
    mkdir "$dir"
    sed "s|@program@|$DOCKTETHER|" "$TESTS/../../contrib/systemd/docktether@.service.in" >"$dir/docktether@.service"
    cp "$TESTS/../../contrib/systemd/docktether@.socket.in" "$dir/docktether@.socket"
    cd "$dir"
    run systemd-analyze --user --man=no verify 'docktether@my\x2dprod.service' 'docktether@my\x2dprod.socket'
    echo "$output"
    [ "$status" = 0 ] && [ -z "$output" ]
    python3 -c 'import plistlib, sys; p = plistlib.load(sys.stdin.buffer); assert p["ProgramArguments"][1] == "run"' \
        <"$TESTS/../../contrib/launchd/docktether.plist.in"
}

# ---- enable and disable, and a systemctl that does as it is told --------------------

# It writes down what it was asked, links as the real one does, and answers out of files.
fake_systemctl() {
    mkdir -p "$T/bin"
    cat >"$T/bin/systemctl" <<'FAKE'
#!/bin/sh
echo "$*" >>"$T/asked"
shift # --user
case $1 in
show-environment) cat "$T/environment" 2>/dev/null ;;
show) cat "$T/fragment" 2>/dev/null || echo ;;
enable | disable)
    verb=$1
    shift
    for unit; do
        case $unit in
        *.service) link=$HOME/.config/systemd/user/default.target.wants/$unit ;;
        *.socket) link=$HOME/.config/systemd/user/sockets.target.wants/$unit ;;
        *) continue ;;
        esac
        mkdir -p "${link%/*}"
        rm -f "$link"
        [ "$verb" != enable ] || ln -s nowhere "$link"
    done
    ;;
esac
[ ! -e "$T/refuses" ] || { cat "$T/refuses" >&2; exit 1; }
FAKE
    chmod +x "$T/bin/systemctl"
    PATH=$T/bin:$PATH
}

@test "enable: the service at login, the socket on demand, and the reverse" {
    fake_systemctl
    new_profile my-prod+x.1_y
    run --separate-stderr docktether enable my-prod+x.1_y
    [ "$status" = 0 ] && [ "$output" = my-prod+x.1_y ] && [[ $stderr == *"enabled, at login"* ]]
    grep -qxF -- '--user enable --now docktether@my\x2dprod\x2bx.1_y.service' "$T/asked"
    grep -qxF -- '--user daemon-reload' "$T/asked"
    grep -qxF "ExecStart=$DOCKTETHER run %I" "$UNITS/docktether@.service"
    [ -e "$UNITS/docktether@.socket" ]
    run -0 docktether inspect my-prod+x.1_y
    [[ $output == *"Enabled:"*"at login"* ]]
    run -1 docktether rm my-prod+x.1_y
    [[ $output == *"docktether disable my-prod+x.1_y"* ]]

    run -0 docktether update my-prod+x.1_y --set connect=demand
    [[ $output == *"docktether enable my-prod+x.1_y"* ]]
    : >"$T/asked"
    run -0 docktether enable my-prod+x.1_y
    grep -qF -- '--user disable --now docktether@my\x2dprod\x2bx.1_y.service' "$T/asked"
    grep -qxF -- '--user enable --now docktether@my\x2dprod\x2bx.1_y.socket' "$T/asked"
    [[ $(docktether ls --format json) == *'"Enabled":"on demand"'* ]]

    run -0 docktether disable my-prod+x.1_y
    [ -z "$(find "$UNITS" -type f -o -type l)" ]
    run -0 docktether disable my-prod+x.1_y
    [[ $output == *"was not enabled"* ]]
    run -3 docktether disable nobody
}

@test "enable: units of a package, and the user's own, are left alone" {
    fake_systemctl
    new_profile lab
    echo /usr/lib/systemd/user/docktether@.socket >"$T/fragment"
    docktether enable lab
    [ ! -e "$UNITS/docktether@.service" ]
    docktether disable lab
    rm "$T/fragment"
    mkdir -p "$UNITS"
    echo '# mine' >"$UNITS/docktether@.service"
    docktether enable lab
    [ "$(cat "$UNITS/docktether@.service")" = '# mine' ]
    docktether disable lab
    [ "$(cat "$UNITS/docktether@.service")" = '# mine' ]
    [ ! -e "$UNITS/docktether@.socket" ]
}

@test "enable: a name too long for a socket's path has a drop-in with the path it has" {
    local name
    fake_systemctl
    name=$(printf 'n%.0s' $(seq 100))
    new_profile "$name" --set connect=demand
    docktether enable "$name"
    [ "$(sed -n 's/^ListenStream=%t//p' "$UNITS/docktether@$name.socket.d/path.conf")" = \
        "/docktether/$(docktether inspect "$name" | sed -n 's|^DockerEndpoint:.*/||p')" ]
    docktether disable "$name"
    [ -z "$(find "$UNITS" -type f)" ]
}

@test "enable: without systemctl, without a manager, with one that lives elsewhere" {
    new_profile lab
    mkdir "$T/none"
    ln -s /usr/bin/* "$T/none"
    rm -f "$T/none/systemctl"
    PATH=$T/none fails_with 1 enable lab
    [[ $stderr == *"systemctl is not installed"* ]]
    fake_systemctl
    echo 'Failed to connect to bus: No medium found' >"$T/refuses"
    fails_with 1 enable lab
    [[ $stderr == *"No medium found"*"enable-linger"* ]]
    rm "$T/refuses"
    echo XDG_RUNTIME_DIR=/run/user/4711 >"$T/environment"
    fails_with 1 enable lab
    [[ $stderr == *"the user manager has XDG_RUNTIME_DIR=/run/user/4711, but this shell has $XDG_RUNTIME_DIR"* ]]
    run -3 docktether enable nobody
}

@test "enable: an agent that only this shell knows is noticed" {
    fake_systemctl
    new_profile lab
    SSH_AUTH_SOCK=$T/agent run --separate-stderr docktether enable lab
    [ "$status" = 0 ] && [[ $stderr == *"has no SSH_AUTH_SOCK"* ]]
    echo "SSH_AUTH_SOCK=$T/agent" >"$T/environment"
    SSH_AUTH_SOCK=$T/agent run --separate-stderr docktether enable lab
    [ "$status" = 0 ] && [[ $stderr != *"has no SSH_AUTH_SOCK"* ]]
}

@test "rm -f and disable work where the service manager is gone" {
    fake_systemctl
    new_profile lab
    docktether enable lab
    echo 'Failed to connect to bus: No medium found' >"$T/refuses"
    run -0 docktether rm -f lab
    [[ $output == *"No medium found"*"no longer enabled"* ]]
    [ -z "$(find "$UNITS" -type f -o -type l)" ]
}

# ---- systemd itself -----------------------------------------------------------------

# A user's manager in a mount namespace of its own, where /run looks as if systemd had booted,
# and in a cgroup of its own: it puts all that it finds in its own one into a scope.
manager_command() {
    cat <<'SCRIPT'
set -e
mount -n -t tmpfs -o mode=755 lab /run
mkdir /run/systemd /run/systemd/system
for tree in /sys/fs/cgroup/systemd /sys/fs/cgroup; do
    [ ! -f "$tree/cgroup.procs" ] || break
done
mkdir -p "$tree/$1"
echo $$ >"$tree/$1/cgroup.procs"
exec /lib/systemd/systemd --user --unit=basic.target
SCRIPT
}

start_manager() {
    if [ "$(id -u)" != 0 ] || [ ! -x /lib/systemd/systemd ]; then
        without "needs root and systemd"
    fi
    if [ -n "${DOCKTETHER_SANITIZED:-}" ]; then
        # The search for leaks at the end stops the threads as a debugger does.
        mkdir -p "$UNITS/docktether@.service.d"
        printf '[Service]\nSystemCallFilter=@debug\n' >"$UNITS/docktether@.service.d/sanitized.conf"
    fi
    lab_spawn "$T/systemd.log" unshare --mount sh -c "$(manager_command)" manager "${LAB##*/}"
    at_end "$LAB_SPAWNED"
    wait_for 15 systemctl --user list-units >/dev/null 2>&1 ||
        without "systemd's user manager does not start here: $(tail -n 1 "$T/systemd.log")"
}

property() {
    systemctl --user show --property="$2" --value "$1"
}

is_inactive() {
    [ "$(property "$1" ActiveState)" = inactive ]
}

restarted_once() {
    [ "$(property docktether@lab.service NRestarts)" = 1 ] && ! state_is lab down
}

@test "systemd: on demand, from the first connection to disable" {
    local unit='docktether@my\x2dprod\x2bx.1.service'
    start_manager
    new_profile my-prod+x.1 --set connect=demand
    run -0 docktether enable my-prod+x.1
    [ "$(property "${unit%.service}.socket" ActiveState)" = active ]
    [ "$(property "$unit" ActiveState)" = inactive ]
    [ "$(stat -c %a "$RUN")" = 700 ] && [ "$(stat -c %a "$RUN/my-prod+x.1.sock")" = 600 ]
    tethered my-prod+x.1 docker version
    [[ $(property "$unit" StatusText) == "serving ssh://"* ]]
    [ "$(property "$unit" MainPID)" = "$(status_of my-prod+x.1 pid)" ]
    [ "$(status_of my-prod+x.1 unit)" = "$unit" ]
    run -0 docktether status my-prod+x.1
    [[ $output == *"Unit:"*"$unit"*"Enabled:"*"on demand"* ]]
    docktether update my-prod+x.1 --set hold=9s
    run -0 docktether up my-prod+x.1
    [[ $output == *"systemctl --user restart '$unit'"* ]]
    run -0 docktether down my-prod+x.1
    [[ $output == *"the next connection starts it again"* ]]
    tethered my-prod+x.1 docker version
    docktether disable my-prod+x.1
    [ ! -e "$RUN/my-prod+x.1.sock" ]
    [ "$(property "$unit" LoadState)" = not-found ]
}

@test "systemd: at login, in the place of a tether that is up, and again after kill -9" {
    local pid
    start_manager
    new_profile lab
    docktether up lab
    pid=$(status_of lab pid)
    stream lab
    run -0 docktether enable lab
    [ "$(status_of lab pid)" != "$pid" ] && [ "$(property docktether@lab.service MainPID)" = "$(status_of lab pid)" ]
    ! lab_gone "$STREAM" || return 1 # what was open goes on
    tethered lab docker version
    kill -9 "$(status_of lab pid)"
    wait_for 15 restarted_once
    tethered lab docker version
    run -0 docktether down lab
    [[ $output == *"until the next login"* ]]
    wait_for 5 is_inactive docktether@lab.service
    docktether disable lab
}

@test "systemd: a broken profile answers every connection, and its socket is there when it is mended" {
    start_manager
    new_profile lab --set connect=demand
    docktether enable lab
    echo nonsense >>"$STORE/lab.ini"
    for _ in $(seq 12); do
        run -0 timeout 60 curl -s --unix-socket "$RUN/lab.sock" http://docker/_ping
        [[ $output == *lab.ini* ]]
    done
    sed -i '/^nonsense/d' "$STORE/lab.ini"
    wait_for 5 tethered lab docker version
    [ "$(property docktether@lab.socket ActiveState)" = active ]
    docktether disable lab
}

@test "systemd: a hop that was started for a service outlives it" {
    start_manager
    docktether create bastion "ssh://$LAB_USER@127.0.0.1:$LAB_PORT" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set socket=none
    new_profile lab --via bastion
    docktether enable lab
    state_is lab serving
    local hop
    hop=$(status_of bastion pid)
    systemctl --user restart docktether@lab.service
    wait_for 10 state_is lab serving
    [ "$(status_of bastion pid)" = "$hop" ]
    docktether enable bastion
    [ "$(status_of bastion pid)" != "$hop" ]
    wait_for 10 state_is lab serving
    tethered lab docker version
    docktether disable lab bastion
}
