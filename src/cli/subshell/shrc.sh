# shellcheck shell=sh
# What an sh of `docktether shell` reads at its start, as its $ENV: the user's own first.
if [ -n "${DOCKTETHER_SHELL_ENV-}" ]; then
    ENV=$DOCKTETHER_SHELL_ENV
    export ENV
    # As the shell would have: its value is expanded.
    eval "DOCKTETHER_SHELL_ENV=\"$ENV\""
    # shellcheck disable=SC1090
    [ ! -r "$DOCKTETHER_SHELL_ENV" ] || . "$DOCKTETHER_SHELL_ENV"
else
    unset ENV
fi

# That file may point elsewhere.
DOCKER_HOST=$DOCKTETHER_SHELL_URL
export DOCKER_HOST
unset DOCKER_CONTEXT DOCKER_TLS DOCKER_TLS_VERIFY DOCKER_CERT_PATH

if [ -n "$DOCKTETHER_SHELL_COLOR" ]; then
    PS1="$(printf '\033[%sm[%s]\033[0m' "$DOCKTETHER_SHELL_COLOR" "$DOCKTETHER_SHELL_MARK") $PS1"
else
    PS1="[$DOCKTETHER_SHELL_MARK] $PS1"
fi
unset DOCKTETHER_SHELL_FILE DOCKTETHER_SHELL_ENV DOCKTETHER_SHELL_URL DOCKTETHER_SHELL_MARK DOCKTETHER_SHELL_COLOR
