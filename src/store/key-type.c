#include "store/key-type.h"

#include <stdio.h>
#include <string.h>

const struct key_type key_types[KEY_TYPE_COUNT] = {
    { "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", 1, "ssh-ed25519", 256, "(ED25519)", "4" },
    { "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com", 2, "ecdsa-sha2-nistp256", 256,
      "(ECDSA)", "3" },
    { "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com", 2, "ecdsa-sha2-nistp384", 384,
      "(ECDSA)", "3" },
    { "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com", 2, "ecdsa-sha2-nistp521", 521,
      "(ECDSA)", "3" },
    { "ssh-rsa", "ssh-rsa-cert-v01@openssh.com", 2, "rsa-sha2-512,rsa-sha2-256", 0, "(RSA)", "1" },
    { "sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com", 2, NULL, 256, NULL, NULL },
    { "sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", 3, NULL, 256, NULL,
      NULL },
};

const struct key_type *key_type_find(const char *name, size_t len)
{
    for (size_t i = 0; i < KEY_TYPE_COUNT; i++)
        if (strlen(key_types[i].name) == len && memcmp(key_types[i].name, name, len) == 0)
            return &key_types[i];
    return NULL;
}

bool key_type_can_be_pinned(const char *name)
{
    const struct key_type *t = key_type_find(name, strlen(name));

    return t != NULL && t->algorithms != NULL;
}

const struct key_type *key_type_listed(const char *bits, size_t len, const char *kind)
{
    for (size_t i = 0; i < KEY_TYPE_COUNT; i++) {
        const struct key_type *t = &key_types[i];
        char own[8];
        if (t->listed == NULL || strcmp(t->listed, kind) != 0)
            continue;
        snprintf(own, sizeof own, "%d", t->bits);
        if (t->bits == 0 || (strlen(own) == len && memcmp(own, bits, len) == 0))
            return t;
    }
    return NULL;
}
