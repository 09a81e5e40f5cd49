#include "tether/tether-internal.h"

#include "base/mem.h"
#include "base/time.h"
#include "control/handover.h"
#include "control/lock.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define TAKE_OVER_MS 5000
#define TAKE_OVER_PAUSE_MS 20

/* ---- the old process ------------------------------------------------------- */

static int duplicate(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static int duplicate_all(struct tether *t, struct handover *s)
{
    s->lock = duplicate(t->lock);
    if (t->listener != NULL)
        s->sock = duplicate(listener_fd(t->listener));
    bool complete = s->lock >= 0 && (t->listener == NULL || s->sock >= 0);
    while (complete && s->ends_count < t->ends_count) {
        int fd = duplicate(t->ends[s->ends_count]);
        complete = fd >= 0;
        if (complete)
            s->ends[s->ends_count++] = fd;
    }
    return complete ? 0 : -1;
}

int tether_offer_place(void *user, struct handover *s, struct err *e)
{
    struct tether *t = user;

    if (t->replaced || t->handing_over)
        return err_set(e, ERR_FAILED, "control", "another process takes its place already");
    if (!t->cfg->replaceable || t->lock < 0) {
        err_set(e, ERR_FAILED, "", "the tether that runs was not started by docktether up");
        return err_hint(e, "end it where it was started, or: docktether down %s", t->cfg->profile->name);
    }
    if (duplicate_all(t, s) != 0)
        return err_set_errno(e, ERR_FAILED, "", "cannot duplicate a descriptor");
    s->held_count = pool_give_held(t->pool, s->held, HANDOVER_HELD_MAX);
    t->handing_over = true;
    /* Without a session new clients would be held here, and could not be passed on any more. */
    listener_hold(t->listener, !pool_serving(t->pool));
    return 0;
}

void tether_give_place(void *user)
{
    struct tether *t = user;

    t->handing_over = false;
    close(t->lock);
    t->lock = -1;
    for (size_t i = 0; i < t->ends_count; i++)
        close(t->ends[i]);
    t->ends_count = 0;
    tether_post(t, EVENT_REPLACED);
}

void tether_keep_place(void *user, struct handover *s)
{
    struct tether *t = user;

    t->handing_over = false;
    if (t->state == STATE_CLOSING)
        return;
    listener_hold(t->listener, false);
    for (size_t i = 0; i < s->held_count; i++)
        pool_take_back(t->pool, s->held[i]);
    s->held_count = 0;
    tether_mark_dirty(t);
}

/* ---- the new process ------------------------------------------------------- */

/* From the tether that runs; when there is none any more, as if there had never
 * been one. Several that want its place at once get it one after the other:
 * for a moment after each hand-over no process answers. */
int tether_take_place(struct tether *t, struct handover *s, struct err *e)
{
    const struct deadline d = deadline_in(TAKE_OVER_MS);
    struct err why;
    int rc, asked;

    do {
        why = (struct err)ERR_INIT;
        asked = handover_take(t->cfg->runtime, s, &why);
        bool none = asked != 0 && strcmp(why.layer, "control") == 0;
        rc = none ? lock_take(t->cfg->runtime, &t->lock, e) : 1;
        if (!none || rc != 1)
            break;
    } while (deadline_left(d) > 0 && poll(NULL, 0, TAKE_OVER_PAUSE_MS) == 0);
    if (asked == 0) {
        t->lock = s->lock;
        s->lock = -1;
        t->ends = mem_resize(NULL, s->ends_count, sizeof *t->ends);
        memcpy(t->ends, s->ends, s->ends_count * sizeof *t->ends);
        t->ends_count = s->ends_count;
        s->ends_count = 0;
        return lock_adopt(t->cfg->runtime, t->lock, e);
    }
    if (rc == 1 && e != NULL)
        *e = why;
    return rc == 0 ? 0 : -1;
}
