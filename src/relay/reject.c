#include "relay/reject.h"

#include "base/mem.h"
#include "control/message.h"
#include "relay/http503.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REFUSALS_MAX 4096

static void on_done(void *user, struct http503 *f)
{
    struct reject *a = user;

    for (size_t i = 0; i < a->count; i++)
        if (a->items[i] == f)
            a->items[i] = a->items[--a->count];
    if (a->count == 0)
        a->emptied(a->user);
}

static void refuse_docker(struct reject *a, int fd, const struct err *e)
{
    char text[ERR_MSG_SIZE + sizeof e->layer + 4], safe[ERR_MSG_SIZE + ERR_HINT_SIZE];

    if (a->count >= REFUSALS_MAX) {
        close(fd);
        return;
    }
    err_text(e, text, sizeof text);
    char *whole = mem_printf("%s%s%s", text, *e->hint ? ". Hint: " : "", e->hint);
    err_escape(safe, sizeof safe, whole);
    char *message = mem_printf("docktether: %s: %s", a->name, safe);
    struct http503 *f = http503_start(a->loop, fd, message, on_done, a);
    if (f != NULL) {
        a->items = mem_resize(a->items, a->count + 1, sizeof *a->items);
        a->items[a->count++] = f;
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

void reject_client(struct reject *a, int fd, bool stream, const struct err *e)
{
    if (fd < 0)
        return;
    a->total++;
    if (stream)
        refuse_stream(fd, e);
    else
        refuse_docker(a, fd, e);
}

void reject_close(struct reject *a)
{
    for (size_t i = 0; i < a->count; i++)
        http503_close(a->items[i]);
}

void reject_clear(struct reject *a)
{
    free(a->items);
    a->items = NULL;
    a->count = 0;
}
