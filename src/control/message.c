#include "control/message.h"

#include <stdint.h>

json_t *message_pack_err(const struct err *e)
{
    return json_pack("{s:i,s:s,s:s,s:s}", "code", (int)e->code, "layer", e->layer, "message", e->msg, "hint",
                     e->hint);
}

json_t *message_pack_waiting(const struct waiting *w)
{
    return json_pack("{s:s,s:s}", "waiting", w->what, "whom", w->whom);
}

void message_unpack_err(const json_t *o, struct err *e)
{
    int code = ERR_FAILED;
    const char *layer = "", *message = "", *hint = "";

    json_unpack((json_t *)(uintptr_t)o, "{s?i,s?s,s?s,s?s}", "code", &code, "layer", &layer, "message",
                &message, "hint", &hint);
    if (code <= ERR_NONE || code > ERR_POLICY)
        code = ERR_FAILED;
    err_set(e, (enum err_code)code, layer, "%s", message);
    if (*hint)
        err_hint(e, "%s", hint);
}
