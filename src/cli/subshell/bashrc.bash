# shellcheck shell=bash
# What a bash of `docktether shell` reads at its start: the user's own file first.
# shellcheck disable=SC1090
[ ! -r ~/.bashrc ] || . ~/.bashrc

# That file may point elsewhere.
export DOCKER_HOST=$DOCKTETHER_SHELL_URL
unset DOCKER_CONTEXT DOCKER_TLS DOCKER_TLS_VERIFY DOCKER_CERT_PATH

__docktether_mark="[$DOCKTETHER_SHELL_MARK] "
if [ -n "$DOCKTETHER_SHELL_COLOR" ]; then
    __docktether_mark="\[\e[${DOCKTETHER_SHELL_COLOR}m\][$DOCKTETHER_SHELL_MARK]\[\e[0m\] "
fi
unset DOCKTETHER_SHELL_URL DOCKTETHER_SHELL_MARK DOCKTETHER_SHELL_COLOR

# Prompts that are made anew each time lose the mark: it is put back after them.
__docktether_prompt() {
    local status=$?
    case $PS1 in
    *"$__docktether_mark"*) ;;
    *) PS1=$__docktether_mark$PS1 ;;
    esac
    return "$status"
}
if [[ $(declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
    PROMPT_COMMAND+=(__docktether_prompt)
else
    # shellcheck disable=SC2178,SC2128 # it is no array here
    PROMPT_COMMAND=${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}__docktether_prompt
fi
