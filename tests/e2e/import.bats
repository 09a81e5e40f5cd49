#!/usr/bin/env bats
# Profiles out of what people have, and from one machine to the next.
# shellcheck disable=SC2154,SC2088 # run sets stderr; a tilde is meant as it is

load lib/common
lab_kind pinger

# config LINE...: ~/.ssh/config.
config() {
    printf '%s\n' "$@" >.ssh/config
}

# known NAME...: the lab's host key under those names.
known() {
    local name
    for name; do
        printf '%s %s\n' "$name" "$(cut -d' ' -f1,2 "$LAB/host_ed25519.pub")" >>.ssh/known_hosts
    done
}

# context NAME URL: as `docker context create` writes it.
context() {
    local file
    file=$(meta_of "$1")
    mkdir -p "$(dirname "$file")"
    printf '{"Name":"%s","Metadata":{},"Endpoints":{"docker":{"Host":"%s","SkipTLSVerify":false}}}' "$1" "$2" >"$file"
}

# row NAME: that line of the last output, its gaps made one blank.
row() {
    grep "^$1 " <<<"$output" | tr -s ' ' | sed 's/ $//'
}

names() {
    docktether ls -q | xargs
}

value() {
    sed -n "s/^$2 = //p" "$STORE/$1.ini"
}

# ---- ~/.ssh/config -----------------------------------------------------------------

@test "nothing there: nothing found, nothing written" {
    run -0 --separate-stderr docktether import
    [ -z "$output" ]
    [[ $stderr == *"nothing was found"* ]]
    run -0 docktether import --yes
    [ ! -e "$STORE" ]
}

@test "hosts of ~/.ssh/config: shown, made with --yes, and they work" {
    cp "$LAB_KEY" .ssh/id_lab
    config "Host lab lab-again" "  HostName 127.0.0.1" "  Port $LAB_PORT" "  User $LAB_USER" \
        "  IdentityFile ~/.ssh/id_lab" "  IdentityFile ~/.ssh/id_absent" "Host *.pattern" "  Port 1"
    known "[127.0.0.1]:$LAB_PORT"
    run -0 --separate-stderr docktether import
    [ "$(row lab)" = "lab ssh://$LAB_USER@127.0.0.1:$LAB_PORT ssh config 1" ]
    # The same place by another name is no second profile.
    [ "${#lines[@]}" -eq 2 ]
    [[ $stderr == *"nothing was written; with --yes 1 profile is made"* ]]
    [ ! -e "$STORE" ]
    run -0 --separate-stderr docktether import --yes
    [ "$output" = lab ]
    [ "$(value lab pin)" = "$LAB_PIN" ]
    [ "$(value lab identity)" = "~/.ssh/id_lab" ]
    docktether update lab --set "socket=$LAB_SOCK"
    docktether up lab
    [ "$(curl -sS --unix-socket "$RUN/lab.sock" http://docker/_ping)" = OK ]
    [ "$(grep -c docktether "$(meta_of lab)")" -eq 1 ]
}

@test "ProxyJump chains become profiles to go via, and they work" {
    local first second
    cp "$LAB_KEY" .ssh/id_ed25519
    first=$(lab_sshd first)
    second=$(lab_sshd second)
    config "Host inner" "  HostName 127.0.0.1" "  Port $LAB_PORT" "  User $LAB_USER" \
        "  ProxyJump outer,$LAB_USER@127.0.0.1:$second" \
        "Host outer" "  HostName 127.0.0.1" "  Port $first"
    known "[127.0.0.1]:$LAB_PORT" "[127.0.0.1]:$first" "[127.0.0.1]:$second"
    run -0 docktether import --yes
    [ "$output" = $'outer\n127.0.0.1\ninner' ]
    [ "$(value inner via)" = 127.0.0.1 ]
    [ "$(value 127.0.0.1 via)" = outer ]
    [ "$(value outer via)" = "" ]
    # A host that is gone through has no Docker of its own, and no context.
    [ "$(value outer socket)" = none ]
    [ ! -e "$(meta_of outer)" ]
    docktether update inner --set "socket=$LAB_SOCK"
    docktether up inner
    [ "$(curl -sS --unix-socket "$RUN/inner.sock" http://docker/_ping)" = OK ]
}

@test "a host that is not in known_hosts is shown with the command that makes it" {
    touch ".ssh/it's"
    config "Host way" "  User u" "Host new" "  User deploy" "  IdentityFile \"~/.ssh/it's\"" \
        "Host behind" "  ProxyJump nowhere"
    known way
    run -0 --separate-stderr docktether import --yes
    [ "$output" = way ]
    [[ $stderr == *"new: not made: no key of its host in known_hosts"* ]]
    [[ $stderr == *"behind: not made: its way, nowhere, cannot be made"* ]]
    [[ $stderr == *"docktether create new ssh://deploy@new --identity ~/'.ssh/it'\\''s'"* ]]
    [ "$(names)" = way ]
}

@test "certificates, agents, aliases of host keys, other known_hosts files" {
    cp "$LAB_KEY" .ssh/id_lab
    cp "$LAB_KEY.pub" .ssh/id_lab.pub
    ssh-keygen -q -s "$LAB/host_rsa" -I lab -n u .ssh/id_lab.pub
    config "Host one" "  IdentityFile %d/.ssh/id_lab" "  CertificateFile ~/.ssh/id_lab-cert.pub" \
        "  IdentityAgent none" "  HostKeyAlias its-alias" "  UserKnownHostsFile $HOME/other ~/.ssh/known_hosts" \
        "Host two" "  IdentityAgent ~/agent.sock" "  IdentityFile /absent" \
        "Host three" "  IdentityAgent SSH_AUTH_SOCK"
    known two three
    printf 'its-alias %s\n' "$(cut -d' ' -f1,2 "$LAB/host_rsa.pub")" >other
    run -0 docktether import --yes
    [ "$(value one identity)" = "~/.ssh/id_lab" ]
    [ "$(value one certificate)" = "~/.ssh/id_lab-cert.pub" ]
    [ "$(value one agent)" = no ]
    [ "$(value one pin)" = "$(lab_pin "$LAB/host_rsa.pub")" ]
    [ "$(value two agent)" = "~/agent.sock" ]
    [ "$(value two identity)" = "" ]
    [ "$(value three agent)" = "" ]
}

@test "what cannot be a profile says why" {
    config "Host proxied" "  ProxyCommand nc %h %p" "Host round" "  ProxyJump about" "Host about" \
        "  ProxyJump round" "Host odd" "  User a:b"
    known proxied round about odd
    run -0 --separate-stderr docktether import
    [[ "$(row proxied)" == *"ProxyCommand, which docktether does not run" ]]
    [[ "$(row round)" == *"leads in a circle"* ]]
    [[ "$(row odd)" == *"user name"* ]]
    run -0 docktether import --yes
    [ ! -e "$STORE" ]
}

@test "--only takes what is named and its way" {
    config "Host aa" "Host bb" "  ProxyJump cc" "Host cc" "Host dd"
    known aa bb cc dd
    run -0 docktether import --only bb --yes
    [ "$(names)" = "bb cc" ]
    run -2 --separate-stderr docktether import --only ee
    [[ $stderr == *'"ee"'* ]]
}

@test "nothing is overwritten, and a second run finds all there" {
    config "Host aa" "  User u" "Host bb" "  User u" "Host cc" "  User u" "  ProxyJump bb"
    known aa bb cc
    docktether create bb ssh://u@elsewhere --pin "$LAB_PIN"
    cp "$STORE/bb.ini" before
    run -0 --separate-stderr docktether import --yes
    [ "$output" = aa ]
    [[ $stderr == *"bb: not made: another profile has that name"* ]]
    # Whoever would go that way would come out elsewhere.
    [[ $stderr == *"cc: not made: its way, bb, cannot be made"* ]]
    cmp before "$STORE/bb.ini"
    docktether rm bb
    run -0 --separate-stderr docktether import --yes
    [ "$(names)" = "aa bb cc" ]
    run -0 --separate-stderr docktether import --yes
    [ -z "$output" ]
    [ "$(grep -c 'it is there already' <<<"$stderr")" -eq 3 ]
}

# A program of that name in front of the real one.
fake_ssh() {
    mkdir -p bin
    printf '#!/bin/sh\n%s\n' "$1" >bin/ssh
    chmod +x bin/ssh
}

@test "ssh that hangs, floods, fails, or is not there" {
    config "Host aa"
    known aa cc
    fake_ssh 'exec sleep 60'
    SECONDS=0
    PATH=$PWD/bin:$PATH run -0 docktether import
    [ "$SECONDS" -lt 50 ]
    [[ "$(row aa)" == *"longer than 5 seconds" ]]
    fake_ssh 'exec yes'
    PATH=$PWD/bin:$PATH run -0 docktether import
    [[ "$(row aa)" == *"says more than"* ]]
    fake_ssh 'echo "line 3: bad configuration" >&2; exit 255'
    PATH=$PWD/bin:$PATH run -0 docktether import
    [[ "$(row aa)" == *"bad configuration" ]]
    rm bin/ssh
    context ctx ssh://u@cc:22
    run -0 --separate-stderr env PATH="$PWD/bin" "$DOCKTETHER" import
    [ "$(row ctx-tether)" = "ctx-tether ssh://u@cc docker context ctx 1" ]
    [[ $stderr == *"there is no ssh here"* ]]
    [[ $output != *aa* ]]
}

@test "no shell sees a name, and no option is made of one" {
    # shellcheck disable=SC2016 # meant as it is
    config 'Host $(touch${IFS}pwned) ;touch -oProxyCommand=x `id`'
    run -0 docktether import
    [ ! -e pwned ]
    [[ $output != *-oProxyCommand* ]]
}

# ---- Docker's contexts -------------------------------------------------------------

@test "contexts with ssh:// become NAME-tether beside them, and no context is touched" {
    config "Host alias" "  HostName prod.example.com" "  User deploy" "  Port 2222" "Host jump" \
        "Host alias" "  ProxyJump jump"
    known "[prod.example.com]:2222" jump other
    context prod ssh://alias
    context other ssh://u@other/run/podman/podman.sock
    context plain unix:///var/run/docker.sock
    context broken ssh://u:password@host
    mkdir -p "$DOCKER_CONFIG/contexts/meta/xx"
    echo '{broken' >"$DOCKER_CONFIG/contexts/meta/xx/meta.json"
    cp -r "$DOCKER_CONFIG" before
    run -0 --separate-stderr docktether import
    [ "$(row prod-tether)" = "prod-tether ssh://deploy@prod.example.com:2222 jump docker context prod 1" ]
    [ "$(row other-tether)" = "other-tether ssh://u@other docker context other 1" ]
    # The host of ~/.ssh/config is the same place.
    [ "$(grep -c 'prod.example.com' <<<"$output")" -eq 1 ]
    [[ $output$stderr != *password* && $stderr == *'context "broken"'* ]]
    run -0 docktether import --yes
    [ "$(names)" = "jump other-tether prod-tether" ]
    [ "$(value other-tether socket)" = /run/podman/podman.sock ]
    [ -e "$(meta_of prod-tether)" ]
    diff "$(meta_of prod)" "before/contexts/meta/$(basename "$(dirname "$(meta_of prod)")")/meta.json"
    rm -r "$DOCKER_CONFIG/contexts/meta/xx"
    # A profile that is published under its own name stays out of theirs.
    run -0 docktether import --yes
    [ "$(names)" = "jump other-tether prod-tether" ]
}

@test "a host that contexts lead to and others jump through keeps its Docker" {
    config "Host far" "  ProxyJump near" "Host near"
    known far near
    context aa ssh://far
    context bb ssh://near
    context cc ssh://near/run/user/7/docker.sock
    run -0 docktether import --yes
    [ "$(names)" = "aa-tether bb-tether cc-tether" ]
    [ "$(value aa-tether via)" = bb-tether ]
    [ "$(value bb-tether socket)" = "" ]
    [ "$(value cc-tether socket)" = /run/user/7/docker.sock ]
}

@test "a key that the system's known_hosts revokes is no pin" {
    config "Host aa" "  GlobalKnownHostsFile $HOME/system" "Host bb"
    known aa bb
    printf '@revoked * %s\n' "$(cut -d' ' -f1,2 "$LAB/host_ed25519.pub")" >system
    run -0 docktether import
    [[ "$(row aa)" == *" 0 no key of its host"* && "$(row bb)" == *" 1" ]]
}

@test "a bad docktether.ini is said once" {
    config "Host aa" "Host bb"
    mkdir -p "$XDG_CONFIG_HOME/docktether"
    echo nonsense >"$XDG_CONFIG_HOME/docktether/docktether.ini"
    run -3 --separate-stderr docktether import
    [ "$(grep -c nonsense <<<"$stderr")" -le 1 ]
    [[ $stderr == *docktether.ini:1* ]]
}

# ---- from one machine to the next --------------------------------------------------

another_machine() {
    export HOME=$T/home2 XDG_CONFIG_HOME=$T/home2/.config DOCKER_CONFIG=$T/home2/.docker
    STORE=$XDG_CONFIG_HOME/docktether/profiles
    mkdir -p "$HOME"
    cd "$HOME" || return 1
}

@test "export and import carry profiles and their hops, and no key" {
    docktether create way "ssh://jump@way.example.com" --pin "$LAB_PIN" --set socket=none
    new_profile lab --via way --description "the lab" --protected --set hold=3s
    docktether export lab >"$T/file"
    tells_no_secret "$LAB_KEY" "$(cat "$T/file")"
    [ "$(docktether export lab way lab)" = "$(cat "$T/file")" ]
    another_machine
    run -0 --separate-stderr docktether import "$T/file"
    [[ "$(row lab)" == "lab ssh://$LAB_USER@127.0.0.1:$LAB_PORT way $T/file 1" ]]
    [ ! -e "$STORE" ]
    run -0 docktether import - --yes <"$T/file"
    [ "$output" = $'way\nlab' ]
    diff -r "$T/home/.config/docktether/profiles" "$STORE"
    [ -e "$(meta_of lab)" ]
    [ "$(stat -c %a "$STORE/lab.ini")" = 600 ]
}

@test "export carries what the defaults of this machine say, import keeps it" {
    mkdir -p "$XDG_CONFIG_HOME/docktether"
    printf '[tether]\nhold = 7s\n' >"$XDG_CONFIG_HOME/docktether/docktether.ini"
    docktether create one ssh://u@one --pin "$LAB_PIN"
    docktether export one >"$T/file"
    another_machine
    mkdir -p "$XDG_CONFIG_HOME/docktether"
    printf '[tether]\nhold = 9s\nspare-channels = 5\n' >"$XDG_CONFIG_HOME/docktether/docktether.ini"
    docktether import --yes "$T/file"
    [ "$(value one hold)" = 7s ]
    [ "$(value one spare-channels)" = 2 ]
}

@test "a file is read as strictly as the store reads, and nothing is made of a bad one" {
    docktether create one ssh://u@one --pin "$LAB_PIN"
    docktether export one >"$T/file"
    another_machine
    sed 's/^host = .*/&\nnonsense = 1/' "$T/file" >bad
    run -3 --separate-stderr docktether import --yes bad
    [[ $stderr == *"bad:5: "* ]]
    printf '=== two\n[ssh]\nhost = -oProxyCommand=x\n' | cat "$T/file" - >bad
    run -3 docktether import --yes bad
    echo '[ssh]' >bad
    fails_with 3 import --yes bad
    run -1 docktether import --yes missing
    head -c 1200000 /dev/zero | tr '\0' '#' >bad
    run -1 docktether import --yes bad
    [ ! -e "$STORE" ]
}

@test "import FILE overwrites nothing, and makes nobody go another way" {
    docktether create way ssh://u@way --pin "$LAB_PIN" --set socket=none
    docktether create one ssh://u@one --pin "$LAB_PIN" --via way
    docktether create two ssh://u@two --pin "$LAB_PIN"
    docktether create three ssh://u@three --pin "$LAB_PIN"
    docktether export one two three >"$T/file"
    another_machine
    docktether create way ssh://u@elsewhere --pin "$LAB_PIN"
    context two ssh://u@two
    run -0 --separate-stderr docktether import --yes "$T/file"
    [ "$output" = three ]
    [[ $stderr == *"way: not made: another profile has that name"* ]]
    [[ $stderr == *"one: not made: its way, way, cannot be made"* ]]
    [[ $stderr == *'two: not made: Docker has a context "two"'* ]]
    [ "$(value way host)" = elsewhere ]
    # A hop that is there and leads to the same place is used as it is.
    docktether rm way
    docktether create way ssh://u@way --pin "$(lab_pin "$LAB/host_rsa.pub")"
    run -0 docktether import --yes "$T/file" --only one
    [ "$(value way pin)" = "$(lab_pin "$LAB/host_rsa.pub")" ]
    [ "$(value one via)" = way ]
}

@test "a file whose profiles go in a circle, or by one that is nowhere" {
    printf '%s\n' 'docktether-profiles 1' '=== aa' '[ssh]' 'host = aa' 'via = bb' "pin = $LAB_PIN" '=== bb' '[ssh]' \
        'host = bb' 'via = aa' "pin = $LAB_PIN" '=== cc' '[ssh]' 'host = cc' 'via = dd' "pin = $LAB_PIN" >file
    run -0 --separate-stderr docktether import --yes file
    [ -z "$output" ]
    [[ $stderr == *"cc: not made: its way, dd, is no profile"* ]]
    [ ! -e "$STORE" ]
}

@test "export of what is not there: 3, and nothing is printed" {
    docktether create one ssh://u@one --pin "$LAB_PIN"
    fails_with 3 export one none
    [ -z "$output" ]
    fails_with 2 export
}

@test "an identity that is on the other machine alone is mentioned" {
    new_profile lab
    docktether export lab | sed "s,^identity = .*,identity = ~/.ssh/id_elsewhere," >"$T/file"
    another_machine
    run -0 --separate-stderr docktether import --yes "$T/file"
    [[ $stderr == *"lab: its identity ~/.ssh/id_elsewhere is not on this machine"* ]]
}
