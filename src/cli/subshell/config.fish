# What a fish of `docktether shell` runs after the user's own configuration, which may
# point elsewhere.
set -gx DOCKER_HOST $DOCKTETHER_SHELL_URL
set -e DOCKER_CONTEXT DOCKER_TLS DOCKER_TLS_VERIFY DOCKER_CERT_PATH
set -g __docktether_mark "[$DOCKTETHER_SHELL_MARK]"
if test -n "$DOCKTETHER_SHELL_COLOR"
    set __docktether_mark \e"["$DOCKTETHER_SHELL_COLOR"m["$DOCKTETHER_SHELL_MARK"]"\e"[0m"
end
set -e DOCKTETHER_SHELL_URL DOCKTETHER_SHELL_MARK DOCKTETHER_SHELL_COLOR
if status is-interactive; and functions -q fish_prompt
    functions -c fish_prompt __docktether_fish_prompt
    function __docktether_status
        return $argv[1]
    end
    function fish_prompt
        set -l last $status
        printf '%s ' $__docktether_mark
        __docktether_status $last
        __docktether_fish_prompt
    end
end
