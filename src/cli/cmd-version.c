#include "cli/cmd.h"
#include "ssh/session.h"
#include "tether/tether.h"
#include "ui/out.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>

static json_t *libraries_json(void)
{
    json_t *o = json_object();

    json_object_set_new(o, "jansson", json_string(jansson_version_str()));
    json_object_set_new(o, "libcrypto", json_string(OpenSSL_version(OPENSSL_VERSION)));
    json_object_set_new(o, "libssh", json_string(session_library()));
    json_object_set_new(o, "libuv", json_string(tether_library()));
    return o;
}

static void print_libraries(void)
{
    json_t *libraries = libraries_json(), *version;
    const char *name;
    char cost[300];

    json_object_foreach(libraries, name, version)
    {
        printf("%s %s\n", name, json_string_value(version));
    }
    if (session_library_cost(NULL, cost, sizeof cost))
        printf("%s\n", cost);
    json_decref(libraries);
}

int cmd_version(const struct args *args, struct err *e)
{
    bool json;

    if (args_json(args, &json, e) != 0)
        return -1;
    if (!json) {
        puts("docktether " PACKAGE_VERSION);
        if (args_has(args, "verbose"))
            print_libraries();
        return 0;
    }
    char cost[300];
    json_t *o = json_object();
    json_object_set_new(o, "Version", json_string(PACKAGE_VERSION));
    json_object_set_new(o, "Libraries", libraries_json());
    session_library_cost(NULL, cost, sizeof cost);
    json_object_set_new(o, "LibsshCost", *cost != '\0' ? json_string(cost) : json_null());
    out_json(o, JSON_COMPACT);
    return 0;
}
