/* fake-channel: ssh/channel.h and the part of ssh/session.h that relays use, with the server
 * played by the test. It is linked in place of ssh/channel.c and ssh/session.c, so that what a
 * server does in minutes happens in microseconds. */
#ifndef DOCKTETHER_TESTS_FAKE_CHANNEL_H
#define DOCKTETHER_TESTS_FAKE_CHANNEL_H

#include "ssh/channel.h"

enum fake_kind { FAKE_STREAMLOCAL, FAKE_TCP, FAKE_EXEC };
enum fake_answer { FAKE_SILENT, FAKE_GRANT, FAKE_REFUSE };

struct channel {
    struct session *session;
    enum fake_kind kind;
    char *target; /* path, host or command */
    const struct channel_callbacks *cb;
    void *user;
    enum channel_state state;
    enum fake_answer answer; /* what the server has said, and channel_step() has not seen yet */
    bool session_refused;
    const char *reason;
    bool paused, remote_eof, remote_closed;
    bool eof_sent;
    bool given_up;     /* channel_close() */
    bool write_fails;  /* channel_write() says -1 */
    bool half_written; /* and a part of it has gone out before */
    size_t window;     /* what may still be written */
    char *waiting;     /* of the server's, not taken yet */
    size_t waiting_len;
    char *written; /* by the relay; NUL-terminated, NULL: nothing */
    size_t written_len;
    struct exit_status ending;
};

struct session {
    bool lost, congested;
    enum fake_answer answers; /* every open's, at once; FAKE_SILENT: the test answers */
    size_t max_commands;      /* sshd's MaxSessions; 0: no limit */
    size_t window;            /* of a new channel */
    uint64_t packets;
    int64_t round_trip_us;
    size_t steps, probes; /* of channel_step(): all of them, and those that ask libssh */
    /* What the next channel_step() of another channel brings for this one. */
    struct channel *early;
    const char *early_text;
    struct channel **channels; /* all that were ever opened, in that order */
    size_t count;
};

struct session *fake_session_new(void);
void fake_session_free(struct session *s);

/* The channel that was opened as number i; the test fails when there is none. */
struct channel *fake_channel(struct session *s, size_t i);

/* The one into which just that was written, or NULL. */
struct channel *fake_channel_of(struct session *s, const char *text);

/* Those that are not given up. */
size_t fake_open_count(const struct session *s);

/* What the server does. words must outlive the channel. */
void fake_grant(struct channel *ch);
void fake_refuse(struct channel *ch, const char *words);
void fake_send(struct channel *ch, const char *text);
void fake_end(struct channel *ch); /* EOF, and closed */
void fake_cut(struct channel *ch); /* closed without EOF */

#endif
