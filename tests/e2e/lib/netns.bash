# shellcheck shell=bash
# netns: two machines of the test's own, as far as a network goes: namespaces with a cable
# between them. A proxy cannot lose a packet; a cable can. common.bash comes first.
#
#   net_up             makes NEAR and FAR; near is 192.0.2.1, far 192.0.2.2
#   net_down           and takes them away again
#   near COMMAND...    runs a command there
#   net_swallow        packets vanish in both directions, and nobody is told; net_carry ends it
#   net_unplug         the cable is out, which both ends can see; net_plug

NEAR_IP=192.0.2.1 # of TEST-NET-1, RFC 5737
FAR_IP=192.0.2.2
NOBODY=02:00:00:00:00:99

net_up() {
    NEAR=${LAB##*/}-near FAR=${LAB##*/}-far
    export NEAR FAR
    ip netns add "$NEAR" && ip netns add "$FAR" &&
        ip -n "$NEAR" link add cable type veth peer name cable netns "$FAR" &&
        ip -n "$NEAR" addr add "$NEAR_IP/24" dev cable && ip -n "$FAR" addr add "$FAR_IP/24" dev cable &&
        ip -n "$NEAR" link set lo up && ip -n "$FAR" link set lo up &&
        ip -n "$NEAR" link set cable up && ip -n "$FAR" link set cable up
}

# The pair of devices goes with either namespace.
net_down() {
    local space
    for space in "${NEAR:-}" "${FAR:-}"; do
        [ ! -e "/run/netns/$space" ] || [ -z "$space" ] || ip netns del "$space"
    done
}

near() {
    nsenter --net="/run/netns/$NEAR" "$@"
}

# Both send their frames to an address that nobody has.
net_swallow() {
    net_neighbour "$NEAR" "$FAR_IP" "$NOBODY"
    net_neighbour "$FAR" "$NEAR_IP" "$NOBODY"
}

net_carry() {
    net_neighbour "$NEAR" "$FAR_IP" "$(net_address "$FAR")"
    net_neighbour "$FAR" "$NEAR_IP" "$(net_address "$NEAR")"
}

net_address() {
    ip -n "$1" -brief link show dev cable | awk '{ print $3 }'
}

net_neighbour() {
    ip -n "$1" neigh replace "$2" lladdr "$3" dev cable nud permanent
}

net_unplug() {
    ip -n "$FAR" link set cable down
}

net_plug() {
    ip -n "$FAR" link set cable up
}

# far_sshd NAME [sshd_config line...]: a server of that name over there, at port 22.
far_sshd() {
    local name=$1 sshd
    shift
    sshd=$(command -v sshd)
    mkdir -p "$LAB/sshd/$name"
    printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s %s "$@"\n' "$FAR" "$sshd" >"$LAB/sshd/$name/sshd"
    chmod +x "$LAB/sshd/$name/sshd"
    lab_sshd "$name" "ListenAddress $FAR_IP:22" "$@" >/dev/null
}
