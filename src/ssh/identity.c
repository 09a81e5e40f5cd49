#include "ssh/internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "ssh/agent.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MAX (64 * 1024)
#define PASSPHRASE_MAX 1024
#define ATTEMPTS 3
#define AGENT_WAIT_MS 5000

static const char *const default_files[] = { "~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa" };

/* What libssh's passphrase callback is given. */
struct unlock {
    const char *passphrase; /* NULL: none yet */
    bool asked;             /* the key turned out to be encrypted */
};

static int give_passphrase(const char *prompt, char *buf, size_t len, int echo, int verify, void *user)
{
    struct unlock *u = user;

    (void)prompt;
    (void)echo;
    (void)verify;
    u->asked = true;
    if (u->passphrase == NULL || strlen(u->passphrase) >= len)
        return -1;
    strcpy(buf, u->passphrase);
    return 0;
}

/* The same refusal as ssh's: a private key of ours that others can read. */
static int check_mode(const char *path, struct err *e)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return err_set_errno(e, ERR_AUTH, "identity", "cannot look at %s", path);
    if (st.st_uid == getuid() && (st.st_mode & 077) != 0) {
        err_set(e, ERR_AUTH, "identity", "the key %s can be read by others (mode %04o)", path,
                (unsigned)(st.st_mode & 07777));
        return err_hint(e, "chmod 600 '%s'", path);
    }
    return 0;
}

static char *public_blob(const char *path, ssh_key key)
{
    ssh_key pub = NULL;
    char *b64 = NULL, *copy = NULL;

    if (key == NULL) {
        /* An OpenSSH file has the public key in the clear; others may have
         * it beside them. */
        if (ssh_pki_import_pubkey_file(path, &pub) != SSH_OK) {
            char *beside = mem_printf("%s.pub", path);
            if (ssh_pki_import_pubkey_file(beside, &pub) != SSH_OK)
                pub = NULL;
            free(beside);
        }
        key = pub;
    }
    if (key != NULL && ssh_pki_export_pubkey_base64(key, &b64) == SSH_OK) {
        copy = mem_strdup(b64);
        ssh_string_free_char(b64);
    }
    ssh_key_free(pub);
    return copy;
}

/* 0 with *key, 1 when a passphrase is needed (or was wrong), -1 on an error. */
static int decode(const char *text, const char *path, const char *passphrase, ssh_key *key, struct err *e)
{
    struct unlock u = { .passphrase = passphrase };

    if (ssh_pki_import_privkey_base64(text, NULL, give_passphrase, &u, key) == SSH_OK)
        return 0;
    if (u.asked)
        return 1;
    err_set(e, ERR_AUTH, "identity", "%s is no private key that libssh can read", path);
    return err_hint(e, "ssh-keygen -y -f '%s' shows what is wrong with it", path);
}

static int unlock(const char *text, const char *path, identity_ask_fn ask, void *user, ssh_key *key,
                  struct err *e)
{
    char passphrase[PASSPHRASE_MAX];
    int rc = 1;

    for (int attempt = 1; rc == 1 && attempt <= ATTEMPTS; attempt++) {
        int given = ask != NULL ? ask(user, path, attempt, passphrase, sizeof passphrase, e) : 1;
        if (given < 0)
            return -1;
        if (given == 1) {
            err_set(e, ERR_AUTH, "identity",
                    "the key %s is encrypted and nobody can be asked for its passphrase", path);
            return err_hint(e, "ssh-add '%s', or run docktether on a terminal or with SSH_ASKPASS", path);
        }
        rc = decode(text, path, passphrase, key, e);
        mem_wipe(passphrase, sizeof passphrase);
    }
    if (rc == 1)
        err_set(e, ERR_AUTH, "identity", "the passphrase of %s was wrong %d times", path, ATTEMPTS);
    if (rc == 1)
        return err_hint(e, "ssh-keygen -y -f '%s' tries it too", path);
    return rc;
}

static bool listed(const struct strv *keys, const char *blob)
{
    for (size_t i = 0; blob != NULL && i < keys->count; i++)
        if (strcmp(keys->items[i], blob) == 0)
            return true;
    return false;
}

static int load_text(struct identity *id, const char *path, const char *text, const struct strv *in_agent,
                     identity_ask_fn ask, void *user, struct err *e)
{
    int rc = decode(text, path, NULL, &id->key, e);

    if (rc < 0)
        return -1;
    id->blob = public_blob(path, id->key);
    if (rc == 0 || listed(in_agent, id->blob))
        return 0;
    if (unlock(text, path, ask, user, &id->key, e) != 0)
        return -1;
    if (id->blob == NULL)
        id->blob = public_blob(path, id->key);
    return 0;
}

static int load(struct identity *id, const char *name, const struct strv *in_agent, identity_ask_fn ask,
                void *user, struct err *e)
{
    char *text = NULL;
    size_t len = 0;
    int rc = -1;

    char *path = path_expand(id->file, e);
    if (path == NULL)
        return -1;
    int found = file_read(path, FILE_ANY, KEY_FILE_MAX, &text, &len, e);
    if (found == 0) {
        if (check_mode(path, e) == 0)
            rc = load_text(id, path, text, in_agent, ask, user, e);
    } else if (found == 1) {
        err_set(e, ERR_AUTH, "identity", "the key %s does not exist", path);
        err_hint(e, "name another one: docktether update %s --identity FILE", name);
    } else if (e != NULL) {
        e->code = ERR_AUTH;
        snprintf(e->layer, sizeof e->layer, "identity");
    }
    mem_wipe(text, len);
    free(text);
    free(path);
    return rc;
}

static void identity_clear(struct identity *id)
{
    ssh_key_free(id->key); /* libcrypto wipes it */
    free(id->blob);
    free(id->file);
}

/* Appends the key of `file`; without `required`, one that cannot be had is
 * passed over. */
static int add(struct identities *ids, const char *name, const char *file, bool required,
               const struct strv *in_agent, identity_ask_fn ask, void *user, struct err *e)
{
    struct identity id = { .file = mem_strdup(file) };
    struct err local = ERR_INIT;

    if (load(&id, name, in_agent, required ? ask : NULL, user, &local) != 0) {
        identity_clear(&id);
        if (!required)
            return 0;
        if (e != NULL)
            *e = local;
        return -1;
    }
    ids->items = mem_resize(ids->items, ids->count + 1, sizeof *ids->items);
    ids->items[ids->count++] = id;
    return 0;
}

struct identities *identities_load(const struct profile *p, identity_ask_fn ask, void *user, struct err *e)
{
    struct identities *ids = mem_alloc(sizeof *ids);
    struct strv in_agent = { 0 };
    const char *sock = getenv("SSH_AUTH_SOCK");
    int rc = 0;

    if (p->agent && sock != NULL && *sock != '\0') {
        const struct wait w = { .deadline = deadline_in(AGENT_WAIT_MS), .cancel_fd = -1 };
        /* An agent that cannot be reached is no reason to fail while there
         * are key files. */
        if (agent_list(sock, &w, &in_agent, NULL) == 0 && in_agent.count > 0)
            ids->agent = mem_strdup(sock);
    }
    ids->any_in_agent = p->identities.count == 0 && ids->agent != NULL;
    for (size_t i = 0; rc == 0 && i < p->identities.count; i++)
        rc = add(ids, p->name, p->identities.items[i], true, &in_agent, ask, user, e);
    if (p->identities.count == 0)
        for (size_t i = 0; i < sizeof default_files / sizeof *default_files; i++)
            (void)add(ids, p->name, default_files[i], false, &in_agent, NULL, NULL, NULL);
    if (rc == 0 && ids->count == 0 && !ids->any_in_agent) {
        rc = err_set(e, ERR_AUTH, "identity",
                     "there is no key to log in with: the agent has none, and none of "
                     "~/.ssh/id_ed25519, id_ecdsa, id_rsa can be used");
        err_hint(e, "docktether update %s --identity FILE, or ssh-add FILE", p->name);
    }
    strv_clear(&in_agent);
    if (rc != 0) {
        identities_free(ids);
        return NULL;
    }
    return ids;
}

void identities_free(struct identities *ids)
{
    if (ids == NULL)
        return;
    for (size_t i = 0; i < ids->count; i++)
        identity_clear(&ids->items[i]);
    free(ids->items);
    free(ids->agent);
    free(ids);
}

void identity_fingerprint(const char *blob, char out[PIN_FINGERPRINT_SIZE])
{
    size_t len = strlen(blob);
    unsigned char *raw = mem_alloc(len + 3);
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int md_len = 0;

    out[0] = '\0';
    int size = EVP_DecodeBlock(raw, (const unsigned char *)blob, (int)len);
    for (size_t i = len; size > 0 && i > 0 && blob[i - 1] == '='; i--)
        size--;
    if (size > 0 && EVP_Digest(raw, (size_t)size, md, &md_len, EVP_sha256(), NULL) == 1) {
        char *text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, md, md_len);
        if (text != NULL)
            snprintf(out, PIN_FINGERPRINT_SIZE, "%s", text);
        ssh_string_free_char(text);
    }
    free(raw);
}
