/* jsonmember: what stands in a JSON object under a key. */
#ifndef DOCKTETHER_BASE_JSONMEMBER_H
#define DOCKTETHER_BASE_JSONMEMBER_H

#include <jansson.h>

/* The string there, borrowed; "" when there is none. object may be NULL. */
const char *jsonmember_text(const json_t *object, const char *key);

#endif
