/* progress: what a command waits for, on standard error, once it has waited for a
 * second. On a terminal that is one line, changed in place and erased at the
 * end. Elsewhere, in a log, one plain line after five seconds: what takes no
 * longer needs no explanation there. */
#ifndef DOCKTETHER_UI_PROGRESS_H
#define DOCKTETHER_UI_PROGRESS_H

struct progress;

/* The clock begins. profile may be NULL. There is a thread until
 * progress_free(): nothing may fork meanwhile but to exec, and whoever writes to
 * standard error calls progress_hide() first. */
struct progress *progress_new(const char *profile);

/* What is being waited for now: a word of the control protocol (docs/PROTOCOL.md) and of
 * whom it is. From any thread. */
void progress_note(struct progress *p, const char *what, const char *whom);

/* The same in other words: "waiting for TEXT". */
void progress_say(struct progress *p, const char *text);

/* Makes room for a message. */
void progress_hide(struct progress *p);

/* It is over. p may be NULL. */
void progress_free(struct progress *p);

/* What stands after "waiting for": allocated. */
char *progress_text(const char *what, const char *whom);

#endif
