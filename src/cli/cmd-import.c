#include "base/file.h"
#include "base/mem.h"
#include "base/progname.h"
#include "base/quote.h"
#include "cli/cmd.h"
#include "import/bundle.h"
#include "import/discover.h"
#include "import/proposal.h"
#include "ui/out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_file(const char *path, struct proposals *list, struct err *e)
{
    const char *source = strcmp(path, "-") == 0 ? "standard input" : path;
    char *text;
    size_t len;
    int rc;

    if (source != path)
        rc = file_read_stdin(BUNDLE_MAX, &text, &len, e);
    else
        rc = file_read(path, FILE_ANY, BUNDLE_MAX, &text, &len, e);
    if (rc > 0)
        return err_set(e, ERR_FAILED, "import", "the file %s does not exist", path);
    if (rc != 0)
        return -1;
    rc = bundle_read(source, text, source, list, e);
    free(text);
    return rc;
}

static int choose(struct proposals *list, const struct args *args, struct err *e)
{
    struct strv names = { 0 };
    const char *name;

    for (size_t at = 0; (name = args_next(args, "only", &at)) != NULL;)
        strv_add(&names, name);
    int rc = proposals_choose(list, (const char *const *)names.items, names.count, e);
    strv_clear(&names);
    return rc;
}

/* The same command with --yes. */
static char *confirmation(const struct args *args)
{
    char *command = mem_printf("%s import", progname());
    const char *name;

    for (size_t at = 0; (name = args_next(args, "only", &at)) != NULL;) {
        char *longer = mem_printf("%s --only %s", command, name);
        free(command);
        command = longer;
    }
    char *file = args->count > 0 ? quote_word(args->operands[0]) : mem_strdup("");
    char *whole = mem_printf("%s --yes%s%s", command, *file != '\0' ? " " : "", file);
    free(file);
    free(command);
    return whole;
}

static int propose(const struct proposals *list, const struct args *args)
{
    size_t ready = proposals_ready(list);

    proposals_print(list, stdout);
    (void)fflush(stdout);
    proposals_advise(list);
    if (ready > 0) {
        char *command = confirmation(args);
        if (ready == 1)
            out_note(NULL, "Nothing was created. To create this profile: %s", command);
        else
            out_note(NULL, "Nothing was created. To create these %zu profiles: %s", ready, command);
        free(command);
    }
    return 0;
}

static int make(struct proposals *list)
{
    int status = proposals_create(list);

    (void)fflush(stdout);
    proposals_advise(list);
    return status;
}

int cmd_import(const struct args *args, struct err *e)
{
    const char *file = args->count > 0 ? args->operands[0] : NULL;
    struct proposals list = { 0 };

    int rc = file != NULL ? read_file(file, &list, e) : discover(&list, e);
    if (rc == 0)
        rc = choose(&list, args, e);
    if (rc == 0 && list.count == 0)
        out_note(NULL, "found no hosts: there is no Docker context with ssh:// and no host in ~/.ssh/config");
    else if (rc == 0) {
        proposals_judge(&list);
        rc = args_has(args, "yes") ? make(&list) : propose(&list, args);
    }
    proposals_clear(&list);
    return rc;
}
