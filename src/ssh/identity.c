#include "ssh/identity-internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/quote.h"
#include "ssh/keyfile.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CERTIFICATE_MAX (64 * 1024)

static const char *const default_files[] = { "~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa" };

/* A load under way. */
struct loading {
    const struct profile *p;
    const struct identity_helpers *h;
    struct identities *ids;
    struct strv in_agent; /* blobs, once asked for */
    bool asked;
    struct err agent_error, passed_over;
};

/* ---- the agent ----------------------------------------------------------- */

int identities_find_agent(const struct profile *p, char **path, struct err *e)
{
    const char *sock = getenv("SSH_AUTH_SOCK");

    *path = NULL;
    if (strcmp(p->agent, PROFILE_AGENT_NO) == 0)
        return 0;
    if (strcmp(p->agent, PROFILE_AGENT_YES) == 0) {
        if (sock != NULL && *sock != '\0')
            *path = mem_strdup(sock);
        return 0;
    }
    *path = path_expand(p->agent, e);
    return *path != NULL ? 0 : -1;
}

/* An agent that cannot be reached is no reason to fail while there are files. */
static void ask_agent(struct loading *l)
{
    const struct agent_call call = { .path = l->ids->agent,
                                     .wait = { .deadline = deadline_in(l->p->connect_timeout_ms),
                                               .cancel_fd = -1 },
                                     .slow = l->h->agent_slow,
                                     .user = l->h->agent_slow_user };

    if (l->asked || l->ids->agent == NULL)
        return;
    l->asked = true;
    (void)agent_list(&call, &l->in_agent, &l->agent_error);
}

/* ---- certificates -------------------------------------------------------- */

static void add_certificate(struct identities *ids, const char *file, struct pubkey *key)
{
    ids->certificates = mem_resize(ids->certificates, ids->certificate_count + 1, sizeof *ids->certificates);
    ids->certificates[ids->certificate_count++] =
        (struct certificate){ .file = mem_strdup(file), .key = *key };
}

static int parse_certificate(const char *path, const char *text, struct pubkey *key, struct err *e)
{
    if (pubkey_parse(text, key) != 0 || !key->certificate) {
        pubkey_clear(key);
        err_set(e, ERR_AUTH, "certificate", "%s is no certificate that can be used", path);
        return err_hint_file(e, "ssh-keygen -L -f", path, " shows one; `ssh-keygen -s` makes FILE-cert.pub");
    }
    if (key->host) {
        pubkey_clear(key);
        err_set(e, ERR_AUTH, "certificate", "the certificate %s is for a host, not for a user", path);
        return err_hint(e, "ssh-keygen -s makes one for a user unless it is given -h");
    }
    return 0;
}

/* 0; 1 when there is no such file; -1 with an error. */
static int read_certificate(const char *file, struct pubkey *key, struct err *e)
{
    char *text = NULL;
    size_t len = 0;

    char *path = path_expand(file, e);
    if (path == NULL)
        return -1;
    int rc = file_read(path, FILE_ANY, CERTIFICATE_MAX, &text, &len, e);
    if (rc == 0) {
        rc = parse_certificate(path, text, key, e);
    } else if (rc < 0 && e != NULL) {
        e->code = ERR_AUTH;
        snprintf(e->layer, sizeof e->layer, "certificate");
    }
    free(text);
    free(path);
    return rc;
}

static int load_certificates(struct loading *l, struct err *e)
{
    const struct strv *files = &l->p->certificates;

    for (size_t i = 0; i < files->count; i++) {
        struct pubkey key;
        int rc = read_certificate(files->items[i], &key, e);
        if (rc == 1) {
            err_set(e, ERR_AUTH, "certificate", "the certificate %s does not exist", files->items[i]);
            err_hint(e, "name another one: %s--certificate FILE", l->p->change);
            err_fix(e, "ls -l ~/.ssh");
        }
        if (rc != 0)
            return -1;
        add_certificate(l->ids, files->items[i], &key);
    }
    return 0;
}

static int check_certificates(const struct loading *l, struct err *e)
{
    for (size_t i = 0; i < l->ids->certificate_count; i++) {
        const struct certificate *c = &l->ids->certificates[i];
        if (c->used || (l->ids->any_in_agent && strv_contains(&l->in_agent, c->key.plain)))
            continue;
        err_set(e, ERR_AUTH, "certificate", "the certificate %s is for none of the keys that can be used",
                c->file);
        char *word = quote_path(c->file);
        err_hint(
            e,
            "compare what ssh-keygen -L -f %s shows as its public key with ssh-keygen -l of the identities",
            word);
        free(word);
        return -1;
    }
    return 0;
}

/* ---- identities ---------------------------------------------------------- */

/* Takes over key. */
static void append(struct identities *ids, const char *file, const char *blob, const char *plain, ssh_key key)
{
    ids->items = mem_resize(ids->items, ids->count + 1, sizeof *ids->items);
    ids->items[ids->count++] = (struct identity){
        .file = mem_strdup(file), .blob = mem_strdup(blob), .plain = mem_strdup(plain), .key = key
    };
}

/* A private key that presents itself with the certificate. */
static ssh_key with_certificate(ssh_key key, const struct pubkey *c)
{
    ssh_key copy = ssh_key_dup(key), certificate = NULL;

    if (copy == NULL ||
        ssh_pki_import_cert_base64(c->blob, ssh_key_type_from_name(c->type), &certificate) != SSH_OK ||
        ssh_pki_copy_cert_to_privkey(certificate, copy) != SSH_OK) {
        ssh_key_free(copy);
        copy = NULL;
    }
    ssh_key_free(certificate);
    return copy;
}

static int append_certificate(struct loading *l, const char *file, const struct pubkey *c, ssh_key key,
                              struct err *e)
{
    ssh_key both = key != NULL ? with_certificate(key, c) : NULL;

    if (key != NULL && both == NULL)
        return err_set(e, ERR_AUTH, "certificate", "libssh cannot use the certificate %s", file);
    append(l->ids, file, c->blob, c->plain, both);
    return 0;
}

/* "x-cert.pub" for "x" and "x.pub". */
static char *beside(const char *file)
{
    size_t len = strlen(file), suffix = strlen(".pub");

    if (len > suffix && strcmp(file + len - suffix, ".pub") == 0)
        len -= suffix;
    return mem_printf("%.*s-cert.pub", (int)len, file);
}

/* A certificate says more than a bare key: it is offered first. */
static int append_certificates(struct loading *l, const char *file, const char *plain, ssh_key key,
                               struct err *e)
{
    struct pubkey found;
    bool any = false;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < l->ids->certificate_count; i++) {
        struct certificate *c = &l->ids->certificates[i];
        if (strcmp(c->key.plain, plain) != 0)
            continue;
        any = c->used = true;
        rc = append_certificate(l, c->file, &c->key, key, e);
    }
    if (any)
        return rc;
    char *other = beside(file);
    if (read_certificate(other, &found, NULL) == 0) {
        if (strcmp(found.plain, plain) == 0)
            rc = append_certificate(l, other, &found, key, e);
        pubkey_clear(&found);
    }
    free(other);
    return rc;
}

static int no_agent(const struct loading *l, const struct keyfile *f, struct err *e)
{
    bool unwanted = strcmp(l->p->agent, PROFILE_AGENT_NO) == 0;
    bool token = strncmp(f->pub.type, "sk-", 3) == 0;

    err_set(e, ERR_AUTH, "identity", "%s is %s, so only an agent can sign with it, and %s", f->path,
            token ? "a key on a FIDO token" : "a public key",
            unwanted ? "the profile says agent = no" : "SSH_AUTH_SOCK is not set");
    if (token && !unwanted) {
        err_fix(e, "eval \"$(ssh-agent)\" && ssh-add");
        return err_hint(e, "start an agent and add the key to it: ssh-add, or ssh-add -K for a resident key");
    }
    if (unwanted)
        err_fix(e, "%s--set agent=yes", l->p->change);
    else
        err_fix(e, "eval \"$(ssh-agent)\" && ssh-add");
    return err_hint(e, "name the private key, or an agent: %s--set agent=%s", l->p->change,
                    unwanted ? "yes" : "PATH");
}

static int append_keyfile(struct loading *l, const char *file, struct keyfile *f, bool may_ask, struct err *e)
{
    if (f->encrypted) {
        ask_agent(l);
        if (!strv_contains(&l->in_agent, f->pub.blob) &&
            keyfile_unlock(f, may_ask ? l->h->ask : NULL, l->h->ask_user, e) != 0)
            return -1;
    } else if (f->key == NULL && l->ids->agent == NULL) {
        return no_agent(l, f, e);
    }
    if (f->pub.certificate) {
        append(l->ids, file, f->pub.blob, f->pub.plain, NULL);
        return 0;
    }
    if (append_certificates(l, file, f->pub.plain, f->key, e) != 0)
        return -1;
    append(l->ids, file, f->pub.blob, f->pub.plain, f->key);
    f->key = NULL;
    return 0;
}

static int add(struct loading *l, const char *file, struct err *e)
{
    struct keyfile f;

    if (keyfile_read(&f, file, l->p->change, e) != 0)
        return -1;
    int rc = append_keyfile(l, file, &f, true, e);
    keyfile_clear(&f);
    return rc;
}

static void try_file(struct loading *l, const char *file, bool may_ask)
{
    struct err e = ERR_INIT;
    struct keyfile f;
    int rc = keyfile_read(&f, file, l->p->change, &e);

    if (rc == 0) {
        rc = append_keyfile(l, file, &f, may_ask, &e);
        keyfile_clear(&f);
    }
    if (rc < 0 && l->passed_over.code == ERR_NONE)
        l->passed_over = e;
}

/* The named files or the default ones. The first that is there and cannot be used is
 * remembered. Nobody is asked for a passphrase while the agent has keys. */
static void add_leniently(struct loading *l, const struct strv *files)
{
    for (size_t i = 0; i < files->count; i++)
        try_file(l, files->items[i], !l->ids->any_in_agent);
    for (size_t i = 0; files->count == 0 && i < sizeof default_files / sizeof *default_files; i++)
        try_file(l, default_files[i], false);
}

static int nothing(const struct loading *l, struct err *e)
{
    const char *why = l->agent_error.msg;

    if (l->ids->agent == NULL)
        why =
            strcmp(l->p->agent, PROFILE_AGENT_NO) == 0 ? "the profile says agent = no" : "there is no agent";
    else if (*why == '\0')
        why = "the agent has none";
    err_set(e, ERR_AUTH, "identity", "there is no key to log in with: %s, and %s", why,
            l->passed_over.code != ERR_NONE ? l->passed_over.msg
            : l->p->identities.count > 0    ? "none of the named identities exists"
                                            : "none of ~/.ssh/id_ed25519, id_ecdsa, id_rsa exists");
    if (l->passed_over.code != ERR_NONE) {
        err_fix(e, "%s", l->passed_over.fix);
        return err_hint(e, "%s", l->passed_over.hint);
    }
    err_fix(e, "ssh-keygen -t ed25519 -f ~/.ssh/id_ed25519");
    return err_hint(
        e,
        "%s--identity FILE, or ssh-add FILE, or make one. A server that asks for no key (Tailscale "
        "SSH) is logged in to with one all the same: any will do",
        l->p->change);
}

static int load_all(struct loading *l, struct err *e)
{
    const struct strv *files = &l->p->identities;
    const bool only = files->count > 0 && l->p->identities_only;

    if (identities_find_agent(l->p, &l->ids->agent, e) != 0 || load_certificates(l, e) != 0)
        return -1;
    for (size_t i = 0; only && i < files->count; i++)
        if (add(l, files->items[i], e) != 0)
            return -1;
    if (!only) {
        ask_agent(l);
        l->ids->any_in_agent = l->in_agent.count > 0;
        add_leniently(l, files);
        if (l->ids->count == 0 && !l->ids->any_in_agent)
            return nothing(l, e);
    }
    return check_certificates(l, e);
}

struct identities *identities_load(const struct profile *p, const struct identity_helpers *h, struct err *e)
{
    struct loading l = { .p = p, .h = h, .ids = mem_alloc(sizeof *l.ids) };

    int rc = load_all(&l, e);
    strv_clear(&l.in_agent);
    if (rc == 0)
        return l.ids;
    identities_free(l.ids);
    return NULL;
}

void identities_free(struct identities *ids)
{
    if (ids == NULL)
        return;
    for (size_t i = 0; i < ids->count; i++) {
        ssh_key_free(ids->items[i].key); /* libcrypto wipes it */
        free(ids->items[i].blob);
        free(ids->items[i].plain);
        free(ids->items[i].file);
    }
    for (size_t i = 0; i < ids->certificate_count; i++) {
        pubkey_clear(&ids->certificates[i].key);
        free(ids->certificates[i].file);
    }
    free(ids->items);
    free(ids->certificates);
    free(ids->agent);
    free(ids);
}

void identity_fingerprint(const char *blob, char out[PIN_FINGERPRINT_SIZE])
{
    size_t len = 0;
    unsigned char *raw = pubkey_bytes(blob, &len);
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int md_len = 0;

    out[0] = '\0';
    if (raw != NULL && EVP_Digest(raw, len, md, &md_len, EVP_sha256(), NULL) == 1) {
        char *text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, md, md_len);
        if (text != NULL)
            snprintf(out, PIN_FINGERPRINT_SIZE, "%s", text);
        ssh_string_free_char(text);
    }
    free(raw);
}
