# The profile that docker uses now, at the beginning of fish's prompt: [prod]. A protected
# profile is shown as [prod!], in another colour. Without a profile nothing is shown.
#
#     cp docktether.fish ~/.config/fish/conf.d/

# Call it in a prompt of your own. It takes a few milliseconds and only reads files. A shell of
# `docktether shell` shows the same mark itself and makes this function do nothing.
function fish_prompt_docktether --description 'The profile that docker uses now'
    set -l name (docktether show --prompt 2>/dev/null)
    test -n "$name"; or return
    if test -n "$NO_COLOR"
        printf '[%s] ' $name
    else if string match -q '*!' -- $name
        printf '%s[%s]%s ' (set_color --bold magenta) $name (set_color normal)
    else
        printf '%s[%s]%s ' (set_color cyan) $name (set_color normal)
    end
end

# Runs at the first prompt, when config.fish has set its own.
function __docktether_install --on-event fish_prompt
    functions -e __docktether_install
    functions -q __docktether_inner_prompt; and return
    functions -c fish_prompt __docktether_inner_prompt
    function __docktether_set_status
        return $argv[1]
    end
    function fish_prompt
        set -l last $status
        fish_prompt_docktether
        __docktether_set_status $last
        __docktether_inner_prompt
    end
end
