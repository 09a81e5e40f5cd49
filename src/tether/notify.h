/* notify: a tether tells its service manager, from the loop, how it is: state and
 * reason as text, that it is ready, that it is ending, that the loop still turns.
 * Every function accepts NULL, for a tether without a service manager. */
#ifndef DOCKTETHER_TETHER_NOTIFY_H
#define DOCKTETHER_TETHER_NOTIFY_H

#include "store/profile.h"
#include "tether/service.h"
#include "tether/status.h"

#include <uv.h>

struct notify;

/* service may be NULL and must outlive it. NULL when there is no manager to tell. */
struct notify *notify_new(uv_loop_t *loop, const struct service *service);

/* The state has changed. */
void notify_status(struct notify *n, const struct status *st, const struct profile *p);

/* The first attempt has had its answer, whichever. */
void notify_ready(struct notify *n);

/* What has not been told yet is dropped. */
void notify_close(struct notify *n);

/* The text of a state, as `systemctl status` shows it; allocated. */
char *notify_text(const struct status *st, const struct profile *p);

#endif
