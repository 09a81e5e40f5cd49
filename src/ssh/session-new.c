#include "ssh/session-internal.h"

#include "base/mem.h"
#include "ssh/watchdog.h"

#include <fcntl.h>
#include <libssh/server.h>
#include <stdlib.h>
#include <unistd.h>

/* AES-GCM is left out: before Debian's 0.10.6-0+deb12u3, 0.11.5 and 0.12.1
 * libssh did not verify its tags (CVE-2026-59847), and ssh_version() cannot
 * tell a patched 0.10.6. It can return when 0.12.1 is the least we build with. */
#define CIPHERS "chacha20-poly1305@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr"
#define MACS "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512"

/* The server may open no channel to us; unanswered ones would pile up in
 * libssh's queue without bound. Returning 1 lets libssh send the refusal. */
static int refuse_message(ssh_session ssh, ssh_message message, void *user)
{
    (void)ssh;
    (void)message;
    (void)user;
    return 1;
}

static int set_options(ssh_session ssh, int fd, const char *hostkeys, struct err *e)
{
    const bool no_config = false;
    const struct {
        enum ssh_options_e option;
        const void *value;
    } options[] = {
        { SSH_OPTIONS_PROCESS_CONFIG, &no_config },
        { SSH_OPTIONS_FD, &fd },
        { SSH_OPTIONS_HOST, "host" }, /* a placeholder: the connection is already there */
        /* Else libssh looks for a home directory, and fails for a user who has none. */
        { SSH_OPTIONS_SSH_DIR, "/dev/null" },
        /* Opened at every key exchange whatever PROCESS_CONFIG says. */
        { SSH_OPTIONS_KNOWNHOSTS, "/dev/null" },
        { SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null" },
        { SSH_OPTIONS_HOSTKEYS, hostkeys },
        { SSH_OPTIONS_CIPHERS_C_S, CIPHERS },
        { SSH_OPTIONS_CIPHERS_S_C, CIPHERS },
        { SSH_OPTIONS_HMAC_C_S, MACS },
        { SSH_OPTIONS_HMAC_S_C, MACS },
        { SSH_OPTIONS_COMPRESSION_C_S, "none" },
        { SSH_OPTIONS_COMPRESSION_S_C, "none" },
    };

    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (ssh_options_set(ssh, options[i].option, options[i].value) != SSH_OK)
            return err_set(e, ERR_FAILED, "SSH", "libssh does not take an option: %s", ssh_get_error(ssh));
    return 0;
}

/* Which names it takes is another matter in each version: endpoint_user_ok() knows
 * only what none does. */
static int set_user(ssh_session ssh, const char *user, struct err *e)
{
    if (ssh_options_set(ssh, SSH_OPTIONS_USER, user) == SSH_OK)
        return 0;
    err_set(e, ERR_FAILED, "SSH", "libssh %s does not take the user name \"%s\"", ssh_version(0), user);
    return err_hint(e, "another version may; is there another name for that user?");
}

struct session *session_new(int fd, const char *user, const char *hostkeys, struct log *log, struct err *e)
{
    struct session *s = mem_alloc(sizeof *s);

    s->log = log;
    s->round_trip_us = -1;
    s->widens = ssh_version(SSH_VERSION_INT(0, 11, 0)) == NULL;
    s->grants = !s->widens;
    s->fd = fd;
    s->poll_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (s->poll_fd < 0) {
        err_set_errno(e, ERR_FAILED, "SSH", "cannot duplicate a descriptor");
        goto fail;
    }
    s->ssh = ssh_new();
    if (s->ssh == NULL) {
        err_set(e, ERR_FAILED, "SSH", "libssh has no memory for a session");
        goto fail;
    }
    if (set_options(s->ssh, fd, hostkeys, e) != 0 || set_user(s->ssh, user, e) != 0)
        goto fail;
    ssh_set_blocking(s->ssh, 0);
    ssh_set_counters(s->ssh, NULL, &s->packets);
    ssh_set_message_callback(s->ssh, refuse_message, NULL);
    s->watchdog = watchdog_start(s->poll_fd);
    s->context.overdue = watchdog_fired(s->watchdog);
    return s;
fail:
    if (s->ssh != NULL)
        ssh_free(s->ssh);
    if (s->poll_fd >= 0)
        close(s->poll_fd);
    close(fd);
    free(s);
    return NULL;
}
