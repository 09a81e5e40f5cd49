/* finding: the result of one check: a verdict, a sentence, and a remedy. */
#ifndef DOCKTETHER_DOCTOR_FINDING_H
#define DOCKTETHER_DOCTOR_FINDING_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

enum verdict {
    VERDICT_NONE, /* not checked yet */
    VERDICT_OK,
    VERDICT_WARNING, /* it works, and should be changed */
    VERDICT_FAILED,
    VERDICT_SKIPPED, /* there is nothing to check: counts as well */
    VERDICT_BLOCKED, /* cannot be checked because of a layer before it */
};

struct finding {
    enum verdict verdict;
    int64_t us;       /* how long the check took; 0: nothing was done. Work that one check does for
                         another counts as time of the other */
    char *text;       /* the result or the reason; one line, escaped */
    struct strv more; /* further lines, escaped */
    struct err err;   /* of a failure or a warning: code, hint and fix */
    char *where;      /* the host to run the fix on; NULL: this one */
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

/* After one of the two above: the hint, and the command that mends it (where: the host to
 * run it on, NULL for this one). */
void finding_hint(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void finding_fix(struct finding *f, const char *where, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A further line. */
void finding_more(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Takes "LAYER: " off the beginning of the text, which is shown beside the layer's name. */
void finding_drop_prefix(struct finding *f, const char *layer);

/* True when a layer that needs this one may be checked. */
bool finding_well(const struct finding *f);

/* Frees what it holds. */
void finding_clear(struct finding *f);

#endif
