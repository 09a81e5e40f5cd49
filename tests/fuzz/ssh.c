/* Keys, certificates, lists of keys, and an agent's messages. */
#include "fuzz.h"

#include "ssh/agent.h"
#include "ssh/knownhosts.h"
#include "ssh/pinlist.h"
#include "ssh/pubkey.h"

#include "peer.h"

#include <stdlib.h>
#include <string.h>

static void pubkey(const uint8_t *data, size_t size)
{
    struct pubkey k = { 0 }, same = { 0 };
    char *text = fuzz_text(data, size);

    if (pubkey_parse(text, &k) == 0) {
        FUZZ_HOLDS(k.type != NULL && k.blob != NULL && k.plain != NULL);
        FUZZ_HOLDS(pubkey_parse_blob(k.blob, &same) == 0 && strcmp(k.type, same.type) == 0);
        (void)pubkey_unusable(&k, 1700000000);
        pubkey_clear(&same);
    }
    pubkey_clear(&k);
    free(text);
}

/* The bytes of a key or a certificate itself. */
static void key_blob(const uint8_t *data, size_t size)
{
    struct pubkey k = { 0 };
    char *blob = pubkey_base64(data, size);

    if (pubkey_parse_blob(blob, &k) == 0)
        FUZZ_HOLDS(k.plain != NULL && strcmp(k.blob, blob) == 0);
    pubkey_clear(&k);
    free(blob);
}

static void pinlist(const uint8_t *data, size_t size)
{
    struct err e = ERR_INIT;
    struct pins pins = { 0 };
    char *text = fuzz_text(data, size);

    if (pinlist_read("fuzz", text, "host.example.com", 22, &pins, &e) == 0)
        FUZZ_HOLDS(pins.count > 0);
    else
        FUZZ_HOLDS(e.msg[0] != '\0');
    pins_clear(&pins);
    free(text);
}

static void known_hosts(const uint8_t *data, size_t size)
{
    struct err e = ERR_INIT;
    struct hostkeys keys = { 0 };
    char path[128];

    fuzz_put("known_hosts", data, size);
    strcat(strcpy(path, fuzz_home()), "/known_hosts");
    if (knownhosts_read(path, "host.example.com", 2222, &keys, &e) == 0)
        FUZZ_HOLDS(keys.count > 0);
    hostkeys_clear(&keys);
}

/* What an agent answers to the question for its keys. */
static void agent(const uint8_t *data, size_t size)
{
    struct strv keys = { 0 };
    struct peer *p = peer_start("agent", data, size);
    const struct agent_call call = { .path = peer_path(p),
                                     .wait = { .cancel_fd = -1, .deadline = deadline_in(2000) } };

    (void)agent_list(&call, &keys, NULL);
    strv_clear(&keys);
    peer_end(p);
}

const struct fuzz_target fuzz_ssh[] = {
    { "pubkey", pubkey },           { "key-blob", key_blob }, { "pinlist", pinlist },
    { "known-hosts", known_hosts }, { "agent", agent },       { 0 },
};
