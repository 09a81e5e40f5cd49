/* relay-internal: a relay as relay.c and relay-flow.c share it. */
#ifndef DOCKTETHER_RELAY_RELAY_INTERNAL_H
#define DOCKTETHER_RELAY_RELAY_INTERNAL_H

#include "relay/epoll-set.h"
#include "relay/relay.h"
#include "relay/unread-byte.h"

enum phase { PHASE_HELD, PHASE_OPENING, PHASE_OPEN, PHASE_DONE };

/* Bytes on their way that one side could not take yet. */
struct backlog {
    char *data;
    size_t at, len;
};

struct relay {
    struct epoll_set_item watched;
    uv_timer_t timer;
    int fd;
    struct unread_byte unread; /* of fd */
    enum phase phase;
    struct relay_owner *owner;
    void *tag;
    struct channel *ch;
    struct backlog up, down;
    bool queued; /* held until its turn comes */
    int64_t queued_ms;
    /* When it has waited for a session long enough; 0: not waited since it was queued. */
    int64_t hold_until_ms;
    bool readable;      /* something may wait in fd */
    bool ending;        /* the client has ended its direction; what it sent before may still wait */
    uint64_t loop_turn; /* of the owner's, in which it was read last */
    int reads;          /* in that turn */
    bool local_eof;     /* everything the client sent has been read, and there will be no more */
    bool eof_sent;      /* and the channel was told */
    bool up_ended;      /* the channel takes no more */
    bool shut;          /* the client was told that no more will come */
    bool gone;          /* the client has closed altogether */
    bool farewell;      /* and its channel is kept for a moment */
    bool delivered;     /* the client got at least a byte */
    bool spare;         /* the channel was opened before the client came */
    bool used;          /* something of the client's has gone into the channel */
    bool waited;        /* it was held, or its bytes had to wait for the channel */
    bool answered;      /* the command has said something since the last bytes went up */
    int64_t up_ms;      /* when those went */
    bool overdue;       /* the command's output has ended some time ago, and the command has not */
    struct relay *prev, *next;
};

/* relay-flow.c: moves what can be moved and ends the relay when all is done. */
void relay_flow_run(struct relay *r);

/* The callbacks of a relay's channel. */
size_t relay_flow_data(void *user, const void *buf, size_t len);
void relay_flow_event(void *user);

void relay_flow_drop(struct backlog *b);

/* relay.c: what flows change */
void relay_set_gone(struct relay *r);   /* the client has closed altogether; safe within libssh */
void relay_linger(struct relay *r);     /* ends it after a while at the latest */
void relay_await_exit(struct relay *r); /* makes it overdue after a while */
void relay_farewell(struct relay *r);   /* ends it after the owner's farewell_ms */

#endif
