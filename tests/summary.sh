#!/bin/sh
# tests/summary counts each failure once, and names what was skipped in one line (TAP).

top=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd)
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

# results NAME RESULT...: what the harness writes about the tests of one file.
results() {
    name=$1
    shift
    printf ':test-result: %s\n' "$@" >"$name.trs"
    printf '%s\n' "$@" | sed 's/^[A-Z]*/&:/' >"$name.log"
}

count=0
# says STATUS LINES FILE...: that many lines for those files, the last line, and the exit status.
says() {
    status=$1 lines=$2 last=$3
    shift 3
    count=$((count + 1))
    said=$(sh "$top/tests/summary" "$@")
    got=$?
    if [ "$got" = "$status" ] && [ "$(echo "$said" | wc -l)" = "$lines" ] &&
        [ "$(echo "$said" | tail -n 1)" = "$last" ]; then
        echo "ok $count - $last"
    else
        echo "not ok $count - $last"
        echo "$said" | sed "s/^/# exit $got: /"
    fi
}

results good 'PASS t.bats 1 a' 'PASS t.bats 2 b'
results bad 'PASS t.bats 1 a' 'FAIL t.bats 2 b' 'ERROR t.bats - exited with status 1'
results broken 'ERROR t.bats - missing test plan' 'ERROR t.bats - exited with status 127'
results absent 'SKIP t.bats 1 a # SKIP no dockerd here' 'SKIP t.bats 2 b # SKIP no dockerd here'
echo 1..5
says 0 1 '2 passed, 0 failed' good.trs
says 1 2 '3 passed, 1 failed' good.trs bad.trs
says 1 2 '2 passed, 1 failed' good.trs broken.trs
says 0 2 '2 passed, 0 failed, 2 skipped' good.trs absent.trs
says 1 2 '0 passed, 0 failed, 2 skipped' absent.trs
