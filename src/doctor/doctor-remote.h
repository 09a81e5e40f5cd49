/* doctor-remote: the Docker socket on the remote host, as far as doctor knows it. */
#ifndef DOCKTETHER_DOCTOR_DOCTOR_REMOTE_H
#define DOCKTETHER_DOCTOR_DOCTOR_REMOTE_H

#include "doctor/doctor.h"
#include "engine/remote-socket.h"
#include "ssh/channel-sync.h"

enum attempt {
    ATTEMPT_NONE, /* not made */
    ATTEMPT_WORKS,
    ATTEMPT_FAILED,
};

struct doctor_remote {
    struct remote_socket_answer answer; /* of the remote shell, or a guess */
    size_t at;                          /* the place that is meant, of answer.places */
    enum remote_socket_listening listening;

    enum attempt forwarding, command;
    char forwarding_why[400], command_why[900];
    bool noise; /* the command's answer comes after other text */
    char *dial; /* the command, as it was tried */
    /* What the two attempts took, for whichever layer they were made. */
    int64_t forwarding_us, command_us;
};

/* Deadline of one step. */
struct wait doctor_wait(const struct doctor_host *h);

/* True when the profile has a dial-command of its own. */
bool doctor_own_command(const struct doctor_host *h);

/* The place that is meant. */
struct remote_socket_place *doctor_place(const struct doctor_host *h);

/* ---- asking the remote shell: 0, or -1 when the session is lost ----------------- */

/* Fills h->remote, which is NULL before: with a guess where the shell does not answer. */
int doctor_ask_socket(struct doctor_host *h, struct err *e);
/* About the places of another profile. */
int doctor_ask_about(struct doctor_host *h, const struct profile *p, struct remote_socket_answer *a,
                     struct err *e);
/* Sets h->remote->listening. */
int doctor_ask_listening(struct doctor_host *h, struct err *e);

/* ---- trying, each once: 0, or -1 when the session is lost ------------------------ */

int doctor_try_forwarding(struct doctor_host *h, struct err *e);
/* Forwarding, and where that fails the command; *reached: one of them leads to a Docker. */
int doctor_try_all(struct doctor_host *h, bool *reached, struct err *e);
/* What the attempts have taken so far. */
int64_t doctor_tries_us(const struct doctor_host *h);

/* Says something to the remote Docker, by the transport that works, and listens
 * to the whole of an HTTP answer. As channel_sync_run(). */
int doctor_speak(struct doctor_host *h, const char *say, struct channel_sync *t, struct err *e);

/* True when the text is an HTTP answer that is there as a whole. */
bool doctor_http_complete(const char *reply);

#endif
