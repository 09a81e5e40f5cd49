#!/bin/sh
# The parts of the tests that this build has, and why it lacks another (TAP).
#
# Environment: HAVE_CMOCKA and HAVE_E2E, yes where configure has put that part in.

echo 1..2
if [ "$HAVE_CMOCKA" = yes ]; then
    echo 'ok 1 - unit tests'
else
    echo 'ok 1 - unit tests # SKIP there is no cmocka here (Debian: libcmocka-dev)'
fi
if [ "$HAVE_E2E" = yes ]; then
    echo 'ok 2 - end-to-end tests'
elif command -v bats >/dev/null; then
    echo 'ok 2 - end-to-end tests # SKIP they were left out when this was configured'
else
    echo 'ok 2 - end-to-end tests # SKIP there is no bats here (Debian: bats)'
fi
