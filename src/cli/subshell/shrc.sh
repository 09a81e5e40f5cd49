# shellcheck shell=sh
# An sh of `docktether shell` reads this at its start, as its $ENV: the user's own first.
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
__docktether_program=$DOCKTETHER_SHELL_PROGRAM
__docktether_colours=$DOCKTETHER_SHELL_COLOURS
unset DOCKTETHER_SHELL_FILE DOCKTETHER_SHELL_ENV DOCKTETHER_SHELL_URL DOCKTETHER_SHELL_PROGRAM \
    DOCKTETHER_SHELL_COLOURS

# Prints the profile that docker uses now, which may be another than the one that this
# shell was started for; $1 is the last exit status, which stays. "?" when the program
# does not run any more.
__docktether_shell_mark() {
    set -- "$1" "$("$__docktether_program" show --prompt 2>/dev/null || echo '?')" 36
    case $2 in
    *!) set -- "$1" "$2" '1;35' ;;
    esac
    if [ -n "$2" ] && [ -n "$__docktether_colours" ]; then
        printf '\033[%sm[%s]\033[0m ' "$3" "$2"
    elif [ -n "$2" ]; then
        printf '[%s] ' "$2"
    fi
    return "$1"
}
# shellcheck disable=SC2016 # expanded whenever the prompt is printed
PS1='$(__docktether_shell_mark "$?" 2>/dev/null)'$PS1
