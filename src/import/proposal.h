/* proposal: profiles that import can create, and why some are skipped. */
#ifndef DOCKTETHER_IMPORT_PROPOSAL_H
#define DOCKTETHER_IMPORT_PROPOSAL_H

#include "base/err.h"
#include "store/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct proposal {
    struct profile *profile; /* owned; via names another one, of the list or of the store */
    char *from;              /* where it was found, for people */
    char *why_not;           /* why it is skipped; NULL: it can be created */
    struct strv notes;       /* settings that the profile cannot hold as they are, for people */
    bool there;              /* a profile of that name and place exists: others may go via it */
    bool chosen;
    bool judged;
};

/* Zero-initialised when empty. */
struct proposals {
    struct proposal *items;
    size_t count;
};

/* Takes over p. No other of the list may have its name. why_not may be NULL. */
void proposals_add(struct proposals *list, struct profile *p, const char *from, const char *why_not);
void proposals_clear(struct proposals *list);

/* NULL when there is none. */
struct proposal *proposals_find(const struct proposals *list, const char *name);

/* Chooses the named ones and their hops; all when none is named. ERR_USAGE for a name
 * that is not in the list. */
int proposals_choose(struct proposals *list, const char *const *names, size_t count, struct err *e);

/* Finds the reasons to skip one: another profile or another program's context has its
 * name, its hop is missing, it has no pin. */
void proposals_judge(struct proposals *list);

/* The chosen ones as a table. */
void proposals_print(const struct proposals *list, FILE *out);

/* How many of the chosen ones can be created. */
size_t proposals_ready(const struct proposals *list);

/* Creates the chosen ones, each after its hop. Prints their names, and on standard
 * error why others are skipped. Nothing is overwritten. Returns the exit status: of the
 * first that could not be written, or 0. */
int proposals_create(struct proposals *list);

/* On standard error, for each chosen one: the settings that its profile cannot hold, and when only
 * the pin is missing the command that shows the host's keys and asks. */
void proposals_advise(const struct proposals *list);

#endif
