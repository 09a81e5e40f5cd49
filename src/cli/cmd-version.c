#include "cli/cmd.h"
#include "ssh/session.h"
#include "tether/tether.h"
#include "ui/out.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>

int cmd_version(const struct args *args, struct err *e)
{
    bool json;

    if (args_json(args, &json, e) != 0)
        return -1;
    if (!json) {
        puts("docktether " PACKAGE_VERSION);
        return 0;
    }
    json_t *libraries = json_object();
    json_object_set_new(libraries, "jansson", json_string(jansson_version_str()));
    json_object_set_new(libraries, "libcrypto", json_string(OpenSSL_version(OPENSSL_VERSION)));
    json_object_set_new(libraries, "libssh", json_string(session_library()));
    json_object_set_new(libraries, "libuv", json_string(tether_library()));
    json_t *o = json_object();
    json_object_set_new(o, "Version", json_string(PACKAGE_VERSION));
    json_object_set_new(o, "Libraries", libraries);
    out_json(o, JSON_COMPACT);
    return 0;
}
