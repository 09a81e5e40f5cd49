#!/usr/bin/env bats
# docktether doctor: each layer broken once, by real servers, and found as the first that is
# wrong, with its exit code and the command that mends it.
# shellcheck disable=SC2030,SC2031 # a test's PORT is its own

load lib/common

setup_file() {
    lab_up || return 1
    [ -z "$LAB_SKIP" ] || return 0
    lab_new_key "$LAB/stranger"
    cp "$LAB_KEY" "$LAB/locked"
    cp "$LAB_KEY.pub" "$LAB/locked.pub"
    ssh-keygen -q -p -P '' -N 'a phrase' -f "$LAB/locked"
    # Nothing to warn of, and no Docker but what the tests make, whatever this machine has; logins of
    # other users have to get to the sockets in it.
    sshd_with quiet : 'PasswordAuthentication no' 'KbdInteractiveAuthentication no'
    echo "$PORT" >"$LAB/quiet.port"
    chmod 0711 "$LAB"
}

setup() {
    setup_home
    chmod 0711 "$T"
    PORT=$(cat "$LAB/quiet.port" 2>/dev/null) || true
}

# The server `quiet` is of the whole file.
stop_other_sshds() {
    local dir
    for dir in "$LAB"/sshd/*/; do
        case $dir in */main/ | */quiet/) continue ;; esac
        [ ! -d "$dir" ] || { lab_stop_sshd "$(basename "$dir")" && rm -rf "$dir"; }
    done
}

# profile NAME [options]: one of this file's server, quick to give up.
profile() {
    local name=$1
    shift
    docktether create "$name" "ssh://${WHO:-$LAB_USER}@127.0.0.1:$PORT$LAB_SOCK" --pin "$LAB_PIN" \
        --identity "${KEY:-$LAB_KEY}" --set connect-timeout=2s "$@"
}

# diagnose CODE [NAME]: runs it, bounded and without a terminal; the exit status is CODE, no
# secret is told, and nothing in home and runtime directory is changed by it.
diagnose() {
    local code=$1 name=${2:-lab} before status=0
    before=$(inventory)
    setsid --wait timeout 200 "$DOCKTETHER" doctor --format json "$name" >"$T/report" 2>"$T/said" || status=$?
    [ "$status" = "$code" ] || {
        echo "exit $status, expected $code"
        cat "$T/report" "$T/said"
        return 1
    }
    python3 "$TOOLS/doctorform.py" <"$T/report" >"$T/flat"
    tells_no_secret "$LAB_KEY" "$(cat "$T/report" "$T/said")"
    [ "$(inventory)" = "$before" ] || { echo "something was changed"; return 1; }
}

inventory() {
    find "$HOME" "$T/run" -printf '%p %m %s %i %C@\n' | grep -v '\.log ' | sort
}

# told QUESTION: doctorform.py's answer for the last report.
told() {
    local question answer
    while IFS=$'\t' read -r question answer; do
        [ "$question" != "$1" ] || { printf '%s\n' "$answer"; return 0; }
    done <"$T/flat"
    echo "nothing was told of $1" >&2
    return 1
}

# shows PATTERN QUESTION: that answer matches the pattern.
shows() {
    local said
    said=$(told "$2")
    # shellcheck disable=SC2053 # a pattern it is
    [[ $said == $1 ]] || { printf '%s: %s\n  is not %s\n' "$2" "$said" "$1"; return 1; }
}

# finds CODE LAYER PATTERN FIX: the first thing that is wrong.
finds() {
    diagnose "$1"
    shows "$2: $3" first
    shows "$4" fix
}

# warns LAYER PATTERN FIX: it is told of, and no failure.
warns() {
    diagnose 0
    shows "warning: $2" "$1"
    shows "$3" "$1 fix"
}

# ---- when all is well ------------------------------------------------------------------

@test "all is well, the tether down and up: 0, every layer with its tick" {
    local layer
    profile lab
    diagnose 0
    shows "skipped: not up" tether
    for layer in profile keys name TCP banner algorithms 'host key' methods login socket permission forwarding \
        /_ping /version context contexts environment; do
        shows "ok: *" "$layer"
    done
    docktether up lab
    docktether use lab
    diagnose 0
    shows "ok: serving since *, by streamlocal" tether
    shows "ok: Docker answers at $RUN/lab.sock" "local socket"
    shows "ok: *$(direct docker version --format '{{.Server.Version}}')* API *" /version
    shows "*the current context*" environment
    # It was left alone: the same session, and one connection more that was well.
    [ "$(status_of lab reconnects)" = 0 ]
    [ "$(status_of lab connections open)" = 0 ]
    tethered lab docker version
}

@test "for people: ticks, words without UTF-8, no colours off a terminal" {
    profile lab
    run -0 docktether doctor lab
    [[ $output == *"  ✓ host key "*" ms  ssh-ed25519 SHA256:"*"is pinned"* ]]
    [[ $output == *"  - tether "*"not up"* ]]
    [[ ${lines[-1]} == "No problem found." ]]
    [[ $output != *$'\e'* ]]
    LC_ALL=C run -0 docktether doctor lab
    [[ $output == *"  ok   host key "* ]] && [[ $output != *✓* ]]
    docktether update lab --set socket=/nowhere
    LC_ALL=C run -7 docktether doctor lab
    [[ $output == *"  FAIL socket "* ]] && [[ $output == *"-    permission "*"needs: socket"* ]]
    [[ $output == *"Problem: socket: /nowhere does not exist"* ]]
    [[ $output == *"Run on 127.0.0.1:"*"    sudo systemctl enable --now docker"* ]]
}

@test "on a terminal: line by line, in colours unless NO_COLOR" {
    profile lab
    TERM=xterm run -0 terminal 'expect:login\.\.\.' 'expect:No problem found' -- \
        "$DOCKTETHER" doctor lab
    [[ $output == *$'\e[32m✓'* ]]
    TERM=xterm NO_COLOR=1 run -0 terminal 'expect:No problem found' -- "$DOCKTETHER" doctor lab
    [[ $output != *$'\e[3'* ]] && [[ $output == *✓* ]]
}

# ---- this side ------------------------------------------------------------------------------

@test "no such profile, and one that does not parse: 3" {
    profile lab
    diagnose 3 lap
    shows 'profile: no profile named "lap"' first
    shows "docktether ls" fix
    shows "blocked: needs: profile" login
    echo 'nonsense' >>"$STORE/lab.ini"
    finds 3 profile "*lab.ini:*" "\${EDITOR:-vi} '$STORE/lab.ini'"
    # What it says as a whole is a matter of the file, too.
    sed -i '/nonsense/d; /^host/d' "$STORE/lab.ini"
    finds 3 profile "*lab.ini*" "\${EDITOR:-vi} '$STORE/lab.ini'"
    EDITOR="sed -i s/^port/host=127.0.0.1\\nport/" bash -c "$(told fix)"
    diagnose 0
}

@test "a tether with older values, and one that is stuck, are told of" {
    profile lab
    docktether up lab
    docktether update lab --set hold=20s
    warns tether "serving since *with older values*" "docktether up lab"
    lab_new_key "$T/other"
    docktether update lab --pin "$(lab_pin "$T/other.pub")"
    finds 4 "host key" "*not pinned*" "docktether pin lab --scan"
    shows "*it trusts the host key $LAB_PIN, which the profile no longer has*" tether
    docktether down lab
}

@test "keys: absent, open to others, encrypted, none: 5" {
    profile lab
    sed -i "s|^identity.*|identity = $T/none|" "$STORE/lab.ini"
    # What stands for a name that only a person knows is no command to paste.
    finds 5 keys "*$T/none does not exist*" "ls -l ~/.ssh"
    cp "$LAB_KEY" "$T/open"
    chmod 0644 "$T/open"
    docktether update lab --identity "$T/open"
    finds 5 keys "*can be read by others*" "chmod 600 '$T/open'"
    # A command to paste stays one, whatever the file is called.
    cp "$LAB_KEY" "$T/o'pen"
    chmod 0644 "$T/o'pen"
    docktether update lab --identity "$T/o'pen"
    finds 5 keys "*can be read by others*" "chmod 600 '$T/o'\\\\''pen'"
    run -5 docktether up lab
    [[ $output == *"hint: chmod 600 '$T/o'\\''pen'"* ]]
    # What needs no key is looked at all the same, and no login is tried.
    shows "ok: *is pinned" "host key"
    shows "blocked: needs: keys" login
    docktether update lab --identity "$LAB/locked"
    finds 5 keys "*encrypted*" "ssh-add '$LAB/locked'"
    sed -i '/^identity/d' "$STORE/lab.ini"
    finds 5 keys "there is no key*" "ssh-keygen -t ed25519 -f ~/.ssh/id_ed25519"
}

@test "a key that only the running tether has is no failure" {
    printf '#!/bin/sh\necho "a phrase"\n' >askpass
    chmod +x askpass
    KEY=$LAB/locked profile lab
    SSH_ASKPASS=$PWD/askpass SSH_ASKPASS_REQUIRE=force docktether up lab
    diagnose 0
    shows "blocked: *encrypted*" keys
    shows "ok: Docker answers*" "local socket"
}

@test "the agent: gone, and without the key: 5; beside a key file it is a warning" {
    KEY=$LAB_KEY.pub profile lab
    export SSH_AUTH_SOCK=$T/gone.sock
    # shellcheck disable=SC2016 # for the user's shell
    finds 5 agent "cannot reach the agent*" 'eval "$(ssh-agent)" && ssh-add'
    export SSH_AUTH_SOCK=$T/agent.sock
    lab_spawn "$T/agent.log" ssh-agent -D -a "$SSH_AUTH_SOCK"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -S "$SSH_AUTH_SOCK"
    finds 5 agent "*has not got $LAB_KEY.pub*" "ssh-add '$LAB_KEY'"
    # The shell has to get the file whatever it is called, and find the home directory.
    mkdir -p ~/.ssh
    cp "$LAB_KEY" "$HOME/.ssh/my key"
    cp "$LAB_KEY.pub" "$HOME/.ssh/my key.pub"
    # shellcheck disable=SC2088 # the profile has it like that
    docktether update lab --identity "~/.ssh/my key.pub"
    finds 5 agent "*has not got ~/.ssh/my key.pub*" "ssh-add ~/'.ssh/my key'"
    bash -c "$(told fix)"
    diagnose 0
    shows "ok: 1 key at *" agent
    SSH_AUTH_SOCK=$T/gone.sock
    docktether update lab --identity "$LAB_KEY"
    warns agent "cannot reach*" "*"
}

@test "a user name that cannot be: refused when it is given, and named when libssh alone refuses it" {
    profile lab
    run -2 docktether update lab --set "user=it's"
    run -2 docktether create other "ssh://u;id@127.0.0.1"
    # Older versions of libssh take no backslash.
    docktether update lab --set 'user=DOM\bob'
    run docktether doctor lab
    [[ $output == *'does not take the user name "DOM\bob"'* || $output == *"Problem: login"* ]]
}

# ---- the way ------------------------------------------------------------------------------------

@test "a name that does not resolve, a port that is closed: 6" {
    profile lab
    docktether update lab ssh://host.invalid
    finds 6 name '*"host.invalid"*' "getent ahosts 'host.invalid'"
    shows "blocked: needs: name" "host key"
    docktether update lab "ssh://127.0.0.1:$(lab_free_port)"
    finds 6 TCP "*refused*" "127.0.0.1: sudo systemctl enable --now ssh"
}

@test "a packet that is answered by nothing: 6, in bounded time" {
    PORT=$(lab_free_port)
    lab_spawn "$T/full.log" python3 "$TOOLS/fullqueue.py" 127.0.0.1 "$PORT" "$T/full.ready"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -e "$T/full.ready"
    profile lab --set connect-timeout=1s
    finds 6 TCP "*does not answer" "ping -c 3 '127.0.0.1'"
}

@test "what is no SSH server: 6, at the banner" {
    bad_server http
    profile lab --set connect-timeout=1s
    finds 6 banner "*" "ssh -vv -p $PORT *"
    bad_server silent
    docktether update lab "ssh://$LAB_USER@127.0.0.1:$PORT"
    finds 6 banner "*stays silent" "ssh -vv -p $PORT *"
}

@test "no algorithm in common: 6" {
    PORT=$(lab_sshd odd 'Ciphers aes128-gcm@openssh.com')
    profile lab
    finds 6 algorithms "*aes128-gcm*" "ssh -vv *"
    shows "blocked: needs: algorithms" "host key"
}

@test "another host key, none pinned, none of that type: 4, and no key is offered" {
    PORT=$(lab_sshd strict 'HostKeyAlgorithms ssh-ed25519' 'LogLevel DEBUG')
    profile lab
    docktether update lab --pin "$(lab_pin "$LAB/stranger.pub")"
    finds 4 "host key" "*${LAB_PIN#* }*not pinned*" "docktether pin lab --scan"
    docktether update lab --pin "$(lab_pin "$LAB/host_ecdsa.pub")"
    finds 4 "host key" "*no key of a pinned type*" "docktether pin lab --scan"
    sed -i '/^pin/d' "$STORE/lab.ini"
    finds 4 "host key" "no key of the host is pinned*" "docktether pin lab --scan"
    shows "blocked: needs: host key" login
    run -1 grep -q userauth-request "$LAB/sshd/strict/log"
}

# ---- login ------------------------------------------------------------------------------------------

@test "a key that is refused: 5, with the line for the server" {
    KEY=$LAB/stranger profile lab
    finds 5 login "*refused the key*" \
        "$LAB_USER@127.0.0.1: echo '$(cut -d' ' -f1,2 "$LAB/stranger.pub")' >>~/.ssh/authorized_keys"
    shows "*$LAB/stranger SHA256:*: refused*" login
    # A server that takes a password takes the key by it.
    mkdir -p ~/.ssh
    cp "$LAB/stranger" "$HOME/.ssh/it's mine"
    # shellcheck disable=SC2088 # the profile has it like that
    PORT=$LAB_PORT KEY="~/.ssh/it's mine" profile other
    diagnose 5 other
    shows "ssh-copy-id -i ~/'.ssh/it'\\\\''s mine' -p $LAB_PORT '$LAB_USER@127.0.0.1'" fix
}

@test "passwords beside keys are a warning, in place of them a failure: 5" {
    PORT=$LAB_PORT
    profile lab
    warns methods "publickey, password*takes more than keys*" "127.0.0.1: printf *PasswordAuthentication no*"
    PORT=$(lab_sshd words 'PubkeyAuthentication no')
    docktether update lab "ssh://$LAB_USER@127.0.0.1:$PORT"
    finds 5 methods "the server takes no public keys, only: password*" "127.0.0.1: printf *PubkeyAuthentication yes*"
}

# ---- the hop ------------------------------------------------------------------------------------------

# hop_at PORT: the profile `bastion`.
hop_at() {
    docktether create bastion "ssh://$LAB_USER@127.0.0.1:$1" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set socket=none --set connect-timeout=2s
}

@test "a hop: looked at itself when its tether is down, asked for a stream when it is up" {
    hop_at "$LAB_PORT"
    profile lab --via bastion
    diagnose 0
    shows "ok: as *" "bastion login"
    shows "ok: 127.0.0.1 port $PORT through bastion" TCP
    shows "ok: *" /version
    # No tether is left behind.
    [ -z "$(tethers)" ]
    docktether up bastion
    diagnose 0
    shows "ok: serving*" "bastion tether"
    shows "ok: *from the running tether?" "bastion login"
    shows "ok: 127.0.0.1 port $PORT through bastion's tether" TCP
    [ "$(lab_sshd_log main | grep -c 'Accepted publickey.*')" -ge 2 ]
}

@test "two hops: the one that fails is named, what is behind it waits" {
    hop_at "$LAB_PORT"
    docktether create middle "ssh://$LAB_USER@127.0.0.1:$PORT" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set socket=none --via bastion
    profile lab --via middle
    diagnose 0
    shows "ok: *through middle" TCP
    docktether update middle --identity "$LAB/stranger"
    diagnose 5
    shows "login: *refused the key*" first
    shows "ok: *" "bastion login"
    shows "blocked: needs: hop middle" TCP
    docktether update bastion "ssh://$LAB_USER@127.0.0.1:$(lab_free_port)"
    finds 6 TCP "*refused*" "127.0.0.1: sudo systemctl enable --now ssh"
    shows "blocked: needs: hop bastion" "middle TCP"
}

@test "a hop that does not forward: 6, whose setting it is" {
    hop_at "$(lab_sshd shut 'AllowTcpForwarding no')"
    profile lab --via bastion
    finds 6 TCP "*it cannot connect to 127.0.0.1 port $PORT*" "127.0.0.1: printf *AllowTcpForwarding yes*"
    shows "ok: *" "bastion login"
}

# ---- the socket --------------------------------------------------------------------------------------------

@test "streamlocal refused: a command in its place is a warning, alone it is a failure: 7" {
    PORT=$(lab_sshd shut 'AllowStreamLocalForwarding no' 'PasswordAuthentication no' 'KbdInteractiveAuthentication no')
    profile lab
    warns forwarding "sshd does not forward to $LAB_SOCK*is used in its place" \
        "127.0.0.1: printf *AllowStreamLocalForwarding yes*AllowTcpForwarding yes*DisableForwarding no*"
    shows "ok: docker -H *dial-stdio" dial-stdio
    shows "ok: *" /version
    docktether update lab --set transport=streamlocal
    finds 7 forwarding "sshd does not forward to $LAB_SOCK*" "127.0.0.1: printf *AllowStreamLocalForwarding yes*AllowTcpForwarding yes*DisableForwarding no*"
}

@test "forwarding off and no command: 7, although somebody listens" {
    # What somebody there could connect with is there, docker is not.
    mkdir "$T/bin"
    ln -s "$(command -v perl)" "$(command -v sh)" "$(command -v id)" "$(command -v ls)" "$T/bin/"
    PORT=$(lab_sshd bare 'AllowStreamLocalForwarding no' "SetEnv HOME=$LAB/home PATH=$T/bin")
    profile lab
    finds 7 forwarding "*, where a process listens: *not found*" "127.0.0.1: printf *AllowStreamLocalForwarding yes*AllowTcpForwarding yes*DisableForwarding no*"
}

@test "everything disabled: 7" {
    PORT=$(lab_sshd shut 'DisableForwarding yes' 'ForceCommand /bin/false')
    profile lab
    finds 7 forwarding "sshd does not forward*" "127.0.0.1: *"
    shows "skipped: the remote shell gives no answer" socket
}

@test "a socket that is absent, is none, is deserted: 7" {
    profile lab --set socket="$LAB/none.sock"
    finds 7 socket "$LAB/none.sock does not exist*" "127.0.0.1: sudo systemctl enable --now docker"
    touch "$T/file"
    docktether update lab --set socket="$T/file"
    finds 7 socket "*is not a socket" "*"
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/stale.sock"
    docktether update lab --set socket="$T/stale.sock"
    finds 7 socket "*no process listens*not running" "127.0.0.1: sudo systemctl start docker"
}

@test "another socket there is proposed" {
    mkdir "$T/xdg"
    ln -s "$LAB_SOCK" "$T/xdg/docker.sock"
    sshd_with xdg : "SetEnv HOME=$LAB/home XDG_RUNTIME_DIR=$T/xdg"
    profile lab --set socket="$LAB/none.sock"
    finds 7 socket "*does not exist*" "docktether update lab --set socket='*/docker.sock'"
}

# Whoever controls the other side names that socket; whoever reads of it may paste it.
@test "what the other side says puts no command into a remedy" {
    # shellcheck disable=SC2016 # it is a name
    local name='$(touch${IFS}owned)'
    mkdir "$T/$name"
    ln -s "$LAB_SOCK" "$T/$name/docker.sock"
    sshd_with evil : "SetEnv HOME=$LAB/home XDG_RUNTIME_DIR=$T/$name"
    profile lab --set socket="$LAB/none.sock"
    finds 7 socket "*does not exist*" "docktether update lab --set socket=*owned*"
    PATH=$(dirname "$DOCKTETHER"):$PATH bash -c "$(told fix)"
    grep -qF "$name" "$STORE/lab.ini"
    [ ! -e owned ]
    diagnose 0
}

@test "a socket that this login may not use: 7, and the group" {
    lab_new_user
    python3 -c 'import socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1])' "$T/guarded.sock"
    chgrp daemon "$T/guarded.sock"
    chmod 0660 "$T/guarded.sock"
    WHO=$LAB_OTHER profile lab --set socket="$T/guarded.sock"
    finds 7 permission "*$LAB_OTHER is not in group daemon" "127.0.0.1: sudo usermod -aG daemon $LAB_OTHER"
    shows "ok: $T/guarded.sock" socket
    shows "blocked: needs: permission" /_ping
    mkdir -m 0700 "$T/shut"
    docktether update lab --set socket="$T/shut/docker.sock"
    finds 7 permission "*may not enter it" "docktether update lab --set transport=dial-stdio *"
}

# serve_at PATH ANSWER: somebody else's server on a unix socket.
serve_at() {
    lab_spawn "$T/other.log" python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
while True:
    c, _ = s.accept()
    if c.recv(4096):
        c.sendall(sys.argv[2].encode().decode("unicode_escape").encode())
    c.close()' "$1" "$2"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -S "$1"
}

@test "what answers is no Docker: 7" {
    serve_at "$T/web.sock" 'HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n'
    profile lab --set socket="$T/web.sock"
    finds 7 /_ping '*not from Docker: "HTTP/1.0 404 Not Found"' "docktether update lab --set socket=auto"
    shows "blocked: needs: /_ping" /version
    serve_at "$T/odd.sock" 'HELO \x1b[31mred\r\n'
    docktether update lab --set socket="$T/odd.sock"
    finds 7 /_ping '*not from Docker: "HELO \\x1b*' "*"
}

# ---- remedies that were seen to work ------------------------------------------------------------------

# policy NAME LINE...: a server with the lines, and with a file that it reads before them; sets PORT.
policy() {
    local name=$1
    shift
    mkdir -p "$LAB/sshd/$name"
    : >"$LAB/sshd/$name/00.conf"
    PORT=$(lab_sshd "$name" "Include $LAB/sshd/$name/00.conf" "$@" 'PasswordAuthentication no' \
        'KbdInteractiveAuthentication no')
}

# as_root NAME [QUESTION]: runs the remedy, its sudo and its file being those of the server NAME.
as_root() {
    local dir=$LAB/sshd/$1 fix
    mkdir -p "$T/root"
    # shellcheck disable=SC2016 # for the script
    printf '#!/bin/sh\n%s\n' 'case $1 in systemctl | sshd) exit 0 ;; esac; exec "$@"' >"$T/root/sudo"
    chmod +x "$T/root/sudo"
    fix=$(told "${2:-fix}")
    fix=${fix#127.0.0.1: }
    PATH=$T/root:$PATH bash -c "${fix//\/etc\/ssh\/sshd_config.d\/00-docktether.conf/$dir/00.conf}"
    [ -d "$dir" ] || return 0
    kill -HUP "$(cat "$dir/pid")"
    wait_for 10 reread "$1"
}

# reread NAME: the server has read its configuration anew.
reread() {
    [ "$(grep -c '^Server listening' "$LAB/sshd/$1/log")" -ge 2 ]
}

@test "each setting of sshd that closes the way to the socket is named, and the remedy opens it" {
    local n=0 line
    profile lab
    for line in 'AllowStreamLocalForwarding no' 'AllowTcpForwarding no' 'DisableForwarding yes' 'PermitOpen none' \
        'AllowTcpForwarding remote' 'PermitOpen 192.0.2.1:22'; do
        n=$((n + 1))
        policy "closed$n" "$line"
        docktether update lab "ssh://$LAB_USER@127.0.0.1:$PORT$LAB_SOCK" --set transport=streamlocal
        finds 7 forwarding "sshd does not forward to $LAB_SOCK*" "127.0.0.1: printf *"
        shows "*AllowStreamLocalForwarding, AllowTcpForwarding, DisableForwarding or PermitOpen*ask its administrator first*" hint
        as_root "closed$n"
        diagnose 0
        shows "ok: streamlocal*" forwarding
        # It is for this user alone, and what is appended later is for everybody.
        [ "$(head -n 1 "$LAB/sshd/closed$n/00.conf")" = "Match User $LAB_USER" ]
        [ "$(tail -n 1 "$LAB/sshd/closed$n/00.conf")" = "Match all" ]
    done
}

@test "a key that is accepted and not enough: 5, and the remedy is not another copy of it" {
    policy more 'PasswordAuthentication yes' 'AuthenticationMethods publickey,password'
    profile lab
    finds 5 login "*accepted the key*" "127.0.0.1: printf *'AuthenticationMethods publickey'*"
    shows "AuthenticationMethods of its sshd_config asks for more than a key*ask its administrator first*" hint
    as_root more
    diagnose 0
    # Another key is wanted: no setting, and no copy.
    policy two 'AuthenticationMethods publickey,publickey'
    docktether update lab "ssh://$LAB_USER@127.0.0.1:$PORT$LAB_SOCK"
    finds 5 login "*accepted the key*" ""
    shows "*--identity FILE --identity FILE" hint
}

@test "a hop that is mended while its tether runs: doctor says what helps" {
    policy shuthop 'AllowTcpForwarding no'
    hop_at "$PORT"
    PORT=$(cat "$LAB/quiet.port")
    profile lab --via bastion
    docktether up bastion
    finds 6 TCP "127.0.0.1 cannot reach 127.0.0.1 port $PORT*" "127.0.0.1: printf *AllowTcpForwarding yes*"
    shows "*docktether down bastion, because its tether keeps a session with the old settings*" hint
    as_root shuthop
    # The session of before is still the one that is asked.
    diagnose 6
    docktether down bastion
    diagnose 0
    shows "ok: 127.0.0.1 port $PORT through bastion" TCP
}

@test "each setting of sshd that keeps a hop from connecting is named, and the remedy opens it" {
    local n=0 line port
    port=$(cat "$LAB/quiet.port")
    for line in 'AllowTcpForwarding no' 'AllowTcpForwarding remote' 'DisableForwarding yes' 'PermitOpen 192.0.2.1:22'; do
        n=$((n + 1))
        policy "hop$n" "$line"
        if [ "$n" = 1 ]; then
            hop_at "$PORT"
            PORT=$port profile lab --via bastion
        else
            docktether update bastion "ssh://$LAB_USER@127.0.0.1:$PORT"
        fi
        finds 6 TCP "*it cannot connect to 127.0.0.1 port $port*" "127.0.0.1: printf *"
        shows "*usually AllowTcpForwarding, DisableForwarding or PermitOpen*ask its administrator first*" hint
        as_root "hop$n"
        diagnose 0
    done
}

@test "a Windows host gets its own file and no command for another system" {
    PORT=$(lab_sshd windows 'VersionAddendum for_Windows_9.5')
    profile lab
    diagnose 0
    shows "warning: *takes more than keys" methods
    shows "" "methods fix"
    # shellcheck disable=SC1003 # no escape
    shows '*PasswordAuthentication no* in C:\\ProgramData\\ssh\\sshd_config, then Restart-Service sshd' "methods hint"
}

@test "a server that asks for no login: a warning, and a key is wanted all the same" {
    lab_spawn "$T/open.log" /usr/bin/python3 "$PEERS/asyncsshd.py" "$T/port" "$LAB/host_ed25519" \
        "$LAB/authorized_keys" open
    at_end "$LAB_SPAWNED"
    wait_for 10 test -e "$T/port"
    PORT=$(cat "$T/port")
    profile lab
    sed -i '/^identity/d' "$STORE/lab.ini"
    finds 5 keys "there is no key to log in with*" "ssh-keygen -t ed25519 -f ~/.ssh/id_ed25519"
    shows "warning: the server lets $LAB_USER in without any key" methods
    shows "*logs in by key alone, and this server takes any key" "methods hint"
    shows "" "methods fix"
    # Any key will do, as the hint says.
    lab_new_key "$T/any"
    docktether update lab --identity "$T/any"
    diagnose 0
    docktether up lab
}

# ---- local directories ------------------------------------------------------------------------------------

@test "directories of another user: 1, and the remedy gives them back" {
    local path
    profile lab
    docktether up lab
    docktether down lab
    for path in "$RUN" "$HOME/.local/state/docktether"; do
        chown nobody "$path"
        run -1 docktether up lab
        finds 1 directories "$path belongs to another user*" "sudo chown -R *'$path'"
        as_root none
        diagnose 0
        docktether up lab
        docktether down lab
    done
}

@test "a directory that is a file, is open to others, or cannot be made: 1" {
    profile lab
    touch "$T/run/docktether"
    finds 1 directories "$RUN is not a directory" "mv '$RUN' '$RUN.old'"
    bash -c "$(told fix)"
    diagnose 0
    mkdir -m 0777 "$RUN"
    chmod 0777 "$RUN"
    finds 1 directories "$RUN can be written by others*" "chmod u+rwx,go-w '$RUN'"
    bash -c "$(told fix)"
    diagnose 0
}

# as_other COMMAND...: docktether as LAB_OTHER, with a home and a runtime directory of its own.
as_other() {
    [ -e "$T/program" ] || install -m 0755 "$DOCKTETHER" "$T/program"
    setpriv --reuid "$LAB_OTHER" --clear-groups env HOME="$T/other" XDG_RUNTIME_DIR="$T/locked" XDG_CONFIG_HOME= \
        XDG_STATE_HOME= DOCKER_CONFIG= "$T/program" "$@"
}

@test "a runtime directory that this user cannot make, and a lock of root's: 1" {
    lab_new_user
    profile lab
    mkdir -p "$T/other/.config/docktether/profiles" "$T/locked"
    cp "$STORE/lab.ini" "$T/other/.config/docktether/profiles/"
    chown -R "$LAB_OTHER" "$T/other"
    run -1 as_other doctor lab
    [[ $output == *"Problem: directories: $T/locked/docktether cannot be created: $T/locked: Permission denied"* ]]
    [[ $output == *"sudo install -d -m 700 -o \"\$(id -un)\" '$T/locked/docktether'"* ]]
    install -d -m 700 -o "$LAB_OTHER" "$T/locked/docktether"
    run as_other doctor lab
    [[ $output == *"✓ directories"* ]]
    (umask 077 && : >"$T/locked/docktether/lab.lock")
    run -1 as_other doctor lab
    [[ $output == *"Problem: directories: $T/locked/docktether/lab.lock belongs to another user (uid 0)"* ]]
    [[ $output == *"sudo chown -R \"\$(id -un)\" '$T/locked/docktether/lab.lock'"* ]]
}

# ---- keys -----------------------------------------------------------------------------------------------

# full_agent: an agent with seven strangers and then the lab's key, in SSH_AUTH_SOCK.
full_agent() {
    local n
    export SSH_AUTH_SOCK=$T/full.sock
    lab_spawn "$T/full.log" ssh-agent -D -a "$SSH_AUTH_SOCK"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -S "$SSH_AUTH_SOCK"
    for n in 1 2 3 4 5 6 7; do
        lab_new_key "$T/k$n"
        ssh-add -q "$T/k$n"
    done
    ssh-add -q "$LAB_KEY"
}

@test "an agent with too many keys: the remedy names one of them, which is there" {
    local file
    full_agent
    mkdir -p ~/.ssh
    profile lab
    sed -i '/^identity/d' "$STORE/lab.ini"
    finds 5 login "*" "SSH_AUTH_SOCK=* ssh-add -L | sed -n 1p >~/.ssh/docktether-lab.pub && docktether update lab --identity *"
    # The hint says which line: the lab's key is the last one.
    shows "*8: $(ssh-keygen -lf "$LAB_KEY.pub" | cut -d' ' -f2)*" agent
    PATH=$(dirname "$DOCKTETHER"):$PATH bash -c "$(told "agent fix" | sed 's/1p/8p/')"
    diagnose 0
    shows "ok: as *docktether-lab.pub*" login
    # A file that names one of its keys is there already.
    docktether update lab --identity ''  || sed -i '/^identity/d' "$STORE/lab.ini"
    rm ~/.ssh/docktether-lab.pub
    cp "$LAB_KEY.pub" ~/.ssh/"my key.pub"
    diagnose 5
    file=$(told "agent fix")
    [ "$file" = "docktether update lab --identity ~/'.ssh/my key.pub'" ]
    PATH=$(dirname "$DOCKTETHER"):$PATH bash -c "$file"
    diagnose 0
    # With identities-only = no the way back is that.
    docktether update lab --identity "$T/k1" --set identities-only=no
    diagnose 5
    shows "docktether update lab --set identities-only=yes" "agent fix"
}

@test "certificates: out of date, of other principals, of a CA that is not trusted: no way round the CA" {
    lab_new_key "$T/ca"
    lab_new_key "$T/k"
    PORT=$(lab_sshd ca "TrustedUserCAKeys $T/ca.pub" 'AuthorizedKeysFile none' 'PasswordAuthentication no' \
        'KbdInteractiveAuthentication no')
    KEY=$T/k profile lab
    ssh-keygen -q -s "$T/ca" -I id -n "$LAB_USER" -V 20200101:20200201 "$T/k.pub"
    finds 5 login "*refused*" "ssh-keygen -L -f '$T/k-cert.pub'"
    shows "warning: the certificate $T/k-cert.pub has expired*" keys
    shows "the certificate $T/k-cert.pub has expired: its CA has to issue another one" hint
    ssh-keygen -q -s "$T/ca" -I id -n "someoneelse,another" "$T/k.pub"
    finds 5 login "*refused*" "ssh-keygen -L -f '$T/k-cert.pub'"
    shows "ok: *is for someoneelse, another and not for $LAB_USER*" keys
    shows "*is for someoneelse, another and not for $LAB_USER*" hint
    ssh-keygen -q -s "$LAB/stranger" -I id -n "$LAB_USER" "$T/k.pub"
    finds 5 login "*refused*" "ssh-keygen -L -f '$T/k-cert.pub'"
    shows "*trust the CA*TrustedUserCAKeys*" hint
    ssh-keygen -q -s "$T/ca" -I id -n "$LAB_USER" "$T/k.pub"
    diagnose 0
}

@test "a public key in the SSH2 format: 5, and the remedy converts it" {
    ssh-keygen -e -f "$LAB_KEY.pub" >"$T/key2"
    chmod 0644 "$T/key2"
    profile lab
    docktether update lab --identity "$T/key2"
    finds 5 keys "$T/key2 is a public key in the SSH2 format*" "ssh-keygen -i -f '$T/key2' >'$T/key2'.pub"
    bash -c "$(told fix)"
    cmp <(cut -d' ' -f1,2 "$T/key2.pub") <(cut -d' ' -f1,2 "$LAB_KEY.pub")
}

# ---- what is said ---------------------------------------------------------------------------------------

@test "reason, hint and command of the first failure are printed once" {
    profile lab
    docktether update lab --set socket=/nowhere
    run -7 docktether doctor lab
    [ "$(grep -c "/nowhere does not exist" <<<"$output")" -eq 1 ]
    [ "$(grep -c "systemctl enable --now docker" <<<"$output")" -eq 1 ]
    [[ $output == *"✗ socket "*"see below"* ]]
    # A hint that says no more than the command is left out.
    cp "$LAB_KEY" "$T/open"
    chmod 0644 "$T/open"
    docktether update lab --identity "$T/open"
    run -5 docktether doctor lab
    [ "$(grep -c "chmod 600" <<<"$output")" -eq 1 ]
}

@test "a start file that prints much hides no socket; one that prints before Docker's answer is named" {
    local size
    mkdir "$T/far"
    PORT=$(lab_sshd noisy "SetEnv HOME=$T/far" 'PasswordAuthentication no' 'KbdInteractiveAuthentication no')
    profile lab
    for size in 5000 300000; do
        printf 'yes "welcome to this host" | head -c %s\n' "$size" >"$T/far/.bashrc"
        diagnose 0
        shows "ok: $LAB_SOCK" socket
    done
    echo 'echo welcome to this host' >"$T/far/.bashrc"
    docktether update lab --set transport=dial-stdio
    finds 7 dial-stdio '*a start file of the remote shell prints "welcome to this host" before*' "*"
    shows "*print nothing in a shell that is not interactive*" hint
    # The line of the hint mends it.
    printf '%s\n' "$(told hint | sed 's/.*: //')" "$(cat "$T/far/.bashrc")" >"$T/far/.bashrc"
    diagnose 0
}

# ---- Docker's files and variables here -----------------------------------------------------------------------

@test "a broken meta.json is found and named: 1, and its remedy works" {
    local meta=$DOCKER_CONFIG/contexts/meta
    profile lab
    mkdir -p "$meta/0123/"
    echo '{"Name": "x",' >"$meta/0123/meta.json"
    run -1 docker context ls
    finds 1 contexts "$meta/0123/meta.json breaks *" "mv '$meta/0123/meta.json' *"
    bash -c "$(told fix)"
    diagnose 0
    run -0 docker context ls
    # Types that Docker cannot decode break it as well.
    echo '{"Name": "x", "Metadata": {}, "Endpoints": {"docker": {"Host": 1}}}' >"$meta/0123/meta.json"
    run -1 docker context ls
    finds 1 contexts "*\"Host\" of its endpoint is not a string*" "mv *"
}

@test "the profile's own meta.json, broken or not its own: 1, and the remedy writes it again" {
    local meta
    export DOCKER_CONFIG="$T/it's docker's"
    profile lab
    meta=$DOCKER_CONFIG/contexts/meta/$(printf lab | sha256sum | cut -d' ' -f1)/meta.json
    echo '{"Name": "lab"' >"$meta"
    run -1 docker context ls
    finds 1 context "*does not parse*" "mv * && docktether update lab --set context=yes"
    [[ $(docktether doctor lab) == *"hint: \`docker context ls\` may fail for every context"* ]]
    PATH="$(dirname "$DOCKTETHER"):$PATH" bash -c "$(told fix)"
    diagnose 0
    run -0 docker context ls
    sed -i 's/"lab"/"copy"/' "$meta"
    finds 1 context '*is named "copy"*' "mv * && docktether update lab --set context=yes"
    PATH="$(dirname "$DOCKTETHER"):$PATH" bash -c "$(told fix)"
    diagnose 0
    # Nor is a link written through.
    mv "$meta" "$T/elsewhere"
    ln -s "$T/elsewhere" "$meta"
    finds 1 context "*is a symbolic link*" "docktether update lab --set context=no"
    PATH="$(dirname "$DOCKTETHER"):$PATH" bash -c "$(told fix)"
    diagnose 0
    # The path of another's is quoted as well.
    echo '{' >"$T/elsewhere"
    finds 1 contexts "*" "mv *"
    bash -c "$(told fix)"
    diagnose 0
}

@test "a context that is gone, or leads elsewhere, is a warning with its remedy" {
    local meta
    profile lab
    meta=$DOCKER_CONFIG/contexts/meta/$(printf lab | sha256sum | cut -d' ' -f1)/meta.json
    sed -i 's|lab\.sock|other.sock|' "$meta"
    warns context '"lab" leads to unix://*other.sock*' "docktether update lab --set context=yes"
    docktether update lab --set context=yes
    diagnose 0
    shows "ok: *" context
    rm "$meta"
    warns context 'Docker has no context "lab"' "docktether update lab --set context=yes"
}

@test "DOCKER_HOST and DOCKER_CONTEXT shadow the profile" {
    profile lab
    export DOCKER_HOST=tcp://192.0.2.1:2375
    warns environment "DOCKER_HOST=tcp://192.0.2.1:2375 takes precedence*" "unset DOCKER_HOST;"
    DOCKER_HOST=unix://$RUN/lab.sock
    diagnose 0
    shows "ok: *this profile here (DOCKER_HOST)" environment
    export DOCKER_TLS_VERIFY=1
    warns environment "DOCKER_TLS_VERIFY is set*" "unset DOCKER_TLS_VERIFY;"
    unset DOCKER_HOST DOCKER_TLS_VERIFY
    export DOCKER_CONTEXT=other
    warns environment "DOCKER_CONTEXT=other takes precedence*" "unset DOCKER_CONTEXT;"
}

@test "proxies of the former address are lost, and the remedy brings them back" {
    local config=$DOCKER_CONFIG/config.json
    profile lab
    echo '{"proxies": {"ssh://root@127.0.0.1": {"httpProxy": "http://proxy:3128"}, "default": {}}}' >"$config"
    chmod 0600 "$config"
    warns proxies "*proxies for ssh://root@127.0.0.1, which are not used with unix://*" "(f=*jq*"
    # The file may hold passwords: there is no second one at any time, and none is lost with jq.
    mkdir bin
    # shellcheck disable=SC2016 # for the script
    printf '#!/bin/sh\nls -A "$DOCKER_CONFIG" >"$T/during"\necho "{half"\nexit 5\n' >bin/jq
    chmod +x bin/jq
    ls -A "$DOCKER_CONFIG" >"$T/names"
    cp "$config" "$T/before"
    PATH=$PWD/bin:$PATH run -5 bash -c "$(told "proxies fix")"
    ls -A "$DOCKER_CONFIG" >"$T/after"
    cmp "$T/during" "$T/names"
    cmp "$T/after" "$T/names"
    cmp "$config" "$T/before"
    if command -v jq >/dev/null; then
        bash -c "$(told "proxies fix")"
        diagnose 0
        shows "ok: config.json has them for this profile's socket" proxies
        [ "$(stat -c %a "$config")" = 600 ]
        # Somebody keeps it elsewhere, and it stays there.
        mv "$T/before" "$T/kept.json"
        ln -sf "$T/kept.json" "$config"
        warns proxies "*" "(f=*jq*"
        bash -c "$(told "proxies fix")"
        [ -L "$config" ]
        diagnose 0
        shows "ok: config.json has them for this profile's socket" proxies
        rm "$config"
    fi
    echo '{"proxies": {"default": {}}}' >"$config"
    diagnose 0
    shows 'ok: those of "default"*' proxies
    echo '{"proxies": ' >"$config"
    diagnose 0
    shows "warning: *does not parse*" environment
    shows "\${EDITOR:-vi} '$config'" "environment fix"
    shows "\${EDITOR:-vi} '$config'" "proxies fix"
}

# ---- without a socket of its own ------------------------------------------------------------------------------

@test "a profile that is only a way to others is looked at up to its login" {
    PORT=$(cat "$LAB/quiet.port")
    hop_at "$PORT"
    diagnose 0 bastion
    shows "ok: as *" login
    shows "skipped: socket = none*" socket
    shows "skipped: socket = none*" context
}
