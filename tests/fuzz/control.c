/* What comes through a control socket, on both sides of it, and the kernel's news. */
#include "fuzz.h"

#include "control/control-client.h"
#include "control/handover.h"
#include "control/message.h"
#include "peer.h"
#include "tether/control-server.h"
#include "tether/netlink.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- the server's side ----------------------------------------------------- */

static json_t *on_status(void *user)
{
    (void)user;
    return json_object();
}

static void on_retry(void *user, bool keep)
{
    (void)user;
    (void)keep;
}

static int on_stop(void *user, bool force, struct err *e)
{
    (void)user;
    (void)force;
    return err_set(e, ERR_FAILED, "", "not now");
}

static int on_replace(void *user, struct handover *s, struct err *e)
{
    (void)user;
    (void)s;
    return err_set(e, ERR_FAILED, "", "not now");
}

static void on_stream(void *user, int fd, const char *host, int64_t port)
{
    (void)user;
    FUZZ_HOLDS(host[0] != '\0' && port > 0 && port < 65536);
    close(fd);
}

static int listen_at(struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    strcat(strcpy(address->sun_path, fuzz_home()), "/server");
    unlink(address->sun_path);
    FUZZ_HOLDS(bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 && listen(fd, 8) == 0);
    return fd;
}

static void control_request(const uint8_t *data, size_t size)
{
    const struct control_server_owner owner = {
        .status = on_status, .retry = on_retry, .stop = on_stop, .replace = on_replace, .stream = on_stream
    };
    struct sockaddr_un address;
    uv_loop_t loop;
    int listener = listen_at(&address);

    FUZZ_HOLDS(uv_loop_init(&loop) == 0);
    struct control_server *c = control_server_new(&loop, listener, NULL, &owner);
    FUZZ_HOLDS(c != NULL);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    FUZZ_HOLDS(connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    (void)send(fd, data, size, MSG_NOSIGNAL);
    (void)shutdown(fd, SHUT_WR);
    for (int i = 0; i < 8; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    close(fd);
    control_server_close(c);
    uv_run(&loop, UV_RUN_DEFAULT);
    FUZZ_HOLDS(uv_loop_close(&loop) == 0);
}

/* ---- the client's side ------------------------------------------------------- */

static void control_answer(const uint8_t *data, size_t size)
{
    int ends[2];

    FUZZ_HOLDS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    (void)send(ends[1], data, size, MSG_NOSIGNAL);
    close(ends[1]);
    for (int i = 0; i < 4; i++) {
        struct err e = ERR_INIT;
        json_t *line = control_client_read_line(ends[0], 2000, &e);
        if (line == NULL) {
            FUZZ_HOLDS(e.code != ERR_NONE);
            break;
        }
        message_unpack_err(json_object_get(line, "error"), &e);
        FUZZ_HOLDS(e.code != ERR_NONE);
        json_decref(line);
    }
    close(ends[0]);
}

static void handover(const uint8_t *data, size_t size)
{
    static struct handover s;
    struct peer *p = peer_start("handover.ctl", data, size);
    const struct runtime rt = { .ctl = (char *)(uintptr_t)peer_path(p),
                                .lock = (char *)(uintptr_t) "/nowhere" };

    if (handover_take(&rt, &s, NULL) == 0)
        handover_clear(&s);
    peer_end(p);
}

static void netlink(const uint8_t *data, size_t size)
{
    struct netlink_news news = { 0 };

    (void)netlink_matters(data, size, &news);
    FUZZ_HOLDS(news.count <= NETLINK_ADDRESSES_MAX);
}

const struct fuzz_target fuzz_control[] = {
    { "control-request", control_request },
    { "control-answer", control_answer },
    { "handover", handover },
    { "netlink", netlink },
    { 0 },
};
