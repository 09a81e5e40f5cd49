# What docker uses now, at the beginning of fish's prompt: [prod]. A protected profile
# is shown as [prod!], in another colour. Nothing is shown where no profile is used.
#
#     cp docktether.fish ~/.config/fish/conf.d/

# To be called by a prompt of your own; costs a few milliseconds. Reads files alone.
function fish_prompt_docktether --description 'What docker uses now'
    # A shell of `docktether shell` has its mark already.
    set -q DOCKTETHER_SHELL; and return
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

# Once the prompt is there that config.fish has set.
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
