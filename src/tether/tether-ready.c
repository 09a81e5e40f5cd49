#include "tether/tether-internal.h"

#include "base/log.h"

/* The process that started this tether waits at ready_fd for one line. */

static void stop_watching(struct tether *t)
{
    if (t->ready.data != NULL && !t->cfg->bound)
        uv_poll_stop(&t->ready);
}

void tether_report_ready(struct tether *t, const struct err *e)
{
    if (t->control != NULL)
        control_server_answer(t->control, e);
    if (t->settled)
        return;
    t->settled = true;
    notify_ready(t->notify);
    stop_watching(t);
    status_send_ready(t->cfg->ready_fd, e);
}

void tether_report_replaced(struct tether *t)
{
    if (t->settled)
        return;
    t->settled = true;
    stop_watching(t);
    status_send_replaced(t->cfg->ready_fd);
}

static void on_gone(uv_poll_t *poll, int status, int events)
{
    struct tether *t = poll->data;

    (void)status;
    (void)events;
    uv_poll_stop(poll);
    if (t->settled && !t->cfg->bound)
        return;
    if (t->settled) {
        log_info(t->cfg->log, "the process that started this tether has ended");
        tether_post(t, EVENT_STOP);
        return;
    }
    log_info(t->cfg->log, "the process that started this tether ended before it served");
    err_set(&t->fatal, ERR_FAILED, "", "interrupted");
    t->settled = true;
    tether_post(t, EVENT_STOP);
}

void tether_ready_init(struct tether *t)
{
    if (t->cfg->ready_fd < 0 || uv_poll_init(&t->loop, &t->ready, t->cfg->ready_fd) != 0)
        return;
    t->ready.data = t;
    uv_poll_start(&t->ready, UV_READABLE, on_gone);
}
