/* wire: a proxy that stands for the network between a tether and its server, and
 * does to it what networks do. See wire.c for what it is told from outside.
 *
 * A connection has two lanes, up (from who connected) and down (from the target).
 * A lane is a queue of pieces with the time at which each comes out at the other
 * end: what goes in goes on coming in while earlier pieces are still on their way. */
#ifndef DOCKTETHER_NET_WIRE_H
#define DOCKTETHER_NET_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

#define LANE_MAX (64 * 1024 * 1024) /* bytes on their way in one lane */
#define FAULTS_MAX 32
#define PAST_MAX 256

enum dir { UP, DOWN };

enum what { FAULT_NONE, FAULT_FIN, FAULT_RST, FAULT_FLIP };

/* Happens once: to the first connection whose lane comes to byte `at`; or, when it
 * is relative, after that many more bytes in that direction, of whatever connection. */
struct fault {
    enum what what;
    enum dir dir;
    bool relative;
    uint64_t at;
};

struct counts {
    uint64_t id, bytes[2], turnarounds;
    int64_t age_ms;
};

struct conn;

struct wire {
    uv_loop_t loop;
    struct sockaddr_storage to;
    socklen_t to_len;

    int64_t delay_us; /* one way */
    uint64_t rate;    /* bytes a second each way, shared by all connections; 0: no limit */
    int64_t free_us[2];
    uv_timer_t room; /* until the line takes bytes again */
    uv_timer_cb on_room;

    bool stalled, blackhole;
    struct fault faults[FAULTS_MAX];

    struct sockaddr_storage listen;
    socklen_t listen_len;
    int listen_fd;
    uv_poll_t *listener;

    struct conn *first, *last;
    uint64_t connections, open, bytes[2], turnarounds, cuts;
    struct counts past[PAST_MAX]; /* of connections that are over: a ring */
    uint64_t past_count;
};

/* ---- lane.c -------------------------------------------------------------- */

enum piece_kind { PIECE_DATA, PIECE_FIN, PIECE_RST };

struct piece {
    struct piece *next;
    int64_t due_us;
    enum piece_kind kind;
    size_t at, len;
    char data[];
};

struct lane {
    struct wire *wire;
    enum dir dir;
    int from, to;
    struct piece *first, *last;
    size_t queued;
    uint64_t sent;
    bool ended;   /* nothing more comes in */
    bool blocked; /* the receiver's buffer is full */
    bool over;    /* the end has been passed on */
};

/* What passing bytes on has led to. */
enum outcome { LANE_ON, LANE_OVER, LANE_CUT_FIN, LANE_CUT_RST, LANE_BROKEN };

int64_t wire_now_us(void);

bool lane_wants(struct lane *l);  /* may take bytes in now */
size_t lane_read(struct lane *l); /* bytes that came in */
enum outcome lane_write(struct lane *l);
int64_t lane_due_ms(struct lane *l); /* until lane_write() has work; -1: not by itself */
void lane_clear(struct lane *l);

/* ---- conn.c -------------------------------------------------------------- */

void conn_new(struct wire *w, int fd);
void conn_update_all(struct wire *w); /* after anything about the wire has changed */
size_t conn_cut_all(struct wire *w, enum what how);
void conn_counts(const struct conn *c, struct counts *n);
const struct conn *conn_next(const struct conn *c);
void conn_reset_counts(struct wire *w);

/* ---- control.c ----------------------------------------------------------- */

/* Listens at path; 0, or a negative error of libuv's. */
int control_open(struct wire *w, const char *path);

/* Sends one line to the control socket of a wire and prints its answer: an exit status. */
int control_tell(const char *path, int count, char **words);

/* ---- wire.c -------------------------------------------------------------- */

void *wire_alloc(size_t size);
int wire_listen(struct wire *w); /* again, on the same port; 0 or -1 with errno */
void wire_refuse(struct wire *w);

#endif
