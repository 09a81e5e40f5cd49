/* agent: the user's ssh-agent, behind a filter.
 *
 * libssh offers every key of an agent and waits for it without a limit. So it
 * is given one end of a socket pair; a thread relays to the real agent, shows
 * libssh only the identities that are wanted at the moment, signs with no
 * other, and ends at a deadline (draft-miller-ssh-agent for the messages). */
#ifndef DOCKTETHER_SSH_AGENT_H
#define DOCKTETHER_SSH_AGENT_H

#include "base/err.h"
#include "base/mem.h"
#include "ssh/wait.h"

#include <stdbool.h>

struct agent_filter;

/* The public keys (base64 of the blob) that the agent at path holds, at most
 * 1024. An agent that does not answer before the deadline is an error
 * (ERR_AUTH). *keys must be empty. */
int agent_list(const char *path, const struct wait *w, struct strv *keys, struct err *e);

/* Connects to the agent and starts the thread. *client_fd is the end for
 * libssh, which owns it from ssh_set_agent_socket() on. Nothing is wanted yet.
 * NULL and ERR_AUTH on failure. */
struct agent_filter *agent_filter_start(const char *path, const struct wait *w, int *client_fd,
                                        struct err *e);

/* From now on libssh sees this key alone (base64; NULL: every key). */
void agent_filter_want(struct agent_filter *f, const char *key);

/* True when the deadline passed while the agent was being waited for. */
bool agent_filter_timed_out(struct agent_filter *f);

/* Ends the thread and waits for it: call it after the session is done with
 * its agent. */
void agent_filter_stop(struct agent_filter *f);

#endif
