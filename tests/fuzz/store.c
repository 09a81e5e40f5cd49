/* The texts of profiles, and the values in them. */
#include "fuzz.h"

#include "store/endpoint.h"
#include "store/option.h"
#include "store/pin.h"
#include "store/profile-text.h"

#include <stdlib.h>
#include <string.h>

static void profile_text(const uint8_t *data, size_t size)
{
    struct err e = ERR_INIT;
    char *text = fuzz_text(data, size);
    struct profile *p = profile_new("fuzzed"), *base = profile_new("fuzzed"), *again = profile_new("fuzzed");

    /* A text that is read is written, and read again, as it was; without a host it is none. */
    if (profile_text_read("fuzz", text, false, p, &e) == 0) {
        if (p->host == NULL)
            mem_replace(&p->host, "h");
        char *first = profile_text_write(p, base);
        FUZZ_HOLDS(profile_text_read("again", first, false, again, &e) == 0);
        char *second = profile_text_write(again, base);
        FUZZ_HOLDS(strcmp(first, second) == 0);
        free(first);
        free(second);
    } else {
        FUZZ_HOLDS(e.code == ERR_PROFILE && e.msg[0] != '\0');
    }
    profile_free(again);
    profile_free(base);
    profile_free(p);
    free(text);
}

static void defaults(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct profile *p = profile_new("fuzzed");

    (void)profile_text_read("fuzz", text, true, p, NULL);
    profile_free(p);
    free(text);
}

/* The first byte chooses the key, the rest is its value. */
static void option(const uint8_t *data, size_t size)
{
    size_t count;
    const struct option *table = option_table(&count);

    if (size == 0)
        return;
    const struct option *o = &table[data[0] % count];
    struct profile *p = profile_new("fuzzed"), *copy = profile_new("fuzzed");
    struct strv values = { 0 };
    char *value = fuzz_text(data + 1, size - 1);

    if (option_set(p, o, value, NULL) == 0) {
        option_get(p, o, &values);
        for (size_t i = 0; i < values.count; i++)
            FUZZ_HOLDS(values.items[i][0] == '\0' || option_set(copy, o, values.items[i], NULL) == 0);
    }
    strv_clear(&values);
    free(value);
    profile_free(copy);
    profile_free(p);
}

static void endpoint(const uint8_t *data, size_t size)
{
    struct err e = ERR_INIT;
    struct endpoint ep = { 0 };
    char *text = fuzz_text(data, size);

    if (endpoint_parse(text, &ep, &e) == 0) {
        FUZZ_HOLDS(endpoint_host_ok(ep.host));
        FUZZ_HOLDS(ep.user == NULL || endpoint_user_ok(ep.user));
        endpoint_clear(&ep);
    } else {
        FUZZ_HOLDS(e.msg[0] != '\0');
    }
    free(text);
}

static void pin(const uint8_t *data, size_t size)
{
    struct pin one, same;
    char formatted[PIN_TEXT_SIZE];
    char *text = fuzz_text(data, size);

    if (pin_parse(text, &one, NULL) == 0) {
        pin_format(&one, formatted);
        FUZZ_HOLDS(pin_parse(formatted, &same, NULL) == 0 && pin_equal(&one, &same));
    }
    free(text);
}

const struct fuzz_target fuzz_store[] = {
    { "profile-text", profile_text }, { "defaults", defaults }, { "option", option },
    { "endpoint", endpoint },         { "pin", pin },           { 0 },
};
