#!/usr/bin/env bats
# The docker CLI through a tether does what it does on the socket itself, byte for byte.
# shellcheck disable=SC2016 # what is in single quotes is for the shell of a container

load lib/common

setup_file() {
    lab_up || return 1
    [ -z "$LAB_SKIP" ] || return 0
    lab_docker run -d --name keeper bb sleep 100000
}

setup() {
    setup_home
    new_profile lab
    docktether up lab
}

# once WAY FILE COMMAND...: output, errors and exit status in FILE.*
once() {
    local way=$1 file=$2 status=0
    shift 2
    "$way" "$@" >"$file.out" 2>"$file.err" || status=$?
    echo "$status" >"$file.status"
}

through_lab() {
    tethered lab "$@"
}

# same COMMAND...: equal in all three. What changes from second to second ("Up 3
# seconds") is tried again until it stood still around the tethered run.
same() {
    local try part
    for try in 1 2 3 4 5 6 7 8 9 10; do
        once direct before "$@"
        once through_lab through "$@"
        once direct after "$@"
        cmp -s before.out after.out && cmp -s before.err after.err && break
        echo "not steady, attempt $try"
    done
    for part in out err status; do
        diff "before.$part" "through.$part"
    done
}

@test "docker version" {
    same docker version
    grep -q 'Server:' through.out
}

@test "docker ps" {
    same docker ps --all --no-trunc
    grep -q keeper through.out
}

@test "docker info and an error message" {
    same docker info --format '{{.ID}} {{.Containers}} {{.Driver}}'
    same docker inspect no-such-thing
    [ "$(cat through.status)" = 1 ]
}

@test "docker run attached: both streams and the exit status" {
    same docker run --rm bb sh -c 'echo to stdout; echo to stderr >&2; exit 3'
    [ "$(cat through.out)" = 'to stdout' ]
    [ "$(cat through.err)" = 'to stderr' ]
    [ "$(cat through.status)" = 3 ]
}

@test "the end of stdin arrives, and the output is whole" {
    run -0 --separate-stderr through_lab docker run --rm -i bb cat < <(echo hi)
    [ "$output" = hi ]
    [ -z "$stderr" ]
}

@test "an empty stdin ends at once" {
    run -0 through_lab timeout 20 docker run --rm -i bb wc -c </dev/null
    [ "$output" = 0 ]
}

@test "what arrives after the end of stdin is not lost" {
    run -0 through_lab docker exec -i keeper sh -c 'cat >/dev/null; sleep 1; seq 1 50000' < <(echo hi)
    [ "$(printf '%s\n' "$output" | sha256sum)" = "$(seq 1 50000 | sha256sum)" ]
}

@test "20 MB there and back again" {
    head -c 20000000 /dev/urandom >blob
    through_lab docker run --rm -i bb cat <blob >copy
    cmp blob copy
}

@test "exec -it under a terminal, with a resize" {
    # A terminal has no size at first, which stty complains of. Its number is not ours to know.
    local script='becomes() { until [ "$(stty size 2>/dev/null)" = "$1" ]; do sleep 0.05; done; }
        becomes "33 97"; echo first; read line; becomes "10 20"; echo second $line; tty >/dev/null && echo a terminal; exit 5'
    local steps=(-s 33x97 expect:first 'send:word\r' resize:10x20 'expect:second word')
    once direct before python3 "$TOOLS/terminal.py" "${steps[@]}" -- docker exec -it keeper sh -c "$script"
    [ "$(cat before.status)" = 5 ] || skip "docker itself passes no resize on here"
    once through_lab through python3 "$TOOLS/terminal.py" "${steps[@]}" -- \
        docker exec -it keeper sh -c "$script"
    cat through.*
    [ "$(cat through.status)" = 5 ]
    diff before.out through.out
    diff before.err through.err
}

@test "a shell under a terminal takes keys as they come" {
    # The shell drops what was typed before its prompt.
    run -0 through_lab python3 "$TOOLS/terminal.py" 'expect:#' 'send:echo a$((20+3))z; cat\r' 'expect:a23z' \
        'send:word\r' 'expect:word\r\nword' 'send:\x03' 'expect:\^C' 'expect:#' 'send:echo b$((20+4))z\r' \
        'expect:b24z' 'expect:#' 'send:\x04' -- docker exec -it keeper sh
}

lines_are() {
    [ "$(wc -l <"$1")" -eq "$2" ]
}

@test "logs -f follows to the end" {
    local client
    lab_docker run -d --name talker bb sh -c 'seq 1 20000; seq 1 10 >&2
        while [ ! -e /go ]; do sleep 0.1; done; seq 20001 20100'
    through_lab docker logs -f talker >through.out 2>through.err 3>&- &
    client=$!
    wait_for 20 lines_are through.out 20000
    lab_docker exec talker touch /go
    wait "$client"
    lab_docker logs talker >before.out 2>before.err
    cmp before.out through.out
    cmp before.err through.err
    lines_are through.out 20100
    lab_docker rm -f talker
}

@test "events, those that were and those that come" {
    local since client
    since=$(date +%s)
    lab_docker run --rm --name first bb true
    through_lab docker events --since "$since" --format '{{json .}}' >through.out 3>&- &
    client=$!
    at_end "$client"
    wait_for 20 grep -q '"destroy".*"name":"first"' through.out
    lab_docker run --rm --name second bb true
    wait_for 20 grep -q '"destroy".*"name":"second"' through.out
    direct docker events --since "$since" --until "$(($(date +%s) + 1))" --format '{{json .}}' >before.out
    end "$client"
    diff before.out through.out
}

@test "attach, and detach without a trace" {
    lab_docker run -dit --name attached bb sh
    run through_lab python3 "$TOOLS/terminal.py" 'send:echo x$((40+2))y\r' 'expect:x42y' \
        'send:\x10\x11' -- docker attach attached
    echo "$output"
    [ "$(lab_docker inspect -f '{{.State.Running}}' attached)" = true ]
    wait_for 10 connections_are lab open 0
    run -4 through_lab python3 "$TOOLS/terminal.py" 'send:echo x$((40+3))y\r' 'expect:x43y' \
        'send:exit 4\r' -- docker attach attached
    lab_docker rm -f attached
}

@test "cp both ways" {
    mkdir -p tree/sub
    head -c 5000000 /dev/urandom >tree/blob
    echo text >tree/sub/file
    chmod 0640 tree/sub/file
    ln -s sub/file tree/link
    through_lab docker cp tree keeper:/tmp/tree
    [ "$(lab_docker exec keeper sh -c 'sha256sum </tmp/tree/blob')" = "$(sha256sum <tree/blob)" ]
    through_lab docker cp keeper:/tmp/tree back
    diff -r --no-dereference tree back
    [ "$(stat -c %a back/sub/file)" = 640 ]
    [ "$(readlink back/link)" = sub/file ]
    through_lab docker cp keeper:/tmp/tree - | sha256sum >through.out
    direct docker cp keeper:/tmp/tree - | sha256sum >before.out
    diff before.out through.out
    lab_docker exec keeper rm -rf /tmp/tree
}

# bats test_tags=long
@test "build with a context of 200 MB" {
    local sum
    mkdir context
    head -c "$(in_long 200000000 20000000)" /dev/urandom >context/blob
    sum=$(sha256sum <context/blob | cut -d' ' -f1)
    printf 'FROM bb\nCOPY blob /blob\nRUN sha256sum /blob\n' >context/Dockerfile
    DOCKER_BUILDKIT=0 through_lab docker build -t built context >through.out 2>&1
    grep -q "$sum  /blob" through.out
    # The same context once more, without the tether: what has arrived there is the same to the last bit.
    DOCKER_BUILDKIT=0 direct docker build -t again context 2>&1 | grep -c 'Using cache' | grep -qx 2
    [ "$(lab_docker image inspect -f '{{.Id}}' built)" = "$(lab_docker image inspect -f '{{.Id}}' again)" ]
    lab_docker rmi built again
}

# bats test_tags=long
@test "save and load of 600 MB" {
    local id
    head -c "$(in_long 600000000 40000000)" /dev/urandom >blob
    tar -c blob | lab_docker import - big
    rm blob
    id=$(lab_docker image inspect -f '{{.Id}}' big)
    # Docker 25 and newer write no two archives alike: then the image that is loaded has to do.
    local same=yes
    direct docker save big | sha256sum >before.out
    direct docker save big | sha256sum >again.out
    cmp -s before.out again.out || same=
    through_lab docker save big | tee big.tar | sha256sum >through.out
    [ -z "$same" ] || diff before.out through.out
    lab_docker rmi big
    through_lab docker load -i big.tar
    [ "$(lab_docker image inspect -f '{{.Id}}' big)" = "$id" ]
    direct docker save big | sha256sum >after.out
    [ -z "$same" ] || diff before.out after.out
    lab_docker rmi big
}
