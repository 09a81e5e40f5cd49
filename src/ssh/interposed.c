#include "ssh/interposed.h"

#include <stdio.h>

/* libssh gives a stand-in no pointer of ours, so what it needs belongs to the thread. */
static _Thread_local struct {
    unsigned called; /* a set of enum interposed */
    ssh_buffer last; /* the buffer that was asked about last, and the answer */
    uint32_t last_len;
    ssh_buffer armed; /* NULL: every answer is true */
    uint32_t expect, answer;
} asked;

void interposed_called(enum interposed which)
{
    asked.called |= which;
}

void interposed_check(enum interposed which, unsigned *missing)
{
    if ((asked.called & which) == 0)
        *missing |= which;
}

bool interposed_probe(void)
{
    static const char some_key[] = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    unsigned missing = 0;
    ssh_key key = NULL;
    char *text = NULL;

    if (ssh_pki_import_pubkey_base64(some_key, SSH_KEYTYPE_ED25519, &key) == SSH_OK) {
        (void)ssh_pki_export_pubkey_base64(key, &text);
        ssh_string_free_char(text);
        ssh_key_free(key);
    }
    interposed_check(INTERPOSED_LENGTH, &missing);
    return missing == 0;
}

const char *interposed_cost(unsigned missing, char *buf, size_t size)
{
    /* libssh 0.10 grants a larger window when it is read from, see channel_widen(). */
    const bool grants = ssh_version(SSH_VERSION_INT(0, 11, 0)) != NULL;
    const bool window = grants && (missing & INTERPOSED_LENGTH);
    const bool login = missing & INTERPOSED_LOGIN, stream = missing & INTERPOSED_VERSION;

    if (!window && !login && !stream)
        buf[0] = '\0';
    else
        snprintf(buf, size, "this build of libssh is not helped along:%s%s%s%s%s",
                 login ? " a login takes up to two round trips more" : "",
                 login && (window || stream) ? ";" : "",
                 window ? " a download over a long line waits for its window of 2 MiB" : "",
                 window && stream ? ";" : "",
                 stream ? " servers that it does not take for OpenSSH are reached by dial-stdio" : "");
    return buf;
}

uint32_t interposed_length(ssh_buffer buffer, uint32_t len)
{
    asked.called |= INTERPOSED_LENGTH;
    asked.last = buffer;
    asked.last_len = len;
    if (asked.armed == NULL)
        return len;
    const bool ours = asked.armed == buffer && len == asked.expect;
    asked.armed = NULL;
    return ours ? asked.answer : len;
}

bool interposed_answer(const void *data, uint32_t len, uint32_t expect, uint32_t answer)
{
    /* One that is still armed was never asked for. */
    const bool known = asked.armed == NULL && asked.last != NULL && asked.last_len == len &&
                       ssh_buffer_get(asked.last) == data;

    asked.armed = known ? asked.last : NULL;
    asked.expect = expect;
    asked.answer = answer;
    return known;
}
