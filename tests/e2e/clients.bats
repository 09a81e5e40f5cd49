#!/usr/bin/env bats
# Programs that know nothing of docktether, through NAME.sock.

load common

setup_file() {
    lab_up docker || return 1
    [ -z "$LAB_SKIP" ] || return 0
    lab_docker run -d --name keeper bb sleep 100000
}

teardown_file() {
    lab_down
}

setup() {
    setup_home
    new_profile lab
    docktether up lab
    SOCK=$RUN/lab.sock
}

teardown() {
    teardown_home
}

# through DOCKER...: what a docker CLI is good for, by that program.
through() {
    "$1" --context lab version
    [ "$("$1" --context lab run --rm bb echo hi)" = hi ]
    [ "$(echo hi | "$1" --context lab run --rm -i bb cat)" = hi ]
    "$1" --context lab ps | grep keeper
    "$1" -H "unix://$SOCK" ps | grep keeper
}

@test "docker from the PATH" {
    through docker
}

@test "every other docker CLI of this machine" {
    local cli others=()
    while read -r cli; do
        [ "$(realpath "$cli")" = "$(realpath "$(command -v docker)")" ] || others+=("$cli")
    done < <(type -ap docker | sort -u)
    [ "${#others[@]}" -gt 0 ] || skip "there is no other"
    for cli in "${others[@]}"; do
        "$cli" --version
        through "$cli"
    done
}

@test "docker-compose: up, ps, exec, logs, down" {
    command -v docker-compose >/dev/null || skip "no docker-compose here"
    export DOCKER_HOST=unix://$SOCK
    cat >docker-compose.yml <<'YAML'
version: '2.4'
services:
  one: &service
    image: bb
    network_mode: none
    command: sh -c 'echo hello from compose; exec sleep 100000'
  two: *service
  three: *service
  four: *service
YAML
    docker-compose -p tethered up -d
    [ "$(docker-compose -p tethered ps -q | wc -l)" = 4 ]
    [ "$(docker-compose -p tethered exec -T two echo hi)" = hi ]
    docker-compose -p tethered logs --no-color | grep -c 'hello from compose' | grep -qx 4
    docker-compose -p tethered down -t 0
    [ -z "$(lab_docker ps -aq --filter label=com.docker.compose.project=tethered)" ]
}

# The Python that has the module: the distribution's own, where another comes first in the PATH.
python_with_docker() {
    local python
    for python in python3 /usr/bin/python3; do
        "$python" -c 'import docker' 2>/dev/null && echo "$python" && return
    done
}

@test "docker-py: run, exec, logs, put_archive and get_archive" {
    local python
    python=$(python_with_docker)
    [ -n "$python" ] || skip "no python3-docker here"
    "$python" - "$SOCK" <<'PYTHON'
import io
import sys
import tarfile

import docker

client = docker.DockerClient(base_url="unix://" + sys.argv[1])
assert client.ping()
assert client.containers.run("bb", "echo hi", remove=True) == b"hi\n"

keeper = client.containers.get("keeper")
code, output = keeper.exec_run(["sh", "-c", "echo out; exit 3"])
assert (code, output) == (3, b"out\n"), (code, output)

data = bytes(range(256)) * 10000
buffer = io.BytesIO()
with tarfile.open(fileobj=buffer, mode="w") as tar:
    entry = tarfile.TarInfo("blob")
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
assert keeper.put_archive("/tmp", buffer.getvalue())
chunks, _ = keeper.get_archive("/tmp/blob")
with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
    assert tar.extractfile("blob").read() == data

# A hijacked connection, both ways, with a half close.
sock = keeper.exec_run("cat", stdin=True, socket=True, tty=True).output
sock._sock.sendall(b"through\n")
assert b"through" in sock._sock.recv(100)
sock.close()
client.close()
PYTHON
}

@test "curl --unix-socket" {
    [ "$(curl -sf --unix-socket "$SOCK" http://docker/_ping)" = OK ]
    diff <(curl -sf --unix-socket "$SOCK" http://docker/images/json) \
        <(curl -sf --unix-socket "$LAB_SOCK" http://docker/images/json)
    # Many requests on one connection.
    run -0 curl -sf --unix-socket "$SOCK" "http://docker/_ping?[1-100]"
    [ "$output" = "$(printf 'OK%.0s' $(seq 100))" ]
}
