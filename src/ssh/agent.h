/* agent: the user's ssh-agent, behind a filter.
 *
 * libssh offers every key of an agent and waits for it without a limit. So it
 * is given one end of a socket pair; a thread behind it shows libssh only the
 * key that is wanted at the moment, relays requests to sign with it to the
 * real agent, and ends at a deadline (draft-miller-ssh-agent for the messages). */
#ifndef DOCKTETHER_SSH_AGENT_H
#define DOCKTETHER_SSH_AGENT_H

#include "base/err.h"
#include "base/mem.h"
#include "ssh/wait.h"

#include <stdbool.h>

struct agent_filter;

/* The agent has kept us waiting for a second (or half of what is left), often
 * for a touch or a confirmation. Called from the thread that waits, at most
 * once for each request. */
typedef void (*agent_slow_fn)(void *user);

struct agent_call {
    const char *path;
    struct wait wait;
    agent_slow_fn slow; /* may be NULL */
    void *user;
};

/* The public keys and certificates (base64 of the blob) that the agent holds,
 * at most 1024. An agent that cannot be reached, or does not answer before the
 * deadline, is an error (ERR_AUTH). *keys must be empty. */
int agent_list(const struct agent_call *c, struct strv *keys, struct err *e);

/* Connects to the agent and starts the thread; *c is copied, its path not.
 * *client_fd is the end for libssh, which owns it from ssh_set_agent_socket()
 * on. Nothing is wanted yet. NULL and ERR_AUTH on failure. */
struct agent_filter *agent_filter_start(const struct agent_call *c, int *client_fd, struct err *e);

/* From now on libssh sees `key` alone (base64 of the blob), and what it wants
 * signed with it the agent's `signer` signs: the same, or for a certificate
 * that the agent has not got the key it certifies. */
void agent_filter_want(struct agent_filter *f, const char *key, const char *signer);

/* Since agent_filter_want() the agent has refused to sign, or ended the connection
 * in place of an answer. */
bool agent_filter_refused(struct agent_filter *f);
bool agent_filter_broke_off(struct agent_filter *f);

/* True when the deadline passed while the agent was being waited for. */
bool agent_filter_timed_out(struct agent_filter *f);

/* Ends the thread and waits for it: call it after the session is done with
 * its agent. */
void agent_filter_stop(struct agent_filter *f);

#endif
