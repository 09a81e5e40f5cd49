#include "import/known-hosts.h"

#include "base/file.h"
#include "base/quote.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define KNOWN_HOSTS_MAX (16u * 1024 * 1024)

/* UTF-16 begins with a byte order mark, and PowerShell writes it. */
static bool is_utf16(const char *path)
{
    unsigned char mark[2] = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is = fd >= 0 && read(fd, mark, sizeof mark) == (ssize_t)sizeof mark &&
              ((mark[0] == 0xff && mark[1] == 0xfe) || (mark[0] == 0xfe && mark[1] == 0xff));

    if (fd >= 0)
        close(fd);
    return is;
}

int known_hosts_check(const char *path, struct err *e)
{
    char *text = NULL;
    size_t len = 0;
    int rc = file_read(path, FILE_ANY, KNOWN_HOSTS_MAX, &text, &len, e);

    free(text);
    if (rc >= 0 || !is_utf16(path))
        return rc < 0 ? -1 : 0;
    char *word = quote_path(path);
    err_set(e, ERR_FAILED, "known_hosts", "%s is UTF-16 text, which ssh cannot read either", path);
    err_hint(e, "iconv -f UTF-16 -t UTF-8 %s >new, then put that file in its place", word);
    free(word);
    return -1;
}
