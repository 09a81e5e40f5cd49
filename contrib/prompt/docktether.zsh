# The profile that docker uses now, at the beginning of zsh's prompt: [prod]. A protected
# profile is shown as [prod!], in another colour. Without a profile nothing is shown.
#
#     source docktether.zsh        at the end of ~/.zshrc

# Runs before each prompt and takes a few milliseconds; it only reads files. A shell of
# `docktether shell` shows the same mark itself and makes this function do nothing.
__docktether_ps1() {
    local name
    typeset -g __docktether_prompt_mark=
    name=$(docktether show --prompt 2>/dev/null)
    case $name in
        '') ;;
        *!) __docktether_prompt_mark="%B%F{magenta}[$name]%f%b " ;;
        *) __docktether_prompt_mark="%F{cyan}[$name]%f " ;;
    esac
    [[ -z $NO_COLOR ]] || __docktether_prompt_mark=${name:+[$name] }
}

setopt prompt_subst
[[ $PROMPT == *'${__docktether_prompt_mark}'* ]] || PROMPT='${__docktether_prompt_mark}'$PROMPT
autoload -Uz add-zsh-hook && add-zsh-hook precmd __docktether_ps1
