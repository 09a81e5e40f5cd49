#include "cli/confirm.h"

#include "base/mem.h"
#include "ui/term.h"

#include <stdlib.h>
#include <string.h>

#define LAYER "protected"

int confirm_protected(const struct profile *p, bool yes, const struct confirm *what, struct err *e)
{
    char answer[256] = "";

    if (!p->protect || yes)
        return 0;
    if (!term_interactive()) {
        err_set(e, ERR_POLICY, LAYER, "the profile is protected, and there is no terminal to ask on");
        return err_hint(e, "docktether %s --yes %s%s", what->verb, p->name, what->rest);
    }
    char *prompt = mem_printf("\"%s\" is protected. Type its name %s: ", p->name, what->purpose);
    int rc = term_line(prompt, answer, sizeof answer, e);
    free(prompt);
    if (rc < 0)
        return -1;
    if (rc == 0 && strcmp(answer, p->name) == 0)
        return 0;
    err_set(e, ERR_POLICY, LAYER, "its name was not typed, so %s", what->outcome);
    return err_hint(e, "type \"%s\", or: docktether %s --yes %s%s", p->name, what->verb, p->name, what->rest);
}
