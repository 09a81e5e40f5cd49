/* What `import` reads. */
#include "fuzz.h"

#include "import/bundle.h"
#include "import/ssh-hosts.h"

#include <stdlib.h>

static void bundle(const uint8_t *data, size_t size)
{
    struct err e = ERR_INIT;
    struct proposals list = { 0 };
    char *text = fuzz_text(data, size);

    if (size <= BUNDLE_MAX && bundle_read("fuzz", text, "fuzz", &list, &e) != 0)
        FUZZ_HOLDS(e.msg[0] != '\0' && list.count == 0);
    proposals_clear(&list);
    free(text);
}

static void ssh_hosts(const uint8_t *data, size_t size)
{
    struct strv hosts = { 0 };
    bool more;

    fuzz_put(".ssh/config", data, size);
    (void)ssh_hosts_list(&hosts, &more, NULL);
    strv_clear(&hosts);
}

const struct fuzz_target fuzz_import[] = { { "bundle", bundle }, { "ssh-hosts", ssh_hosts }, { 0 } };
