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
    [[ $stderr == *"found no hosts"* ]]
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
    [[ $stderr == *"To create this profile: docktether import --yes"* ]]
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
    [[ $stderr == *"new: not created: its host key is not in known_hosts"* ]]
    [[ $stderr == *"behind: not created: its hop nowhere cannot be created"* ]]
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
    [[ $stderr == *"bb: not created: another profile has that name"* ]]
    # Whoever would go that way would come out elsewhere.
    [[ $stderr == *"cc: not created: its hop bb cannot be created"* ]]
    cmp before "$STORE/bb.ini"
    docktether rm bb
    run -0 --separate-stderr docktether import --yes
    [ "$(names)" = "aa bb cc" ]
    run -0 --separate-stderr docktether import --yes
    [ -z "$output" ]
    [ "$(grep -c 'it exists already' <<<"$stderr")" -eq 3 ]
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
    # It closes its output and goes on.
    fake_ssh 'exec >&- 2>&-; exec sleep 60'
    SECONDS=0
    PATH=$PWD/bin:$PATH run -0 docktether import
    [ "$SECONDS" -lt 15 ]
    [[ "$(row aa)" == *"longer than 5 seconds" ]]
    fake_ssh 'exec yes'
    PATH=$PWD/bin:$PATH run -0 docktether import
    [[ "$(row aa)" == *"prints more than"* ]]
    fake_ssh 'echo "line 3: bad configuration" >&2; exit 255'
    PATH=$PWD/bin:$PATH run -0 docktether import
    [[ "$(row aa)" == *"bad configuration" ]]
    rm bin/ssh
    context ctx ssh://u@cc:22
    run -0 --separate-stderr env PATH="$PWD/bin" "$DOCKTETHER" import
    [ "$(row ctx-tether)" = "ctx-tether ssh://u@cc docker context ctx 1" ]
    [[ $stderr == *"ssh is not installed"* ]]
    [[ $output != *aa* ]]
}

@test "no shell sees a name, and no option is made of one" {
    # shellcheck disable=SC2016 # meant as it is
    config 'Host $(touch${IFS}pwned) ;touch -oProxyCommand=x `id`'
    run -0 docktether import
    [ ! -e pwned ]
    [[ $output != *-oProxyCommand* ]]
}

# ---- as ssh reads it ---------------------------------------------------------------

@test "quotes, escapes and equals signs in Host lines are read as ssh reads them" {
    local n=0 line mark
    local -a odd=("'box'" '"two"' 'o"n"e' "a'b'c" '= four' '=five' "	six	" 'nine # ten' 'x"#"y')
    for line in "${odd[@]}"; do
        n=$((n + 1))
        printf 'Host %s\n  HostName m%s.example.com\n' "$line" "$n"
    done >.ssh/config
    run -0 --separate-stderr docktether import
    # ssh -G was asked for each by a name that its line has.
    for ((mark = 1; mark <= n; mark++)); do
        [[ $output == *"@m$mark.example.com"* || $output == *"//m$mark.example.com"* ]] || {
            echo "line $mark: ${odd[mark - 1]}"
            return 1
        }
    done
    [ "${#lines[@]}" -eq $((n + 1)) ]
}

@test "an option that ssh refuses is named, with its file and line" {
    config "Host aa" "  Nonsense yes"
    known aa
    run -0 docktether import
    [[ "$(row aa)" == *".ssh/config: line 2: Bad configuration option: nonsense"* ]]
}

@test "standard error of ssh -G is no answer of it" {
    config "Host aa" "  HostName real.example.com"
    known real.example.com
    fake_ssh "$(type -P ssh) \"\$@\" || exit; echo 'hostname evil.example.com' >&2"
    PATH=$PWD/bin:$PATH run -0 docktether import
    [[ "$(row aa)" == *"@real.example.com ssh config 1" || "$(row aa)" == *"//real.example.com ssh config 1" ]]
}

@test "ssh -G runs once for a host" {
    config "Host aa" "Host bb" "Host cc" "Host dd"
    known aa bb cc dd
    fake_ssh "echo run >>'$PWD/runs'; exec $(type -P ssh) \"\$@\""
    PATH=$PWD/bin:$PATH run -0 docktether import
    # One run more: the files that ssh tries by default.
    [ "$(wc -l <runs)" -eq 5 ]
}

@test "a folder below Include, and Include below Match all" {
    mkdir -p .ssh/config.d/folder
    printf 'Host aa\n' >.ssh/config.d/aa
    printf 'Host bb\n' >.ssh/bb
    printf 'Host cc\n' >.ssh/cc
    config "Include config.d/*" "Match all" "Include bb" "Match user somebody" "Include cc"
    known aa bb cc
    run -0 --separate-stderr docktether import
    [ "$(row aa | wc -l)" -eq 1 ]
    [ "$(row bb | wc -l)" -eq 1 ]
    [[ $output != *cc* && $stderr == *"below Match"* ]]
}

@test "a known_hosts file whose path has blanks" {
    mkdir "My Keys"
    config "Host aa" "  UserKnownHostsFile \"$HOME/My Keys/known hosts\"" \
        "Host bb" "  UserKnownHostsFile ~/.ssh/known_hosts \"$HOME/My Keys/known hosts\" $HOME/none"
    known aa bb
    mv .ssh/known_hosts "My Keys/known hosts"
    run -0 docktether import
    [[ "$(row aa)" == *" 1" && "$(row bb)" == *" 1" ]]
}

@test "a host on another port whose key is listed without a port" {
    config "Host aa" "  Port 2222" "Host bb" "  Port 2222"
    known aa bb
    printf '[bb]:2222 %s\n' "$(cut -d' ' -f1,2 "$LAB/host_rsa.pub")" >>.ssh/known_hosts
    run -0 docktether import --yes
    [ "$(value aa pin)" = "$LAB_PIN" ]
    # The line with the port is the one that counts.
    [ "$(value bb pin)" = "$(lab_pin "$LAB/host_rsa.pub")" ]
}

@test "known_hosts that cannot be read is mentioned, once" {
    config "Host aa" "Host bb" "Host cc" "  UserKnownHostsFile $HOME/folder"
    known aa bb
    iconv -f UTF-8 -t UTF-16 .ssh/known_hosts >u16
    mv u16 .ssh/known_hosts
    mkdir folder
    run -0 --separate-stderr docktether import
    [ "$(grep -c "known_hosts is UTF-16 text" <<<"$stderr")" -eq 1 ]
    [[ $stderr == *"iconv -f UTF-16 -t UTF-8 "* ]]
    [[ $stderr == *"$HOME/folder"* ]]
    # The command of the hint mends it.
    iconv -f UTF-16 -t UTF-8 .ssh/known_hosts >new
    mv new .ssh/known_hosts
    run -0 docktether import
    [[ "$(row aa)" == *" 1" ]]
}

@test "the tokens in the name of a key file have ssh's own values" {
    local file n=0
    local -a made
    config "Host short" "  HostName long.example.com" "  Port 2222" "  User bob" \
        "  HostKeyAlias other" "  IdentitiesOnly yes" \
        "  IdentityFile $HOME/keys/%h-%n-%p-%r-%k-%%" "  IdentityFile $HOME/keys/%i-%u-%l-%L" \
        "  IdentityFile $HOME/keys/%C" "  IdentityFile \"$HOME/keys/\${PLACE}\"" "  IdentityFile $HOME/keys/\${NOWHERE}x"
    known other
    mkdir keys
    export PLACE="some where"
    mapfile -t made < <(sed '/NOWHERE/d' .ssh/config >"$T/c" && ssh -v -F "$T/c" -o ProxyCommand=false short 2>&1 |
        sed -n 's/^debug1: identity file \(.*\) type .*/\1/p' | grep -v -e -cert)
    [ "${#made[@]}" -eq 4 ]
    for file in "${made[@]}"; do
        cp "$LAB_KEY" "$file"
    done
    run -0 --separate-stderr docktether import --yes
    [ "$output" = short ]
    [[ $stderr == *"NOWHERE is not set"* ]]
    for file in "${made[@]}"; do
        n=$((n + 1))
        [ "$(value short identity | sed -n "${n}p")" = "~${file#"$HOME"}" ]
    done
}

# agent NAME KEY...: an agent with those keys, in SSH_AUTH_SOCK.
agent() {
    export SSH_AUTH_SOCK=$T/$1.sock
    lab_spawn "$T/$1.log" ssh-agent -D -a "$SSH_AUTH_SOCK"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -S "$SSH_AUTH_SOCK"
    shift
    ssh-add -q "$@"
}

# lab_host NAME LINE...: a Host of the lab's server, with more lines.
lab_host() {
    printf '%s\n' "Host $1" "  HostName 127.0.0.1" "  Port $LAB_PORT" "  User $LAB_USER"
    shift
    printf '  %s\n' "$@"
}

# lab_socket: the lab's Docker socket is every profile's.
lab_socket() {
    mkdir -p "$XDG_CONFIG_HOME/docktether"
    printf '[docker]\nsocket = %s\n' "$LAB_SOCK" >"$XDG_CONFIG_HOME/docktether/docktether.ini"
}

@test "keys of the agent beside an IdentityFile, as ssh offers them" {
    lab_new_key .ssh/id_rsa
    lab_new_key locked
    ssh-keygen -q -p -P '' -N 'a phrase' -f locked
    { lab_host lab && lab_host only "IdentitiesOnly yes" && lab_host phrase "IdentityFile ~/locked" &&
        printf 'Host *\n  IdentityFile ~/.ssh/id_rsa\n'; } >.ssh/config
    known "[127.0.0.1]:$LAB_PORT"
    agent a "$LAB_KEY"
    lab_socket
    docktether import --yes
    [ "$(value lab identity)" = "~/.ssh/id_rsa" ]
    [ "$(value lab identities-only)" = no ]
    docktether up lab
    # Nobody is asked for the passphrase of a file while the agent has keys.
    docktether up phrase
    [ "$(value only identities-only)" = "" ]
    run -5 docktether up only
    docktether down --all
    # Without the agent's key the file is what is refused.
    ssh-add -q -D
    run -5 --separate-stderr docktether up lab
    [[ $stderr == *id_rsa* ]]
}

@test "a key of which only the public half is here is the agent's" {
    cp "$LAB_KEY.pub" .ssh/id_work.pub
    lab_new_key other
    { lab_host lab "IdentityFile ~/.ssh/id_work" "IdentitiesOnly yes"; } >.ssh/config
    known "[127.0.0.1]:$LAB_PORT"
    agent a other "$LAB_KEY"
    lab_socket
    docktether import --yes
    [ "$(value lab identity)" = "~/.ssh/id_work.pub" ]
    docktether up lab
    docktether down lab
    # The name of the private half means the same, and no command would overwrite the public one.
    docktether create again "ssh://$LAB_USER@127.0.0.1:$LAB_PORT" --pin "$LAB_PIN" --identity ~/.ssh/id_work
    docktether up again
    docktether down again
    unset SSH_AUTH_SOCK
    run -5 --separate-stderr docktether up again
    [[ $stderr == *"id_work.pub is a public key, so only an agent can sign with it"* ]]
}

@test "what a profile cannot hold is mentioned" {
    config "Host aa" "  KnownHostsCommand /bin/echo %H" "  IdentityAgent \$WORK_SOCK" "Host bb" "  IdentityAgent ~/%n.sock"
    known aa bb
    run -0 --separate-stderr docktether import
    [[ $stderr == *"aa: KnownHostsCommand /bin/echo %H is not run"* ]]
    # shellcheck disable=SC2016 # as it stands in the file
    [[ $stderr == *'aa: IdentityAgent $WORK_SOCK is left out'* ]]
    [[ $stderr != *"bb: "* ]]
    WORK_SOCK=$HOME/work.sock run -0 docktether import --yes
    [ "$(value aa agent)" = "~/work.sock" ]
    [ "$(value bb agent)" = "~/bb.sock" ]
}

@test "a ProxyCommand that equals a ProxyJump becomes one, and it works" {
    local first
    cp "$LAB_KEY" .ssh/id_ed25519
    first=$(lab_sshd first)
    { lab_host inner "ProxyCommand ssh -q -W %h:%p outer" &&
        printf '%s\n' "Host outer" "  HostName 127.0.0.1" "  Port $first" "  User $LAB_USER" \
            "Host odd" "  ProxyCommand ssh -W %h:%p outer | tee x"; } >.ssh/config
    known "[127.0.0.1]:$LAB_PORT" "[127.0.0.1]:$first" odd
    run -0 --separate-stderr docktether import --yes
    [[ $stderr == *"inner: ProxyCommand ssh -q -W %h:%p outer is kept as the equal ProxyJump outer"* ]]
    [[ $stderr == *"odd: not created: it has a ProxyCommand"* ]]
    [ "$(value inner via)" = outer ]
    docktether update inner --set "socket=$LAB_SOCK"
    docktether up inner
    [ "$(curl -sS --unix-socket "$RUN/inner.sock" http://docker/_ping)" = OK ]
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
    [[ "$(row aa)" == *" 0 its host key is not"* && "$(row bb)" == *" 1" ]]
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
    [[ $stderr == *"way: not created: another profile has that name"* ]]
    [[ $stderr == *"one: not created: its hop way cannot be created"* ]]
    [[ $stderr == *'two: not created: Docker has a context "two"'* ]]
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
    [[ $stderr == *"cc: not created: its hop dd is no profile"* ]]
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
