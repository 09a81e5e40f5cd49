#include "relay/reject.h"

#include "base/mem.h"
#include "control/message.h"
#include "relay/http503.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REJECTS_MAX 4096

static void on_done(void *user, struct http503 *h)
{
    struct reject *r = user;

    for (size_t i = 0; i < r->count; i++)
        if (r->items[i] == h)
            r->items[i] = r->items[--r->count];
    if (r->count == 0)
        r->emptied(r->user);
}

static void refuse_docker(struct reject *r, int fd, const struct err *e)
{
    char text[ERR_MSG_SIZE + sizeof e->layer + 4], safe[ERR_MSG_SIZE + ERR_HINT_SIZE];

    if (r->count >= REJECTS_MAX) {
        close(fd);
        return;
    }
    err_text(e, text, sizeof text);
    char *whole = mem_printf("%s%s%s", text, *e->hint ? ". Hint: " : "", e->hint);
    err_escape(safe, sizeof safe, whole);
    char *message = mem_printf("docktether: %s: %s", r->name, safe);
    struct http503 *h = http503_start(r->loop, fd, message, on_done, r);
    if (h != NULL) {
        r->items = mem_resize(r->items, r->count + 1, sizeof *r->items);
        r->items[r->count++] = h;
    }
    free(message);
    free(whole);
}

static void refuse_stream(int fd, const struct err *e)
{
    json_t *o = json_pack("{s:b,s:o}", "ok", 0, "error", message_pack_err(e));
    char *text = json_dumps(o, JSON_COMPACT);
    char *line = mem_printf("%s\n", text);

    (void)send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
    json_decref(o);
    free(line);
    free(text);
    close(fd);
}

void reject_client(struct reject *r, int fd, bool stream, const struct err *e)
{
    if (fd < 0)
        return;
    r->total++;
    if (stream)
        refuse_stream(fd, e);
    else
        refuse_docker(r, fd, e);
}

void reject_close(struct reject *r)
{
    for (size_t i = 0; i < r->count; i++)
        http503_close(r->items[i]);
}

void reject_clear(struct reject *r)
{
    free(r->items);
    r->items = NULL;
    r->count = 0;
}
