# shellcheck shell=bash
# The profile that docker uses now, at the beginning of bash's prompt: [prod]. A protected
# profile is shown as [prod!], in another colour. Without a profile nothing is shown.
#
#     . docktether.bash        at the end of ~/.bashrc

# Runs before each prompt and takes a few milliseconds; it only reads files. A shell of
# `docktether shell` shows the same mark itself and makes this function do nothing.
__docktether_ps1() {
    local status=$? name mark='' start=$'\001' end=$'\002'
    name=$(docktether show --prompt 2>/dev/null)
    case $name in
    '') ;;
    *!) mark="$start"$'\e[1;35m'"${end}[$name]$start"$'\e[0m'"$end " ;;
    *) mark="$start"$'\e[36m'"${end}[$name]$start"$'\e[0m'"$end " ;;
    esac
    [ -z "${NO_COLOR-}" ] || mark=${name:+[$name] }
    __docktether_mark=$mark
    return "$status"
}

# shellcheck disable=SC2016
# ${__docktether_mark} is expanded whenever the prompt is printed.
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
