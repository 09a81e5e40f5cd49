/* compat: ssh_get_openssh_version(), in place of libssh's own.
 *
 * libssh asks it before it opens a direct-streamlocal@openssh.com channel and
 * refuses when the answer is 0. Up to 0.11.1 it reads the minor version at a
 * fixed offset, so that "OpenSSH_10.0" gives 0, and on every version a server
 * with another banner that does support the extension is refused. A symbol of
 * the executable comes first in the dynamic linker's search, so libssh calls
 * this one. Where it does not (a static, -Bsymbolic or LTO libssh) opening
 * fails at once with libssh's own words, and the channel's opener reports it:
 * dial-stdio is used then. Check: tests/e2e, a server that calls itself
 * OpenSSH 10. It can go when 0.11.2 is the least we build with and servers of
 * other makes are no concern. */
#include <libssh/libssh.h>
#include <stdlib.h>
#include <string.h>

__attribute__((visibility("default"))) int ssh_get_openssh_version(ssh_session session)
{
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
