# The profile that docker uses now, at the beginning of zsh's prompt: [prod]. A protected
# profile is shown as [prod!], in another colour. Without a profile nothing is shown.
#
#     source docktether.zsh        at the end of ~/.zshrc

# The name is in psvar, element 96 or, of a protected profile, 97: PROMPT holds a constant
# text, and the option prompt_subst, which would run what other parts of PROMPT hold, stays
# as it is.
typeset -g __docktether_prompt_mark='%(96V.%F{cyan}[%96v]%f .)%(97V.%B%F{magenta}[%97v]%f%b .)'
[[ -z $NO_COLOR ]] || __docktether_prompt_mark='%(96V.[%96v] .)%(97V.[%97v] .)'

# Runs before each prompt and takes a few milliseconds; it only reads files. A shell of
# `docktether shell` shows the same mark itself and makes this function do nothing.
__docktether_ps1() {
    local name
    name=$(docktether show --prompt 2>/dev/null)
    psvar[96]= psvar[97]=
    case $name in
        *!) psvar[97]=$name ;;
        *) psvar[96]=$name ;;
    esac
    [[ $PROMPT == *"$__docktether_prompt_mark"* ]] || PROMPT=$__docktether_prompt_mark$PROMPT
}

autoload -Uz add-zsh-hook && add-zsh-hook precmd __docktether_ps1
