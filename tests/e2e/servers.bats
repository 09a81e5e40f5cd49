#!/usr/bin/env bats
# SSH servers of other makes, and what dial-stdio has to cope with: forced commands,
# commands of the user's own that fail, servers that run only so many at once.
# shellcheck disable=SC2154 # run sets stderr

load lib/common

# profile_as USER@PORT [options]: the profile `lab` at another server.
profile_as() {
    local who=${1%@*} port=${1#*@}
    shift
    docktether create lab "ssh://$who@127.0.0.1:$port$LAB_SOCK" --identity "$LAB_KEY" --pin "$LAB_PIN" "$@"
}

# carries NAME: requests, a hijacked stream with its half-close, an exit status, bulk both ways.
carries() {
    answers "$1"
    [ "$(tethered "$1" docker run --rm -i bb cat <<<hi)" = hi ]
    run -3 tethered "$1" docker run --rm bb sh -c 'exit 3'
    head -c 3000000 /dev/urandom >blob
    tethered "$1" docker run --rm -i bb cat <blob >copy
    cmp blob copy
}

# is_by TRANSPORT REASON
is_by() {
    [ "$(status_of lab transport)" = "$1" ]
    [[ "$(status_of lab transport_reason)" == *"$2"* ]]
    [ "$(status_of lab remote_socket)" = "$LAB_SOCK" ]
}

# ---- other makes -------------------------------------------------------------------------

# dropbear reads the keys of an account's home, so it needs an account of its own.
start_dropbear() {
    local port
    command -v dropbear >/dev/null || without "no dropbear here (Debian: dropbear-bin)"
    [ "$(id -u)" = 0 ] || skip "only root can make an account for it"
    lab_new_user
    install -d -m 0700 -o "$LAB_OTHER" "$LAB/homes/$LAB_OTHER/.ssh"
    install -m 0600 -o "$LAB_OTHER" "$LAB/authorized_keys" "$LAB/homes/$LAB_OTHER/.ssh/authorized_keys"
    chmod 0711 "$LAB"
    chmod 0666 "$LAB_SOCK"
    dropbearkey -t ed25519 -f "$T/dropbear_key" >"$T/dropbear_key.out" 2>&1
    grep '^ssh-ed25519' "$T/dropbear_key.out" >"$T/dropbear_key.pub"
    port=$(lab_free_port)
    lab_spawn "$T/dropbear.log" dropbear -F -E -s -p "127.0.0.1:$port" -r "$T/dropbear_key" -P "$T/dropbear.pid"
    at_end "$LAB_SPAWNED"
    wait_for 10 grep -q 'Not backgrounding' "$T/dropbear.log"
    DROPBEAR=$LAB_OTHER@$port
}

@test "dropbear: by dial-stdio where it knows no streamlocal, else by that" {
    start_dropbear
    profile_as "$DROPBEAR" --pin "$(lab_pin "$T/dropbear_key.pub")"
    docktether up lab
    [[ "$(status_of lab server)" == *dropbear* ]]
    case $(status_of lab transport) in
    dial-stdio) is_by dial-stdio "streamlocal forwarding failed: " ;;
    *) is_by streamlocal "the server allows it" ;;
    esac
    carries lab
    python3 "$TOOLS/load.py" crowd "$RUN/lab.sock" 30
    docktether down lab
    lab_remove_users
    chmod 0660 "$LAB_SOCK"
}

# start_other PROGRAM... PORTFILE and what follows come from here: sets PORT.
start_other() {
    lab_spawn "$T/other.log" "$@"
    at_end "$LAB_SPAWNED"
    wait_for 20 test -e "$T/port" || { cat "$T/other.log"; return 1; }
    PORT=$(cat "$T/port")
}

start_asyncssh() {
    /usr/bin/python3 -W ignore -c 'import asyncssh' 2>/dev/null || without "no asyncssh here (Debian: python3-asyncssh)"
    start_other /usr/bin/python3 "$PEERS/asyncsshd.py" "$T/port" "$LAB/host_ed25519" "$LAB/authorized_keys" "$@"
}

@test "asyncssh: by streamlocal" {
    start_asyncssh
    profile_as "$LAB_USER@$PORT"
    docktether up lab
    [[ "$(status_of lab server)" == *AsyncSSH* ]]
    is_by streamlocal "the server allows it"
    carries lab
}

@test "asyncssh that forwards nothing: by dial-stdio" {
    start_asyncssh no-streamlocal
    profile_as "$LAB_USER@$PORT"
    docktether up lab
    is_by dial-stdio "streamlocal forwarding failed: "
    carries lab
}

# The package comes from npm, into a directory of this file's run.
start_ssh2() {
    command -v node >/dev/null || without "no node here (Debian: nodejs)"
    command -v npm >/dev/null || without "no npm here"
    if [ ! -d "$LAB/npm/node_modules/ssh2" ]; then
        mkdir -p "$LAB/npm"
        npm install --prefix "$LAB/npm" --cache "$LAB/npm/cache" --omit=optional --ignore-scripts --no-audit \
            --no-fund --no-update-notifier ssh2@1 >"$LAB/npm/log" 2>&1 ||
            without "npm cannot install ssh2: $(tail -n 1 "$LAB/npm/log")"
    fi
    export NODE_PATH=$LAB/npm/node_modules
    start_other node "$PEERS/ssh2d.js" "$T/port" "$LAB/host_ed25519" "$LAB_KEY.pub" "$@"
}

@test "ssh2: by streamlocal" {
    start_ssh2
    profile_as "$LAB_USER@$PORT"
    docktether up lab
    [[ "$(status_of lab server)" == *ssh2js* ]]
    is_by streamlocal "the server allows it"
    carries lab
}

@test "ssh2 that forwards nothing: by dial-stdio" {
    start_ssh2 no-streamlocal
    profile_as "$LAB_USER@$PORT"
    docktether up lab
    is_by dial-stdio "streamlocal forwarding failed: "
    carries lab
}

# ---- forced commands -----------------------------------------------------------------------

# forced OPTIONS: a server of this test that lets the key do only that; sets PORT.
forced() {
    printf '%s %s\n' "$1" "$(cat "$LAB_KEY.pub")" >"$T/forced_keys"
    PORT=$(lab_sshd forced "AuthorizedKeysFile $T/forced_keys")
}

@test "a forced command: by dial-stdio, whatever we ask for" {
    forced "command=\"docker -H unix://$LAB_SOCK system dial-stdio\",restrict"
    profile_as "$LAB_USER@$PORT"
    docktether up lab
    is_by dial-stdio "streamlocal forwarding failed: "
    carries lab
    docktether down lab
    # Nobody can be asked where the socket is, and nobody has to be.
    docktether update lab --set socket=auto --set connect-timeout=2m
    SECONDS=0
    docktether up lab
    [ "$SECONDS" -le 60 ]
    [ "$(status_of lab transport)" = dial-stdio ]
    [ "$(status_of lab remote_socket)" = null ]
    answers lab
}

@test "a forced command that leads nowhere: 7, with its words, in time" {
    forced "command=\"docker -H unix://$T/nowhere.sock system dial-stdio\",restrict"
    profile_as "$LAB_USER@$PORT"
    fails_with 7 up lab
    [[ $stderr == *nowhere.sock*"exit status 1"* ]]
}

@test "a forced command that never ends is given up in time" {
    forced 'command="cat >/dev/null",restrict'
    profile_as "$LAB_USER@$PORT" --set connect-timeout=2s
    SECONDS=0
    fails_with 7 up lab
    [ "$SECONDS" -le 60 ]
}

# ---- dial-command --------------------------------------------------------------------------

@test "dial-command: sudo -n docker system dial-stdio" {
    command -v sudo >/dev/null || without "no sudo here"
    sudo -n true || skip "this user may not use sudo without a password"
    new_profile lab --set transport=dial-stdio \
        --set "dial-command=sudo -n docker -H unix://$LAB_SOCK system dial-stdio"
    docktether up lab
    [ "$(status_of lab remote_socket)" = null ]
    carries lab
}

# dial_script: a dial-command that reads a few more lines of shell from the file $T/more.
dial_script() {
    printf '. %s\nexec docker -H unix://%s system dial-stdio\n' "$T/more" "$LAB_SOCK" >"$T/dial"
    : >"$T/more"
    new_profile lab --set transport=dial-stdio --set "dial-command=sh $T/dial"
}

@test "what a dial-command says on stderr is not in the stream" {
    dial_script
    echo 'echo noise noise noise >&2' >"$T/more"
    docktether up lab
    carries lab
    [ "$(curl -s --unix-socket "$RUN/lab.sock" http://docker/_ping)" = OK ]
}

@test "a dial-command that fails: its words and exit status are the client's error" {
    dial_script
    docktether up lab
    echo 'echo "no docker for you" >&2; exit 23' >"$T/more"
    run -1 --separate-stderr tethered lab docker ps
    [[ $stderr == *"no docker for you (exit status 23)"* ]]
    run -0 curl -s -w '%{http_code}' --unix-socket "$RUN/lab.sock" http://docker/_ping
    [[ $output == *"no docker for you (exit status 23)"*503 ]]
    # One that is killed is told as such.
    # shellcheck disable=SC2016 # for the other shell
    echo 'kill -KILL $$' >"$T/more"
    run -1 --separate-stderr tethered lab docker ps
    [[ $stderr == *"(signal KILL)"* ]]
    : >"$T/more"
    answers lab
}

@test "a dial-command that fails from the start: 7, with its words and exit status" {
    dial_script
    echo 'echo "no docker for you" >&2; exit 23' >"$T/more"
    fails_with 7 up lab
    [[ $stderr == *"no docker for you (exit status 23)"* ]]
}

@test "a dial-command that greets: 7, with the greeting" {
    dial_script
    echo 'echo Welcome to this machine' >"$T/more"
    fails_with 7 up lab
    [[ $stderr == *"Welcome to this machine"* ]]
}

# For a dial-command: the request is read first, so that its client has asked before anything ends.
# shellcheck disable=SC2016 # for the other shell
REQUEST='while IFS= read -r line; do [ "$line" != "$(printf "\\r")" ] || break; done'

@test "a dial-command that ends in the middle of an answer is in the log" {
    dial_script
    docktether up lab
    printf '%s\n' "$REQUEST" "printf 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab'" \
        'echo "the rest is lost" >&2; exit 9' >"$T/more"
    run -56 curl -s --unix-socket "$RUN/lab.sock" http://docker/_ping
    [ "$output" = ab ]
    wait_for 5 grep -q 'cut short.*the rest is lost (exit status 9)' "$STATE/lab.log"
}

# upgraded: how a stream without a length ends for its client.
upgraded() {
    python3 - "$RUN/lab.sock" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect(sys.argv[1])
s.sendall(b"POST /x HTTP/1.1\r\nHost: d\r\n\r\n")
data = b""
try:
    while more := s.recv(4096):
        data += more
    print("ended", data[-4:].decode())
except ConnectionResetError:
    print("cut", data[-4:].decode())
PY
}

@test "a dial-command that is killed, or fails, in the middle of a stream: a reset, not an end" {
    local upgrade="printf 'HTTP/1.1 101 UPGRADED\\r\\n\\r\\nhalf'"
    dial_script
    docktether up lab
    # shellcheck disable=SC2016 # for the other shell
    printf '%s\n' "$REQUEST" "$upgrade" 'kill -KILL $$' >"$T/more"
    [ "$(upgraded)" = "cut half" ]
    printf '%s\n' "$REQUEST" "$upgrade" 'exit 1' >"$T/more"
    [ "$(upgraded)" = "cut half" ]
    printf '%s\n' "$REQUEST" "$upgrade" 'exit 0' >"$T/more"
    [ "$(upgraded)" = "ended half" ]
    # One whose output ends while it goes on by itself is not waited for.
    printf '%s\n' "$REQUEST" "$upgrade" 'exec >&- 2>&-' 'exec cat >/dev/null' >"$T/more"
    [ "$(upgraded)" = "ended half" ]
}

# ---- MaxSessions ---------------------------------------------------------------------------

# commands_are COUNT: so many dial-stdio run for the tether now.
commands_are() {
    [ "$(pgrep -c -f "^docker -H unix://$LAB_SOCK system dial-stdio\$")" = "$1" ]
}

by_stdio() {
    new_profile lab --set transport=dial-stdio
    docktether up lab
}

counts_are() {
    [ "$(status_of lab connections open)" = "$1" ] && [ "$(status_of lab connections held)" = "$2" ]
}

# watchers COUNT: clients that stay; their ids are in CLEANUP.
watchers() {
    local i
    for i in $(seq "$1"); do
        tethered lab curl -sN --unix-socket "$RUN/lab.sock" http://docker/events >"events.$i" 2>&1 3>&- &
        at_end $!
    done
}

@test "dial-stdio beyond the server's MaxSessions: 200 at once are served in turn, none fails" {
    by_stdio
    run -0 timeout 600 python3 "$TOOLS/load.py" crowd "$RUN/lab.sock" 200
    [ "$(status_of lab connections refused)" = 0 ]
    [ "$(status_of lab reconnects)" = 0 ]
    wait_for 10 counts_are 0 0
    wait_for 10 commands_are 0
    grep -q 'at most 10 commands at once' "$STATE/lab.log"
    # Told, and respected from then on: what is refused now is only what came too soon
    # after another had ended.
    [ "$(lab_sshd_log | grep -c 'no more sessions')" -le 100 ]
}

@test "one that waits is served when another ends, and not before" {
    local client
    by_stdio
    watchers 10
    wait_for 20 counts_are 10 0
    tethered lab docker ps -q >ps.out 2>ps.err 3>&- &
    client=$!
    at_end "$client"
    wait_for 10 counts_are 10 1
    sleep 3
    run ! lab_gone "$client"
    end "${CLEANUP[0]}"
    wait_for 10 lab_gone "$client"
    wait "$client"
    [ ! -s ps.err ]
}

@test "clients that vanish make room, though what they watched never said a word" {
    by_stdio
    watchers 10
    wait_for 20 counts_are 10 0
    # shellcheck disable=SC2046 # a list of numbers
    kill -KILL "${CLEANUP[@]}" $(lab_tree "${CLEANUP[@]}")
    wait_for 10 counts_are 0 0
    wait_for 10 commands_are 0
    run -0 timeout 600 python3 "$TOOLS/load.py" crowd "$RUN/lab.sock" 15
}

@test "who gives up waiting is forgotten: what it asked for is not done later" {
    local client
    by_stdio
    lab_docker create --name waiting bb true
    watchers 10
    wait_for 20 counts_are 10 0
    tethered lab curl -s -X DELETE --unix-socket "$RUN/lab.sock" http://docker/containers/waiting 3>&- &
    client=$!
    wait_for 10 counts_are 10 1
    # shellcheck disable=SC2046
    kill -KILL "$client" $(lab_tree "$client")
    wait_for 10 counts_are 10 0
    end "${CLEANUP[@]}"
    wait_for 10 counts_are 0 0
    answers lab
    lab_docker rm waiting
}

# bats test_tags=long,long-only
@test "where no turn comes for a minute the one who waits is told why" {
    long || skip "it takes more than a minute"
    by_stdio
    watchers 10
    wait_for 20 counts_are 10 0
    SECONDS=0
    run -1 --separate-stderr tethered lab docker ps
    [ "$SECONDS" -ge 55 ]
    [[ $stderr == *"at most 10 commands at once"*MaxSessions* ]]
}

@test "a server that runs one command at a time" {
    local port
    port=$(lab_sshd narrow 'MaxSessions 1' 'AllowStreamLocalForwarding no')
    profile_as "$LAB_USER@$port"
    docktether up lab
    is_by dial-stdio "streamlocal forwarding failed: "
    run -0 timeout 600 python3 "$TOOLS/load.py" crowd "$RUN/lab.sock" 10
    [ "$(status_of lab connections refused)" = 0 ]
}

@test "a server that runs no command at all is told as it is" {
    local port
    port=$(lab_sshd none 'MaxSessions 0' 'AllowStreamLocalForwarding no')
    profile_as "$LAB_USER@$port"
    fails_with 7 up lab
}
