#include "cli/command.h"

#include "base/suggest.h"

#include <string.h>

<<<<<<< HEAD
#define FORMAT                                                   \
    {                                                            \
        "format", 0, "table|json", "for people, or for programs" \
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

#define EDITING                                                                                   \
    { "via", 0, "NAME", "the profile of the host that is the way there (a bastion)" },            \
        { "identity", 'i', "FILE", "a private key, or a public one the agent has (repeatable)" }, \
        { "certificate", 0, "FILE", "a certificate for one of the keys (repeatable)" },           \
        { "pin", 0, "'TYPE SHA256:...'", "a host key to trust (repeatable)" },                    \
        { "pin-from", 0, "known_hosts|FILE|-",                                                    \
          "trust the keys that ~/.ssh/known_hosts, FILE or standard input has for the host" },    \
        { "description", 0, "TEXT", "what it is, for ls and docker context ls" },                 \
        { "protected", 0, NULL, "ask before it becomes Docker's current context" },               \
    {                                                                                             \
        "set", 0, "KEY=VALUE", "any key of docktether(5); an empty value resets it (repeatable)"  \
    }

    static const struct args_option create_options[] = { EDITING, END };
static const struct args_option update_options[] = { EDITING, END };
static const struct args_option ls_options[] = { { "quiet", 'q', NULL, "names only" }, FORMAT, END };
static const struct args_option format_options[] = { FORMAT, END };
static const struct args_option rm_options[] = { { "force", 'f', NULL, "end a running tether first" }, END };
static const struct args_option pin_options[] = {
    { "add", 0, "'TYPE SHA256:...'", "trust this host key too (repeatable)" },
    { "add-from", 0, "known_hosts|FILE|-", "trust the keys that are found there too (repeatable)" },
    { "remove", 0, "'TYPE SHA256:...'", "trust it no longer (repeatable)" },
    { "rotate", 0, NULL, "log in under a pinned key, show which keys are new, and ask" },
    { "scan", 0, NULL, "connect and show what the host presents now; trusts nothing" },
    END,
};
static const struct args_option import_options[] = {
    { "only", 0, "NAME", "of what is proposed, this one and its way (repeatable)" },
    { "yes", 'y', NULL, "make the profiles; without it they are only shown" },
    END,
};
static const struct args_option up_options[] = {
    { "for-others", 0, NULL, "only as a way to others: it ends by itself when nobody goes it" },
    END,
};
static const struct args_option down_options[] = {
    { "all", 'a', NULL, "every tether of yours" },
    { "force", 'f', NULL, "also one that others go through, and they with it" },
    END,
};
static const struct args_option run_options[] = { { "verbose", 'v', NULL, "log what is done in detail" },
                                                  END };
static const struct args_option version_options[] = {
    { "verbose", 'v', NULL, "also those of the libraries" },
    FORMAT,
    END,
};
static const struct args_option status_options[] = { { "watch", 'w', NULL, "go on, and show what changes" },
                                                     FORMAT,
                                                     END };
static const struct args_option logs_options[] = { { "follow", 'f', NULL, "go on until interrupted" }, END };
static const struct args_option use_options[] = {
    YES,
    NO_UP,
    END,
};
static const struct args_option show_options[] = {
    { "prompt", 0, NULL, "the name of a profile, with ! when it is protected; of all else nothing" },
    END,
};
static const struct args_option shell_options[] = {
    YES,
    NO_UP,
    END,
};
static const struct args_option env_options[] = {
    { "shell", 0, "sh|fish|csh|pwsh", "whose syntax; from $SHELL by default" },
    { "unset", 'u', NULL, "lines that unset DOCKER_HOST again" },
    YES,
    NO_UP,
    END,
};
static const struct args_option exec_options[] = {
    { "url", 0, "URL", "against this host instead of a profile's, by a tether that ends with COMMAND" },
    { "pin", 0, "'TYPE SHA256:...'", "with --url: a host key to trust (repeatable)" },
    { "pin-from", 0, "known_hosts|FILE|-", "with --url: trust the keys that are found there (repeatable)" },
    { "identity", 'i', "FILE", "with --url: a private key, or a public one the agent has (repeatable)" },
    { "identity-fd", 0, "N", "with --url: a private key, read from the open descriptor N (repeatable)" },
    { "certificate", 0, "FILE", "with --url: a certificate for one of the keys (repeatable)" },
    { "set", 0, "KEY=VALUE", "with --url: any key of docktether(5) (repeatable)" },
    YES,
    NO_UP,
    END,
};

static const char create_details[] =
    "URL is ssh://[USER@]HOST[:PORT][/PATH/OF/docker.sock]. Without a user it is you,\n"
    "without a path /var/run/docker.sock.\n"
    "\n"
    "No host key is trusted without being named: give --pin or --pin-from. On a\n"
    "terminal, without either, the host's keys are shown and you are asked. A pin is a\n"
    "type and a fingerprint, or the whole line that this prints on the server:\n"
    "  ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\n"
    "  --pin 'ssh-ed25519 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs'\n"
    "`--pin-from -` reads what ssh-keyscan, ssh-keygen -l or -r, dig SSHFP, or a .pub file\n"
    "says; a line that names another host is not taken.\n"
    "\n"
    "A Docker context of the same name is made, unless --set context=no or socket=none.\n";

static const char update_details[] =
    "What is given replaces what was there: one --identity or --pin the whole list, a\n"
    "URL host, user and port (and the remote socket, when it has a path). `--set KEY=`\n"
    "puts a key back to its default; `--set protected=no` ends the protection.\n"
    "\n"
    "For a running tether it is said what of it is in effect now, and what after `up`,\n"
    "which cuts nothing short.\n";

static const char rm_details[] =
    "Removes the profile and its Docker context; when that was the current one, Docker's\n"
    "default becomes current. Without -f a profile is refused whose tether is running, or\n"
    "that others go via.\n";

static const char pin_details[] =
    "Without options the pins are listed. With --scan the host is asked for every key it\n"
    "has, and nothing is trusted: compare the fingerprints with what the server itself\n"
    "says (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then use --add.\n"
    "\n"
    "--rotate is for a host that gets new keys while an old one still works. The host\n"
    "must prove a pinned key, and you are logged in; the keys it has besides are then\n"
    "shown inside that same connection. `yes` makes the pins what the host presents, a\n"
    "fingerprint adds that one key, anything else changes nothing. Off a terminal the\n"
    "keys are shown and the exit status is 4 when they differ from the pins. A host that\n"
    "proves no pinned key has not rotated: it is another one.\n"
    "\n"
    "--add-from takes what --pin-from takes. A running tether keeps its connection and the\n"
    "pins it was started with; `up` gives it the new ones, and `down` ends a connection\n"
    "whose host is trusted no longer.\n";

static const char import_details[] =
    "Shows the profiles that could be made, and what speaks against each; with --yes they\n"
    "are made. Nothing is ever overwritten: what has a name already is left out.\n"
    "\n"
    "Without FILE they come from Docker's contexts with ssh:// endpoints and from the\n"
    "hosts of ~/.ssh/config that are no patterns. `ssh -G` says what holds for each, and\n"
    "with it whatever `Match exec` runs; no host is contacted. What ProxyJump names becomes\n"
    "a profile to go via. Pins come from known_hosts; a host that is not there is shown\n"
    "with the command that makes it. Where Docker has a context of that name already, the\n"
    "profile is NAME-tether.\n"
    "\n"
    "FILE is what `docktether export` wrote, - is standard input.\n";

static const char export_details[] =
    "Writes the profiles, and those they go via, as one text to standard output, for\n"
    "`docktether import FILE` on another machine. Pins are in it; keys are not, only the\n"
    "paths of their files.\n"
    "  docktether export prod >prod.docktether\n";

static const char up_details[] =
    "Returns when the tether serves, or with the reason why it cannot. A tether that is\n"
    "up already is left alone. What a profile goes via is brought up first. Passphrases are\n"
    "asked for on the terminal or through SSH_ASKPASS; a login that waits for the SSH agent\n"
    "says so, and gives up after the profile's connect-timeout. With several names it\n"
    "goes on after a failure; the exit status is that of the first.\n";

static const char down_details[] =
    "Ends the tether and removes its sockets. One that is not up is no error. One that\n"
    "others are connected through is left alone without --force, which takes them down\n"
    "too.\n";

static const char run_details[] =
    "The tether stays in the foreground and logs to standard error, for systemd, launchd\n"
    "and debugging. SIGTERM, SIGINT or `docktether down NAME` end it. Of systemd it takes\n"
    "a passed socket (LISTEN_FDS), and tells it its state (NOTIFY_SOCKET, WATCHDOG_USEC).\n";

static const char status_details[] =
    "Without names: all profiles, exit status 0. With names: exit status 0 when every one\n"
    "of them is serving, else 1; a single one is shown in full. The state is one of\n"
    "asleep (until the first connection), connecting, serving, waiting (for the next\n"
    "attempt), failed, draining (replaced by another process), closing, down, and\n"
    "silent for a tether that does not answer. json: one object a line.\n"
    "\n"
    "With --watch the terminal shows what is going on until q or an interrupt; the arrows\n"
    "scroll. --watch --format json prints a line for every tether, and one for each change.\n";

static const char enable_details[] =
    "The tether is there from login on, kept by systemd's user manager, and it is there now.\n"
    "With connect = demand systemd listens on the socket, and the first connection starts\n"
    "the tether; else it is started at login. After `update --set connect=` say enable once\n"
    "more.\n"
    "Unit files are written to ~/.config/systemd/user where no package has installed them.\n";

static const char disable_details[] = "The tether is no longer started at login, and ends now.\n";

static const char doctor_details[] =
    "Looks at every layer in turn, whether or not the tether is up: profile, directories,\n"
    "keys, agent, name, TCP, SSH, host key, login, the remote socket, the Docker Engine, and Docker's\n"
    "own files and variables here; of each host on the way, the first one first. It says\n"
    "what is wrong first, and the command that mends it. Nothing is changed, nothing is\n"
    "trusted, and a running tether goes on as it is. A key is offered only to a host that\n"
    "proved a pinned key. The exit status is that of the first layer that fails, 0 when\n"
    "none does; warnings do not fail. json: one object.\n"
    "  docktether doctor prod\n";

static const char logs_details[] =
    "With -f it follows the log, also when it is rotated, until interrupted.\n";

static const char use_details[] =
    "Brings the tether up, then makes its context the current one of Docker's programs.\n"
    "`default` returns to Docker's own, `-` to the one before. A protected profile needs\n"
    "--yes or, on a terminal, its name typed.\n";

static const char show_details[] =
    "The name of the context; where DOCKER_HOST decides, the profile whose socket it\n"
    "names, else its value. Needs no network and no tether.\n";

static const char env_details[] =
    "Brings the tether up and prints what points one shell at it:\n"
    "  sh, bash, zsh   eval \"$(docktether env NAME)\"\n"
    "  fish            docktether env NAME | source\n"
    "  csh, tcsh       eval \"`docktether env NAME`\"\n"
    "  PowerShell      docktether env NAME --shell pwsh | Out-String | Invoke-Expression\n"
    "`docktether env --unset` prints what unsets DOCKER_HOST again.\n";

static const char shell_details[] =
    "Brings the tether up and runs your shell ($SHELL) with DOCKER_HOST set to it, whatever\n"
    "Docker's current context is. bash, zsh, fish and sh read their own files first, and the\n"
    "prompt begins with the profile's name, in a colour of warning and with ! when it is\n"
    "protected; then --yes or its name, typed, is asked for. exit ends it; the exit status is\n"
    "the shell's. DOCKTETHER_SHELL is the name, for your own prompt.\n";

static const char exec_details[] =
    "Brings the tether up and runs COMMAND with DOCKER_HOST set to it. What follows NAME\n"
    "belongs to the command. The exit status is the command's: 127 when it is not found,\n"
    "126 when it cannot be run.\n"
    "  docktether exec prod docker ps\n"
    "\n"
    "With --url there is no NAME and no profile, as in a CI pipeline: the tether belongs to\n"
    "this one command, ends with it, and leaves nothing behind. Neither docktether.ini nor\n"
    "any profile is read. The key is read before COMMAND starts and is nowhere in its\n"
    "arguments, environment or descriptors. Until COMMAND has started the exit status is\n"
    "docktether's own.\n"
    "  docktether exec --url ssh://deploy@prod.example.com --pin 'ssh-ed25519 SHA256:...' \\\n"
    "      --identity-fd 3 -- docker compose up -d 3<key\n";

static const char plugin_details[] =
    "With the plugin, `docker tether up NAME` is `docktether up NAME`, and so is every other\n"
    "command. install makes a link in ~/.docker/cli-plugins; a package may have one for\n"
    "everybody already, which status shows. remove removes the link.\n"
    "\n"
    "With its hooks, a docker command that fails on a terminal because a tether does not\n"
    "serve says why, and what to run. enable-hooks adds them to Docker's config.json and\n"
    "disable-hooks takes them out again; every other byte of the file stays. docker 29.3 and\n"
    "newer call hooks after errors alone, from 26.1 on after every command.\n";

static const char completion_details[] =
    "Prints the completion script of a shell. Where make install or a package has put it,\n"
    "there is nothing to do. By hand:\n"
    "  bash  eval \"$(docktether completion bash)\"\n"
    "  zsh   docktether completion zsh >DIRECTORY/_docktether, where $fpath has DIRECTORY\n"
    "  fish  docktether completion fish | source\n";

static const struct command commands[] = {
    { "create", COMMAND_PROFILES, "NAME URL", 2, 2, "make a profile of a remote Docker host", create_details,
      create_options, true, false, cmd_create },
    { "update", COMMAND_PROFILES, "NAME [URL]", 1, 2, "change a profile", update_details, update_options,
      true, false, cmd_update },
    { "ls", COMMAND_PROFILES, "", 0, 0, "list the profiles", NULL, ls_options, false, false, cmd_ls },
    { "inspect", COMMAND_PROFILES, "NAME...", 1, COMMAND_ANY, "show all there is to know about profiles",
      NULL, format_options, false, false, cmd_inspect },
    { "rm", COMMAND_PROFILES, "NAME...", 1, COMMAND_ANY, "remove profiles", rm_details, rm_options, false,
      false, cmd_rm },
    { "import", COMMAND_PROFILES, "[FILE]", 0, 1, "propose profiles out of what is there, or of a file",
      import_details, import_options, false, false, cmd_import },
    { "export", COMMAND_PROFILES, "NAME...", 1, COMMAND_ANY, "write profiles as a text for import",
      export_details, NULL, false, false, cmd_export },
    { "pin", COMMAND_PROFILES, "NAME", 1, 1, "show or change the host keys a profile trusts", pin_details,
      pin_options, true, false, cmd_pin },

    { "up", COMMAND_TETHERS, "NAME...", 1, COMMAND_ANY, "bring tethers up", up_details, up_options, false,
      false, cmd_up },
    { "down", COMMAND_TETHERS, "NAME... | --all", 0, COMMAND_ANY, "take tethers down", down_details,
      down_options, false, false, cmd_down },
    { "status", COMMAND_TETHERS, "[NAME...]", 0, COMMAND_ANY, "show what the tethers are doing",
      status_details, status_options, false, false, cmd_status },
    { "logs", COMMAND_TETHERS, "NAME", 1, 1, "show a tether's log", logs_details, logs_options, true, false,
      cmd_logs },
    { "doctor", COMMAND_TETHERS, "NAME", 1, 1, "look at every layer, and name the first that is wrong",
      doctor_details, format_options, true, false, cmd_doctor },
    { "run", COMMAND_TETHERS, "NAME", 1, 1, "run a tether in the foreground", run_details, run_options, true,
      false, cmd_run },
    { "enable", COMMAND_TETHERS, "NAME...", 1, COMMAND_ANY, "have tethers from login on", enable_details,
      NULL, false, false, cmd_enable },
    { "disable", COMMAND_TETHERS, "NAME...", 1, COMMAND_ANY, "have them no longer", disable_details, NULL,
      false, false, cmd_disable },

    { "use", COMMAND_DOCKER, "NAME | default | -", 1, 1, "make a profile Docker's current context",
      use_details, use_options, true, false, cmd_use },
    { "show", COMMAND_DOCKER, "", 0, 0, "print what Docker's programs use now", show_details, show_options,
      false, false, cmd_show },
    { "shell", COMMAND_DOCKER, "NAME", 1, 1, "a shell against a profile, in this terminal alone",
      shell_details, shell_options, true, false, cmd_shell },
    { "env", COMMAND_DOCKER, "NAME | --unset", 0, 1, "print lines that point a shell at a profile",
      env_details, env_options, true, false, cmd_env },
    { "exec", COMMAND_DOCKER, "NAME | --url URL [--] COMMAND...", 1, COMMAND_ANY,
      "run one command against a profile", exec_details, exec_options, true, true, cmd_exec },

    { "plugin", COMMAND_DOCKER, "install | remove | enable-hooks | disable-hooks | status", 1, 1,
      "make it a plugin of Docker's CLI: docker tether", plugin_details, NULL, false, false, cmd_plugin },

    { "completion", COMMAND_OTHER, "bash | zsh | fish", 1, 1, "print a shell's completion script",
      completion_details, NULL, false, false, cmd_completion },
    { "version", COMMAND_OTHER, "", 0, 0, "print the version", NULL, version_options, false, false,
      cmd_version },
    { "help", COMMAND_OTHER, "[COMMAND]", 0, 1, "explain docktether or a command", NULL, NULL, false, false,
      cmd_help },
};
#define COMMANDS (sizeof commands / sizeof *commands)

const struct command *command_table(size_t *count)
{
    *count = COMMANDS;
    return commands;
}

=======
>>>>>>> 96a2b8d (Help, messages and comments of cli, ui and autostart in plain English)
const struct command *command_find(const char *name)
{
    size_t count;
    const struct command *table = command_table(&count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const struct command *command_get(const char *name, struct err *e)
{
    const struct command *c = command_find(name);
    size_t count;
    const struct command *table = command_table(&count);

    if (c != NULL)
        return c;
    err_set(e, ERR_USAGE, "", "unknown command \"%s\"", name);
    for (size_t i = 0; i < count; i++) {
        if (suggest_likely(name, table[i].name)) {
            err_hint(e, "did you mean \"%s\"? docktether help lists all commands", table[i].name);
            return NULL;
        }
    }
    command_hint(NULL, e);
    return NULL;
}

void command_hint(const struct command *c, struct err *e)
{
    if (e->hint[0] != '\0')
        return;
    if (c != NULL)
        err_hint(e, "docktether help %s", c->name);
    else
        err_hint(e, "docktether help");
}

static int check_count(const struct command *c, const struct args *args, struct err *e)
{
    if (args->count < c->min)
        return err_set(e, ERR_USAGE, c->name, "missing argument; usage: docktether %s %s", c->name,
                       c->operands);
    if (args->count > c->max)
        return err_set(e, ERR_USAGE, c->name, "unexpected argument \"%s\"", args->operands[c->max]);
    return 0;
}

int command_parse(const struct command *c, struct args *args, int argc, char **argv, struct err *e)
{
    int rc = args_parse(args, c->options, c->runs_command, argc, argv, e);

    if (rc == 0 && !args->help)
        rc = check_count(c, args, e);
    if (rc != 0)
        command_hint(c, e);
    return rc;
}
