# shellcheck shell=bash
# complete.bash LINE...: what bash's completion offers at the end of each LINE, one line each.
#
# bash breaks the line into words at blanks and at COMP_WORDBREAKS, as is done here.

eval "$(docktether completion bash)"

words_of() {
    local rest=$1 blank='' word
    COMP_WORDS=()
    while [ -n "$rest" ]; do
        blank=
        case $rest in
        [[:space:]]*)
            rest=${rest#[[:space:]]}
            blank=yes
            ;;
        [=:]*)
            word=${rest%%[^=:]*}
            COMP_WORDS+=("$word")
            rest=${rest#"$word"}
            ;;
        *)
            word=${rest%%[=:[:space:]]*}
            COMP_WORDS+=("$word")
            rest=${rest#"$word"}
            ;;
        esac
    done
    [ -z "$blank" ] && [[ $1 != *[=:] ]] || COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
}

for line; do
    COMP_LINE=$line
    COMP_POINT=${#line}
    words_of "$line"
    _docktether
    echo "${COMPREPLY[*]}"
done
