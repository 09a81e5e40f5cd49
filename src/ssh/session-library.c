/* What a session got out of libssh: the algorithms, and whether it is helped along. */
#include "ssh/interposed.h"
#include "ssh/session-internal.h"

#include <stdio.h>
#include <string.h>

const char *session_library(void)
{
    return ssh_version(0);
}

bool session_library_cost(const struct session *s, char *buf, size_t size)
{
    const unsigned all = INTERPOSED_LENGTH | INTERPOSED_LOGIN | INTERPOSED_VERSION;
    unsigned missing = s != NULL ? s->missing : interposed_probe() ? 0 : all;

    return *interposed_cost(missing, buf, size) != '\0';
}

bool session_library_post_quantum(void)
{
    return ssh_version(SSH_VERSION_INT(0, 12, 0)) != NULL;
}

const char *session_algorithms(const struct session *s, char *buf, size_t size)
{
    const char *kex = ssh_get_kex_algo(s->ssh), *cipher = ssh_get_cipher_in(s->ssh);
    const char *mac = ssh_get_hmac_in(s->ssh);
    /* chacha20-poly1305 authenticates by itself. */
    bool own = mac == NULL || strncmp(mac, "aead", 4) == 0;

    snprintf(buf, size, "%s, %s%s%s", kex != NULL ? kex : "?", cipher != NULL ? cipher : "?", own ? "" : ", ",
             own ? "" : mac);
    return buf;
}

bool session_post_quantum(const struct session *s)
{
    static const char *const begins[] = { "mlkem", "sntrup" };
    const char *kex = ssh_get_kex_algo(s->ssh);

    for (size_t i = 0; kex != NULL && i < sizeof begins / sizeof *begins; i++)
        if (strncmp(kex, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}
