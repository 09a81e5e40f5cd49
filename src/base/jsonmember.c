#include "base/jsonmember.h"

const char *jsonmember_text(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    return s != NULL ? s : "";
}
