#include "control/lock.h"
#include "tether/launch.h"

#include "relay/listener.h"
#include "relay/reject.h"
#include "ssh/connect.h"
#include "store/runtime.h"
#include "store/via-chain.h"
#include "tether/process.h"
#include "tether/service.h"
#include "tether/tether.h"

#include <fcntl.h>
#include <unistd.h>

#define TURN_AWAY_MS 10 /* for clients that are there already; later ones may find it mended */

/* ---- `run` ------------------------------------------------------------------- */

/* For a service manager the tether that runs makes room at once: it was started
 * by `up`, perhaps as a hop, before the service was. */
static int serve(struct tether_config *cfg, struct err *e)
{
    int rc = lock_take(cfg->runtime, &cfg->lock, e);

    if (rc < 0)
        return -1;
    cfg->replace = rc == 1;
    if (cfg->replace && !cfg->stays) {
        err_set(e, ERR_FAILED, "runtime", "a tether of this profile is running already");
        return err_hint(e, "docktether down %s ends it", cfg->profile->name);
    }
    log_info(cfg->log, "tether of %s started, process %ld", cfg->profile->name, (long)getpid());
    rc = tether_run(cfg, e);
    log_info(cfg->log, "tether ended, process %ld", (long)getpid());
    return rc;
}

static int check_socket(const struct profile *p, const struct service *service, struct err *e)
{
    if (service->sock < 0 || profile_has_docker(p))
        return 0;
    err_set(e, ERR_FAILED, "socket activation", "the profile has no Docker socket (socket = none)");
    return err_hint(e, "its service needs no socket unit");
}

int launch_foreground(const struct profile *p, const struct launch_options *o, const struct service *service,
                      struct err *e)
{
    struct runtime rt;
    struct identities *ids = NULL;
    int rc = -1;

    if (runtime_init(&rt, p->name, e) != 0)
        return -1;
    struct log *log = log_new(p->name, o->level);
    bool ready =
        check_socket(p, service, e) == 0 && runtime_prepare(&rt, e) == 0 && connect_check_pins(p, e) == 0;
    /* Hops are started here only so that the user can be asked for passphrases.
     * The attempts to connect start what is not up. */
    if (ready && !service->managed)
        ready = launch_hops(p, o, e) == 0;
    (void)process_forbid_core();
    if (ready)
        ids = launch_identities(p, o, e);
    if (ids != NULL) {
        struct tether_config cfg = { .profile = p,
                                     .identities = ids,
                                     .runtime = &rt,
                                     .log = log,
                                     .lock = -1,
                                     .service = service,
                                     .stays = service->managed,
                                     .ready_fd = -1 };
        process_harden();
        rc = serve(&cfg, e);
    }
    identities_free(ids);
    log_free(log);
    runtime_clear(&rt);
    return rc;
}

/* ---- when it cannot be ------------------------------------------------------- */

struct turning {
    struct reject answers;
    struct listener *listener;
    const struct err *why;
};

static void on_accept(void *user, int fd)
{
    struct turning *t = user;

    reject_client(&t->answers, fd, false, t->why);
}

static void on_over(uv_timer_t *timer)
{
    struct turning *t = timer->data;

    listener_close(t->listener);
    uv_close((uv_handle_t *)timer, NULL);
}

static void on_emptied(void *user)
{
    (void)user; /* the loop ends with its last handle */
}

void launch_turn_away(const char *name, const struct service *service, const struct err *why)
{
    uv_loop_t loop;
    uv_timer_t timer;
    struct turning t = { .answers = { .loop = &loop, .name = name, .emptied = on_emptied }, .why = why };

    service_tell_error(service, why);
    int fd = service->sock >= 0 ? fcntl(service->sock, F_DUPFD_CLOEXEC, 3) : -1;
    if (fd < 0)
        return;
    if (uv_loop_init(&loop) != 0) {
        close(fd);
        return;
    }
    t.listener = listener_new(&loop, fd, NULL, on_accept, &t);
    if (t.listener == NULL) {
        close(fd);
    } else {
        uv_timer_init(&loop, &timer);
        timer.data = &t;
        uv_timer_start(&timer, on_over, TURN_AWAY_MS, 0);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    uv_loop_close(&loop);
    reject_clear(&t.answers);
}
