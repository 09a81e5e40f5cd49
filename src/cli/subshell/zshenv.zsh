# A zsh of `docktether shell` looks for its files here. Each reads the user's own, with
# ZDOTDIR as that expects it; after the last, ZDOTDIR is the user's for good.
typeset -g __docktether_here=$ZDOTDIR
if (( ${+DOCKTETHER_SHELL_ZDOTDIR} )); then
    export ZDOTDIR=$DOCKTETHER_SHELL_ZDOTDIR
else
    unset ZDOTDIR
fi
unset DOCKTETHER_SHELL_ZDOTDIR
[[ ! -r ${ZDOTDIR:-$HOME}/.zshenv ]] || source "${ZDOTDIR:-$HOME}/.zshenv"
if [[ -o interactive ]]; then
    (( ! ${+ZDOTDIR} )) || typeset -g __docktether_zdotdir=$ZDOTDIR
    ZDOTDIR=$__docktether_here
else
    export DOCKER_HOST=$DOCKTETHER_SHELL_URL
    unset DOCKER_CONTEXT DOCKTETHER_SHELL_URL DOCKTETHER_SHELL_PROGRAM DOCKTETHER_SHELL_COLOURS
fi
