#!/usr/bin/env bats
# The program among shells: env, shell, completion and prompts, with real ones.
# shellcheck disable=SC2016,SC2030,SC2031 # what is in single quotes is for another shell; tests are subshells

load lib/common
terminal_size 24x200

setup() {
    setup_home
    new_profile lab --description 'The lab'
    # Without it fish's first start reads all manual pages, in the background, and exit asks about that.
    mkdir -p bin .local/share/fish/generated_completions
    ln -s "$DOCKTETHER" bin/docktether
    export PATH=$HOME/bin:$PATH TERM=xterm
    unset NO_COLOR SHELL ENV ZDOTDIR DOCKTETHER_SHELL
}

# evaluated SHELL KIND: DOCKER_HOST after a SHELL has taken in what env prints for KIND, and once
# more after --unset.
evaluated() {
    case $2 in
    csh)
        "$1" -fc 'eval "`docktether env --no-up --shell csh lab`"; printenv DOCKER_HOST;
            eval "`docktether env --unset --shell csh`"; printenv DOCKER_HOST || echo unset'
        ;;
    fish)
        "$1" -c 'docktether env --no-up --shell fish lab | source; printenv DOCKER_HOST
            docktether env --unset --shell fish | source; printenv DOCKER_HOST; or echo unset'
        ;;
    sh)
        "$1" -c 'eval "$(docktether env --no-up --shell sh lab)"; printenv DOCKER_HOST
            eval "$(docktether env --unset --shell sh)"; printenv DOCKER_HOST || echo unset'
        ;;
    esac
}

@test "env is taken in by every shell, whatever the path" {
    local dir sh
    dir="$T/a  b'c\"d\$e!f\\g*[h]\`i;#~%"
    mkdir -m 0700 "$dir"
    ln -s "$(type -P busybox)" bin/ash
    for sh in dash:sh bash:sh zsh:sh ash:sh fish:fish tcsh:csh; do
        run -0 env XDG_RUNTIME_DIR="$dir" bash -c "$(declare -f evaluated); evaluated ${sh%:*} ${sh#*:}"
        echo "$sh"
        [ "${lines[0]}" = "unix://$dir/docktether/lab.sock" ]
        [ "${lines[1]}" = unset ]
        [ "${#lines[@]}" -eq 2 ]
    done
}

@test "env knows the shell by SHELL" {
    local pair
    for pair in bash:export fish:'set -gx' tcsh:setenv pwsh:'\$env:DOCKER_HOST = '; do
        run -0 env SHELL="/usr/bin/${pair%%:*}" docktether env --no-up lab
        [[ ${lines[0]} =~ ^${pair#*:} ]]
    done
    run -0 docktether env --no-up --shell powershell lab
    [ "${lines[0]}" = "\$env:DOCKER_HOST = 'unix://$RUN/lab.sock';" ]
    run -0 docktether env --unset --shell pwsh
    [ "${lines[0]}" = 'Remove-Item -ErrorAction Ignore Env:DOCKER_HOST;' ]
}

@test "shell: docker is on the other side, and the exit status comes back" {
    local sh
    echo 'export DOCKER_CONTEXT=nowhere' >.bashrc
    for sh in bash zsh fish dash tcsh; do
        echo 'docker run --rm bb sh -c "echo over there"; exit 6' >script
        SHELL=$(type -P "$sh") run -6 --separate-stderr docktether shell lab <script
        [ "$output" = 'over there' ]
    done
    state_is lab serving
    SHELL=/bin/nosuchshell run -127 docktether shell lab </dev/null
}

# marked SHELL PROMPT: an interactive one has the mark before the user's own prompt, points at the
# profile though the user's files point elsewhere, and passes its status on.
marked() {
    local status=0
    SHELL=$(type -P "$1") terminal "expect:\[lab\].*$2" \
        'send:echo "at=$DOCKER_HOST in=$DOCKTETHER_SHELL"\r' "expect:at=unix://$RUN/lab.sock in=lab" \
        "expect:\[lab\].*$2" 'send:exit 7\r' -- docktether shell --no-up lab >"shown.$1" || status=$?
    [ "$status" -eq 7 ] || { cat -v "shown.$1"; return 1; }
}

@test "shell: the user's own files are read, and the prompt is marked" {
    export DOCKER_CONTEXT=elsewhere DOCKER_HOST=tcp://elsewhere
    printf 'PS1="own> "\nexport DOCKER_HOST=tcp://evil\n' | tee .bashrc .zshrc .shrc >/dev/null
    mkdir -p .config/fish
    printf 'function fish_prompt; echo -n "own($status)> "; end\nset -gx DOCKER_HOST tcp://evil\n' \
        >.config/fish/config.fish
    marked bash 'own> '
    marked zsh 'own> '
    marked fish 'own.*> '
    ENV='$HOME/.shrc' marked dash 'own> '
    # Plain colours, and none where they are not wanted.
    grep -q $'\e\[36m\[lab\]' shown.bash shown.zsh shown.fish shown.dash
    NO_COLOR=1 marked bash 'own> '
    run ! grep $'\e\[36m' shown.bash
    # bash: prompts that are made anew each time; zsh: files in ZDOTDIR
    printf 'PROMPT_COMMAND='\''PS1="new> "'\''\n' >.bashrc
    marked bash 'new> '
    printf 'PROMPT_COMMAND=('\''PS1="list> "'\'' true)\n' >.bashrc
    marked bash 'list> '
    mkdir dots
    echo 'echo "env=$ZDOTDIR"' >dots/.zshenv
    printf 'PS1="dots> "\necho "rc=$ZDOTDIR"\n' >dots/.zshrc
    ZDOTDIR=$HOME/dots marked zsh 'dots> '
    grep -q "env=$HOME/dots" shown.zsh
    grep -q "rc=$HOME/dots" shown.zsh
}

@test "shell: the prompt is marked whatever the path of the runtime directory" {
    local sh
    export XDG_RUNTIME_DIR="$T/a b'c\"!\$HOME%2f\`x\\z*[q]~#" RUN
    RUN=$XDG_RUNTIME_DIR/docktether
    mkdir -m 0700 "$XDG_RUNTIME_DIR"
    printf 'PS1="own> "\n' | tee .bashrc .zshrc .shrc >/dev/null
    ln -s "$(type -P bash)" bin/sh
    ln -s "$(type -P busybox)" bin/ash
    for sh in bash zsh dash sh ash; do
        marked_there "$sh"
    done
    # Nothing of ours is left in the environment.
    SHELL=$(type -P dash) terminal 'expect:\[lab\]' 'send:env | grep -c DOCKTETHER_SHELL_FILE\r' 'expect:\n0' \
        'send:exit 0\r' -- docktether shell --no-up lab
}

# marked_there SHELL: of an interactive one, whose DOCKER_HOST no pattern could hold.
marked_there() {
    local status=0
    ENV='$HOME/.shrc' SHELL=$(type -P "$1") terminal 'expect:\[lab\].*own> ' 'send:printenv DOCKER_HOST >at\r' \
        'expect:\[lab\].*own> ' 'send:exit 7\r' -- docktether shell --no-up lab >"shown.$1" || status=$?
    if [ "$status" -ne 7 ] || [ "$(cat at)" != "unix://$RUN/lab.sock" ]; then
        cat -v "shown.$1"
        return 1
    fi
    rm at
}

@test "shell: a protected profile asks and warns" {
    docktether update lab --protected
    echo 'PS1="own> "' >.bashrc
    fails_with 8 shell --no-up lab
    export SHELL=/bin/bash
    run -8 terminal 'expect:Type its name' 'send:nope\r' -- docktether shell --no-up lab
    [[ $output != *own* ]]
    run -0 terminal 'expect:Type its name' 'send:lab\r' 'expect:\[lab!\].*own> ' 'send:exit\r' -- \
        docktether shell --no-up lab
    [[ $output == *$'\e[1;35m[lab!]'* ]]
    run -0 terminal 'expect:\[lab!\].*own> ' 'send:exit\r' -- docktether shell --no-up --yes lab
}

@test "env and exec: a protected profile asks" {
    docktether update lab --protected
    fails_with 8 env --no-up lab
    [[ $stderr == *'hint: docktether env --yes lab'* ]]
    [ -z "$output" ]
    fails_with 8 exec --no-up lab touch ran
    [[ $stderr == *'hint: docktether exec --yes lab COMMAND...'* ]]
    run -8 terminal 'expect:Type its name to run this command' 'send:nope\r' -- docktether exec --no-up lab touch ran
    run -8 terminal 'expect:Type its name to use it in this shell' 'send:\x04' -- docktether env --no-up lab
    [[ $output != *export* ]]
    [ ! -e ran ]
    run -0 terminal 'expect:Type its name' 'send:lab\r' -- docktether exec --no-up lab touch ran
    [ -e ran ]
    # In scripts, and --yes is the command's own behind NAME.
    run -0 docktether exec --no-up -y lab echo --yes
    [ "$output" = --yes ]
    run -0 docktether env --no-up --yes --shell sh lab
    [[ $output == *"DOCKER_HOST='unix://$RUN/lab.sock'"* ]]
    fails_with 2 exec --yes --url "$URL" true
}

@test "shell: within another one" {
    new_profile other
    echo 'PS1="own> "' >.bashrc
    export SHELL=/bin/bash
    run -4 terminal 'expect:\[lab\] .*own> ' 'send:docktether shell --no-up other\r' 'expect:shell for other, inside the shell for lab' \
        'expect:\[other\] .*own> ' 'send:docktether show\r' 'expect:other' 'expect:own> ' 'send:exit 3\r' \
        'expect:\[lab\] .*own> ' 'send:echo "s=$? $(docktether show)"\r' 'expect:s=3 lab' 'send:exit 4\r' \
        -- env NO_COLOR=1 docktether shell --no-up lab
    [[ $output != *'[lab] [other]'* && $output != *'[other] [lab]'* ]]
}

# honest SHELL: the mark of a `docktether shell` is what docker uses now, and $? is not touched.
honest() {
    local sh=$1 env_prod='eval "$(docktether env --no-up prod)"' unset='unset DOCKER_HOST' last='$?' status=0
    if [ "$sh" = fish ]; then
        env_prod='docktether env --no-up prod | source'
        unset='set -e DOCKER_HOST'
        last='$status'
    fi
    # One mark, at the beginning of a line or behind a sequence of the terminal's.
    local edge='([\r\n]|\x1b\[[?0-9;]*[A-Za-z]|\x1b.)'
    local ask='send:docktether show; false\r'
    ENV='$HOME/.shrc' SHELL=$(type -P "$sh") terminal 'expect:\[lab\] own> ' \
        "send:$env_prod\r" 'expect:"prod" is protected. Type its name' 'send:prod\r' \
        'expect:you are in the shell for lab; docker in it will use prod' "expect:$edge\[prod!\] own> " \
        "$ask" "expect:${edge}prod[\r\n]" "expect:$edge\[prod!\] own> " 'send:echo s='"$last\r" "expect:${edge}s=1" 'expect:own> ' \
        'send:docktether use --no-up other\r' \
        'expect:you are in the shell for lab, where docker still uses prod; type exit' \
        "expect:$edge\[prod!\] own> " "send:$unset\r" "expect:$edge\[other\] own> " "$ask" "expect:${edge}other[\r\n]" \
        "expect:$edge\[other\] own> " 'send:docktether exec --no-up lab printenv DOCKER_HOST\r' \
        "expect:unix://$RUN/lab.sock" "expect:$edge\[other\] own> " \
        'send:docktether exec --no-up other true\r' 'expect:you are in the shell for lab; this command uses other' \
        "expect:$edge\[other\] own> " 'send:docktether use default\r' "expect:${edge}own> " \
        'send:rm ~/bin/docktether; mv ~/program ~/elsewhere\r' "expect:$edge\[[?]\] own> " \
        'send:mv ~/elsewhere ~/program\r' 'expect:own> ' 'send:exit 7\r' -- \
        env NO_COLOR=1 docktether shell --no-up lab >"shown.$sh" || status=$?
    ln -sf ~/program bin/docktether
    [ "$status" -eq 7 ] || { cat -v "shown.$sh"; return 1; }
}

@test "shell: the prompt says what docker uses now" {
    local sh
    new_profile prod --protected
    new_profile other
    printf 'PS1="own> "\n' | tee .bashrc .zshrc .shrc >/dev/null
    mkdir -p .config/fish
    printf 'function fish_prompt; echo -n "own> "; end\n' >.config/fish/config.fish
    # A program of its own, which may be moved.
    cp "$DOCKTETHER" program
    ln -sf ~/program bin/docktether
    ln -s "$(type -P bash)" bin/sh
    ln -s "$(type -P busybox)" bin/ash
    for sh in bash zsh fish dash sh ash; do
        honest "$sh"
    done
}

@test "bash completes" {
    new_profile prod --protected
    touch keyfile
    run -0 bash "$TOOLS/complete.bash" 'docktether u' 'docktether up ' 'docktether up l' 'docktether up lab ' \
        'docktether update lab --set transport=' 'docktether update lab --set=transport=st' \
        'docktether update lab --set conn' 'docktether update lab --via=' 'docktether ls --format=' \
        'docktether update lab --identity keyf' 'docktether update lab --identity=keyf' \
        'docktether completion ' 'docktether nosuch ' 'docktether create ' 'docktether use l'
    [ "${lines[0]}" = 'update up use' ]
    [ "${lines[1]}" = 'lab prod' ]
    [ "${lines[2]}" = 'lab' ]
    [ "${lines[3]}" = 'prod' ]
    [ "${lines[4]}" = 'auto streamlocal dial-stdio' ]
    [ "${lines[5]}" = 'streamlocal' ]
    [ "${lines[6]}" = 'connect-timeout= connect=' ]
    [ "${lines[7]}" = 'prod' ] # nobody goes by itself
    [ "${lines[8]}" = 'table json' ]
    [ "${lines[9]}" = 'keyfile' ]
    [ "${lines[10]}" = 'keyfile' ]
    [ "${lines[11]}" = 'bash zsh fish' ]
    [ "${#lines[@]}" -eq 13 ] # bats drops empty lines
    [ "${lines[12]}" = 'lab' ]
}

@test "bash completes on a terminal, with bash-completion and without" {
    echo 'PS1="own> "; eval "$(docktether completion bash)"' >.bashrc
    run -0 terminal 'expect:own> ' 'send:docktether up l\t' 'expect:up lab ' \
        'send:\x15docktether update lab --set transport=st\t' 'expect:transport=streamlocal' \
        'send:\x15docktether exec lab docktet\t' 'expect:exec lab docktether ' 'send:\x15exit\r' -- bash -i
    echo 'PS1="own> "; . /usr/share/bash-completion/bash_completion; eval "$(docktether completion bash)"' >.bashrc
    run -0 terminal 'expect:own> ' 'send:docktether exec lab docktether dow\t' 'expect:docktether down' \
        'send:\x15exit\r' -- bash -i
}

@test "fish completes" {
    new_profile prod
    touch keyfile
    run -0 fish -c 'docktether completion fish | source
        for line in "docktether up l" "docktether update lab --set=transport=st" "docktether update lab --identity keyf" \
            "docktether update lab --identity=keyf" "docktether ls --form" "docktether exec lab printen"
            complete -C $line
        end'
    [ "${lines[0]}" = $'lab\tThe lab' ]
    [ "${lines[1]}" = '--set=transport=streamlocal' ]
    [[ ${lines[2]} == keyfile* ]]
    [[ ${lines[3]} == --identity=keyfile* ]]
    [[ ${lines[4]} == $'--format\t'* ]]
    [[ ${lines[5]} == printenv* ]]
}

@test "zsh completes" {
    mkdir site
    docktether completion zsh >site/_docktether
    echo 'PS1="own> "; fpath=(~/site $fpath); autoload -U compinit; compinit -D; unsetopt beep' >.zshrc
    new_profile prod
    touch keyfile
    run -0 terminal 'expect:own> ' 'send:docktether up l\t' 'expect:up lab' \
        'send:\x15docktether up \t\t' 'expect:The lab' \
        'send:\x15docktether update lab --set transport=st\t' 'expect:transport=streamlocal' \
        'send:\x15docktether update lab --set=transport=di\t' 'expect:--set=transport=dial-stdio' \
        'send:\x15docktether update lab --identity=keyf\t' 'expect:--identity=keyfile' \
        'send:\x15docktether ls --for\t' 'expect:ls --format' \
        'send:\x15docktether exec lab docktether dow\t' 'expect:docktether down' \
        'send:\x15exit\r' -- zsh -i
}

@test "every command and option is offered, and nothing else" {
    local command
    docktether __complete '' | sed '$d; s/\t.*//' | sort >offered
    docktether help | awk '/^First steps:/ { exit } /^  [a-z]/ { print $1 }' | sort >commands
    diff commands offered
    while read -r command; do
        docktether __complete "$command" -- | sed '$d; s/\t.*//' | grep '^--' | sort >offered
        docktether help "$command" | awk '/^Options:/ { on = 1 }
            on && /^  (-[A-Za-z], |    )--/ { match($0, /--[a-z-]+/); print substr($0, RSTART, RLENGTH) }' | sort >options
        diff options offered
    done <commands
    # Where somebody else's command begins.
    run -0 docktether __complete exec lab ''
    [ "$output" = ':command 2' ]
    run -0 docktether __complete exec --no-up lab -- docker ps -
    [ "$output" = ':command 4' ]
    run -0 docktether __complete exec --url ssh://host --pin x docker ''
    [ "$output" = ':command 5' ]
    run -0 docktether __complete exec --url ssh://host --pin-f
    [[ ${lines[0]} == --pin-from$'\t'* ]]
    # What import would propose.
    printf 'Host inssh *.example.com\n  HostName 192.0.2.1\n' >.ssh/config
    docker context create indocker --docker host=ssh://192.0.2.2 >/dev/null
    run -0 docktether __completeNoDesc import --only in
    [ "$output" = $'indocker\ninssh\n:4' ]
    # Names that are broken or absent are no reason to fail.
    echo nonsense >"$STORE/broken.ini"
    run -0 docktether __complete up br
    [ "${lines[0]}" = broken ]
    rm -r "$XDG_CONFIG_HOME/docktether"
    run -0 docktether __complete up ''
    [ "$output" = :4 ]
}

@test "prompt snippets" {
    local contrib=$TESTS/../../contrib/prompt
    docktether use --no-up lab
    printf 'PS1="own> "\n. %s/docktether.bash\n' "$contrib" >.bashrc
    printf 'PS1="own> "\nsource %s/docktether.zsh\n' "$contrib" >.zshrc
    mkdir -p .config/fish/conf.d
    echo 'function fish_prompt; echo -n "own> "; end' >.config/fish/config.fish
    cp "$contrib/docktether.fish" .config/fish/conf.d/
    local steps=('expect:\[lab\].*own> ' 'send:docktether update lab --protected 2>/dev/null\r' 'expect:\[lab!\].*own> '
        'send:docktether use default\r' 'expect:Current.*default' 'expect:own> ' 'send:exit\r')
    # Also where a variable says that a shell of `docktether shell` is somewhere above.
    export DOCKTETHER_SHELL=other
    for sh in bash zsh fish; do
        docktether use --yes --no-up lab
        docktether update lab --set protected=no
        terminal "${steps[@]}" -- "$sh" -i >shown || { echo "$sh"; cat -v shown; return 1; }
        tail -n 2 shown | grep -vq '\[lab'
    done
    unset DOCKTETHER_SHELL
    # Within such a shell there is one mark, and not two.
    docktether update lab --set protected=no
    for sh in bash zsh fish; do
        SHELL=$(type -P "$sh") terminal 'expect:\[lab\].*own> ' 'send:exit\r' -- \
            env NO_COLOR=1 docktether shell --no-up lab >shown || { echo "$sh"; cat -v shown; return 1; }
        [ "$(grep -o '\[lab\]' shown | wc -l)" -eq "$(grep -o 'own>' shown | wc -l)" ]
    done
    # Starship is not here: its commands, and that the file is TOML.
    docktether use --yes --no-up lab
    docktether update lab --set protected=no
    local command
    command=$(sed -n 's/^command = "\(.*grep -v.*\)"$/\1/p' "$contrib/starship.toml")
    run -0 sh -c "$command"
    [ "$output" = lab ]
    DOCKTETHER_SHELL=other run -0 sh -c "$command"
    [ "$output" = lab ]
    python3 -c 'import sys
try:
    import tomllib
except ImportError:
    sys.exit(0)
assert len(tomllib.load(open(sys.argv[1], "rb"))["custom"]) == 2' "$contrib/starship.toml"
    [ "$(docktether show --prompt)" = lab ]
    [ -z "$(DOCKER_HOST=tcp://elsewhere docktether show --prompt)" ]
    [ "$(DOCKER_HOST=unix://$RUN/lab.sock docktether show --prompt)" = lab ]
}
