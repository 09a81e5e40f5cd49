/* Docker's own files, and what its programs ask of a plugin. */
#include "fuzz.h"

#include "base/mem.h"
#include "docker/config.h"
#include "docker/context-lint.h"
#include "docker/context-list.h"
#include "docker/context.h"
#include "docker/hooks.h"
#include "docker/jsontext.h"
#include "docker/plugin.h"
#include "engine/remote-socket.h"

#include <stdlib.h>
#include <string.h>

/* The directory of the context "fuzzed" is the SHA-256 of its name. */
#define META "docker/contexts/meta/273586cef83e3c19519c8a067849911f3b8f6dc913e7962ed7aa2a1b05577627/meta.json"

static void jsontext(const uint8_t *data, size_t size)
{
    struct jsontext j;
    size_t line;
    const char *why;
    char *text = fuzz_text(data, size);

    if (jsontext_parse(&j, text, &line, &why) != 0) {
        FUZZ_HOLDS(why != NULL && line > 0);
        free(text);
        return;
    }
    for (size_t i = 0; i < j.count; i++) {
        const struct jsontext_member *m = &j.members[i];
        FUZZ_HOLDS(m->key < m->key_end && m->key_end <= m->value && m->value < m->value_end);
        FUZZ_HOLDS(m->value_end <= j.close && j.close < strlen(text));
        free(jsontext_string(text, m->key, m->key_end));
        free(jsontext_string(text, m->value, m->value_end));
    }
    /* What is edited is an object still. */
    struct jsontext after;
    char *longer = jsontext_insert(text, &j, j.count, "\"fuzzed\"", "1");
    FUZZ_HOLDS(jsontext_parse(&after, longer, &line, &why) == 0 && after.count == j.count + 1);
    char *shorter = jsontext_cut(longer, &after, j.count);
    jsontext_clear(&after);
    FUZZ_HOLDS(jsontext_parse(&after, shorter, &line, &why) == 0 && after.count == j.count);
    jsontext_clear(&after);
    free(shorter);
    free(longer);
    jsontext_clear(&j);
    free(text);
}

/* config.json: a name that was set is read. */
static void config(const uint8_t *data, size_t size)
{
    struct strv hosts = { 0 };
    char *name = NULL, *path = NULL;

    fuzz_put("docker/config.json", data, size);
    if (config_set_current("fuzzed", NULL) == 0) {
        FUZZ_HOLDS(config_current(&name, NULL) == 0 && name != NULL && strcmp(name, "fuzzed") == 0);
        free(name);
        FUZZ_HOLDS(config_set_current(NULL, NULL) == 0);
    }
    (void)config_proxies(&hosts, &path, NULL);
    strv_clear(&hosts);
    free(path);
}

static void hooks(const uint8_t *data, size_t size)
{
    enum hooks now;

    fuzz_put("docker/config.json", data, size);
    if (hooks_set(HOOKS_ALWAYS, NULL) == 0)
        FUZZ_HOLDS(hooks_get(&now, NULL, NULL) == 0 && now == HOOKS_ALWAYS);
    if (hooks_set(HOOKS_ON_ERROR, NULL) == 0)
        FUZZ_HOLDS(hooks_get(&now, NULL, NULL) == 0 && now == HOOKS_ON_ERROR);
    if (hooks_set(HOOKS_OFF, NULL) == 0)
        FUZZ_HOLDS(hooks_get(&now, NULL, NULL) == 0 && now == HOOKS_OFF);
}

static void meta(const uint8_t *data, size_t size)
{
    struct context_list list = { 0 };
    struct context_lint lint = { 0 };

    fuzz_put(META, data, size);
    if (context_list_by_ssh(&list, NULL) == 0)
        context_list_clear(&list);
    if (context_lint(&lint, NULL) == 0)
        context_lint_clear(&lint);
}

static void plugin_hook(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);

    free(plugin_hook_error(text));
    json_t *answer = plugin_hook_answer(text);
    json_decref(answer);
    free(text);
}

static void docker_version(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);

    (void)hooks_known(text);
    free(text);
}

/* What the remote shell says about sockets. */
static void remote_shell(const uint8_t *data, size_t size)
{
    struct err e = ERR_INIT;
    struct remote_socket_answer *a = mem_alloc(sizeof *a);
    char *text = fuzz_text(data, size);
    struct profile *p = profile_new("fuzzed");

    mem_replace(&p->user, "deploy"); /* as profile_finish() leaves it */
    remote_socket_parse(text, a);
    FUZZ_HOLDS(a->count <= REMOTE_PLACES_MAX);
    (void)remote_socket_forbidden(a);
    remote_socket_explain(a, p, "it failed", &e);
    FUZZ_HOLDS(e.code != ERR_NONE);
    (void)remote_socket_parse_listening(text);
    profile_free(p);
    free(text);
    free(a);
}

const struct fuzz_target fuzz_docker[] = {
    { "jsontext", jsontext },
    { "config", config },
    { "hooks", hooks },
    { "meta", meta },
    { "plugin-hook", plugin_hook },
    { "docker-version", docker_version },
    { "remote-shell", remote_shell },
    { 0 },
};
