#include "ssh/keyfile.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/quote.h"
#include "store/identity-value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_FILE_MAX (64 * 1024)
#define PASSPHRASE_MAX 1024
#define ATTEMPTS 3
#define SSH2_PUBLIC "---- BEGIN SSH2 PUBLIC KEY ----"
#define FD_TIMEOUT_MS 60000 /* a password manager may ask a person first */

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
static int check_mode(const struct keyfile *f, struct err *e)
{
    /* The program that passes a descriptor has seen to it that others cannot read it. */
    if (f->fd >= 0 || f->st.st_uid != getuid() || (f->st.st_mode & 077) == 0)
        return 0;
    err_set(e, ERR_AUTH, "identity", "the key %s can be read by others (mode %04o)", f->path,
            (unsigned)(f->st.st_mode & 07777));
    err_fix_file(e, "chmod 600", f->path);
    return err_hint_file(e, "chmod 600", f->path, "");
}

/* The public half of a key that is not decrypted: an OpenSSH file has it in
 * the clear; others may have it beside them. */
static void find_public(struct keyfile *f)
{
    ssh_key pub = NULL;
    char *b64 = NULL;

    if (f->fd >= 0)
        return;
    if (ssh_pki_import_pubkey_file(f->path, &pub) != SSH_OK) {
        char *beside = mem_printf("%s.pub", f->path);
        if (ssh_pki_import_pubkey_file(beside, &pub) != SSH_OK)
            pub = NULL;
        free(beside);
    }
    if (pub != NULL && ssh_pki_export_pubkey_base64(pub, &b64) == SSH_OK)
        (void)pubkey_parse_blob(b64, &f->pub);
    ssh_string_free_char(b64);
    ssh_key_free(pub);
}

static int set_public(struct keyfile *f, struct err *e)
{
    char *b64 = NULL;

    pubkey_clear(&f->pub);
    if (ssh_pki_export_pubkey_base64(f->key, &b64) != SSH_OK || pubkey_parse_blob(b64, &f->pub) != 0)
        err_set(e, ERR_AUTH, "identity", "libssh cannot derive the public key of %s", f->path);
    ssh_string_free_char(b64);
    return f->pub.blob != NULL ? 0 : -1;
}

/* 0 with f->key, 1 when a passphrase is needed (or was wrong), -1 on an error. */
static int decode(struct keyfile *f, const char *passphrase, struct err *e)
{
    struct unlock u = { .passphrase = passphrase };

    if (ssh_pki_import_privkey_base64(f->text, NULL, give_passphrase, &u, &f->key) == SSH_OK)
        return 0;
    if (u.asked)
        return 1;
    err_set(e, ERR_AUTH, "identity", "%s is no private key that libssh can read", f->path);
    if (f->fd >= 0)
        return err_hint(e, "it must be the whole file, from its BEGIN line to its END line");
    err_fix_file(e, "ssh-keygen -y -f", f->path);
    return err_hint_file(e, "ssh-keygen -y -f", f->path, " shows what is wrong with it");
}

static int nobody_to_ask(const struct keyfile *f, struct err *e)
{
    err_set(e, ERR_AUTH, "identity", "the key %s is encrypted and nobody can be asked for its passphrase",
            f->path);
    if (f->fd >= 0)
        return err_hint(e, "give one without a passphrase, or run docktether with SSH_ASKPASS");
    err_fix_file(e, "ssh-add", f->path);
    return err_hint_file(e, "ssh-add", f->path, ", or run docktether on a terminal or with SSH_ASKPASS");
}

int keyfile_unlock(struct keyfile *f, passphrase_ask_fn ask, void *user, struct err *e)
{
    char passphrase[PASSPHRASE_MAX];
    int rc = 1;

    for (int attempt = 1; rc == 1 && attempt <= ATTEMPTS; attempt++) {
        int given = ask != NULL ? ask(user, f->path, attempt, passphrase, sizeof passphrase, e) : 1;
        if (given != 0)
            return given < 0 ? -1 : nobody_to_ask(f, e);
        rc = decode(f, passphrase, e);
        mem_wipe(passphrase, sizeof passphrase);
    }
    if (rc != 1)
        return rc == 0 ? set_public(f, e) : rc;
    err_set(e, ERR_AUTH, "identity", "the passphrase of %s was wrong %d times", f->path, ATTEMPTS);
    if (f->fd >= 0)
        return -1;
    err_fix_file(e, "ssh-keygen -y -f", f->path);
    return err_hint_file(e, "ssh-keygen -y -f", f->path, " tries it too");
}

/* True for the file of a key on a FIDO token, whose public half is in it: libssh cannot
 * read its private one, which signs nothing without the token anyway. */
static bool is_token(struct keyfile *f)
{
    find_public(f);
    if (f->pub.type != NULL && strncmp(f->pub.type, "sk-", 3) == 0)
        return true;
    pubkey_clear(&f->pub);
    return false;
}

static int is_ssh2(const struct keyfile *f, struct err *e)
{
    char *word = quote_path(f->path);

    err_set(e, ERR_AUTH, "identity", "%s is a public key in the SSH2 format, which OpenSSH does not use",
            f->path);
    err_hint(e, "to convert it: ssh-keygen -i -f %s >%s.pub, and name that file", word, word);
    err_fix(e, "ssh-keygen -i -f %s >%s.pub", word, word);
    free(word);
    return -1;
}

static int classify(struct keyfile *f, struct err *e)
{
    if (strstr(f->text, "-----BEGIN ") == NULL && pubkey_parse(f->text, &f->pub) == 0)
        return 0;
    if (strncmp(f->text, SSH2_PUBLIC, strlen(SSH2_PUBLIC)) == 0)
        return is_ssh2(f, e);
    if (check_mode(f, e) != 0)
        return -1;
    int rc = decode(f, NULL, e);
    if (rc == 0)
        return set_public(f, e);
    if (is_token(f)) {
        err_clear(e);
        return 0;
    }
    f->encrypted = rc == 1;
    if (f->encrypted)
        find_public(f);
    return f->encrypted ? 0 : -1;
}

/* Returns like file_read(). Where FILE is not there, FILE.pub names the key, as for ssh:
 * the agent has it. */
static int read_path(struct keyfile *f, const char *file, struct err *e)
{
    f->path = path_expand(file, e);
    if (f->path == NULL)
        return -1;
    int rc = file_read_secret(f->path, KEY_FILE_MAX, &f->text, &f->len, &f->st, e);
    if (rc != 1)
        return rc;
    char *half = mem_printf("%s.pub", f->path);
    rc = file_read_secret(half, KEY_FILE_MAX, &f->text, &f->len, &f->st, e);
    if (rc == 0)
        mem_replace(&f->path, half);
    free(half);
    return rc;
}

/* Returns like file_read(). */
static int read_text(struct keyfile *f, const char *file, struct err *e)
{
    *f = (struct keyfile){ .fd = identity_fd(file) };
    if (f->fd < 0)
        return read_path(f, file, e);
    f->path = mem_printf("descriptor %d", f->fd);
    int rc = file_read_fd(f->fd, f->path, KEY_FILE_MAX, FD_TIMEOUT_MS, &f->text, &f->len, e);
    close(f->fd);
    return rc;
}

int keyfile_read(struct keyfile *f, const char *file, const char *change, struct err *e)
{
    int rc = -1;

    int found = read_text(f, file, e);
    if (found == 0) {
        rc = classify(f, e);
    } else if (found == 1) {
        err_set(e, ERR_AUTH, "identity", "the key %s does not exist", f->path);
        err_hint(e, "name another one: %s--identity FILE", change);
        err_fix(e, "ls -l ~/.ssh");
        rc = 1;
    } else if (e != NULL) {
        e->code = ERR_AUTH;
        snprintf(e->layer, sizeof e->layer, "identity");
    }
    if (rc != 0)
        keyfile_clear(f);
    return rc;
}

void keyfile_clear(struct keyfile *f)
{
    mem_wipe(f->text, f->len);
    free(f->text);
    free(f->path);
    ssh_key_free(f->key); /* libcrypto wipes it */
    pubkey_clear(&f->pub);
    *f = (struct keyfile){ 0 };
}
