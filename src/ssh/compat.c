/* compat: five functions in place of libssh's own. A symbol of the executable
 * comes first in the dynamic linker's search, so libssh calls these. Where it
 * does not (a static, -Bsymbolic or LTO libssh) it goes on as it is made.
 *
 * ssh_get_openssh_version(): libssh asks it before it opens a direct-streamlocal@openssh.com channel and
 * refuses when the answer is 0. Up to 0.11.1 it reads the minor version at a
 * fixed offset, so that "OpenSSH_10.0" gives 0, and on every version a server
 * with another banner that does support the extension is refused. Without
 * this one opening fails at once with libssh's own words, and the channel's
 * opener reports it: dial-stdio is used then. Check: tests/e2e, a server that
 * calls itself OpenSSH 10. It can go when 0.11.2 is the least we build with and
 * servers of other makes are no concern.
 *
 * ssh_buffer_get_len(): libssh asks it how much waits before it grants a window; see
 * ssh/window-grant.h. Check: tests/e2e/window.bats. It can go when libssh has an option for the
 * size of the window.
 *
 * ssh_service_request(), ssh_userauth_try_publickey(): each makes libssh wait
 * for an answer that decides nothing, a round trip of every login. See struct
 * shortcut for when they are left out. Check: tests/e2e/turns.bats.
 *
 * ssh_get_random(): libssh takes the padding of each packet from it, and a failure
 * is the only way to end a loop of libssh's that goes on sending, see
 * ssh/watchdog.h. The bytes are libssh's own. Check: tests/e2e/hostile.bats. */
#include "ssh/call-context.h"
#include "ssh/interposed.h"
#include "ssh/libssh.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

__attribute__((visibility("default"))) int ssh_get_openssh_version(ssh_session session)
{
    interposed_called(INTERPOSED_VERSION);
    const char *banner = ssh_get_serverbanner(session);
    const char *mark = banner != NULL ? strstr(banner, "OpenSSH_") : NULL;

    if (mark == NULL)
        return SSH_VERSION_INT(1, 0, 0); /* unknown: ask the server itself */
    char *end;
    unsigned long major = strtoul(mark + strlen("OpenSSH_"), &end, 10);
    unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
    if (major > 255 || minor > 255)
        return SSH_VERSION_INT(1, 0, 0);
    return SSH_VERSION_INT((int)major, (int)minor, 0);
}

/* libssh's log userdata is the only way to pass state to a function that libssh
 * calls. It belongs to the thread, and is set for the time of the call. */
static struct shortcut shortcut(void)
{
    const struct call_context *c = ssh_get_log_userdata();

    return c != NULL ? c->shortcut : (struct shortcut){ 0 };
}

typedef uint32_t (*buffer_get_len_fn)(ssh_buffer buffer);

/* It is called several times a packet, in the workers as well: found once a thread. */
__attribute__((visibility("default"))) uint32_t ssh_buffer_get_len(ssh_buffer buffer)
{
    static _Thread_local buffer_get_len_fn theirs = NULL;

    if (theirs == NULL)
        *(void **)&theirs = dlsym(RTLD_NEXT, "ssh_buffer_get_len");
    return interposed_length(buffer, theirs(buffer));
}

typedef int (*service_request_fn)(ssh_session session, const char *service);
typedef int (*try_publickey_fn)(ssh_session session, const char *username, const ssh_key pubkey);

/* libssh.h of 0.10 to 0.12 declares neither of them as ours to replace. */
int ssh_service_request(ssh_session session, const char *service);

__attribute__((visibility("default"))) int ssh_service_request(ssh_session session, const char *service)
{
    service_request_fn theirs = NULL;

    interposed_called(INTERPOSED_LOGIN);
    *(void **)&theirs = dlsym(RTLD_NEXT, "ssh_service_request");
    int rc = theirs != NULL ? theirs(session, service) : SSH_ERROR;
    return rc == SSH_AGAIN && shortcut().service ? SSH_OK : rc;
}

__attribute__((visibility("default"))) int
ssh_userauth_try_publickey(ssh_session session, const char *username, const ssh_key pubkey)
{
    try_publickey_fn theirs = NULL;

    if (shortcut().question)
        return SSH_AUTH_SUCCESS;
    *(void **)&theirs = dlsym(RTLD_NEXT, "ssh_userauth_try_publickey");
    return theirs != NULL ? theirs(session, username, pubkey) : SSH_AUTH_ERROR;
}

typedef int (*get_random_fn)(void *where, int len, int strong);

__attribute__((visibility("default"))) int ssh_get_random(void *where, int len, int strong)
{
    const struct call_context *c = ssh_get_log_userdata();
    static _Thread_local get_random_fn theirs = NULL;

    if (c != NULL && c->overdue != NULL && atomic_load(c->overdue))
        return 0;
    if (theirs == NULL)
        *(void **)&theirs = dlsym(RTLD_NEXT, "ssh_get_random");
    return theirs != NULL ? theirs(where, len, strong) : 0;
}
