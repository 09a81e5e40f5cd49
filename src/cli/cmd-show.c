#include "cli/cmd.h"
#include "cli/current.h"
#include "store/name.h"
#include "store/store.h"
#include "ui/out.h"

#include <stdio.h>
#include <stdlib.h>

/* A prompt has no place for errors. */
static int show_prompt(void)
{
    char *name = current_name(NULL);
    struct profile *p = NULL;

    if (name != NULL && name_check(name, NULL) == 0 && store_exists(name))
        p = store_load(name, NULL);
    if (p != NULL)
        printf("%s%s\n", p->name, p->protect ? "!" : "");
    profile_free(p);
    free(name);
    return 0;
}

int cmd_show(const struct args *args, struct err *e)
{
    if (args_has(args, "prompt"))
        return show_prompt();
    char *name = current_name(e);
    if (name == NULL)
        return -1;
    char *escaped = out_escape(name);
    puts(escaped);
    free(escaped);
    free(name);
    return 0;
}
