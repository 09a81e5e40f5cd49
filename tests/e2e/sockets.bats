#!/usr/bin/env bats
# Docker sockets of other shapes: where they are found, Podman's, and what is said of
# those that this login may not use.
# shellcheck disable=SC2154,SC2153 # run sets stderr, sshd_with PORT

load lib/common
load lib/podman

setup_file() {
    lab_up || return 1
    [ -z "$LAB_SKIP" ] || return 0
    # Logins of other users have to get to the sockets in it.
    chmod 0711 "$LAB"
}

setup() {
    setup_home
    chmod 0711 "$T"
}

# seeker: the profile `lab` with socket=auto at PORT.
seeker() {
    docktether create lab "ssh://${WHO:-$LAB_USER}@127.0.0.1:$PORT" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set socket=auto
}

# found PATH: that is where the tether has found it, and it says so.
found() {
    [ "$(status_of lab remote_socket)" = "$1" ]
    [ "$(status_of lab transport)" = streamlocal ]
    run -0 docktether status lab
    [[ $output == *"$1"* ]]
    docktether logs lab | grep -q "serving $1 by "
    answers lab
}

# ---- where it is -------------------------------------------------------------------------

@test "auto: the usual place" {
    sshd_with usual "ln -s $LAB_SOCK /run/docker.sock"
    seeker
    docktether up lab
    found /var/run/docker.sock
}

@test "auto: rootless Docker, by the user's number" {
    sshd_with rootless "mkdir -p /run/user/$(id -u); ln -s $LAB_SOCK /run/user/$(id -u)/docker.sock"
    seeker
    docktether up lab
    found "/run/user/$(id -u)/docker.sock"
}

@test "auto: rootless Docker, by XDG_RUNTIME_DIR of the remote login" {
    mkdir "$T/xdg"
    ln -s "$LAB_SOCK" "$T/xdg/docker.sock"
    sshd_with xdg : "SetEnv HOME=$LAB/home XDG_RUNTIME_DIR=$T/xdg"
    seeker
    docktether up lab
    found "$T/xdg/docker.sock"
}

@test "auto: DOCKER_HOST of the remote login goes before all others" {
    sshd_with host "ln -s /nowhere /run/docker.sock; ln -s $LAB_SOCK /run/podman.sock" \
        "SetEnv HOME=$LAB/home DOCKER_HOST=unix://$LAB_SOCK"
    seeker
    docktether up lab
    found "$LAB_SOCK"
}

# dead PATH: the socket of somebody who is gone.
dead() {
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1"
}

@test "auto: a socket that nobody listens on is passed over" {
    dead "$T/dead.sock"
    sshd_with stale "ln -s $T/dead.sock /run/docker.sock; mkdir -p /run/podman
        ln -s $LAB_SOCK /run/podman/podman.sock"
    seeker
    docktether up lab
    found /run/podman/podman.sock
}

@test "auto: with dial-stdio too" {
    sshd_with stdio "mkdir -p /run/user/$(id -u); ln -s $LAB_SOCK /run/user/$(id -u)/docker.sock" \
        'AllowStreamLocalForwarding no'
    seeker
    docktether up lab
    [ "$(status_of lab transport)" = dial-stdio ]
    [ "$(status_of lab remote_socket)" = "/run/user/$(id -u)/docker.sock" ]
    answers lab
}

@test "auto: a talkative login shell does not confuse it" {
    printf 'echo Welcome; echo docktether; echo docktether usable\n' >"$LAB/home/.bashrc"
    sshd_with talk "ln -s $LAB_SOCK /run/docker.sock"
    seeker
    docktether up lab
    found /var/run/docker.sock
    rm "$LAB/home/.bashrc"
}

@test "auto: nothing there: 7" {
    sshd_with empty :
    seeker
    fails_with 7 up lab
    [[ $stderr == *"no socket of Docker or Podman was found"* ]]
}

@test "auto: found again after the session was lost, even where it moved to" {
    sshd_with moving "ln -s $T/first /run/docker.sock; mkdir -p /run/podman
        ln -s $T/second /run/podman/podman.sock"
    ln -s "$LAB_SOCK" "$T/first"
    seeker
    docktether up lab
    found /var/run/docker.sock
    mv "$T/first" "$T/second"
    lab_stop_sshd moving
    lab_sshd_again moving
    wait_for 20 answers lab
    [ "$(status_of lab remote_socket)" = /run/podman/podman.sock ]
}

# ---- Podman ------------------------------------------------------------------------------

# driven: by the docker CLI and by podman itself.
driven() {
    [[ "$(tethered lab docker version)" == *Podman* ]]
    tar -C "$LAB/bb" -c . | tethered lab docker import -c 'CMD ["sh"]' - "pod$BATS_TEST_NUMBER"
    tethered lab docker images | grep -q "pod$BATS_TEST_NUMBER"
    podman --remote --url "unix://$RUN/lab.sock" images | grep -q "pod$BATS_TEST_NUMBER"
    podman --remote --url "unix://$RUN/lab.sock" info >/dev/null
    tethered lab docker create --name "c$BATS_TEST_NUMBER" --network none "pod$BATS_TEST_NUMBER" sh -c 'exit 3'
    podman --remote --url "unix://$RUN/lab.sock" ps -a | grep -q "c$BATS_TEST_NUMBER"
    tethered lab docker cp "c$BATS_TEST_NUMBER:/bin/busybox" busybox
    cmp busybox "$LAB/bb/bin/busybox"
    tethered lab docker rm "c$BATS_TEST_NUMBER"
}

@test "auto: rootful Podman, driven by docker and by podman --remote" {
    podman_service
    sshd_with podman "mkdir -m 0700 /run/podman; ln -s $LAB/podman.sock /run/podman/podman.sock"
    seeker
    docktether up lab
    [ "$(status_of lab remote_socket)" = /run/podman/podman.sock ]
    driven
}

@test "auto: Podman by its own dial-stdio where nothing is forwarded" {
    podman_service
    sshd_with podman2 "mkdir -m 0700 /run/podman; ln -s $LAB/podman.sock /run/podman/podman.sock" \
        'AllowStreamLocalForwarding no'
    seeker
    docktether up lab
    [ "$(status_of lab transport)" = dial-stdio ]
    [ "$(status_of lab remote_socket)" = /run/podman/podman.sock ]
    driven
}

@test "a dial-command of podman's" {
    podman_service
    new_profile lab --set transport=dial-stdio \
        --set "dial-command=podman --remote --url unix://$LAB/podman.sock system dial-stdio"
    docktether up lab
    driven
}

@test "auto: a user's own Podman" {
    podman_service
    lab_new_user
    local uid
    uid=$(id -u "$LAB_OTHER")
    chmod 0666 "$LAB/podman.sock"
    # Root's is there as well, and is not for this user.
    sshd_with podman3 "mkdir -m 0700 /run/podman; ln -s $LAB/podman.sock /run/podman/podman.sock
        mkdir -p /run/user/$uid/podman; ln -s $LAB/podman.sock /run/user/$uid/podman/podman.sock"
    WHO=$LAB_OTHER seeker
    docktether up lab
    [ "$(status_of lab remote_socket)" = "/run/user/$uid/podman/podman.sock" ]
    driven
    docktether down lab
    chmod 0600 "$LAB/podman.sock"
    lab_stop_sshd podman3
    lab_remove_users
}

# ---- no permission -------------------------------------------------------------------------

# forbidden MODE OWNER:GROUP: somebody's socket with these, at the path $T/d.sock.
forbidden() {
    dead "$T/d.sock"
    chown "$2" "$T/d.sock"
    chmod "$1" "$T/d.sock"
}

# as_other: the profile `lab` of another account at the path $T/d.sock.
as_other() {
    [ "$(id -u)" = 0 ] || skip "only root can make an account"
    lab_new_user
    docktether create lab "ssh://$LAB_OTHER@127.0.0.1:$LAB_PORT$T/d.sock" --identity "$LAB_KEY" \
        --pin "$LAB_PIN"
}

@test "a socket for a group that the user is not in: 7, the group is named, and joining it helps" {
    local group
    as_other
    group=$(stat -c %g "$LAB_SOCK")
    chown root:daemon "$LAB_SOCK"
    chmod 0660 "$LAB_SOCK"
    docktether update lab --set "socket=$LAB_SOCK"
    fails_with 7 up lab
    [[ ${stderr_lines[0]} == *"$LAB_SOCK on 127.0.0.1 is root:daemon 0660: $LAB_OTHER is not in group daemon"* ]]
    [[ ${stderr_lines[1]} == *"sudo usermod -aG daemon $LAB_OTHER"* ]]
    usermod -aG daemon "$LAB_OTHER"
    docktether up lab
    answers lab
    docktether down lab
    chown "root:$group" "$LAB_SOCK"
    lab_remove_users
}

@test "a socket for root alone: 7, and what else there is" {
    as_other
    forbidden 0600 root:root
    fails_with 7 up lab
    [[ ${stderr_lines[0]} == *"is root:root 0600: $LAB_OTHER may not use it"* ]]
    [[ ${stderr_lines[1]} != *usermod* && ${stderr_lines[1]} == *dial-command* ]]
    lab_remove_users
}

@test "a socket for the group root: nobody is told to join it" {
    as_other
    forbidden 0660 root:root
    fails_with 7 up lab
    [[ ${stderr_lines[0]} == *"$LAB_OTHER is not in group root"* ]]
    [[ ${stderr_lines[1]} != *usermod* ]]
    lab_remove_users
}

@test "a socket in a directory that is closed: 7, and the directory is named" {
    as_other
    mkdir -m 0700 "$T/closed"
    docktether update lab --set "socket=$T/closed/d.sock"
    fails_with 7 up lab
    [[ ${stderr_lines[0]} == *"$T/closed is root:root 0700, and $LAB_OTHER may not enter it"* ]]
    lab_remove_users
}

@test "auto says what is not permitted, too" {
    lab_new_user
    dead "$T/d.sock"
    chown root:daemon "$T/d.sock"
    chmod 0660 "$T/d.sock"
    sshd_with denied "ln -s $T/d.sock /run/docker.sock; mkdir -m 0700 /run/podman"
    WHO=$LAB_OTHER seeker
    fails_with 7 up lab
    [[ ${stderr_lines[0]} == *"/var/run/docker.sock on 127.0.0.1 is root:daemon 0660: $LAB_OTHER is not in group daemon"* ]]
    lab_stop_sshd denied
    lab_remove_users
}

@test "forwarding switched off and no docker to run: 7, and the setting is named" {
    local port
    port=$(lab_sshd shut 'AllowStreamLocalForwarding no')
    new_profile_at "$port" lab --set dial-command=no-such-docker
    fails_with 7 up lab
    [[ ${stderr_lines[0]} == *"is there and cannot be reached"*"exit status 127"* ]]
    [[ ${stderr_lines[1]} == *AllowStreamLocalForwarding* ]]
}
