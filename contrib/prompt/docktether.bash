# shellcheck shell=bash
# What docker uses now, at the beginning of bash's prompt: [prod]. A protected profile
# is shown as [prod!], in another colour. Nothing is shown where no profile is used.
#
#     . docktether.bash        at the end of ~/.bashrc

# Before each prompt; costs a few milliseconds. Reads files alone.
__docktether_ps1() {
    local status=$? name mark='' start=$'\001' end=$'\002'
    # A shell of `docktether shell` has its mark already.
    if [ -z "${DOCKTETHER_SHELL-}" ]; then
        name=$(docktether show --prompt 2>/dev/null)
        case $name in
        '') ;;
        *!) mark="$start"$'\e[1;35m'"${end}[$name]$start"$'\e[0m'"$end " ;;
        *) mark="$start"$'\e[36m'"${end}[$name]$start"$'\e[0m'"$end " ;;
        esac
    fi
    [ -z "${NO_COLOR-}" ] || mark=${name:+[$name] }
    __docktether_mark=$mark
    return "$status"
}

# shellcheck disable=SC2016
# ${__docktether_mark} is looked at whenever the prompt is printed.
case $PS1 in
*'${__docktether_mark}'*) ;;
*) PS1='${__docktether_mark}'$PS1 ;;
esac
if [[ $(declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
    PROMPT_COMMAND=(__docktether_ps1 "${PROMPT_COMMAND[@]}")
else
    # shellcheck disable=SC2178,SC2128 # it is no array here
    PROMPT_COMMAND=__docktether_ps1${PROMPT_COMMAND:+$'\n'$PROMPT_COMMAND}
fi
