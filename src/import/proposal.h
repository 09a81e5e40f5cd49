/* proposal: profiles that could be made, what speaks against each, and making
 * them. */
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
    char *why_not;           /* NULL: it can be made */
    struct strv notes;       /* what the profile cannot hold as it is, for people */
    bool there;              /* a profile of that name and place is there: others may go via it */
    bool chosen;
    bool judged;
};

/* Zero-initialised when empty. */
struct proposals {
    struct proposal *items;
    size_t count;
};

/* Takes over p. Its name must be unlike those in the list. why_not may be NULL. */
void proposals_add(struct proposals *list, struct profile *p, const char *from, const char *why_not);
void proposals_clear(struct proposals *list);

/* NULL when there is none. */
struct proposal *proposals_find(const struct proposals *list, const char *name);

/* Keeps those that are named, and what they go via. None named: all. ERR_USAGE
 * for a name that is not proposed. */
int proposals_choose(struct proposals *list, const char *const *names, size_t count, struct err *e);

/* Finds out what speaks against each: a profile or a context of somebody else
 * of that name, a way that cannot be gone, no pin. */
void proposals_judge(struct proposals *list);

/* The chosen ones as a table. */
void proposals_print(const struct proposals *list, FILE *out);

/* How many can be made. */
size_t proposals_ready(const struct proposals *list);

/* Makes them, each after what it goes via; prints their names, and on standard
 * error why others are not made. Nothing is overwritten. Returns the exit
 * status: that of the first that could not be written, or 0. */
int proposals_create(struct proposals *list);

/* For each that lacks nothing but a pin: the command that shows its keys and asks. */
void proposals_advise(const struct proposals *list);

#endif
