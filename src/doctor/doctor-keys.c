/* The profile's keys, and the agent. */
#include "doctor/doctor.h"

#include "base/file.h"
#include "base/path.h"
#include "base/quote.h"
#include "ssh/agent.h"
#include "ssh/identity.h"
#include "ssh/pubkey.h"
#include "ui/out.h"
#include "ui/term.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_USUAL 6 /* sshd's MaxAuthTries */
#define KEYS_SHOWN 20
#define PUBLIC_MAX (64u * 1024)

/* ---- keys ------------------------------------------------------------------ */

static void interrupt(const struct doctor_host *h)
{
    if (h->watcher->interrupt != NULL)
        h->watcher->interrupt(h->watcher->user);
}

void doctor_agent_slow(void *host)
{
    const struct doctor_host *h = host;

    interrupt(h);
    out_note(h->name, "waiting for the SSH agent; does it want a touch or a confirmation?");
}

static int ask(void *user, const char *file, int attempt, char *buf, size_t size, struct err *e)
{
    struct doctor_host *h = user;

    interrupt(h);
    int rc = term_passphrase(NULL, file, attempt, buf, size, e);

    h->unanswered = rc == 1;
    return rc;
}

/* A certificate out of its time is no use; one for other principals may be, where the
 * server maps them. */
static void judge_certificate(const struct doctor_host *h, struct finding *f)
{
    char *file = NULL, *why = NULL;

    if (identities_certificate(h->identities, h->profile->user, &file, &why) && why != NULL) {
        char *word = quote_path(file);
        if (strncmp(why, "is for ", 7) == 0) {
            finding_more(f, "the certificate %s %s", file, why);
        } else {
            finding_warn(f, "the certificate %s %s", file, why);
            finding_hint(f, "its CA has to issue another one; the command below shows its dates");
            finding_fix(f, NULL, "ssh-keygen -L -f %s", word);
        }
        free(word);
    }
    free(why);
    free(file);
}

static void describe_keys(const struct doctor_host *h, struct finding *f)
{
    struct strv lines = { 0 };
    size_t shown = 0;

    identities_describe(h->identities, &lines);
    judge_certificate(h, f);
    if (f->verdict == VERDICT_NONE) {
        finding_ok(f, "%s", lines.count > 0 ? lines.items[0] : "those of the agent");
        shown = 1;
    }
    for (size_t i = shown; i < lines.count; i++)
        finding_more(f, "%s", lines.items[i]);
    strv_clear(&lines);
}

void doctor_keys(struct doctor_host *h, struct finding *f)
{
    const struct identity_helpers helpers = {
        .ask = ask, .ask_user = h, .agent_slow = doctor_agent_slow, .agent_slow_user = h
    };
    struct err e = ERR_INIT;

    if (h->hop && h->serving) {
        finding_skip(f, "held by the running tether");
        return;
    }
    h->identities = identities_load(h->profile, &helpers, &e);
    if (h->identities == NULL) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
        /* What is missing is a person, not a key. */
        if (h->unanswered && h->serving) {
            finding_error(f, VERDICT_BLOCKED, &e, NULL);
            finding_more(f, "the tether that serves has it; no login of its own can be tried here");
        }
        return;
    }
    describe_keys(h, f);
}

/* ---- agent ----------------------------------------------------------------- */

static void agent_unreached(const struct doctor_host *h, const struct err *e, struct finding *f)
{
    struct strv none = { 0 };
    struct identities_need need = { 0 };

    if (h->identities != NULL)
        need = identities_need(h->identities, &none, NULL);
    finding_error(f, need.own > 0 || h->identities == NULL ? VERDICT_WARNING : VERDICT_FAILED, e, NULL);
}

/* Where the key of a public key or certificate is looked for, as a word of a shell. */
static char *private_half(const char *file)
{
    static const char *const suffixes[] = { "-cert.pub", ".pub" };
    size_t len = strlen(file);

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t tail = strlen(suffixes[i]);
        if (len > tail && strcmp(file + len - tail, suffixes[i]) == 0) {
            len -= tail;
            break;
        }
    }
    char *path = mem_printf("%.*s", (int)len, file), *word = quote_path(path);
    free(path);
    return word;
}

/* Which of the keys the public key in the file is; keys->count for none of them. */
static size_t index_of_file(const struct strv *keys, const char *path)
{
    struct pubkey key;
    char *text = NULL;
    size_t len = 0, i = keys->count;

    if (file_read(path, FILE_ANY, PUBLIC_MAX, &text, &len, NULL) == 0 && pubkey_parse(text, &key) == 0) {
        for (i = 0; i < keys->count && strcmp(keys->items[i], key.blob) != 0; i++)
            continue;
        pubkey_clear(&key);
    }
    free(text);
    return i;
}

/* The file in ~/.ssh that names a key of the agent, as a profile has it; the agent's
 * order decides. NULL when there is none. */
static char *public_file(const struct strv *keys)
{
    char *pattern = path_expand("~/.ssh/*.pub", NULL), *best = NULL;
    size_t at = keys->count;
    glob_t found = { 0 };

    if (pattern != NULL && glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            size_t k = index_of_file(keys, found.gl_pathv[i]);
            if (k >= at)
                continue;
            at = k;
            free(best);
            best = path_display(found.gl_pathv[i]);
        }
    }
    globfree(&found);
    free(pattern);
    return best;
}

/* Too many keys: one has to be named, as a file of its public half. */
static void name_one(const struct doctor_host *h, const char *agent, const struct strv *keys,
                     struct finding *f)
{
    char *file = public_file(keys);

    for (size_t i = 0; i < keys->count && i < KEYS_SHOWN; i++) {
        char fingerprint[PIN_FINGERPRINT_SIZE];
        identity_fingerprint(keys->items[i], fingerprint);
        finding_more(f, "%zu: %s", i + 1, fingerprint);
    }
    if (h->profile->identities.count > 0) {
        finding_hint(f, "or offer the named identities alone");
        finding_fix(f, NULL, "docktether update %s --set identities-only=yes", h->name);
    } else if (file != NULL) {
        char *word = quote_path(file);
        finding_hint(
            f, "name the key that this host knows; the command below takes one of the agent's that has a "
               "file here");
        finding_fix(f, NULL, "docktether update %s --identity %s", h->name, word);
        free(word);
    } else {
        char *word = quote_sh(agent);
        finding_hint(
            f, "name the key that this host knows: in the command below 1p is the first one of the list");
        finding_fix(
            f, NULL,
            "SSH_AUTH_SOCK=%s ssh-add -L | sed -n 1p >~/.ssh/docktether-%s.pub && docktether update %s "
            "--identity ~/.ssh/docktether-%s.pub",
            word, h->name, h->name, h->name);
        free(word);
    }
    free(file);
}

static void fix_missing(const char *file, struct finding *f)
{
    char *word = private_half(file);

    finding_hint(f, "ssh-add -l shows what it holds; a token's key is added by ssh-add -K, or -s PROVIDER");
    finding_fix(f, NULL, "ssh-add %s", word);
    free(word);
}

static void judge_agent(const struct doctor_host *h, const char *path, const struct strv *keys,
                        struct finding *f)
{
    struct identities_need need = { 0 };
    char *missing = NULL, *shown = path_display(path);

    if (h->identities != NULL)
        need = identities_need(h->identities, keys, &missing);
    if (missing != NULL && need.own == 0 && need.absent == need.agents && !need.any)
        finding_fail(f, ERR_AUTH, "the agent at %s has not got %s", shown, missing);
    else if (missing != NULL)
        finding_warn(f, "the agent at %s has not got %s", shown, missing);
    else if (need.any && keys->count >= KEYS_USUAL)
        finding_warn(f, "all %zu keys of the agent at %s are offered, and most servers end a login after %d",
                     keys->count, shown, KEYS_USUAL);
    else
        finding_ok(f, "%zu key%s at %s", keys->count, keys->count == 1 ? "" : "s", shown);
    if (missing != NULL)
        fix_missing(need.file, f);
    else if (f->verdict == VERDICT_WARNING)
        name_one(h, path, keys, f);
    free(shown);
    free(missing);
}

void doctor_agent(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;
    struct strv keys = { 0 };
    char *path = NULL;

    if (h->hop && h->serving) {
        finding_skip(f, "logged in (from the running tether)");
    } else if (identities_find_agent(h->profile, &path, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
    } else if (path == NULL) {
        finding_skip(f, "%s",
                     strcmp(h->profile->agent, PROFILE_AGENT_NO) == 0 ? "the profile says agent = no"
                                                                      : "SSH_AUTH_SOCK is not set");
    } else {
        const struct agent_call call = { .path = path,
                                         .wait = { .deadline = deadline_in(h->profile->connect_timeout_ms),
                                                   .cancel_fd = -1 },
                                         .slow = doctor_agent_slow,
                                         .user = h };
        if (agent_list(&call, &keys, &e) != 0)
            agent_unreached(h, &e, f);
        else
            judge_agent(h, path, &keys, f);
    }
    strv_clear(&keys);
    free(path);
}
