# Completion for fish. The program itself finds the candidates.

function __docktether_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] 2>/dev/null)
    set -l directive $lines[-1]
    switch "$directive"
        case ':command *'
            # The command of exec begins here; ours is word 1.
            set -l at (math (string replace ':command ' '' -- $directive) + 2)
            complete -C (string join ' ' -- (string escape -- $words[$at..-2]) $words[-1])
            return
        case ':*'
            test (count $lines) -gt 1 && string join \n -- $lines[1..-2]
            set directive (string sub -s 2 -- $directive)
            if test (math "floor($directive / 4) % 2") -eq 0
                set -l head (string match -r '^.*=' -- $words[-1])
                set -l file (string replace -r '^.*=' '' -- $words[-1])
                __fish_complete_path $file | string replace -r -- '^' "$head"
            end
    end
end

complete -c docktether -f -a '(__docktether_complete)'
