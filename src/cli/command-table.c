#include "cli/command.h"

#include "cli/cmd.h"

#define FORMAT                                                   \
    {                                                            \
        "format", 0, "table|json", "table (the default) or JSON" \
    }
#define YES                                                                \
    {                                                                      \
        "yes", 'y', NULL, "do not ask for the name of a protected profile" \
    }
#define NO_UP                                          \
    {                                                  \
        "no-up", 0, NULL, "do not bring the tether up" \
    }
#define END                 \
    {                       \
        NULL, 0, NULL, NULL \
    }

#define EDITING                                                                                      \
    { "via", 0, "NAME", "reach the host through the host of this profile (a bastion)" },             \
        { "identity", 'i', "FILE",                                                                   \
          "a private key, or the public half of a key that the agent holds (repeatable)" },          \
        { "certificate", 0, "FILE", "a certificate for one of the keys (repeatable)" },              \
        { "pin", 0, "'TYPE SHA256:...'", "a host key to trust (repeatable)" },                       \
        { "pin-from", 0, "known_hosts|FILE|-",                                                       \
          "trust the host's keys in ~/.ssh/known_hosts, in FILE or on standard input" },             \
        { "description", 0, "TEXT", "a description, shown by ls and docker context ls" },            \
        { "protected", 0, NULL, "ask before commands use this profile" },                            \
    {                                                                                                \
        "set", 0, "KEY=VALUE", "set any key of docktether(5); an empty value resets it (repeatable)" \
    }

static const struct args_option create_options[] = { EDITING, END };
static const struct args_option update_options[] = { EDITING, END };
static const struct args_option ls_options[] = { { "quiet", 'q', NULL, "print names only" }, FORMAT, END };
static const struct args_option format_options[] = { FORMAT, END };
static const struct args_option rm_options[] = {
    { "force", 'f', NULL, "end a running tether first; remove a hop that other profiles use" },
    END,
};
static const struct args_option pin_options[] = {
    { "add", 0, "'TYPE SHA256:...'", "trust this host key too (repeatable)" },
    { "add-from", 0, "known_hosts|FILE|-", "trust the keys in this source too (repeatable)" },
    { "remove", 0, "'TYPE SHA256:...'", "stop trusting this host key (repeatable)" },
    { "rotate", 0, NULL, "log in with a pinned host key, show which keys are new, and ask" },
    { "scan", 0, NULL, "connect and show the keys that the host presents; trust nothing" },
    END,
};
static const struct args_option import_options[] = {
    { "only", 0, "NAME", "only this proposal and its hops (repeatable)" },
    { "yes", 'y', NULL, "create the profiles; without it they are only shown" },
    END,
};
static const struct args_option up_options[] = {
    { "for-others", 0, NULL, "start it only as a hop; it stops when unused" },
    END,
};
static const struct args_option down_options[] = {
    { "all", 'a', NULL, "take down all tethers" },
    { "force", 'f', NULL, "even if other tethers use it as a hop; they are taken down too" },
    END,
};
static const struct args_option run_options[] = { { "verbose", 'v', NULL, "log every step" }, END };
static const struct args_option version_options[] = {
    { "verbose", 'v', NULL, "also print the versions of the libraries" },
    FORMAT,
    END,
};
static const struct args_option status_options[] = { { "watch", 'w', NULL, "keep running and show changes" },
                                                     FORMAT,
                                                     END };
static const struct args_option logs_options[] = { { "follow", 'f', NULL,
                                                     "keep printing new lines until interrupted" },
                                                   END };
static const struct args_option use_options[] = { YES, NO_UP, END };
static const struct args_option show_options[] = {
    { "prompt", 0, NULL, "only the profile's name (with ! if protected), otherwise nothing" },
    END,
};
static const struct args_option shell_options[] = { YES, NO_UP, END };
static const struct args_option env_options[] = {
    { "shell", 0, "sh|fish|csh|pwsh", "shell syntax to print; defaults to that of $SHELL" },
    { "unset", 'u', NULL, "print commands that unset DOCKER_HOST" },
    YES,
    NO_UP,
    END,
};
static const struct args_option exec_options[] = {
    { "url", 0, "URL", "use this host instead of a profile; the tether ends with COMMAND" },
    { "pin", 0, "'TYPE SHA256:...'", "with --url: a host key to trust (repeatable)" },
    { "pin-from", 0, "known_hosts|FILE|-", "with --url: trust the keys in this source (repeatable)" },
    { "identity", 'i', "FILE",
      "with --url: a private key, or the public half of a key that the agent holds (repeatable)" },
    { "identity-fd", 0, "N", "with --url: a private key, read from the open descriptor N (repeatable)" },
    { "certificate", 0, "FILE", "with --url: a certificate for one of the keys (repeatable)" },
    { "set", 0, "KEY=VALUE", "with --url: set any key of docktether(5) (repeatable)" },
    YES,
    NO_UP,
    END,
};

static const char create_details[] =
    "URL is ssh://[USER@]HOST[:PORT][/PATH/OF/docker.sock]. The user defaults to your own\n"
    "name, the path to /var/run/docker.sock.\n"
    "\n"
    "You decide which host keys to trust: give --pin or --pin-from. On a terminal,\n"
    "without either, create shows the host's keys and asks. A pin is a type and a\n"
    "fingerprint, or the whole line that this command prints on the server:\n"
    "  ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\n"
    "  --pin 'ssh-ed25519 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs'\n"
    "`--pin-from -` reads the output of ssh-keyscan, ssh-keygen -l or -r, or dig SSHFP, or a\n"
    ".pub file; lines that name another host are ignored.\n"
    "\n"
    "create also makes a Docker context of the same name, except with --set context=no or\n"
    "--set socket=none.\n"
    "  docktether create prod ssh://deploy@prod.example.com\n";

static const char update_details[] =
    "Each option replaces the old value: one --identity or --pin the whole list, a URL the\n"
    "host, user and port (and the remote socket, if it has a path). `--set KEY=` resets a\n"
    "key to its default; `--set protected=no` ends the protection.\n"
    "\n"
    "If the tether is running, update says which changes apply at once and which need `up`\n"
    "(open connections are kept).\n"
    "  docktether update prod --identity ~/.ssh/deploy\n";

static const char rm_details[] =
    "Removes the profiles and their Docker contexts; if one was current, Docker's default\n"
    "becomes current. Without --force, rm refuses a profile with a running tether, and a\n"
    "hop that other profiles use.\n"
    "  docktether rm prod\n";

static const char pin_details[] =
    "Without options, pin lists the pins. --scan asks the host for all its keys and trusts\n"
    "none of them: compare the fingerprints with those on the server itself\n"
    "(ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then use --add.\n"
    "\n"
    "--rotate is for a host that gets new keys while an old one still works. The host must\n"
    "prove a pinned key, then pin logs in and shows the host's other keys, which arrive in\n"
    "the same secure connection. Answer `yes` to pin exactly the keys that the host\n"
    "presents, or a fingerprint to add that key; any other answer changes nothing. Without\n"
    "a terminal the keys are shown, and the exit status is 4 if they differ from the pins.\n"
    "A host that proves no pinned key has not rotated its keys: it is a different host.\n"
    "\n"
    "--add-from reads the same sources as --pin-from of create. A running tether keeps its\n"
    "connection and the pins it started with; `up` gives it the new ones, and `down` ends\n"
    "the connection to a host that you no longer trust.\n"
    "  docktether pin prod --add 'ssh-ed25519 SHA256:...'\n";

static const char import_details[] =
    "Shows the profiles that could be created, and why others are skipped; --yes creates\n"
    "them. import never overwrites a profile.\n"
    "\n"
    "Without FILE it looks at Docker contexts with ssh:// endpoints and at the hosts in\n"
    "~/.ssh/config (patterns are skipped). It asks `ssh -G` for the settings of each host,\n"
    "which also runs the commands of `Match exec`; it contacts no host. A ProxyJump becomes\n"
    "a profile for the hop. Pins come from known_hosts; for a host that is not in there,\n"
    "import prints the command that creates the profile. If Docker already has a context\n"
    "of that name, the profile is called NAME-tether.\n"
    "\n"
    "FILE is the output of `docktether export`; - is standard input.\n"
    "  docktether import --yes --only prod\n";

static const char export_details[] =
    "Prints the profiles and their hops for `docktether import FILE` on another machine.\n"
    "The output contains the pins and the paths of the key files, but no keys.\n"
    "  docktether export prod >prod.docktether\n";

static const char up_details[] =
    "Returns when the tether is connected, or with the reason why it is not. A tether that\n"
    "is up already stays as it is. Hops are brought up first. Passphrases are asked for on\n"
    "the terminal or through SSH_ASKPASS; a login that waits for the SSH agent says so, and\n"
    "gives up after the profile's connect-timeout. With several names, up continues after a\n"
    "failure; the exit status is that of the first failure.\n"
    "  docktether up prod\n";

static const char down_details[] =
    "Ends the tethers and removes their sockets. It is no error if a tether is already\n"
    "down. Without --force, down refuses a tether that other tethers use as a hop.\n"
    "  docktether down prod\n";

static const char run_details[] =
    "The tether stays in the foreground and logs to standard error, for systemd, launchd\n"
    "and debugging. SIGTERM, SIGINT or `docktether down NAME` end it. With systemd it takes\n"
    "a passed socket (LISTEN_FDS) and reports its state (NOTIFY_SOCKET, WATCHDOG_USEC).\n"
    "  docktether run --verbose prod\n";

static const char status_details[] =
    "Without names: all profiles, exit status 0. With names: exit status 0 if all of them\n"
    "are serving, otherwise 1; a single one is shown in full. The states are\n"
    "  asleep      starts to connect with the first client\n"
    "  connecting  is connecting\n"
    "  serving     is connected\n"
    "  waiting     waits before the next attempt\n"
    "  failed      has stopped trying; see the error\n"
    "  draining    has been replaced, but some connections are still open\n"
    "  closing     is ending\n"
    "  down        is not running\n"
    "  silent      does not answer\n"
    "json prints one object per line.\n"
    "\n"
    "--watch keeps the display up to date until you press q; the arrow keys scroll.\n"
    "--watch --format json prints one line per tether, then one per change.\n"
    "  docktether status prod\n";

static const char enable_details[] =
    "Starts the tether now and at every login, under systemd's user manager. With\n"
    "connect = demand systemd listens on the socket, and the first connection starts the\n"
    "tether. Run enable again after `update --set connect=`. Unless a package has installed\n"
    "the unit files, enable writes them to ~/.config/systemd/user.\n"
    "  docktether enable prod\n";

static const char disable_details[] = "Stops the tether and no longer starts it at login.\n"
                                      "  docktether disable prod\n";

static const char doctor_details[] =
    "Checks every layer in order, whether or not the tether is up: profile, directories,\n"
    "keys, agent, name, TCP, SSH, host key, login, the remote socket, the Docker Engine, and\n"
    "Docker's local files and variables; for a host behind hops, every hop first. It names\n"
    "the first problem and the command that solves it. doctor changes nothing, trusts\n"
    "nothing, and leaves a running tether alone. It offers keys only to a host that proves a\n"
    "pinned key. The exit status is that of the first layer that fails, otherwise 0;\n"
    "warnings do not count. json prints one object.\n"
    "  docktether doctor prod\n";

static const char logs_details[] = "--follow also follows the log when it is rotated.\n"
                                   "  docktether logs -f prod\n";

static const char use_details[] =
    "Brings the tether up, then makes its context Docker's current one. `default` selects\n"
    "Docker's own context, `-` the previous one. For a protected profile, use asks for its\n"
    "name; without a terminal it needs --yes.\n"
    "  docktether use prod\n";

static const char show_details[] =
    "Prints the name of the context; if DOCKER_HOST is set, the profile that its socket\n"
    "belongs to, or its value. Needs no network and no tether.\n"
    "  docktether show\n";

static const char env_details[] =
    "Brings the tether up and prints commands that make one shell use it:\n"
    "  sh, bash, zsh   eval \"$(docktether env NAME)\"\n"
    "  fish            docktether env NAME | source\n"
    "  csh, tcsh       eval \"`docktether env NAME`\"\n"
    "  PowerShell      docktether env NAME --shell pwsh | Out-String | Invoke-Expression\n"
    "For a protected profile, env asks for its name; without a terminal it needs --yes.\n"
    "`docktether env --unset` prints commands that unset DOCKER_HOST.\n";

static const char shell_details[] =
    "Brings the tether up and starts your shell ($SHELL) with DOCKER_HOST set, whatever\n"
    "Docker's current context is. In bash, zsh, fish and sh, which read your own files\n"
    "first, the prompt begins with the profile that docker uses at that moment, with ! and\n"
    "in another colour if it is protected. For a protected profile, shell asks for its\n"
    "name; without a terminal it needs --yes. Type exit to leave; the exit status is that\n"
    "of the shell. DOCKTETHER_SHELL contains the profile's name.\n"
    "  docktether shell prod\n";

static const char exec_details[] =
    "Brings the tether up and runs COMMAND with DOCKER_HOST set. All arguments after NAME\n"
    "belong to COMMAND. For a protected profile, exec asks for its name; without a terminal\n"
    "it needs --yes. The exit status is that of COMMAND: 127 if it is not found, 126 if it\n"
    "cannot be run.\n"
    "  docktether exec prod docker ps\n"
    "\n"
    "With --url there is no NAME and no profile, as in a CI pipeline: the tether serves this\n"
    "one command, ends with it, and leaves nothing behind. exec reads neither a profile nor\n"
    "docktether.ini. It reads the key before COMMAND starts; the key does not appear in the\n"
    "arguments, environment or descriptors of COMMAND. Until COMMAND has started, the exit\n"
    "status is docktether's own.\n"
    "  docktether exec --url ssh://deploy@prod.example.com --pin 'ssh-ed25519 SHA256:...' \\\n"
    "      --identity-fd 3 -- docker compose up -d 3<key\n";

static const char plugin_details[] =
    "With the plugin, `docker tether up NAME` is `docktether up NAME`, and likewise for all\n"
    "other commands. install links the program into ~/.docker/cli-plugins, remove removes\n"
    "that link; a package may have installed the plugin for all users, which status shows.\n"
    "\n"
    "With its hooks, a docker command that fails on a terminal because of a tether says why\n"
    "and which command to run. enable-hooks adds them to Docker's config.json, disable-hooks\n"
    "removes them; the rest of the file stays as it is. docker 29.3 and newer runs hooks\n"
    "after errors only, docker 26.1 to 29.2 after every command.\n"
    "  docktether plugin install\n";

static const char completion_details[] =
    "Prints the completion script of a shell. make install and the packages install the\n"
    "scripts; fish looks into /usr/local only if XDG_DATA_DIRS names /usr/local/share. To\n"
    "install one by hand:\n"
    "  bash  eval \"$(docktether completion bash)\"\n"
    "  zsh   docktether completion zsh >DIRECTORY/_docktether, where $fpath has DIRECTORY\n"
    "  fish  docktether completion fish >~/.config/fish/completions/docktether.fish\n";

static const struct command commands[] = {
    { "create", COMMAND_PROFILES, "NAME URL", 2, 2, "create a profile for a remote Docker host",
      create_details, create_options, true, false, cmd_create },
    { "update", COMMAND_PROFILES, "NAME [URL]", 1, 2, "change a profile", update_details, update_options,
      true, false, cmd_update },
    { "ls", COMMAND_PROFILES, "", 0, 0, "list the profiles", NULL, ls_options, false, false, cmd_ls },
    { "inspect", COMMAND_PROFILES, "NAME...", 1, COMMAND_ANY, "show every setting of a profile", NULL,
      format_options, false, false, cmd_inspect },
    { "rm", COMMAND_PROFILES, "NAME...", 1, COMMAND_ANY, "remove profiles", rm_details, rm_options, false,
      false, cmd_rm },
    { "import", COMMAND_PROFILES, "[FILE]", 0, 1,
      "find hosts in ~/.ssh/config and Docker contexts, or read an export", import_details, import_options,
      false, false, cmd_import },
    { "export", COMMAND_PROFILES, "NAME...", 1, COMMAND_ANY, "print profiles for `import` on another machine",
      export_details, NULL, false, false, cmd_export },
    { "pin", COMMAND_PROFILES, "NAME", 1, 1, "show or change the host keys that a profile trusts",
      pin_details, pin_options, true, false, cmd_pin },

    { "up", COMMAND_TETHERS, "NAME...", 1, COMMAND_ANY, "bring tethers up", up_details, up_options, false,
      false, cmd_up },
    { "down", COMMAND_TETHERS, "NAME... | --all", 0, COMMAND_ANY, "take tethers down", down_details,
      down_options, false, false, cmd_down },
    { "status", COMMAND_TETHERS, "[NAME...]", 0, COMMAND_ANY, "show the state of tethers", status_details,
      status_options, false, false, cmd_status },
    { "logs", COMMAND_TETHERS, "NAME", 1, 1, "show a tether's log", logs_details, logs_options, true, false,
      cmd_logs },
    { "doctor", COMMAND_TETHERS, "NAME", 1, 1, "check every layer and name the first that fails",
      doctor_details, format_options, true, false, cmd_doctor },
    { "run", COMMAND_TETHERS, "NAME", 1, 1, "run a tether in the foreground", run_details, run_options, true,
      false, cmd_run },
    { "enable", COMMAND_TETHERS, "NAME...", 1, COMMAND_ANY, "start tethers at login", enable_details, NULL,
      false, false, cmd_enable },
    { "disable", COMMAND_TETHERS, "NAME...", 1, COMMAND_ANY, "stop starting tethers at login",
      disable_details, NULL, false, false, cmd_disable },

    { "use", COMMAND_DOCKER, "NAME | default | -", 1, 1, "make a profile Docker's current context",
      use_details, use_options, true, false, cmd_use },
    { "show", COMMAND_DOCKER, "", 0, 0, "show which profile or context docker uses", show_details,
      show_options, false, false, cmd_show },
    { "shell", COMMAND_DOCKER, "NAME", 1, 1, "start a shell that uses a profile", shell_details,
      shell_options, true, false, cmd_shell },
    { "env", COMMAND_DOCKER, "NAME | --unset", 0, 1, "print commands that make a shell use a profile",
      env_details, env_options, true, false, cmd_env },
    { "exec", COMMAND_DOCKER, "NAME | --url URL [--] COMMAND...", 1, COMMAND_ANY,
      "run one command with a profile", exec_details, exec_options, true, true, cmd_exec },

    { "plugin", COMMAND_DOCKER, "install | remove | enable-hooks | disable-hooks | status", 1, 1,
      "manage the `docker tether` plugin", plugin_details, NULL, false, false, cmd_plugin },

    { "completion", COMMAND_OTHER, "bash | zsh | fish", 1, 1, "print a shell's completion script",
      completion_details, NULL, false, false, cmd_completion },
    { "version", COMMAND_OTHER, "", 0, 0, "print the version", NULL, version_options, false, false,
      cmd_version },
    { "help", COMMAND_OTHER, "[COMMAND]", 0, 1, "show help for docktether or a command", NULL, NULL, false,
      false, cmd_help },
};
#define COMMANDS (sizeof commands / sizeof *commands)

const struct command *command_table(size_t *count)
{
    *count = COMMANDS;
    return commands;
}
