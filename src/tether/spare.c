#include "tether/spare.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>

#define RETRY_MS 10000 /* after a refusal: the daemon may be restarting */

struct item {
    struct channel *ch;
    int64_t born_ms; /* on the clock that goes on while this machine sleeps, as the server's does */
    bool dead;       /* something came, or ended: nobody asked for that */
    struct spare *owner;
};

struct spare {
    struct session *session;
    char *path;
    struct item **items; /* in the order of their birth */
    size_t count, wanted;
    int64_t not_before_ms;
    void (*dirty)(void *user);
    void *user;
};

/* A fresh connection to a Docker Engine says nothing first. */
static size_t on_data(void *user, const void *buf, size_t len)
{
    struct item *it = user;

    (void)buf;
    it->dead = true;
    it->owner->dirty(it->owner->user);
    return len;
}

static void on_event(void *user)
{
    struct item *it = user;

    it->owner->dirty(it->owner->user);
}

static const struct channel_callbacks callbacks = { .data = on_data, .event = on_event };

struct spare *spare_new(struct session *s, const char *path, int64_t count, void (*dirty)(void *user),
                        void *user)
{
    struct spare *sp = mem_alloc(sizeof *sp);

    sp->session = s;
    sp->path = mem_strdup(path);
    sp->wanted = (size_t)count;
    sp->items = mem_alloc(sp->wanted * sizeof *sp->items);
    sp->dirty = dirty;
    sp->user = user;
    return sp;
}

static struct channel *detach(struct spare *sp, size_t i)
{
    struct channel *ch = sp->items[i]->ch;

    free(sp->items[i]);
    for (size_t k = i + 1; k < sp->count; k++)
        sp->items[k - 1] = sp->items[k];
    sp->count--;
    return ch;
}

struct channel *spare_take(struct spare *sp)
{
    for (size_t i = sp->count; i > 0; i--) {
        struct item *it = sp->items[i - 1];
        if (!it->dead && channel_step(it->ch, false) == CHANNEL_OPEN && !channel_at_eof(it->ch) &&
            time_boot_ms() - it->born_ms < SPARE_MAX_AGE_MS)
            return detach(sp, i - 1);
    }
    return NULL;
}

static void prune(struct spare *sp)
{
    for (size_t i = sp->count; i > 0; i--) {
        struct item *it = sp->items[i - 1];
        enum channel_state state = channel_step(it->ch, true);
        bool old = time_boot_ms() - it->born_ms >= SPARE_MAX_AGE_MS;
        if (state == CHANNEL_REFUSED || state == CHANNEL_ENDED || channel_at_eof(it->ch) || it->dead)
            /* Refused or dropped young: opening another at once would spin. */
            sp->not_before_ms = old ? 0 : time_boot_ms() + RETRY_MS;
        else if (!old)
            continue;
        channel_close(detach(sp, i - 1));
    }
}

static void add(struct spare *sp)
{
    struct item *it = mem_alloc(sizeof *it);

    it->owner = sp;
    it->born_ms = time_boot_ms();
    it->ch = channel_open_streamlocal(sp->session, sp->path, &callbacks, it, NULL);
    if (it->ch == NULL) {
        free(it);
        sp->not_before_ms = time_boot_ms() + RETRY_MS;
        return;
    }
    sp->items[sp->count++] = it;
}

void spare_step(struct spare *sp)
{
    prune(sp);
    while (sp->count < sp->wanted && time_boot_ms() >= sp->not_before_ms)
        add(sp);
}

int64_t spare_due_ms(const struct spare *sp)
{
    if (sp->wanted == 0)
        return -1;
    int64_t at = sp->count < sp->wanted ? sp->not_before_ms : INT64_MAX;
    for (size_t i = 0; i < sp->count; i++)
        if (sp->items[i]->born_ms + SPARE_MAX_AGE_MS < at)
            at = sp->items[i]->born_ms + SPARE_MAX_AGE_MS;
    int64_t left = at - time_boot_ms();
    return left > 0 ? left : 0;
}

void spare_free(struct spare *sp)
{
    if (sp == NULL)
        return;
    while (sp->count > 0)
        channel_close(detach(sp, sp->count - 1));
    free(sp->items);
    free(sp->path);
    free(sp);
}
