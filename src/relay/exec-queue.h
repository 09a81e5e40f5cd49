/* exec-queue: relays that are queued because the server limits the number of commands
 * that run at once (dial-stdio and sshd's MaxSessions), the oldest first.
 * max-sessions.h decides when the next may start, this file which. */
#ifndef DOCKTETHER_RELAY_EXEC_QUEUE_H
#define DOCKTETHER_RELAY_EXEC_QUEUE_H

#include "base/err.h"
#include "base/log.h"
#include "relay/max-sessions.h"
#include "relay/relay.h"

#include <stdbool.h>
#include <stdint.h>

struct exec_queue {
    const struct relay_list *relays; /* those without a tag are commands */
    const struct relay_owner *owner;
    struct log *log;
    int64_t patience_ms; /* how long the queue may stand still */
    struct max_sessions max_sessions;
    bool waiting; /* at least one relay is queued, and all later ones are */
    /* Counted when something has changed, and kept up to date within a pass over the relays:
     * to count costs a look at each relay that has a channel. */
    bool counted;
    size_t granted; /* commands that the server has let run */
    size_t asked;   /* and those that it was only asked for */
};

/* relays, their owner and log must outlive it. No client is refused before hold_ms are
 * over either. */
void exec_queue_init(struct exec_queue *q, const struct relay_list *relays, const struct relay_owner *owner,
                     int64_t hold_ms, struct log *log);

/* A new session. */
void exec_queue_begin(struct exec_queue *q);

/* A new pass over the relays that are queued. */
void exec_queue_again(struct exec_queue *q);

/* Whether r may be started now, which it then must be; otherwise it is queued. To be
 * asked for relays that are held, in the order of their arrival. */
bool exec_queue_turn(struct exec_queue *q, struct relay *r);

/* Its command was started; its relay has ended. */
void exec_queue_started(struct exec_queue *q);
void exec_queue_ended(struct exec_queue *q);

/* r's channel was refused. True if the server's limit was the reason: r is queued again. */
bool exec_queue_refused(struct exec_queue *q, struct relay *r);

/* r has waited for long. False: it waits on, because the queue moves. True, with the
 * error: it is to be refused. */
bool exec_queue_missed(struct exec_queue *q, struct relay *r, const char *host, struct err *e);

/* Milliseconds until exec_queue_turn() is to be asked again without any event; -1:
 * never. */
int64_t exec_queue_due_ms(struct exec_queue *q);

#endif
