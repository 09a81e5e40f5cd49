/* window-grant: how libssh 0.11 and newer are made to grant a larger receive window (RFC 4254
 * 5.2) than their 2 MiB. channel-window decides how large; this is how. Pure.
 *
 * After a data callback that took something, libssh's grow_window() fills the channel's window
 * up to 2 MiB, when at least 1 MiB is lacking. What is lacking it computes, modulo 2^32, from
 * its local_window and from what waits in the channel's buffer, and for the latter it calls
 * ssh_buffer_get_len(), which is ours (compat.c). The answer makes the sum lack what we want
 * granted. libssh itself counts what it granted, so it still knows when a server exceeds it.
 *
 * For that answer its local_window has to be known, which it tells nobody: the same sum is done
 * here. A count that were wrong costs a grant at most: when it is too large nothing is wanted,
 * and when it is too small libssh grants less than was wanted, or nothing, and goes on by
 * itself once the window is half empty. */
#ifndef DOCKTETHER_SSH_WINDOW_GRANT_H
#define DOCKTETHER_SSH_WINDOW_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#define WINDOW_GRANT_LIBSSH (64u * 32768u) /* WINDOW_DEFAULT in channels.c of 0.11 and 0.12 */

struct window_grant {
    int64_t local;    /* libssh's local_window of the channel, by our count */
    uint32_t waiting; /* what waits in its buffer, standard error apart */
};

#define WINDOW_GRANT_INIT            \
    {                                \
        .local = WINDOW_GRANT_LIBSSH \
    }

/* In a data callback: len bytes wait now, those of before included. */
void window_grant_arrived(struct window_grant *g, uint32_t len);

/* In one of standard error, which always takes all of its len bytes. */
void window_grant_stderr(struct window_grant *g, uint32_t len);

/* What libssh should be told when it asks how much waits, of which `rest` is true, so that the
 * window grows towards size: rest itself, while less than 1 MiB would come of it. */
uint32_t window_grant_wish(const struct window_grant *g, uint32_t rest, uint32_t size);

/* The callback took something and left rest; libssh is told `told`. True when it grants. */
bool window_grant_left(struct window_grant *g, uint32_t rest, uint32_t told);

/* A read took n bytes of what waited. */
void window_grant_read(struct window_grant *g, uint32_t n);

#endif
