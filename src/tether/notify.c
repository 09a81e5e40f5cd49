#include "tether/notify.h"

#include "base/mem.h"

#include <stdlib.h>

#define AGAIN_MS 50

struct notify {
    uv_timer_t watchdog, again;
    int open_handles;
    const struct service *service;
    bool ready; /* it was told, or is due */
    /* What the manager has not taken yet. */
    bool ready_due, stopping_due;
    char *status;
};

char *notify_text(const struct status *st, const struct profile *p)
{
    char reason[ERR_MSG_SIZE + ERR_LAYER_SIZE + 4];
    char *endpoint = profile_endpoint(p);
    char *text;

    err_text(&st->last_error, reason, sizeof reason);
    switch (st->state) {
    case STATE_ASLEEP:
        text = mem_printf("asleep until a client wants %s", endpoint);
        break;
    case STATE_CONNECTING:
    case STATE_PROBING:
        text = mem_printf("connecting to %s", endpoint);
        break;
    case STATE_SERVING:
        text = mem_printf("serving %s", endpoint);
        break;
    case STATE_WAITING:
        text = mem_printf("waiting for the next attempt: %s", reason);
        break;
    case STATE_FAILED:
        text = mem_printf("failed: %s; docktether up %s tries again", reason, p->name);
        break;
    default:
        text = mem_strdup(state_name(st->state));
    }
    free(endpoint);
    return text;
}

static void on_again(uv_timer_t *timer);

/* All that is due in one datagram; what the manager does not take stays due. */
static void tell(struct notify *n)
{
    char *lines = mem_printf("%s%s%s%s%s", n->ready_due ? "READY=1\n" : "",
                             n->stopping_due ? "STOPPING=1\n" : "", n->status != NULL ? "STATUS=" : "",
                             n->status != NULL ? n->status : "", n->status != NULL ? "\n" : "");

    if (*lines != '\0' && !service_tell(n->service, lines)) {
        uv_timer_start(&n->again, on_again, AGAIN_MS, 0);
    } else {
        n->ready_due = n->stopping_due = false;
        mem_replace(&n->status, NULL);
    }
    free(lines);
}

static void on_again(uv_timer_t *timer)
{
    tell(timer->data);
}

/* From the loop: one that hangs is silent, and the manager ends it. */
static void on_watchdog(uv_timer_t *timer)
{
    struct notify *n = timer->data;

    (void)service_tell(n->service, "WATCHDOG=1\n");
}

struct notify *notify_new(uv_loop_t *loop, const struct service *service)
{
    if (service == NULL || service->notify < 0)
        return NULL;
    struct notify *n = mem_alloc(sizeof *n);
    n->service = service;
    uv_timer_init(loop, &n->watchdog);
    uv_timer_init(loop, &n->again);
    n->watchdog.data = n->again.data = n;
    n->open_handles = 2;
    if (service->watchdog_ms > 0) {
        uint64_t half = (uint64_t)(service->watchdog_ms + 1) / 2;
        uv_timer_start(&n->watchdog, on_watchdog, half, half);
    }
    return n;
}

void notify_status(struct notify *n, const struct status *st, const struct profile *p)
{
    if (n == NULL)
        return;
    free(n->status);
    n->status = notify_text(st, p);
    n->stopping_due = n->stopping_due || st->state == STATE_CLOSING || st->state == STATE_DRAINING;
    tell(n);
}

void notify_ready(struct notify *n)
{
    if (n == NULL || n->ready)
        return;
    n->ready = n->ready_due = true;
    tell(n);
}

static void on_closed(uv_handle_t *handle)
{
    struct notify *n = handle->data;

    if (--n->open_handles > 0)
        return;
    free(n->status);
    free(n);
}

void notify_close(struct notify *n)
{
    if (n == NULL)
        return;
    uv_close((uv_handle_t *)&n->watchdog, on_closed);
    uv_close((uv_handle_t *)&n->again, on_closed);
}
