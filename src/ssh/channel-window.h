/* channel-window: how far ahead of its reader the sender of a channel may be (RFC 4254
 * 5.2). Pure; the clock is the caller's, in microseconds.
 *
 * A window that is smaller than what the line holds makes the sender wait; one
 * that is larger only fills queues on the way, behind which small answers wait.
 * So it follows what was taken within a round trip, twice that, as a TCP
 * receiver's buffer does: a sender that is held back doubles it each time, and
 * one that the line or the reader holds back does not. */
#ifndef DOCKTETHER_SSH_CHANNEL_WINDOW_H
#define DOCKTETHER_SSH_CHANNEL_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WINDOW_BASE 1280000u /* what libssh 0.10 grants by itself: WINDOWBASE in its channels.c */
#define WINDOW_MAX (16u * 1024 * 1024)
#define WINDOW_BUDGET (64u * 1024 * 1024) /* beyond the base, of all channels of a session */

struct channel_window {
    uint32_t base;     /* what libssh grants by itself; the rest begins as zero */
    uint32_t extra;    /* what is granted beyond the base, out of the budget */
    uint32_t returned; /* of that, what is not to be granted again */
    uint32_t used;     /* since the last grant */
    uint64_t taken;    /* since `since_us` */
    int64_t since_us;  /* 0: nothing was taken yet */
    int low;           /* round trips in a row in which much less would have done */
};

/* The reader took n bytes. round_trip_us < 0: not known. *spent is what all
 * windows have of the budget. */
void channel_window_took(struct channel_window *w, size_t n, int64_t now_us, int64_t round_trip_us,
                         uint32_t *spent);

/* How much should be granted now, counted from here; 0: nothing yet. */
uint32_t channel_window_due(const struct channel_window *w);

/* How much the sender should have been granted altogether, less what it is to lose again. */
uint32_t channel_window_size(const struct channel_window *w);

/* That was granted. */
void channel_window_granted(struct channel_window *w);

/* The channel has gone. */
void channel_window_clear(struct channel_window *w, uint32_t *spent);

#endif
