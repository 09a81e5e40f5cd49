#!/usr/bin/env bats
# `docker tether`: the program as a plugin of Docker's CLI, its hooks and its completion, with
# every docker CLI that this machine has.

load lib/common
terminal_size 24x300

setup() {
    setup_home
    new_profile lab --description 'The lab'
}

# installed: the plugin, with its hooks.
installed() {
    docktether plugin install
    docktether plugin enable-hooks
}

# clis: the docker CLIs of this machine, one a line.
clis() {
    type -aP docker | xargs -rn1 realpath | sort -u
}

# major CLI: 28 of "Docker version 28.2.2, build e6534b4".
major() {
    "$1" --version | sed 's/.*version //; s/\..*//'
}

# A CLI that calls hooks by itself, or nothing.
cli_with_hooks() {
    local cli
    for cli in $(clis); do
        [ "$(major "$cli")" -lt 27 ] || { echo "$cli"; return; }
    done
}

# hook ERROR: our answer when a command of the CLI has failed so.
hook() {
    python3 -c 'import json, sys; print(json.dumps({"RootCmd": "ps", "Flags": {}, "CommandError": sys.argv[1]}))' \
        "$1" >request
    "$DOCKER_CONFIG/cli-plugins/docker-tether" tether docker-cli-plugin-hooks "$(cat request)" >answer
    [ ! -s answer ] || json_get Template <answer
}

@test "docker lists it, and passes on all its commands" {
    local cli
    docktether plugin install
    [ -n "$(clis)" ]
    for cli in $(clis); do
        "$cli" --help >help
        grep -q '^  tether\* .*Remote Docker hosts' help
        run -0 "$cli" tether ls -q
        [ "$output" = lab ]
        run -0 "$cli" tether up lab
        run -0 "$cli" tether exec lab sh -c "echo \$DOCKER_HOST"
        [ "$output" = "unix://$RUN/lab.sock" ]
        run -7 "$cli" tether exec lab sh -c 'exit 7'
        run -0 "$cli" tether down lab
    done
}

@test "its help and its messages say docker tether" {
    local cli
    docktether plugin install
    for cli in $(clis); do
        for words in 'tether --help' 'help tether' 'tether help' '--help tether'; do
            # shellcheck disable=SC2086 # words
            run -0 "$cli" $words
            [[ ${lines[0]} == 'Usage: docker tether COMMAND '* ]]
            [[ $output == *'docker tether help COMMAND'* ]]
            [[ $output != *'docktether help'* ]]
        done
        for words in 'tether up --help' 'help tether up' 'tether help up'; do
            # shellcheck disable=SC2086 # words
            run -0 "$cli" $words
            [[ ${lines[0]} == 'Usage: docker tether up '* ]]
        done
        run -2 --separate-stderr "$cli" tether upp lab
        # shellcheck disable=SC2154 # run sets them
        [[ ${stderr_lines[0]} == 'docker tether: unknown command "upp"' ]]
        [[ ${stderr_lines[1]} == *'docker tether help'* ]]
        run -2 "$cli" tether
        run -3 --separate-stderr "$cli" tether up labb
        [[ ${stderr_lines[0]} == 'docker tether: labb: '* ]]
    done
    docktether update lab --set socket=/no/such.sock
    run docker tether doctor lab
    [ "$status" -ne 0 ]
    [[ $output == *'docker tether update lab '* && $output != *'docktether update'* ]]
    run -0 docktether help
    [[ $output != *'docker tether up'* ]]
}

@test "options of docker before the name" {
    local cli
    docktether plugin install
    mkdir other
    cp -r "$DOCKER_CONFIG/contexts" other/
    ln -s "$DOCKER_CONFIG/cli-plugins" other/cli-plugins
    for cli in $(clis); do
        run -0 "$cli" --context lab tether show
        [ "$output" = lab ]
        # With -D docker says on stderr what it thinks of its own.
        run -0 --separate-stderr env DOCKER_HOST=unix:///elsewhere "$cli" -D --log-level error -c lab tether show
        [ "$output" = lab ]
        run -0 "$cli" -H "unix://$RUN/lab.sock" tether show
        [ "$output" = lab ]
        run -0 "$cli" -H unix:///elsewhere tether show
        [ "$output" = unix:///elsewhere ]
        # A relative one holds for what is run, wherever that goes.
        run -0 "$cli" --config other tether use --no-up lab
        grep -q '"currentContext": "lab"' other/config.json
        [ ! -e "$DOCKER_CONFIG/config.json" ]
        run -0 "$cli" --config=other tether use default
    done
}

@test "what is run does not take itself for a plugin" {
    docktether plugin install
    run -0 docker tether exec --no-up lab env
    [[ $output != *DOCKER_CLI_PLUGIN* ]]
}

@test "docker tether up <TAB>" {
    local cli
    docktether plugin install
    new_profile lab2
    run -0 --separate-stderr "$DOCKER_CONFIG/cli-plugins/docker-tether" __complete tether up la
    [ "$output" = $'lab\tThe lab\nlab2\n:4' ]
    run -0 --separate-stderr "$DOCKER_CONFIG/cli-plugins/docker-tether" __completeNoDesc tether up la
    [ "$output" = $'lab\nlab2\n:4' ]
    cli=$(cli_with_hooks)
    [ -n "$cli" ] || return 0 # older ones do not ask plugins
    run -0 --separate-stderr "$cli" __complete tether up la
    [ "$output" = $'lab\tThe lab\nlab2\n:4' ]
    run -0 --separate-stderr "$cli" __complete tether update lab --set transport=
    [ "$output" = $'transport=auto\ntransport=streamlocal\ntransport=dial-stdio\n:4' ]
    run -0 --separate-stderr "$cli" __complete tether update lab --set transp
    [[ $output == $'transport=\t'*$'\n:6' ]]
    run -0 --separate-stderr "$cli" __complete tether exec lab ''
    [ "$output" = ':0' ]
}

@test "install and remove touch nothing but their link" {
    run -0 docktether plugin install
    [ "$(readlink -f "$DOCKER_CONFIG/cli-plugins/docker-tether")" = "$DOCKTETHER" ]
    run -0 docktether plugin install
    run -0 docktether plugin status
    [[ $output == *"$DOCKER_CONFIG/cli-plugins/docker-tether"* ]]
    [ ! -e "$DOCKER_CONFIG/config.json" ]
    run -0 docktether plugin remove
    [ ! -e "$DOCKER_CONFIG/cli-plugins/docker-tether" ]
    run -0 docktether plugin remove
    [ "$output" = 'docktether: the plugin was not installed' ]
    ln -s /bin/true "$DOCKER_CONFIG/cli-plugins/docker-tether"
    fails_with 1 plugin install
    fails_with 1 plugin remove
    [ "$(readlink "$DOCKER_CONFIG/cli-plugins/docker-tether")" = /bin/true ]
    run -2 docktether plugin frobnicate
}

@test "hooks go in and out of config.json and leave every other byte" {
    printf '{\r\n  "auths" : {"a":{"auth":"dTpw"}},\r\n  "n":1.10,   "currentContext":"lab"\r\n}\r\n' >before
    cp before "$DOCKER_CONFIG/config.json"
    chmod 0640 "$DOCKER_CONFIG/config.json"
    docktether plugin enable-hooks
    json_get features hooks <"$DOCKER_CONFIG/config.json" | grep -qx true
    run -0 docktether plugin status
    [[ $output == *'Hooks: '*after* ]]
    docker context ls >list # Docker reads it
    grep -q '^lab \*' list
    docktether plugin disable-hooks
    cmp before "$DOCKER_CONFIG/config.json"
    [ "$(stat -c %a "$DOCKER_CONFIG/config.json")" = 640 ]
    run -0 docktether plugin status
    [[ $output == *'Hooks: '*disabled* ]]
    echo '{"plugins": [' >"$DOCKER_CONFIG/config.json"
    fails_with 1 plugin enable-hooks
}

@test "a signal while config.json is replaced leaves no copy of it" {
    command -v strace >/dev/null || skip "no strace here"
    strace -o /dev/null true || skip "strace may not trace here"
    [ "${DOCKTETHER_SANITIZED:-}" != 1 ] || skip "a sanitizer does not run under strace"
    local signal
    for signal in TERM INT HUP QUIT; do
        echo '{"auths":{"a":{"auth":"dTpw"}}}' >"$DOCKER_CONFIG/config.json"
        # Between the new file and its name; the signal then ends the program as it should, also where
        # whoever started these tests ignores it (nohup, a shell's background).
        run env --default-signal strace -qq -o trace -e trace=fsync -e "inject=fsync:signal=SIG$signal" \
            "$DOCKTETHER" plugin enable-hooks
        grep -q "killed by SIG$signal" trace
        json_get features hooks <"$DOCKER_CONFIG/config.json" | grep -qx true
        [ -z "$(find "$DOCKER_CONFIG" -name '.docktether-*')" ]
    done
}

@test "a hook says why the tether does not serve, and what to run" {
    local error port
    installed
    # not up, in the words of CLI 28 and of 29
    for error in "Cannot connect to the Docker daemon at unix://$RUN/lab.sock. Is the docker daemon running?" \
        "failed to connect to the docker API at unix://$RUN/lab.sock; check if the path is correct" \
        "Error response from daemon: docktether: lab: TCP: cannot connect"; do
        run -0 hook "$error"
        [ "$output" = $'lab: its tether is not up\nRun: docker tether up lab' ]
    done
    # waiting: the error of the tether itself, and its hint
    port=$(lab_sshd other)
    docktether update lab "ssh://127.0.0.1:$port"
    docktether up lab
    lab_stop_sshd other
    wait_for 10 state_is lab waiting
    run -0 hook "Error response from daemon: docktether: lab: SSH: gone"
    [[ ${lines[0]} == 'lab: '* ]]
    [[ $output == *'docker tether '*' lab'* ]]
    [[ $output != *docktether* ]]
}

@test "a hook is silent when nothing is wrong, or nothing of ours" {
    installed
    run -0 hook ''
    [ -z "$output" ]
    run -0 hook 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'
    [ -z "$output" ]
    run -0 hook "Cannot connect to the Docker daemon at unix://$RUN/lab.sock2. Is the docker daemon running?"
    [ -z "$output" ]
    docktether use --no-up lab
    run -0 hook 'unknown flag: --frob'
    [ -z "$output" ]
    run -0 hook 'Error response from daemon: No such container: lab'
    [ -z "$output" ]
    docktether up lab
    run -0 hook "Cannot connect to the Docker daemon at unix://$RUN/lab.sock. Is the docker daemon running?"
    [ -z "$output" ]
    run -0 "$DOCKER_CONFIG/cli-plugins/docker-tether" tether docker-cli-plugin-hooks nonsense
    [ -z "$output" ]
    run -0 "$DOCKER_CONFIG/cli-plugins/docker-tether" tether docker-cli-plugin-hooks
    [ -z "$output" ]
}

@test "a hook waits for no tether" {
    local pid start took
    installed
    docktether up lab
    pid=$(cat "$RUN/lab.lock")
    kill -STOP "$pid"
    # 50 ms, and what python and a busy machine take; a command like status would wait for 5 s each time.
    for _ in 1 2 3; do
        start=$(date +%s%N)
        run -0 hook "Cannot connect to the Docker daemon at unix://$RUN/lab.sock."
        took=$((($(date +%s%N) - start) / 1000000))
        [[ $output == 'lab: its tether does not answer'* ]]
        echo "$took ms"
        [ "$took" -ge 4500 ] || break
    done
    kill -CONT "$pid"
    [ "$took" -lt 4500 ]
}

@test "What's next: after a failed docker ps" {
    local cli
    cli=$(cli_with_hooks)
    [ -n "$cli" ] || skip 'no docker CLI here that calls hooks (26.1 or newer)'
    installed
    terminal -- "$cli" --context lab ps >shown || true
    grep -q "What's next:" shown
    grep -q 'lab: its tether is not up' shown
    grep -q 'Run: docker tether up lab' shown
    # By DOCKER_HOST, by the current context, and by an error that does not name the socket.
    DOCKER_HOST=unix://$RUN/lab.sock terminal -- "$cli" ps >shown || true
    grep -q 'Run: docker tether up lab' shown
    docktether use --no-up lab
    terminal -- "$cli" run --rm bb true >shown || true
    grep -q 'Run: docker tether up lab' shown
    # Not ours, and not at all when it works.
    terminal -- "$cli" -H unix:///nowhere ps >shown || true
    run ! grep "What's next:" shown
    terminal -- "$cli" context ls >shown
    run ! grep "What's next:" shown
    docktether plugin disable-hooks
    terminal -- "$cli" ps >shown || true
    run ! grep "What's next:" shown
}

@test "Debian's 20.10 passes over the hooks" {
    local cli
    installed
    for cli in $(clis); do
        [ "$(major "$cli")" -lt 26 ] || continue
        terminal -- "$cli" --context lab ps >shown || true
        grep -q 'Cannot connect' shown
        run ! grep "What's next:" shown
        "$cli" context ls >list 2>errors
        [ ! -s errors ]
    done
}

@test "SIGTERM to docker alone ends the plugin" {
    local cli pid
    cli=$(cli_with_hooks)
    [ -n "$cli" ] || skip 'older docker CLIs do not tell their plugins'
    docktether plugin install
    "$cli" tether run lab </dev/null >/dev/null 2>run.log &
    pid=$!
    at_end "$pid"
    wait_for 10 state_is lab serving
    kill -TERM "$pid"
    wait_for 10 lab_gone "$pid"
    wait_for 10 no_tethers
    # The same for what the plugin becomes.
    "$cli" tether exec --no-up lab sh -c 'touch begun; exec sleep 1000' </dev/null >/dev/null 2>&1 &
    pid=$!
    at_end "$pid"
    wait_for 10 test -e begun
    kill -TERM "$pid"
    wait_for 10 lab_gone "$pid"
}
