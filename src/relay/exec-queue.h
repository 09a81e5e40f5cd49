/* exec-queue: the relays that wait for their turn where the server runs only so
 * many commands at once (dial-stdio and sshd's MaxSessions), the oldest first.
 * max-sessions.h knows when, queue knows who. */
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
    int64_t patience_ms; /* how long nobody's turn may come */
    struct max_sessions max_sessions;
    bool waiting; /* some relay's turn has not come: nor has that of any later one */
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

/* r was refused. True when that was the server's limit: r is queued again. */
bool exec_queue_refused(struct exec_queue *q, struct relay *r);

/* r has waited for long. False: it still does, because turns do come. True,
 * with the error, when it should be refused. */
bool exec_queue_missed(struct exec_queue *q, struct relay *r, const char *host, struct err *e);

/* Milliseconds until exec_queue_turn() is to be asked again without any event; -1:
 * never. */
int64_t exec_queue_due_ms(struct exec_queue *q);

#endif
