/* bring-up: what a program needs to speak to a profile's Docker: a tether that
 * serves, and the environment. */
#ifndef DOCKTETHER_CLI_BRING_UP_H
#define DOCKTETHER_CLI_BRING_UP_H

#include "base/err.h"
#include "store/profile.h"
#include "store/runtime.h"

#include <stdbool.h>

/* A profile without pins is refused, with what to do about it. */
int bring_up_check_pins(const struct profile *p, struct err *e);

/* Brings up what the profile goes via, without its own tether. */
int bring_up_hops(const struct profile *p, struct err *e);

/* A profile that is only a way to others has no Docker to speak to. */
int bring_up_check_docker(const struct profile *p, struct err *e);

/* Brings the profile's tether up unless it serves already; asks for
 * passphrases, and tells on standard error what happens. */
int bring_up(const struct profile *p, bool for_others, struct err *e);

/* Points this process, and what it becomes, at the profile. */
int bring_up_environment(const char *name, struct err *e);

/* A tether that ends with us, without a word; see launch_bound(). */
int bring_up_bound(const struct profile *p, struct runtime *rt, int *lifeline, struct err *e);

#endif
