#!/usr/bin/env bats
# Real clients that know nothing of docktether. Each is a script here that says on standard output what it found,
# the same in every run; it is run against the Docker Engine itself and through a tether, and must say the same.

load ../e2e/lib/common
load ../e2e/lib/podman

setup() {
    setup_home
    CLIENTS=$BATS_TEST_DIRNAME
    new_profile lab
    docktether up lab
    export COMPOSE_PARALLEL_LIMIT=8
}

# in_place DIRECTORY COMMAND...: in a directory of its own, with its transcript and what it complained of.
in_place() {
    local dir=$T/$1
    shift
    mkdir -p "$dir"
    (
        cd "$dir" || exit 1
        timeout 600 "$@" >transcript 2>complaints 3>&-
    ) || { echo "exit $? of $*"; cat "$dir/transcript" "$dir/complaints"; return 1; }
}

# same COMMAND...: with DOCKER_HOST, and the two transcripts are one.
same() {
    in_place direct env DOCKER_HOST="unix://$LAB_SOCK" "$@"
    in_place tethered env DOCKER_HOST="unix://$RUN/lab.sock" "$@"
    one_transcript
}

one_transcript() {
    cat "$T/direct/transcript" "$T/direct/complaints"
    [ "$(tail -n 1 "$T/direct/transcript")" = finished ]
    diff -u "$T/direct/transcript" "$T/tethered/transcript"
    [ "$(status_of lab connections open)" = 0 ] || wait_for 10 nothing_open
}

nothing_open() {
    [ "$(status_of lab connections open)" = 0 ]
}

# What comes from npm, once for all tests here.
npm_packages() {
    command -v node >/dev/null || without "no node here (Debian: nodejs)"
    command -v npm >/dev/null || without "no npm here (Debian: npm)"
    [ -e "$LAB/npm/installed" ] || { "$CLIENTS/install" "$LAB/npm" >"$LAB/npm.log" 2>&1 && touch "$LAB/npm/installed"; } ||
        without "npm cannot install: $(tail -n 1 "$LAB/npm.log")"
    export NODE_PATH=$LAB/npm/node_modules
}

# The Python that has the module: the distribution's own, where another comes first in the PATH.
python_with_docker() {
    local python
    for python in python3 /usr/bin/python3; do
        "$python" -c 'import docker' 2>/dev/null && echo "$python" && return
    done
    return 1
}

@test "docker, each CLI of this machine" {
    local cli seen=' '
    while read -r cli; do
        cli=$(realpath "$cli")
        [[ $seen != *" $cli "* ]] || continue
        seen+="$cli "
        "$cli" --version
        same "$CLIENTS/docker-cli" "$cli"
    done < <(type -ap docker)
    [ "$seen" != ' ' ]
}

@test "docker by its context, not by DOCKER_HOST" {
    docktether use lab
    in_place tethered "$CLIENTS/docker-cli"
    docktether use default
    in_place direct env DOCKER_HOST="unix://$LAB_SOCK" "$CLIENTS/docker-cli"
    one_transcript
}

@test "docker-compose 1.29" {
    command -v docker-compose >/dev/null || without "no docker-compose here"
    same "$CLIENTS/docker-compose"
}

@test "docker-py" {
    local python
    python=$(python_with_docker) || without "no docker-py here (Debian: python3-docker)"
    same "$python" "$CLIENTS/docker-py.py"
}

@test "npm dockerode" {
    npm_packages
    same node "$CLIENTS/dockerode.js"
}

@test "npm testcontainers" {
    npm_packages
    export TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_HOST_OVERRIDE=localhost
    same node "$CLIENTS/testcontainers.js"
}

@test "podman --remote" {
    podman_service
    docktether create pod "ssh://$LAB_USER@127.0.0.1:$LAB_PORT$LAB/podman.sock" --identity "$LAB_KEY" --pin "$LAB_PIN"
    docktether up pod
    in_place direct env CONTAINER_HOST="unix://$LAB/podman.sock" BB="$LAB/bb" "$CLIENTS/podman-remote"
    in_place tethered env CONTAINER_HOST="unix://$RUN/pod.sock" BB="$LAB/bb" "$CLIENTS/podman-remote"
    one_transcript
}

@test "curl" {
    same "$CLIENTS/curl"
}

@test "VS Code: DOCKER_HOST, and the current context" {
    npm_packages
    same node "$CLIENTS/vscode.js"
    docktether use lab
    in_place tethered node "$CLIENTS/vscode.js"
    one_transcript
}
