#include "ssh/hostkey-rotate.h"

#include "base/mem.h"
#include "ssh/hostkey-internal.h"
#include "ssh/session-internal.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libssh takes the age of the keys in whole seconds, and looks at it when
 * something is sent. */
#define REKEY_S 1
#define REKEY_MS 1100

/* ---- the connection ------------------------------------------------------ */

/* As the tether connects, with the pins of one type alone. */
static struct session *connect_by(const struct connect_request *rq, const char *type, struct err *e)
{
    const struct pins *pins = &rq->profile->pins;
    struct connect_request one = *rq;
    struct profile *p = profile_copy(rq->profile);

    pins_clear(&p->pins);
    for (size_t i = 0; i < pins->count; i++)
        if (strcmp(pins->items[i].type, type) == 0)
            pins_add(&p->pins, &pins->items[i]);
    one.profile = p;
    struct session *s = connect_host(&one, NULL, e);
    profile_free(p);
    return s;
}

static bool type_came_before(const struct pins *pins, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(pins->items[i].type, pins->items[at].type) == 0)
            return true;
    return false;
}

/* By whichever pinned key the host still has: it may have replaced the one that
 * it would rather present. */
static struct session *connect_anchor(const struct connect_request *rq, struct err *e)
{
    const struct pins *pins = &rq->profile->pins;
    struct err first = ERR_INIT;

    for (size_t i = 0; i < pins->count; i++) {
        struct err why = ERR_INIT;
        if (type_came_before(pins, i))
            continue;
        struct session *s = connect_by(rq, pins->items[i].type, &why);
        if (s != NULL)
            return s;
        if (first.code == ERR_NONE)
            first = why;
        if (why.code != ERR_HOSTKEY) {
            first = why;
            break;
        }
    }
    if (first.code == ERR_NONE)
        connect_check_pins(rq->profile, &first);
    if (e != NULL)
        *e = first;
    return NULL;
}

/* ---- the other keys ------------------------------------------------------ */

/* Opens a channel, which waits for the key exchange that its sending begins. A
 * refusal is an answer as well. */
static int open_channel(struct session *s, const struct wait *w, struct err *e)
{
    ssh_channel channel = ssh_channel_new(s->ssh);
    int rc = SSH_ERROR, waited = 0;

    while (channel != NULL && (rc = ssh_channel_open_session(channel)) == SSH_AGAIN && waited == 0)
        waited = session_wait(s, w, "host key", e);
    if (channel == NULL)
        waited = err_set(e, ERR_FAILED, "host key", "no memory for a channel");
    else if (waited == 0 && session_lost(s))
        waited = err_set(e, ERR_UNREACHABLE, "host key", "the connection ended: %s", ssh_get_error(s->ssh));
    return waited;
}

static int reexchange(struct session *s, const char *algorithms, const struct wait *w, struct err *e)
{
    const uint32_t now = REKEY_S, never = 0;

    if (ssh_options_set(s->ssh, SSH_OPTIONS_HOSTKEYS, algorithms) != SSH_OK ||
        ssh_options_set(s->ssh, SSH_OPTIONS_REKEY_TIME, &now) != SSH_OK)
        return err_set(e, ERR_FAILED, "host key", "libssh does not take an option: %s",
                       ssh_get_error(s->ssh));
    poll(NULL, 0, REKEY_MS);
    int rc = open_channel(s, w, e);
    (void)ssh_options_set(s->ssh, SSH_OPTIONS_REKEY_TIME, &never);
    return rc;
}

static char *algorithms_of(const char *type)
{
    struct pins pins = { 0 };
    struct pin pin = { .type = "" };

    snprintf(pin.type, sizeof pin.type, "%s", type);
    pins_add(&pins, &pin);
    char *list = hostkey_algorithms(&pins);
    pins_clear(&pins);
    return list;
}

/* The anchor's algorithms come last: a host without such a key falls back to
 * them, and the connection lives on. Frees wanted. */
static int ask_for(struct session *s, char *wanted, int64_t timeout_ms, struct hostkeys *keys, struct err *e)
{
    const struct wait w = { .deadline = deadline_in(timeout_ms + REKEY_MS), .cancel_fd = -1 };
    char *last = algorithms_of(s->host_key.type);
    char *algorithms = mem_printf("%s,%s", wanted, last);
    struct hostkey key;

    int rc = reexchange(s, algorithms, &w, e);
    if (rc == 0)
        rc = hostkey_of_session(s, &key, e);
    if (rc == 0)
        hostkeys_add(keys, &key);
    else if (e != NULL && e->hint[0] == '\0')
        err_hint(e,
                 "this server may not repeat a key exchange; `docktether pin NAME --scan` asks it in another "
                 "way, which no pinned key vouches for");
    free(algorithms);
    free(wanted);
    free(last);
    return rc;
}

static bool has_type(const struct hostkeys *keys, const char *type)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->items[i].pin.type, type) == 0)
            return true;
    return false;
}

static bool has_kind(const struct hostkeys *keys, size_t kind)
{
    for (size_t i = 0; i < keys->count; i++)
        if (hostkey_is_kind(keys->items[i].pin.type, kind))
            return true;
    return false;
}

static int collect(struct session *s, const struct profile *p, struct hostkeys *keys, struct err *e)
{
    struct hostkey anchor;

    if (hostkey_of_session(s, &anchor, e) != 0)
        return -1;
    hostkeys_add(keys, &anchor);
    for (size_t i = 0; i < HOSTKEY_KINDS; i++)
        if (!has_kind(keys, i) && ask_for(s, hostkey_kind_algorithms(i), p->connect_timeout_ms, keys, e) != 0)
            return -1;
    /* Of several ECDSA keys the host showed the one on the smallest curve. */
    for (size_t i = 0; i < p->pins.count; i++) {
        const char *type = p->pins.items[i].type;
        if (strncmp(type, "ecdsa", 5) == 0 && !has_type(keys, type) && !type_came_before(&p->pins, i) &&
            ask_for(s, algorithms_of(type), p->connect_timeout_ms, keys, e) != 0)
            return -1;
    }
    return 0;
}

int hostkey_rotate_collect(const struct connect_request *rq, struct hostkeys *keys, struct err *e)
{
    struct session *s = connect_anchor(rq, e);

    if (s == NULL)
        return -1;
    int rc = collect(s, rq->profile, keys, e);
    session_free(s);
    return rc;
}
