/* bring-up: prepares the use of a profile's Docker by a program: a tether that serves, and
 * the environment. */
#ifndef DOCKTETHER_CLI_BRING_UP_H
#define DOCKTETHER_CLI_BRING_UP_H

#include "base/err.h"
#include "store/profile.h"
#include "store/runtime.h"

#include <stdbool.h>

/* Refuses a profile without pins, with a hint that leads to pins. */
int bring_up_check_pins(const struct profile *p, struct err *e);

/* Brings up the hops of the profile, without its own tether. */
int bring_up_hops(const struct profile *p, struct err *e);

/* Refuses a profile that is a hop only and has no Docker. */
int bring_up_check_docker(const struct profile *p, struct err *e);

/* Brings the profile's tether up unless it serves already. Asks for passphrases and reports
 * on standard error. */
int bring_up(const struct profile *p, bool for_others, struct err *e);

/* Makes this process, and a program that it executes, use the profile. */
int bring_up_environment(const char *name, struct err *e);

/* A tether that ends with this process and prints nothing; see launch_bound(). */
int bring_up_bound(const struct profile *p, struct runtime *rt, int *lifeline, struct err *e);

#endif
