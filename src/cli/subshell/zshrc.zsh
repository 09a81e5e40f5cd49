# The second and last file that a zsh of `docktether shell` finds here.
if (( ${+__docktether_zdotdir} )); then
    ZDOTDIR=$__docktether_zdotdir
else
    unset ZDOTDIR
fi
unset __docktether_zdotdir __docktether_here
[[ ! -r ${ZDOTDIR:-$HOME}/.zshrc ]] || source "${ZDOTDIR:-$HOME}/.zshrc"

# Those files may point elsewhere.
export DOCKER_HOST=$DOCKTETHER_SHELL_URL
unset DOCKER_CONTEXT DOCKER_TLS DOCKER_TLS_VERIFY DOCKER_CERT_PATH

typeset -g __docktether_mark="[$DOCKTETHER_SHELL_MARK] "
if [[ -n $DOCKTETHER_SHELL_COLOR ]]; then
    __docktether_mark=$'%{\e['$DOCKTETHER_SHELL_COLOR"m%}[$DOCKTETHER_SHELL_MARK]"$'%{\e[0m%} '
fi
unset DOCKTETHER_SHELL_URL DOCKTETHER_SHELL_MARK DOCKTETHER_SHELL_COLOR

# Prompts that are made anew each time lose the mark: it is put back after them.
__docktether_prompt() {
    [[ $PROMPT == *"$__docktether_mark"* ]] || PROMPT=$__docktether_mark$PROMPT
}
autoload -Uz add-zsh-hook && add-zsh-hook precmd __docktether_prompt
