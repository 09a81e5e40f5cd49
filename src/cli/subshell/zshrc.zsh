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

# The mark is the profile that docker uses now, which may be another than the one that
# this shell was started for: element 98 of psvar, or 99 when it is protected. So the
# text in PROMPT is constant, and a prompt that was kept aside cannot hold an old name.
typeset -g __docktether_program=$DOCKTETHER_SHELL_PROGRAM
typeset -g __docktether_mark='%(98V.[%98v] .)%(99V.[%99v] .)'
if [[ -n $DOCKTETHER_SHELL_COLOURS ]]; then
    __docktether_mark=$'%(98V.%{\e[36m%}[%98v]%{\e[0m%} .)%(99V.%{\e[1;35m%}[%99v]%{\e[0m%} .)'
fi
unset DOCKTETHER_SHELL_URL DOCKTETHER_SHELL_PROGRAM DOCKTETHER_SHELL_COLOURS

# "?" when the program does not run any more. Prompts that are made anew each time lose
# the mark: it is put back after them.
__docktether_prompt() {
    local name
    name=$("$__docktether_program" show --prompt 2>/dev/null) || name='?'
    psvar[98]= psvar[99]=
    case $name in
        *!) psvar[99]=$name ;;
        *) psvar[98]=$name ;;
    esac
    [[ $PROMPT == *"$__docktether_mark"* ]] || PROMPT=$__docktether_mark$PROMPT
}
# The mark of contrib/prompt would be the second one.
if (( ${+functions[__docktether_ps1]} )); then
    __docktether_ps1() { psvar[96]= psvar[97]= }
fi
autoload -Uz add-zsh-hook && add-zsh-hook precmd __docktether_prompt
