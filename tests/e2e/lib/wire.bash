# shellcheck shell=bash
# wire: the network between a tether and its server, as the test wants it. The program
# is tests/net/wire.c, whose first lines say what it can be told. lab.bash comes first.
#
#   port=$(wire_start NAME TARGET [--delay MS] [--rate BYTES])    TARGET: a port, HOST:PORT, /a/socket
#   wire_tell NAME WORD...       prints the answer, a line of JSON; fails when it was not ok
#   wire_stat NAME MEMBER...     one value of its `stats`
#   wire_stop NAME
#
# The program is $DOCKTETHER_WIRE, or tests/net/wire beside $DOCKTETHER; after a build by
# hand `make tests/net/wire` makes it. Wires of a test end with it, those of setup_file
# with the file.

wire_program() {
    local beside
    beside=$(dirname "$(realpath "$(type -P "${DOCKTETHER:-docktether}")")")/tests/net/wire
    for beside in "${DOCKTETHER_WIRE:-}" "$beside"; do
        [ ! -x "$beside" ] || { echo "$beside"; return 0; }
    done
    lab_say "there is no $beside; make it with: make tests/net/wire"
    return 1
}

# The directory of a wire: the test's own, else one of the whole file's.
wire_dir() {
    if [ -d "$LAB/wires/$1" ] || [ -z "${T:-}" ]; then
        echo "$LAB/wires/$1"
    else
        echo "$T/wires/$1"
    fi
}

wire_start() {
    local name=$1 to=$2 dir program
    shift 2
    dir=$(wire_dir "$name")
    program=$(wire_program) || return 1
    mkdir -p "$dir" || return 1
    rm -f "$dir/ctl" "$dir/port"
    [[ $to == */* || $to == *:* ]] || to=127.0.0.1:$to
    # Its standard error goes where its port does, which is one line when all is well.
    lab_spawn "$dir/port" "$program" --to "$to" --control "$dir/ctl" "$@"
    echo "$LAB_SPAWNED" >"$dir/pid"
    if ! wait_for 10 wire_settled "$dir" || ! grep -qx '[0-9]*' "$dir/port"; then
        lab_say "the wire $name did not start: $(cat "$dir/port")"
        return 1
    fi
    cat "$dir/port"
}

wire_settled() {
    grep -q . "$1/port" || lab_gone "$(cat "$1/pid")"
}

wire_tell() {
    local name=$1
    shift
    "$(wire_program)" --tell "$(wire_dir "$name")/ctl" "$@"
}

wire_stat() {
    local name=$1
    shift
    wire_tell "$name" stats | json_get "$@"
}

wire_stop() {
    local dir
    dir=$(wire_dir "$1")
    [ ! -e "$dir/pid" ] || lab_kill 5 "$(cat "$dir/pid")"
    rm -rf "$dir"
}

wire_stop_all() {
    local dir
    for dir in "$1"/*/; do
        [ ! -e "$dir/pid" ] || lab_kill 5 "$(cat "$dir/pid")"
        rm -rf "$dir"
    done
}
