#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_MAX 65536
#define PIECE_MIN 1448
#define PIECE_US 4000 /* how much of the line's time one piece takes, with a rate */
#define SLACK_US 8000 /* how far ahead of the line bytes are taken in: its buffer */
#define NEAR_US 500   /* a timer counts whole milliseconds */

int64_t wire_now_us(void)
{
    return (int64_t)(uv_hrtime() / 1000);
}

bool lane_wants(struct lane *l)
{
    struct wire *w = l->wire;

    if (l->ended || w->stalled || l->queued >= LANE_MAX)
        return false;
    if (w->rate == 0 || w->free_us[l->dir] <= wire_now_us() + SLACK_US)
        return true;
    /* The line is busy: everybody is asked again when it is not. */
    if (!uv_is_active((uv_handle_t *)&w->room)) {
        int64_t left = w->free_us[l->dir] - wire_now_us() - SLACK_US;
        uv_timer_start(&w->room, w->on_room, (uint64_t)(left / 1000 + 1), 0);
    }
    return false;
}

/* When a piece that goes in now comes out: after those before it have been put on
 * the line, itself, and then the length of the line. */
static int64_t due(struct lane *l, size_t len)
{
    struct wire *w = l->wire;
    int64_t now = wire_now_us(), at = now;

    if (w->rate > 0) {
        int64_t begin = w->free_us[l->dir] > now ? w->free_us[l->dir] : now;
        at = w->free_us[l->dir] = begin + (int64_t)(len * 1000000 / w->rate);
    }
    at += w->delay_us;
    return l->last != NULL && l->last->due_us > at ? l->last->due_us : at;
}

static void put(struct lane *l, struct piece *p, enum piece_kind kind, size_t len)
{
    p->next = NULL;
    p->kind = kind;
    p->at = 0;
    p->len = len;
    p->due_us = due(l, len);
    if (l->last != NULL)
        l->last->next = p;
    else
        l->first = p;
    l->last = p;
    l->queued += len;
    l->ended = kind != PIECE_DATA;
}

static size_t piece_size(const struct wire *w)
{
    uint64_t size = w->rate == 0 ? PIECE_MAX : w->rate * PIECE_US / 1000000;

    return size > PIECE_MAX ? PIECE_MAX : size < PIECE_MIN ? PIECE_MIN : (size_t)size;
}

size_t lane_read(struct lane *l)
{
    char scratch[PIECE_MAX];
    ssize_t n = recv(l->from, scratch, piece_size(l->wire), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    size_t len = n > 0 ? (size_t)n : 0;
    struct piece *p = wire_alloc(sizeof *p + len);
    memcpy(p->data, scratch, len);
    put(l, p, n > 0 ? PIECE_DATA : n == 0 ? PIECE_FIN : PIECE_RST, len);
    return len;
}

/* ---- what happens at byte N ------------------------------------------------ */

/* How far away the fault is; SIZE_MAX when this lane is past it. */
static uint64_t distance(const struct lane *l, const struct fault *f)
{
    if (f->what == FAULT_NONE || f->dir != l->dir || (!f->relative && f->at < l->sent))
        return SIZE_MAX;
    return f->relative ? f->at : f->at - l->sent;
}

/* Of the next len bytes those that may go before a cut; *cut is it when it is now. */
static size_t before_cut(struct lane *l, size_t len, struct fault **cut)
{
    *cut = NULL;
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        struct fault *f = &l->wire->faults[i];
        if ((f->what != FAULT_FIN && f->what != FAULT_RST) || distance(l, f) > len)
            continue;
        len = (size_t)distance(l, f);
        *cut = len == 0 ? f : *cut;
    }
    return len;
}

static void flip(struct lane *l, char *data, size_t len)
{
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        struct fault *f = &l->wire->faults[i];
        if (f->what != FAULT_FLIP || distance(l, f) >= len)
            continue;
        data[distance(l, f)] ^= (char)(1 << (f->at % 8));
        f->what = FAULT_NONE;
    }
}

static void count_sent(struct lane *l, size_t len)
{
    l->sent += len;
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        struct fault *f = &l->wire->faults[i];
        if (f->what != FAULT_NONE && f->relative && f->dir == l->dir)
            f->at -= len < f->at ? len : f->at;
    }
}

/* ---- out ------------------------------------------------------------------- */

static void drop_first(struct lane *l)
{
    struct piece *p = l->first;

    l->first = p->next;
    if (l->first == NULL)
        l->last = NULL;
    free(p);
}

static enum outcome cut_now(struct fault *f)
{
    enum what what = f->what;

    f->what = FAULT_NONE;
    return what == FAULT_FIN ? LANE_CUT_FIN : LANE_CUT_RST;
}

static enum outcome write_piece(struct lane *l, struct piece *p)
{
    struct fault *cut;

    while (p->at < p->len) {
        size_t len = before_cut(l, p->len - p->at, &cut);
        if (cut != NULL)
            return cut_now(cut);
        flip(l, p->data + p->at, len);
        ssize_t n = send(l->to, p->data + p->at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            l->blocked = errno == EAGAIN || errno == EWOULDBLOCK;
            return l->blocked ? LANE_ON : LANE_BROKEN;
        }
        p->at += (size_t)n;
        l->queued -= (size_t)n;
        count_sent(l, (size_t)n);
    }
    before_cut(l, 0, &cut);
    return cut != NULL ? cut_now(cut) : LANE_ON;
}

enum outcome lane_write(struct lane *l)
{
    struct fault *cut;

    l->blocked = false;
    /* A cut at byte 0 waits for no byte. */
    before_cut(l, 0, &cut);
    if (cut != NULL && !l->wire->stalled)
        return cut_now(cut);
    while (l->first != NULL && !l->wire->stalled && l->first->due_us <= wire_now_us() + NEAR_US) {
        if (l->first->kind == PIECE_RST)
            return LANE_BROKEN;
        if (l->first->kind == PIECE_FIN) {
            drop_first(l);
            l->over = true;
            (void)shutdown(l->to, SHUT_WR);
            return LANE_OVER;
        }
        enum outcome rc = write_piece(l, l->first);
        if (rc != LANE_ON || l->blocked)
            return rc;
        drop_first(l);
    }
    return LANE_ON;
}

int64_t lane_due_ms(struct lane *l)
{
    if (l->first == NULL || l->blocked || l->wire->stalled)
        return -1;
    int64_t left = l->first->due_us - wire_now_us();
    return left <= NEAR_US ? 0 : (left + NEAR_US) / 1000;
}

void lane_clear(struct lane *l)
{
    while (l->first != NULL)
        drop_first(l);
    l->queued = 0;
}
