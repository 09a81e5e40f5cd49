#!/usr/bin/env bats
# status --watch as a person sees it; colours; and what is waited for.
# shellcheck disable=SC2154 # run sets stderr

load lib/common
lab_kind pinger

# A Docker that answers /_ping is all that is needed.
setup() {
    setup_home
    export TERM=xterm
    unset NO_COLOR
}

@test "watch: what changes is seen, at any width, and q gives the terminal back" {
    local moving
    moving=$(lab_sshd moving)
    new_profile lab --description 'Zürich 東京'
    new_profile_at "$moving" away --set hold=1s
    docktether up lab away
    (
        wait_for 20 test -e watching
        lab_stop_sshd moving
        wait_for 20 test -e narrow
        lab_sshd_again moving
    ) 3>&- &
    at_end $!
    run -0 terminal -s 24x200 'screen:^away +serving .*streamlocal' 'screen:^lab +serving .*ms' shown:watching \
        'screen:^away +(waiting|connecting).* ago: ' 'screen:1 serving, 1 (waiting|connecting)' \
        resize:24x20 'screen:^NAME   STATE$' 'screen:^away   (waiting|connecting)$' shown:narrow 'screen:^away   serving$' \
        resize:3x9 'screen:^away ' resize:1x1 'screen:^.$' resize:24x80 'screen:^away +serving +.*RESET|^away +serving' \
        send:q -- "$DOCKTETHER" status --watch
    grep -q 'q quits' watching
    wait $!
}

@test "watch: one tether in full, cut to a narrow terminal" {
    new_profile lab --protected
    docktether up lab
    run -0 terminal -s 40x100 'screen:^State: +serving$' 'screen:^Round trip: +[0-9.]+ms$' 'screen:^Reconnects: +0$' \
        resize:40x30 'screen:^Host key: +ssh-ed2.*…$' resize:10x20 'screen:1-8 of' send:G 'screen:q quits|of' \
        send:q -- "$DOCKTETHER" status lab --watch
}

@test "watch: more tethers than lines are scrolled through" {
    local i
    for i in $(seq 10 39); do
        new_profile_at 1 "t$i"
    done
    run -0 terminal -s 12x60 'screen:^t10 +down$' 'screen:1-9 of 30' 'send:\x1b[B' 'screen:2-10 of 30' 'send: ' \
        'screen:10-18 of 30' send:G 'screen:^t39 +down$' 'screen:22-30 of 30' send:k 'screen:21-29 of 30' send:g \
        'screen:1-9 of 30' resize:40x60 'screen:^t39 +down$' send:q -- "$DOCKTETHER" status -w
}

@test "watch: interrupt, TERM and HUP give the terminal back and end it as they should" {
    new_profile lab
    run -130 terminal 'screen:^lab +down' 'send:\x03' -- "$DOCKTETHER" status -w
    run -143 terminal 'screen:^lab +down' kill:TERM -- "$DOCKTETHER" status -w
    run -129 terminal 'screen:^lab +down' kill:HUP -- "$DOCKTETHER" status -w
}

@test "watch: stopped and continued" {
    new_profile lab
    run -0 terminal -s 24x80 'expect:\$ ' "send:'$DOCKTETHER' status -w\\r" 'screen:^lab +down' 'send:\x1a' 'screen:Stopped' \
        'send:stty -a\r' 'expect: icanon' 'expect: echo ' 'send:fg\r' 'screen:^NAME ' 'screen:^lab +down' send:q \
        'screen:Stopped' 'send:exit 0\r' -- env PS1='$ ' bash --norc --noprofile -i
}

@test "watch: a tether that hangs keeps nobody, and is seen to answer again" {
    local pid
    new_profile lab
    new_profile hung
    docktether up lab hung
    pid=$(pid_of hung)
    kill -STOP "$pid"
    (
        wait_for 20 test -e silent
        kill -CONT "$pid"
    ) 3>&- &
    at_end $!
    run -0 terminal -s 24x150 'screen:^lab +serving' 'screen:^hung +silent' 'screen:does not answer' shown:silent \
        'screen:^hung +serving' send:q -- "$DOCKTETHER" status -w
    wait $!
    grep -q '^lab *serving' silent
}

@test "status asks all at once: five that hang cost no more than one" {
    local pids name began took
    for name in a1 a2 a3 a4 a5 a6; do
        new_profile $name
        docktether up $name
        [ $name = a6 ] || pids+=" $(pid_of $name)"
    done
    # shellcheck disable=SC2086 # a list of numbers
    kill -STOP $pids
    began=$(date +%s%N)
    run -0 docktether status
    took=$((($(date +%s%N) - began) / 1000000))
    # shellcheck disable=SC2086
    kill -CONT $pids
    echo "$output; $took ms"
    [[ ${lines[1]} =~ ^a1\ +silent ]]
    [[ ${lines[5]} =~ ^a5\ +silent ]]
    [[ ${lines[6]} =~ ^a6\ +serving ]]
    [ "$took" -lt 20000 ] # one after the other they would cost 25 s
}

@test "watch: json prints a line for each, and one for each change; a table wants a terminal" {
    local watching
    new_profile lab
    run -2 docktether status --watch
    [[ $output == *"--watch --format json"* ]]
    [[ $output == *"standard output is not one"* ]]
    TERM=dumb run -2 terminal -- "$DOCKTETHER" status --watch
    [[ $output == *"(see TERM)"* && $output != *"is not one"* ]]
    docktether status lab -w --format json >lines 2>&1 3>&- &
    watching=$!
    at_end "$watching"
    wait_for 10 grep -q '"state":"down"' lines
    docktether up lab
    wait_for 10 grep -q '"state":"serving"' lines
    # What was measured, to the microsecond.
    wait_for 10 grep -q '"round_trip_ms":[0-9]' lines
    run ! grep -E '"round_trip_ms":[0-9]+\.[0-9]{4}' lines
    run ! grep -E '"round_trip_ms":[0-9]+\.[0-9]{4}' <(docktether status --format json lab)
    docktether down lab
    wait_for 10 down_again
    [ "$(wc -l <lines)" -le 8 ]
    end "$watching"
    # And whoever does not read any more is noticed, also when nothing changes.
    run -0 timeout 20 bash -c "'$DOCKTETHER' status -w --format json 2>/dev/null | head -n 1"
}

down_again() {
    [ "$(tail -n 1 lines)" = '{"name":"lab","state":"down"}' ]
}

@test "what a server says does no harm to the terminal, nor do wide characters" {
    bad_server garbage
    new_profile_at "$PORT" lab --set connect=demand --set hold=1s --description '東京のサーバー'
    docktether up lab
    curl -s --max-time 10 --unix-socket "$RUN/lab.sock" http://d/_ping >/dev/null || true
    run -0 terminal -s 10x70 'screen:^lab +(asleep|waiting|connecting) .*ago: .*…$' resize:10x40 'screen:^lab ' send:q -- \
        "$DOCKTETHER" status -w
    run -0 terminal -s 40x90 'screen:^Last error: +SSH: ' send:q -- "$DOCKTETHER" status lab -w
    # No sequence but ours: colours, and those of the screen.
    run ! grep -P '\x1b(?!\[(\?1049|\?25|\?7|[0-9;]*[mKJH]))|\x07' <<<"$output"
    run -0 terminal -s 10x90 'screen:^lab +東京のサーバー +ssh://' -- "$DOCKTETHER" ls
}

@test "colours only on a terminal that has them, and not with NO_COLOR" {
    new_profile lab --protected
    docktether up lab
    run -0 terminal -- "$DOCKTETHER" ls
    [[ $output == *$'\e[1;35mlab\e[0m'* && $output == *$'\e[32mserving\e[0m'* ]]
    run -0 terminal -- "$DOCKTETHER" status
    [[ $output == *$'\e[1;35mlab\e[0m'* && $output == *$'\e[32mserving\e[0m'* ]]
    NO_COLOR=1 run -0 terminal -- "$DOCKTETHER" status
    [[ $output != *$'\e'* ]]
    TERM=dumb run -0 terminal -- "$DOCKTETHER" ls
    [[ $output != *$'\e'* ]]
    NO_COLOR='' run -0 terminal -- "$DOCKTETHER" ls
    [[ $output == *$'\e[32m'* ]]
    run -0 docktether status lab
    [[ $output != *$'\e'* ]]
    NO_COLOR=1 run -0 terminal 'screen:^lab +serving' send:q -- "$DOCKTETHER" status -w
    [[ $output != *$'\e[3'[0-9]m* ]]
}
