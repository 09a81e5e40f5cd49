#include "store/option.h"

#include "base/time.h"
#include "store/endpoint.h"
#include "store/ini.h"
#include "store/name.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The member of a profile that holds the value; its C type is that of o->type:
 * char * for texts, bool, int64_t, struct strv or struct pins. */
static void *member(struct profile *p, const struct option *o)
{
    return (char *)p + o->offset;
}

static const void *peek(const struct profile *p, const struct option *o)
{
    return (const char *)p + o->offset;
}

static int bad_value(struct err *e, const struct option *o, const char *value, const char *why)
{
    return err_set(e, ERR_USAGE, "", "%s: \"%.200s\" %s", o->key, value, why);
}

/* What would not come back from a file as it went in, see ini.c. */
static int check_text(const struct option *o, const char *value, struct err *e)
{
    size_t len = strlen(value), max = INI_LINE_MAX - strlen(o->key) - strlen(" = ");

    if (max > OPTION_VALUE_MAX)
        max = OPTION_VALUE_MAX;
    if (len > max)
        return err_set(e, ERR_USAGE, "", "%s: the value \"%.40s...\" is longer than %zu bytes", o->key, value,
                       max);
    if (!err_printable(value))
        return bad_value(e, o, value, "holds a control character, or is not UTF-8");
    if (len > 0 && (value[0] == ' ' || value[len - 1] == ' '))
        return bad_value(e, o, value, "begins or ends with a blank");
    if (value[0] == ';' || strstr(value, " ;") != NULL)
        return bad_value(e, o, value, "begins with \";\" or holds \" ;\", which would begin a comment");
    return 0;
}

static int parse_bool(const char *value, bool *to)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = { { "yes", true }, { "no", false },  { "true", true }, { "false", false },
                  { "on", true },  { "off", false }, { "1", true },    { "0", false } };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(value, words[i].word) == 0) {
            *to = words[i].value;
            return 0;
        }
    }
    return -1;
}

static int set_bool(bool *to, const struct option *o, const char *value, struct err *e)
{
    return parse_bool(value, to) == 0 ? 0 : bad_value(e, o, value, "is neither yes nor no");
}

static bool is_local_path(const char *value)
{
    return value[0] == '/' || strncmp(value, "~/", 2) == 0;
}

static int set_agent(char **to, const struct option *o, const char *value, struct err *e)
{
    bool yes;

    if (parse_bool(value, &yes) == 0)
        mem_replace(to, yes ? PROFILE_AGENT_YES : PROFILE_AGENT_NO);
    else if (is_local_path(value))
        mem_replace(to, value);
    else
        return bad_value(e, o, value, "is neither yes, no, nor an absolute path or one that begins with ~/");
    return 0;
}

static int set_int(int64_t *to, const struct option *o, const char *value, struct err *e)
{
    size_t digits = strspn(value, "0123456789");
    char why[80];

    if (digits > 0 && digits <= 9 && value[digits] == '\0') {
        int64_t number = strtoll(value, NULL, 10);
        if (number >= o->min && number <= o->max) {
            *to = number;
            return 0;
        }
    }
    snprintf(why, sizeof why, "is not a number from %" PRId64 " to %" PRId64, o->min, o->max);
    return bad_value(e, o, value, why);
}

static int set_duration(int64_t *to, const struct option *o, const char *value, struct err *e)
{
    char min[32], max[32], why[120];
    int64_t ms;

    if (time_parse_duration(value, &ms) == 0 && ms >= o->min && ms <= o->max) {
        *to = ms;
        return 0;
    }
    time_format_duration(o->min, min, sizeof min);
    time_format_duration(o->max, max, sizeof max);
    snprintf(why, sizeof why, "is not a duration from %s to %s (as 10s, 500ms, 2m or 1h)", min, max);
    return bad_value(e, o, value, why);
}

static int set_choice(int64_t *to, const struct option *o, const char *value, struct err *e)
{
    char why[160] = "is not one of";

    for (size_t i = 0; o->choices[i] != NULL; i++) {
        size_t used = strlen(why);
        if (strcmp(value, o->choices[i]) == 0) {
            *to = (int64_t)i;
            return 0;
        }
        snprintf(why + used, sizeof why - used, "%s %s", i > 0 ? "," : "", o->choices[i]);
    }
    return bad_value(e, o, value, why);
}

static int set_string(char **to, const struct option *o, const char *value, struct err *e)
{
    if (o->type == OPTION_HOST && !endpoint_host_ok(value))
        return bad_value(e, o, value, "is neither a host name nor an address");
    if (o->type == OPTION_USER && !endpoint_user_ok(value))
        return bad_value(e, o, value, "is not a user name that can be used");
    if (o->type == OPTION_SOCKET && strcmp(value, PROFILE_NO_SOCKET) != 0 &&
        strcmp(value, PROFILE_AUTO_SOCKET) != 0 && !endpoint_path_ok(value))
        return bad_value(e, o, value, "is neither an absolute path of at most 107 bytes nor auto nor none");
    if (o->type == OPTION_NAME && name_check(value, NULL) != 0)
        return bad_value(e, o, value, "cannot be the name of a profile");
    mem_replace(to, value);
    return 0;
}

static int add_file(struct strv *to, const struct option *o, const char *value, struct err *e)
{
    if (!is_local_path(value))
        return bad_value(e, o, value, "must be an absolute path or begin with ~/");
    if (!strv_contains(to, value))
        strv_add(to, value);
    return 0;
}

static int add_pin(struct pins *to, const struct option *o, const char *value, struct err *e)
{
    struct err why = ERR_INIT;
    struct pin pin;

    if (pin_parse(value, &pin, &why) != 0) {
        err_set(e, ERR_USAGE, "", "%s: %s", o->key, why.msg);
        return err_hint(e, "%s", why.hint);
    }
    pins_add(to, &pin);
    return 0;
}

int option_set(struct profile *p, const struct option *o, const char *value, struct err *e)
{
    void *to = member(p, o);

    if (check_text(o, value, e) != 0)
        return -1;
    if (*value == '\0') {
        if (o->fallback == NULL)
            return err_set(e, ERR_USAGE, "", "%s: \"\" is no value, and there is no default", o->key);
        option_reset(p, o);
        return 0;
    }
    switch (o->type) {
    case OPTION_TEXT:
    case OPTION_HOST:
    case OPTION_USER:
    case OPTION_SOCKET:
    case OPTION_NAME:
        return set_string(to, o, value, e);
    case OPTION_AGENT:
        return set_agent(to, o, value, e);
    case OPTION_BOOL:
        return set_bool(to, o, value, e);
    case OPTION_INT:
        return set_int(to, o, value, e);
    case OPTION_DURATION:
        return set_duration(to, o, value, e);
    case OPTION_CHOICE:
        return set_choice(to, o, value, e);
    case OPTION_FILES:
        return add_file(to, o, value, e);
    case OPTION_PINS:
        return add_pin(to, o, value, e);
    }
    abort();
}

void option_clear(struct profile *p, const struct option *o)
{
    void *at = member(p, o);

    switch (o->type) {
    case OPTION_TEXT:
    case OPTION_HOST:
    case OPTION_USER:
    case OPTION_SOCKET:
    case OPTION_NAME:
    case OPTION_AGENT:
        mem_replace(at, NULL);
        break;
    case OPTION_BOOL:
        *(bool *)at = false;
        break;
    case OPTION_INT:
    case OPTION_DURATION:
    case OPTION_CHOICE:
        *(int64_t *)at = 0;
        break;
    case OPTION_FILES:
        strv_clear(at);
        break;
    case OPTION_PINS:
        pins_clear(at);
        break;
    }
}

void option_reset(struct profile *p, const struct option *o)
{
    option_clear(p, o);
    if (o->fallback == NULL)
        return;
    if (*o->fallback != '\0') {
        if (option_set(p, o, o->fallback, NULL) != 0)
            abort(); /* the table contradicts itself */
    } else if (!option_repeatable(o) && !o->nullable) {
        mem_replace(member(p, o), "");
    }
}

void option_copy(struct profile *dst, const struct profile *src, const struct option *o)
{
    const void *from = peek(src, o);
    void *to = member(dst, o);

    if (dst == src)
        return;
    option_clear(dst, o);
    switch (o->type) {
    case OPTION_TEXT:
    case OPTION_HOST:
    case OPTION_USER:
    case OPTION_SOCKET:
    case OPTION_NAME:
    case OPTION_AGENT:
        mem_replace(to, *(char *const *)from);
        break;
    case OPTION_BOOL:
        *(bool *)to = *(const bool *)from;
        break;
    case OPTION_INT:
    case OPTION_DURATION:
    case OPTION_CHOICE:
        *(int64_t *)to = *(const int64_t *)from;
        break;
    case OPTION_FILES:
        strv_copy(to, from);
        break;
    case OPTION_PINS:
        for (size_t i = 0; i < ((const struct pins *)from)->count; i++)
            pins_add(to, &((const struct pins *)from)->items[i]);
        break;
    }
}

static void get_pins(const struct pins *pins, struct strv *out)
{
    char text[PIN_TEXT_SIZE];

    for (size_t i = 0; i < pins->count; i++) {
        pin_format(&pins->items[i], text);
        strv_add(out, text);
    }
}

void option_get(const struct profile *p, const struct option *o, struct strv *out)
{
    const void *at = peek(p, o);
    char text[32];

    switch (o->type) {
    case OPTION_TEXT:
    case OPTION_HOST:
    case OPTION_USER:
    case OPTION_SOCKET:
    case OPTION_NAME:
    case OPTION_AGENT:
        strv_add(out, *(char *const *)at != NULL ? *(char *const *)at : "");
        break;
    case OPTION_BOOL:
        strv_add(out, *(const bool *)at ? "yes" : "no");
        break;
    case OPTION_INT:
        snprintf(text, sizeof text, "%" PRId64, *(const int64_t *)at);
        strv_add(out, text);
        break;
    case OPTION_DURATION:
        time_format_duration(*(const int64_t *)at, text, sizeof text);
        strv_add(out, text);
        break;
    case OPTION_CHOICE:
        strv_add(out, o->choices[*(const int64_t *)at]);
        break;
    case OPTION_FILES:
        strv_copy(out, at);
        break;
    case OPTION_PINS:
        get_pins(at, out);
        break;
    }
}

bool option_is_default(const struct profile *p, const struct option *o, const struct profile *base)
{
    struct strv ours = { 0 }, theirs = { 0 };

    option_get(p, o, &ours);
    option_get(base, o, &theirs);
    bool same = strv_equal(&ours, &theirs);
    strv_clear(&ours);
    strv_clear(&theirs);
    return same;
}
