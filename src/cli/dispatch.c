#include "cli/dispatch.h"

#include "base/progname.h"
#include "cli/complete.h"
#include "cli/hook.h"
#include "docker/plugin.h"
#include "ui/out.h"

#include <string.h>

/* The hidden commands by which cobra's completion scripts ask a program. */
#define COMPLETE "__complete"
#define COMPLETE_BARE "__completeNoDesc"

static bool is(int at, int argc, char *const *argv, const char *word)
{
    return at < argc && strcmp(argv[at], word) == 0;
}

static bool completes(int at, int argc, char *const *argv)
{
    return is(at, argc, argv, COMPLETE) || is(at, argc, argv, COMPLETE_BARE);
}

static int complete(int at, int argc, char *const *argv, bool bare, bool for_cobra)
{
    const struct complete_options options = { .bare = bare, .for_cobra = for_cobra };

    complete_print(argv + at, (size_t)(argc - at), &options);
    return 1;
}

/* `docker help tether up` is `docker tether help up`. */
static void put_help_behind_name(int at, char **argv)
{
    char *help = argv[at];

    argv[at] = argv[at + 1];
    argv[at + 1] = help;
}

static int open_plugin(struct dispatch *f, int argc, char **argv, struct err *e)
{
    struct plugin_globals globals;
    int at = 1;

    if (is(at, argc, argv, PLUGIN_METADATA)) {
        out_json(plugin_metadata(), JSON_INDENT(4));
        return 1;
    }
    if (plugin_globals(&globals, argc, argv, &at, e) != 0 || plugin_apply(&globals, e) != 0)
        return -1;
    if (completes(at, argc, argv))
        return complete(at + 1 + is(at + 1, argc, argv, PLUGIN_NAME), argc, argv,
                        is(at, argc, argv, COMPLETE_BARE), true);
    if (is(at, argc, argv, "help") && is(at + 1, argc, argv, PLUGIN_NAME))
        put_help_behind_name(at, argv);
    /* The name may be left out when docker-tether is run by hand. */
    at += is(at, argc, argv, PLUGIN_NAME);
    if (is(at, argc, argv, PLUGIN_HOOKS)) {
        hook_answer(at + 1 < argc ? argv[at + 1] : "");
        return 1;
    }
    plugin_follow();
    *f = (struct dispatch){ .first = at, .help = globals.help, .version = globals.version };
    return 0;
}

int dispatch_open(struct dispatch *f, int argc, char **argv, struct err *e)
{
    *f = (struct dispatch){ .first = 1 };
    if (progname_is_plugin())
        return open_plugin(f, argc, argv, e);
    if (completes(1, argc, argv))
        return complete(2, argc, argv, is(1, argc, argv, COMPLETE_BARE), false);
    return 0;
}
