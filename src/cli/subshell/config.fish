# A fish of `docktether shell` runs this after the user's own configuration, which may
# point elsewhere.
set -gx DOCKER_HOST $DOCKTETHER_SHELL_URL
set -e DOCKER_CONTEXT DOCKER_TLS DOCKER_TLS_VERIFY DOCKER_CERT_PATH
set -g __docktether_program $DOCKTETHER_SHELL_PROGRAM
set -g __docktether_colours $DOCKTETHER_SHELL_COLOURS
set -e DOCKTETHER_SHELL_URL DOCKTETHER_SHELL_PROGRAM DOCKTETHER_SHELL_COLOURS

# Prints the profile that docker uses now, which may be another than the one that this
# shell was started for. "?" when the program does not run any more.
function __docktether_shell_mark
    set -l name ($__docktether_program show --prompt 2>/dev/null)
    or set name '?'
    set -l colour 36
    string match -q '*!' -- "$name"; and set colour '1;35'
    if test -n "$name"; and test -n "$__docktether_colours"
        printf '\e[%sm[%s]\e[0m ' $colour $name
    else if test -n "$name"
        printf '[%s] ' $name
    end
end
if status is-interactive; and functions -q fish_prompt
    # The mark of contrib/prompt would be the second one.
    functions -e __docktether_install
    function fish_prompt_docktether
    end
    functions -c fish_prompt __docktether_fish_prompt
    function __docktether_status
        return $argv[1]
    end
    function fish_prompt
        set -l last $status
        __docktether_shell_mark
        __docktether_status $last
        __docktether_fish_prompt
    end
end
