#include "cli/cmd.h"

#include <stdio.h>
#include <string.h>

#include "cli/scripts.inc" /* made from contrib/completion */

int cmd_completion(const struct args *args, struct err *e)
{
    static const struct {
        const char *shell, *script;
    } scripts[] = { { "bash", script_bash }, { "zsh", script_zsh }, { "fish", script_fish } };

    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        if (strcmp(scripts[i].shell, args->operands[0]) == 0) {
            fputs(scripts[i].script, stdout);
            return 0;
        }
    }
    return err_set(e, ERR_USAGE, "completion", "unknown shell \"%s\": use bash, zsh or fish",
                   args->operands[0]);
}
