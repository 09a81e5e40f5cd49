#!/usr/bin/env bats
# With which keys a profile logs in: files of every kind, certificates, agents that do
# what they should and agents that do not.
# shellcheck disable=SC2154 # run sets stderr
# shellcheck disable=SC2030,SC2031 # every test is a subshell, and means to be
# shellcheck disable=SC2317 # functions are called by others

load lib/common
lab_kind none

PASSPHRASE='a phrase nobody else knows'

# The profiles are ways to others only (socket = none): a login is all that is wanted here.
setup_file() {
    lab_up || return 1
    lab_new_key "$LAB/ca" && lab_new_key "$LAB/second" -t ecdsa
    # Certificates by this authority alone; every key in authorized_keys beside them.
    LAB_CERT_PORT=$(lab_sshd certificates "TrustedUserCAKeys $LAB/ca.pub" 'AuthorizedKeysFile none') || return 1
    cat "$LAB/second.pub" >>"$LAB/authorized_keys"
    # Two keys one after the other.
    LAB_BOTH_PORT=$(lab_sshd both 'AuthenticationMethods publickey,publickey') || return 1
    LAB_DEBUG_PORT=$(lab_sshd debug 'LogLevel DEBUG2') || return 1
    export LAB_CERT_PORT LAB_BOTH_PORT LAB_DEBUG_PORT
}

setup() {
    setup_home
    unset SSH_AUTH_SOCK
}

# In place of common's: the servers of setup_file serve all tests. A test stops what it has started.
stop_other_sshds() {
    :
}

# login PORT NAME [options]: a profile of the lab's server at PORT, pinned.
login() {
    local port=$1 name=$2
    shift 2
    docktether create "$name" "ssh://$LAB_USER@127.0.0.1:$port" --pin "$LAB_PIN" --set socket=none "$@"
}

# agent NAME: a real ssh-agent; its socket is in AGENT.
agent() {
    AGENT=$T/$1.sock
    lab_spawn "$T/$1.log" ssh-agent -D -a "$AGENT"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -S "$AGENT"
}

# fake_agent NAME OPTION...: one of fakeagent.py.
fake_agent() {
    local name=$1
    shift
    AGENT=$T/$name.sock
    lab_spawn "$T/$name.log" python3 "$PEERS/fakeagent.py" "$AGENT" "$@"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -S "$AGENT"
}

add_key() {
    SSH_AUTH_SOCK=$AGENT ssh-add -q "$@" 2>/dev/null
}

# certify KEY.pub [ssh-keygen options]: KEY-cert.pub, for the lab's user.
certify() {
    local key=$1
    shift
    ssh-keygen -q -s "$LAB/ca" -I "of the lab" -n "$LAB_USER" "$@" "$key"
}

authorize() {
    cat "$1" >>"$LAB/authorized_keys"
}

# What sshd NAME has been offered since mark_log: signatures, and keys without one.
mark_log() {
    MARK=$(lab_sshd_log "$1" | wc -l)
}

log_since() {
    lab_sshd_log "$1" | tail -n +"$((MARK + 1))"
}

count_since() {
    log_since "$1" | grep -cE -- "$2" || true
}

logged_in_with() {
    [[ "$(status_of "$1" identity)" == *"$2"* ]]
}

# elapsed LEAST MOST COMMAND...: the command takes that many seconds.
elapsed() {
    local least=$1 most=$2 begin=$SECONDS
    shift 2
    "$@"
    [ $((SECONDS - begin)) -ge "$least" ] && [ $((SECONDS - begin)) -le "$most" ]
}

askpass() {
    # shellcheck disable=SC2016 # the script's own $1
    printf '#!/bin/sh\necho "$1" >>"%s"\necho "%s"\n' "$T/asked" "$PASSPHRASE" >"$T/askpass"
    chmod +x "$T/askpass"
    export SSH_ASKPASS=$T/askpass SSH_ASKPASS_REQUIRE=force
}

# ---- files ---------------------------------------------------------------------------

@test "every type and format: ed25519, ecdsa 256, 384, 521 and rsa, as OpenSSH and PEM write them" {
    local spec type bits format i=0
    for spec in ed25519:256:OPENSSH ecdsa:256:OPENSSH ecdsa:384:OPENSSH ecdsa:521:OPENSSH rsa:3072:OPENSSH \
        ecdsa:256:PEM rsa:2048:PEM ecdsa:384:PKCS8 rsa:2048:PKCS8; do
        IFS=: read -r type bits format <<<"$spec"
        i=$((i + 1))
        ssh-keygen -q -t "$type" -b "$bits" -N '' -f "$T/k$i" </dev/null
        [ "$format" = OPENSSH ] || ssh-keygen -q -p -P '' -N '' -m "$format" -f "$T/k$i" >/dev/null
        authorize "$T/k$i.pub"
        rm "$T/k$i.pub"
        echo "$spec: $(head -n 1 "$T/k$i")"
        login "$LAB_PORT" "p$i" --identity "$T/k$i"
        docktether up "p$i"
        docktether rm -f "p$i"
    done
    [ "$i" = 9 ]
}

@test "encrypted in every format: asked for once, by the file's name" {
    local spec type format i=0
    askpass
    for spec in ed25519:OPENSSH rsa:OPENSSH ecdsa:PEM rsa:PEM ecdsa:PKCS8 rsa:PKCS8; do
        IFS=: read -r type format <<<"$spec"
        i=$((i + 1))
        ssh-keygen -q -t "$type" -N '' -f "$T/k$i" </dev/null
        authorize "$T/k$i.pub"
        rm "$T/k$i.pub"
        if [ "$format" = OPENSSH ]; then
            ssh-keygen -q -p -P '' -N "$PASSPHRASE" -f "$T/k$i" >/dev/null
        else
            ssh-keygen -q -p -P '' -N "$PASSPHRASE" -m "$format" -f "$T/k$i" >/dev/null
        fi
        grep -q ENCRYPTED "$T/k$i" || [ "$format" = OPENSSH ]
        echo "$spec: $(head -n 1 "$T/k$i")"
        rm -f "$T/asked"
        login "$LAB_PORT" "p$i" --identity "$T/k$i"
        docktether up "p$i"
        [ "$(grep -c "$T/k$i" "$T/asked")" = 1 ]
        docktether rm -f "p$i"
    done
    [ "$i" = 6 ]
}

@test "a key that others can read is refused, as ssh refuses it" {
    local mode
    cp "$LAB_KEY" "$T/loose"
    login "$LAB_PORT" lab --identity "$T/loose"
    for mode in 0644 0640 0604 0610; do
        chmod "$mode" "$T/loose"
        fails_with 5 up lab
        [[ ${stderr_lines[0]} == *"$T/loose can be read by others"*"$mode"* && ${stderr_lines[1]} == *"chmod 600"* ]]
    done
    chmod 0600 "$T/loose"
    docktether up lab
}

@test "a default key that others can read is passed over, and the error says so" {
    cp "$LAB_KEY" .ssh/id_ed25519
    chmod 0644 .ssh/id_ed25519
    login "$LAB_PORT" lab
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *id_ed25519*"can be read by others"* && ${stderr_lines[1]} == *"chmod 600"* ]]
}

@test "an identity that is missing, or no key at all: 5" {
    cp "$LAB_KEY" "$T/k"
    login "$LAB_PORT" lab --identity "$T/k"
    rm "$T/k"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"$T/k does not exist"* ]]
    echo nonsense >"$T/k"
    chmod 0600 "$T/k"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"$T/k is no private key"* ]]
}

@test "one identity: one signature sent at once, no probe, and the agent is not even asked" {
    fake_agent hung --hang list --log "$T/agent.requests"
    export SSH_AUTH_SOCK=$AGENT
    login "$LAB_DEBUG_PORT" lab --identity "$LAB_KEY"
    mark_log debug
    docktether up lab
    # A question without a signature, or a try of "none", would be one more request.
    [ "$(count_since debug 'userauth-request for user .* method publickey')" = 1 ]
    [ "$(count_since debug 'userauth-request for user')" = 1 ]
    [ "$(count_since debug 'pubkey test|Postponed publickey')" = 0 ]
    [ "$(count_since debug 'Accepted publickey')" = 1 ]
    [ ! -e "$T/agent.requests" ]
}

# libssh's way with an agent, the only one it has: were it to sign at once, this would say so.
@test "the only key of the agent: no question, one signature" {
    agent good
    add_key "$LAB_KEY"
    login "$LAB_DEBUG_PORT" lab --identity "$LAB_KEY.pub" --set "agent=$AGENT"
    login "$LAB_DEBUG_PORT" any --set "agent=$AGENT"
    for name in lab any; do
        mark_log debug
        docktether up "$name"
        [ "$(count_since debug 'userauth-request for user')" = 1 ]
        [ "$(count_since debug 'Postponed publickey')" = 0 ]
        [ "$(count_since debug 'Accepted publickey')" = 1 ]
    done
}

@test "of several keys of the agent only one that the server takes is signed with" {
    agent good
    lab_new_key "$T/other"
    add_key "$T/other"
    add_key "$LAB_KEY"
    login "$LAB_DEBUG_PORT" lab --identity "$T/other.pub" --identity "$LAB_KEY.pub" --set "agent=$AGENT"
    mark_log debug
    docktether up lab
    [ "$(count_since debug 'userauth-request for user')" = 3 ]
    [ "$(count_since debug 'Postponed publickey')" = 1 ]
    [ "$(count_since debug 'Accepted publickey')" = 1 ]
}

@test "an RSA key, from a file and from the agent, alone" {
    lab_new_key "$T/rsa" -t rsa -b 3072
    cp "$LAB/authorized_keys" "$T/authorized_keys"
    cat "$T/rsa.pub" >>"$T/authorized_keys"
    port=$(lab_sshd rsa "AuthorizedKeysFile $T/authorized_keys")
    login "$port" file --identity "$T/rsa" --set agent=no
    docktether up file
    agent good
    add_key "$T/rsa"
    login "$port" agent --identity "$T/rsa.pub" --set "agent=$AGENT"
    docktether up agent
    [ "$(lab_sshd_log rsa | grep -c 'Accepted publickey')" = 2 ]
    [ "$(lab_sshd_log rsa | grep -c 'Failed publickey')" = 0 ]
}

@test "with identity given only these are offered, in their order" {
    lab_new_key "$T/stranger"
    lab_new_key "$T/other"
    agent good
    add_key "$T/other"
    export SSH_AUTH_SOCK=$AGENT
    login "$LAB_PORT" lab --identity "$T/stranger" --identity "$LAB/second" --identity "$LAB_KEY"
    mark_log main
    docktether up lab
    logged_in_with lab "$(ssh-keygen -lf "$LAB/second.pub" | cut -d' ' -f2)"
    [ "$(count_since main 'Failed publickey')" = 1 ]
    [ "$(count_since main 'Accepted publickey')" = 1 ]
    login "$LAB_PORT" none --identity "$T/stranger"
    fails_with 5 up none
    [[ ${stderr_lines[0]} == *"refused the key"*stranger* ]]
}

@test "more wrong identities than the server's MaxAuthTries: 5, and why" {
    local i names=()
    for i in 1 2 3 4 5 6 7; do
        lab_new_key "$T/w$i"
        names+=(--identity "$T/w$i")
    done
    login "$LAB_PORT" lab "${names[@]}"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"Too many authentication failures"* ]]
    # An agent with as many is no obstacle for a profile that names its key.
    agent full
    add_key "$T"/w[1-7] "$LAB_KEY"
    export SSH_AUTH_SOCK=$AGENT
    login "$LAB_PORT" any
    fails_with 5 up any
    [[ ${stderr_lines[1]} == *--identity* ]]
    login "$LAB_PORT" named --identity "$LAB_KEY.pub"
    docktether up named
}

# ---- publickey,publickey ---------------------------------------------------------------

@test "a server that wants two keys: both from files, or one of them from the agent" {
    login "$LAB_BOTH_PORT" files --identity "$LAB_KEY" --identity "$LAB/second"
    docktether up files
    agent good
    add_key "$LAB/second"
    login "$LAB_BOTH_PORT" mixed --identity "$LAB_KEY" --identity "$LAB/second.pub" --set "agent=$AGENT"
    docktether up mixed
    add_key "$LAB_KEY"
    login "$LAB_BOTH_PORT" agents --set "agent=$AGENT"
    docktether up agents
}

@test "a server that wants two keys and gets one: 5, and it says so" {
    login "$LAB_BOTH_PORT" lab --identity "$LAB_KEY"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"accepted the key"*"also requires another one"* ]]
    [[ ${stderr_lines[1]} == *"--identity FILE --identity FILE"* ]]
    lab_new_key "$T/stranger"
    docktether update lab --identity "$LAB_KEY" --identity "$T/stranger"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"accepted the key"*"refused the rest"* ]]
}

@test "a server that wants a password after the key: 5, and it is never sent one" {
    local port
    port=$(lab_sshd password 'AuthenticationMethods publickey,password')
    login "$port" lab --identity "$LAB_KEY"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"accepted the key"*"also requires password, which"* ]]
    run -1 grep -i 'password for' "$LAB/sshd/password/log"
    lab_stop_sshd password
}

# ---- certificates -----------------------------------------------------------------------

# a_key NAME: a key that no server knows.
a_key() {
    lab_new_key "$T/$1" "${@:2}"
}

@test "a certificate beside the identity file is taken by itself" {
    local type
    for type in ed25519 ecdsa rsa; do
        a_key "$type" -t "$type"
        login "$LAB_CERT_PORT" "$type" --identity "$T/$type"
        fails_with 5 up "$type"
        certify "$T/$type.pub"
        mark_log certificates
        docktether up "$type"
        logged_in_with "$type" "$type-cert.pub"
        [ "$(count_since certificates 'Accepted publickey.*-CERT')" = 1 ]
        [ "$(count_since certificates 'Failed publickey')" = 0 ]
    done
}

@test "certificate = FILE goes with the identity whose key it certifies, whatever their order" {
    a_key one
    a_key two
    certify "$T/two.pub"
    mv "$T/two-cert.pub" "$T/elsewhere.pub"
    login "$LAB_CERT_PORT" lab --identity "$T/one" --identity "$T/two" --certificate "$T/elsewhere.pub"
    grep -qx "certificate = $T/elsewhere.pub" "$STORE/lab.ini"
    docktether up lab
    logged_in_with lab elsewhere.pub
}

@test "several certificates for one key are tried in their order" {
    a_key one
    certify "$T/one.pub" -n nobody-here
    mv "$T/one-cert.pub" "$T/wrong-cert.pub"
    certify "$T/one.pub"
    mv "$T/one-cert.pub" "$T/right-cert.pub"
    login "$LAB_CERT_PORT" lab --identity "$T/one" --certificate "$T/wrong-cert.pub" --certificate "$T/right-cert.pub"
    docktether up lab
    logged_in_with lab right-cert.pub
}

@test "a key with a certificate that the server does not trust still logs in as a bare key" {
    cp "$LAB_KEY" "$T/k"
    cp "$LAB_KEY.pub" "$T/k.pub"
    certify "$T/k.pub"
    login "$LAB_PORT" lab --identity "$T/k"
    docktether up lab
    run -1 logged_in_with lab cert
}

@test "an encrypted key with its certificate" {
    a_key k
    certify "$T/k.pub"
    ssh-keygen -q -p -P '' -N "$PASSPHRASE" -f "$T/k" >/dev/null
    askpass
    login "$LAB_CERT_PORT" lab --identity "$T/k"
    docktether up lab
    logged_in_with lab k-cert.pub
}

@test "a certificate in the agent: with no identity named, and for one that is" {
    a_key k
    certify "$T/k.pub"
    agent good
    add_key "$T/k" # takes the certificate beside it along
    mkdir "$T/away"
    mv "$T/k" "$T/k-cert.pub" "$T/away"
    export SSH_AUTH_SOCK=$AGENT
    login "$LAB_CERT_PORT" any
    docktether up any
    logged_in_with any '(agent)'
    login "$LAB_CERT_PORT" named --identity "$T/k.pub"
    docktether up named
    login "$LAB_CERT_PORT" itself --identity "$T/away/k-cert.pub"
    docktether up itself
}

@test "a certificate in a file for a key that is in the agent alone" {
    a_key k
    agent good
    add_key "$T/k"
    certify "$T/k.pub"
    rm "$T/k"
    login "$LAB_CERT_PORT" beside --identity "$T/k.pub" --set "agent=$AGENT"
    docktether up beside
    mv "$T/k-cert.pub" "$T/c.pub"
    login "$LAB_CERT_PORT" named --identity "$T/k.pub" --certificate "$T/c.pub" --set "agent=$AGENT"
    docktether up named
    logged_in_with named c.pub
    login "$LAB_CERT_PORT" any --certificate "$T/c.pub" --set "agent=$AGENT"
    docktether up any
    logged_in_with any c.pub
}

@test "a certificate that is missing, no certificate, for a host or for another key: 5" {
    a_key k
    a_key other
    certify "$T/other.pub"
    login "$LAB_CERT_PORT" lab --identity "$T/k" --certificate "$T/other-cert.pub"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *other-cert.pub*"none of the keys"* ]]
    cp "$T/other.pub" "$T/other-cert.pub"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"no certificate"* ]]
    ssh-keygen -q -s "$LAB/ca" -h -I host "$T/other.pub"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"for a host"* ]]
    rm "$T/other-cert.pub"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"does not exist"* ]]
    run -5 --separate-stderr docktether update lab --certificate "$T/nowhere"
    [[ $stderr == *"$T/nowhere"* ]]
}

@test "an expired certificate: 5, and the hint says so" {
    a_key k
    certify "$T/k.pub" -V 20200101:20200201
    login "$LAB_CERT_PORT" lab --identity "$T/k"
    fails_with 5 up lab
    [[ ${stderr_lines[1]} == *k-cert.pub*"has expired"* ]]
    [[ $stderr != *authorized_keys* ]]
    # For somebody else: that is named, too.
    ssh-keygen -q -s "$LAB/ca" -I "of the lab" -n someoneelse "$T/k.pub"
    fails_with 5 up lab
    [[ ${stderr_lines[1]} == *"is for someoneelse and not for $LAB_USER"* && $stderr != *authorized_keys* ]]
}

# ---- the agent ------------------------------------------------------------------------------

@test "identity = x.pub chooses one key of the agent, and nothing else is offered" {
    a_key k
    authorize "$T/k.pub"
    agent good
    a_key other
    add_key "$T/other" "$T/k"
    rm "$T/k"
    export SSH_AUTH_SOCK=$AGENT
    login "$LAB_PORT" lab --identity "$T/k.pub"
    mark_log main
    docktether up lab
    logged_in_with lab "$(ssh-keygen -lf "$T/k.pub" | cut -d' ' -f2) (agent)"
    [ "$(count_since main 'Failed publickey')" = 0 ]
}

@test "identity = x.pub that the agent does not hold: 5, and it names the key" {
    a_key k
    agent empty
    export SSH_AUTH_SOCK=$AGENT
    login "$LAB_PORT" lab --identity "$T/k.pub"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"does not hold the key"*"$(ssh-keygen -lf "$T/k.pub" | cut -d' ' -f2)"* ]]
    [[ ${stderr_lines[1]} == *ssh-add* ]]
    # With another identity beside it the login goes on.
    docktether update lab --identity "$T/k.pub" --identity "$LAB_KEY"
    docktether up lab
}

@test "identity = x.pub without an agent, or with agent = no: 5" {
    a_key k
    login "$LAB_PORT" lab --identity "$T/k.pub"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"only an agent can sign"*"SSH_AUTH_SOCK is not set"* ]]
    docktether update lab --set agent=no
    SSH_AUTH_SOCK=$T/any.sock fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"only an agent can sign"*"agent = no"* ]]
    docktether update lab --set "agent=$T/nowhere.sock"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"cannot reach the agent at $T/nowhere.sock"* ]]
}

@test "a FIDO key that is in the agent alone, touched after two seconds" {
    openssl genpkey -algorithm ed25519 -out "$T/token.pem"
    fake_agent token --sk "$T/token.pem" --delay 2 --log "$T/requests"
    authorize "$T/token.pem.pub"
    export SSH_AUTH_SOCK=$AGENT
    login "$LAB_PORT" lab --identity "$T/token.pem.pub"
    run -0 --separate-stderr docktether up lab
    [[ $stderr == *"waiting for the SSH agent"*touch* ]]
    logged_in_with lab '(agent)'
    [ "$(grep -c sign "$T/requests")" = 1 ]
    grep -q 'waiting for the agent' "$STATE/lab.log"
}

# stub PUBLIC.pub: the file that ssh-keygen writes for a key on a token, without a passphrase.
stub() {
    python3 - "$1" <<'STUB'
import base64, struct, sys
s = lambda b: struct.pack(">I", len(b)) + b
blob = base64.b64decode(open(sys.argv[1]).read().split()[1])
kind = blob[4:4 + struct.unpack(">I", blob[:4])[0]]
secret = b"check" [:4] * 2 + blob + b"\1" + s(b"handle") + s(b"") + s(b"token")
secret += bytes(range(1, 1 + -len(secret) % 8))
whole = b"openssh-key-v1\0" + s(b"none") + s(b"none") + s(b"") + struct.pack(">I", 1) + s(blob) + s(secret)
text = base64.b64encode(whole).decode()
print("-----BEGIN OPENSSH PRIVATE KEY-----")
print("\n".join(text[i:i + 70] for i in range(0, len(text), 70)))
print("-----END OPENSSH PRIVATE KEY-----")
STUB
}

@test "the file of a key on a FIDO token stands for the key of the agent" {
    openssl genpkey -algorithm ed25519 -out "$T/token.pem"
    fake_agent token --sk "$T/token.pem"
    authorize "$T/token.pem.pub"
    stub "$T/token.pem.pub" >"$T/id_sk"
    chmod 0600 "$T/id_sk"
    # ssh reads it as that.
    [ "$(ssh-keygen -y -f "$T/id_sk" | cut -d' ' -f1,2)" = "$(cut -d' ' -f1,2 "$T/token.pem.pub")" ]
    login "$LAB_PORT" lab --identity "$T/id_sk"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"id_sk is a key on a FIDO token, so only an agent can sign with it"* ]]
    [[ ${stderr_lines[1]} == *ssh-add* ]]
    SSH_AUTH_SOCK=$AGENT docktether up lab
    logged_in_with lab '(agent)'
}

@test "agent = PATH and ~/PATH, whatever SSH_AUTH_SOCK says; agent = no and yes" {
    agent good
    add_key "$LAB_KEY"
    ln -s "$AGENT" .ssh/agent.sock
    login "$LAB_PORT" path --set "agent=$AGENT"
    login "$LAB_PORT" home --set agent=~/.ssh/agent.sock
    login "$LAB_PORT" off --set agent=no
    login "$LAB_PORT" on --set agent=yes
    # shellcheck disable=SC2088 # as it stands in the profile
    docktether update home --set 'agent=~/.ssh/agent.sock'
    grep -qx 'agent = ~/.ssh/agent.sock' "$STORE/home.ini"
    SSH_AUTH_SOCK=$T/nowhere.sock docktether up path home
    SSH_AUTH_SOCK=$AGENT docktether up on
    SSH_AUTH_SOCK=$AGENT fails_with 5 up off
    [[ ${stderr_lines[0]} == *"agent = no"* ]]
    fails_with 2 update off --set agent=agent.sock
    [[ $stderr == *agent.sock* ]]
}

@test "an encrypted key that the agent holds: no question" {
    a_key k
    authorize "$T/k.pub"
    agent good
    add_key "$T/k"
    ssh-keygen -q -p -P '' -N "$PASSPHRASE" -f "$T/k" >/dev/null
    askpass
    login "$LAB_PORT" lab --identity "$T/k" --set "agent=$AGENT"
    docktether up lab
    [ ! -e "$T/asked" ]
    logged_in_with lab '(agent)'
}

# ---- agents that do not answer ------------------------------------------------------------

@test "an agent that hangs when it is to sign: up says so, and gives up at the deadline with 5" {
    agent good
    add_key "$LAB_KEY"
    fake_agent hung --behind "$AGENT" --hang sign
    login "$LAB_PORT" lab --identity "$LAB_KEY.pub" --set "agent=$AGENT" --set connect-timeout=3s
    run_up() { run -5 --separate-stderr docktether up lab; }
    elapsed 3 60 run_up
    [[ $stderr == *"lab: waiting for the SSH agent"* ]]
    [[ $stderr == *"the agent did not sign with"*"within 3 s"* && $stderr == *$'\n'hint:*touch*connect-timeout* ]]
    no_tethers
}

@test "an agent that hangs when it is asked for its keys: up says so, and gives up with 5" {
    fake_agent hung --hang list
    export SSH_AUTH_SOCK=$AGENT
    login "$LAB_PORT" lab --set connect-timeout=2s
    run_up() { run -5 --separate-stderr docktether up lab; }
    elapsed 2 60 run_up
    [[ $stderr == *"lab: waiting for the SSH agent"* && $stderr == *"does not answer"* ]]
    docktether update lab --identity "$LAB_KEY.pub"
    elapsed 2 60 run_up
    [[ $stderr == *"lab: waiting for the SSH agent"* && $stderr == *"does not answer"* ]]
}

@test "an agent that breaks off when it is to sign: it is named, 5" {
    agent good
    add_key "$LAB_KEY"
    fake_agent rude --behind "$AGENT" --break sign
    login "$LAB_PORT" lab --identity "$LAB_KEY.pub" --set "agent=$AGENT"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"agent: the agent at $AGENT ended the connection when it was to sign with"* ]]
}

# An agent's absence is not the server's refusal: nobody has to say `up` again.
@test "an agent that is away when the tether connects again: it tries until the agent is back" {
    local port first
    agent away
    first=$LAB_SPAWNED
    add_key "$LAB_KEY"
    port=$(lab_sshd moving)
    login "$port" lab --identity "$LAB_KEY.pub" --set "agent=$AGENT"
    docktether up lab
    end "$first"
    rm -f "$AGENT"
    lab_stop_sshd moving
    lab_sshd_again moving
    wait_for 60 grep -q 'cannot reach the agent' "$STATE/lab.log"
    wait_for 10 state_is lab waiting
    agent away
    add_key "$LAB_KEY"
    wait_for 60 state_is lab serving
    lab_stop_sshd moving
}

@test "an agent that hangs keeps nobody from a key file" {
    fake_agent hung --hang list
    export SSH_AUTH_SOCK=$AGENT
    login "$LAB_PORT" named --identity "$LAB_KEY" --set connect-timeout=2m
    elapsed 0 60 docktether up named
    cp "$LAB_KEY" .ssh/id_ed25519
    login "$LAB_PORT" unnamed --set connect-timeout=2s
    elapsed 0 60 docktether up unnamed
}

@test "a tether whose agent hangs answers status, and down ends it at once" {
    agent good
    add_key "$LAB_KEY"
    fake_agent hung --behind "$AGENT" --hang sign
    login "$LAB_PORT" lab --identity "$LAB_KEY.pub" --set "agent=$AGENT" --set connect-timeout=1m
    docktether up lab >up.out 2>up.err 3>&- &
    at_end $!
    wait_for 10 grep -q 'waiting for the SSH agent' up.err
    [ "$(status_of lab state)" = connecting ]
    # Who joins is told the same.
    docktether up lab >up2.out 2>up2.err 3>&- &
    at_end $!
    wait_for 10 grep -q 'waiting for the SSH agent' up2.err
    # One that still waited would bring it up anew.
    end "${CLEANUP[-1]}"
    # After five seconds it would be ended by a signal.
    elapsed 0 4 docktether down lab
    logged 'stop: connecting -> closing'
    wait_for 5 no_tethers
}

@test "one profile whose agent hangs keeps no other waiting" {
    fake_agent hung --hang list
    login "$LAB_PORT" stuck --identity "$LAB_KEY.pub" --set "agent=$AGENT" --set connect-timeout=2m
    login "$LAB_PORT" fine --identity "$LAB_KEY"
    docktether up stuck >up.out 2>up.err 3>&- &
    at_end $!
    wait_for 10 grep -q 'waiting for the SSH agent' up.err
    elapsed 0 60 docktether up fine
}

@test "an agent that is slow and then signs" {
    agent good
    add_key "$LAB_KEY"
    fake_agent slow --behind "$AGENT" --delay 2
    login "$LAB_PORT" lab --identity "$LAB_KEY.pub" --set "agent=$AGENT"
    run -0 --separate-stderr docktether up lab
    [[ $stderr == *"lab: waiting for the SSH agent"* && $stderr == *"lab: up"* ]]
}

@test "an agent that is quick is not spoken of" {
    agent good
    add_key "$LAB_KEY"
    login "$LAB_PORT" lab --identity "$LAB_KEY.pub" --set "agent=$AGENT"
    run -0 --separate-stderr docktether up lab
    [[ $stderr != *waiting* ]]
}

# ---- agents that refuse ------------------------------------------------------------------------

@test "a key bound to hosts (ssh-add -h): 5, and the reason in words" {
    printf 'elsewhere.example %s\n' "$(cut -d' ' -f1,2 "$LAB/host_ed25519.pub")" >.ssh/known_hosts
    agent good
    SSH_AUTH_SOCK=$AGENT ssh-add -q -H "$HOME/.ssh/known_hosts" -h elsewhere.example "$LAB_KEY" 2>/dev/null
    login "$LAB_PORT" lab --identity "$LAB_KEY.pub" --set "agent=$AGENT"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"the agent refused to sign with"* && ${stderr_lines[1]} == *"ssh-add -h"* ]]
    [[ $stderr != *"Out of memory"* ]]
    # The next identity has its turn.
    docktether update lab --identity "$LAB_KEY.pub" --identity "$LAB/second"
    docktether up lab
    logged_in_with lab second
}

@test "a confirmation that is declined (ssh-add -c): 5" {
    SSH_ASKPASS=/bin/false SSH_ASKPASS_REQUIRE=force DISPLAY=:0 agent asking
    SSH_AUTH_SOCK=$AGENT ssh-add -q -c "$LAB_KEY" 2>/dev/null
    login "$LAB_PORT" lab --identity "$LAB_KEY.pub" --set "agent=$AGENT"
    fails_with 5 up lab
    [[ ${stderr_lines[0]} == *"the agent refused to sign with"* && ${stderr_lines[1]} == *"ssh-add -c"* ]]
}

@test "a tether uses the agent again when it reconnects" {
    local port
    agent good
    add_key "$LAB_KEY"
    port=$(lab_sshd moving)
    login "$port" lab --identity "$LAB_KEY.pub" --set "agent=$AGENT"
    docktether up lab
    lab_stop_sshd moving
    lab_sshd_again moving
    reconnected() { state_is lab serving && [ "$(status_of lab reconnects)" -ge 1 ]; }
    wait_for 20 reconnected
    lab_stop_sshd moving
}

# ---- an agent that goes away -------------------------------------------------------

# with_an_agent: `lab`, up with an agent's key over the wire `line`; the agent is $FIRST.
with_an_agent() {
    local port
    port=$(wire_start line "$LAB_PORT")
    agent first
    FIRST=$LAB_SPAWNED
    add_key "$LAB_KEY"
    export SSH_AUTH_SOCK=$AGENT
    login "$port" lab --identity "$LAB_KEY.pub"
    docktether up lab
}

# Cut, when there is no agent to log in with again.
agent_away() {
    lab_kill 5 "$FIRST"
    rm -f "$AGENT"
    wire_tell line cut rst
    wait_for 10 logged "cannot reach the agent"
}

@test "an agent that was away for a while is no refusal: the tether is back with it" {
    with_an_agent
    agent_away
    [ "$(status_of lab state)" != failed ]
    agent first
    add_key "$LAB_KEY"
    wait_for 40 state_is lab serving
    [ "$(grep -cF refused: "$STATE/lab.log")" = 0 ]
}

@test "up from a login with another agent brings back a tether whose agent is gone" {
    local old
    with_an_agent
    old=$(status_of lab pid)
    agent_away
    agent second
    add_key "$LAB_KEY"
    export SSH_AUTH_SOCK=$AGENT
    run -0 docktether up lab
    [[ $output == *"with the agent of this login"* ]]
    state_is lab serving
    [ "$(status_of lab agent)" = "$AGENT" ]
    [ "$(status_of lab pid)" != "$old" ]
    # Nothing is taken away from a tether that serves, while its own agent is there.
    old=$(status_of lab pid)
    agent third
    export SSH_AUTH_SOCK=$AGENT
    run -0 docktether up lab
    [ "$(status_of lab pid)" = "$old" ]
}
