/* finding: what one look at something found: a verdict, a sentence, and what to do
 * about it. */
#ifndef DOCKTETHER_DOCTOR_FINDING_H
#define DOCKTETHER_DOCTOR_FINDING_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

enum verdict {
    VERDICT_NONE, /* not looked at yet */
    VERDICT_OK,
    VERDICT_WARNING, /* it works, and should not stay so */
    VERDICT_FAILED,
    VERDICT_SKIPPED, /* there is nothing to look at: as good as well */
    VERDICT_BLOCKED, /* cannot be looked at, because of a layer before it */
};

struct finding {
    enum verdict verdict;
    int64_t us;       /* how long the look took; 0: nothing was done. A check adds what an earlier
                         one has done for it, and the other way round */
    char *text;       /* what was found, or why not; one line, escaped */
    struct strv more; /* further lines, escaped */
    struct err err;   /* of a failure or a warning: code, hint and fix */
    char *where;      /* the host that the fix is for; NULL: this one */
};

void finding_ok(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void finding_skip(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void finding_block(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void finding_warn(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void finding_fail(struct finding *f, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A failure, or a warning, as the error says it; `there` is the host of fixes
 * that are for the other side. */
void finding_error(struct finding *f, enum verdict verdict, const struct err *e, const char *there);

/* After one of the two above: what to do, and the command that does it (where:
 * the host it is for, NULL for this one). */
void finding_hint(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void finding_fix(struct finding *f, const char *where, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A further line. */
void finding_more(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Takes "LAYER: " off the beginning of the text, which is shown beside the layer's name. */
void finding_drop_prefix(struct finding *f, const char *layer);

/* True when a layer that needs it may be looked at. */
bool finding_well(const struct finding *f);

/* Frees what it holds. */
void finding_clear(struct finding *f);

#endif
