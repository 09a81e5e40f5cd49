# shellcheck shell=bash
# A bash of `docktether shell` reads this at its start: the user's own file first.
# shellcheck disable=SC1090
[ ! -r ~/.bashrc ] || . ~/.bashrc

# That file may point elsewhere.
export DOCKER_HOST=$DOCKTETHER_SHELL_URL
unset DOCKER_CONTEXT DOCKER_TLS DOCKER_TLS_VERIFY DOCKER_CERT_PATH
__docktether_program=$DOCKTETHER_SHELL_PROGRAM
__docktether_colours=$DOCKTETHER_SHELL_COLOURS
unset DOCKTETHER_SHELL_URL DOCKTETHER_SHELL_PROGRAM DOCKTETHER_SHELL_COLOURS

# Prints the profile that docker uses now, which may be another than the one that this
# shell was started for. "?" when the program does not run any more.
__docktether_shell_mark() {
    local status=$? name colour=36
    name=$("$__docktether_program" show --prompt 2>/dev/null) || name='?'
    [[ $name != *! ]] || colour='1;35'
    if [ -n "$name" ] && [ -n "$__docktether_colours" ]; then
        printf '\001\e[%sm\002[%s]\001\e[0m\002 ' "$colour" "$name"
    elif [ -n "$name" ]; then
        printf '[%s] ' "$name"
    fi
    return "$status"
}

# Prompts that are made anew each time lose the mark: it is put back after them.
# shellcheck disable=SC2016 # expanded whenever the prompt is printed
__docktether_prompt() {
    local status=$? mark='$(__docktether_shell_mark 2>/dev/null)'
    case $PS1 in
    *"$mark"*) ;;
    *) PS1=$mark$PS1 ;;
    esac
    return "$status"
}
# The mark of contrib/prompt would be the second one.
! declare -F __docktether_ps1 >/dev/null || __docktether_ps1() { return; }
if [[ $(declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
    PROMPT_COMMAND+=(__docktether_prompt)
else
    # shellcheck disable=SC2178,SC2128 # it is no array here
    PROMPT_COMMAND=${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}__docktether_prompt
fi
