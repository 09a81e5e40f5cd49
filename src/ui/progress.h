/* progress: says on standard error why a command waits, after one second. On a terminal it is
 * one line, changed in place and erased at the end; elsewhere, as in a log, one plain line
 * after five seconds. */
#ifndef DOCKTETHER_UI_PROGRESS_H
#define DOCKTETHER_UI_PROGRESS_H

struct progress;

/* Starts the clock. profile may be NULL. There is a thread until progress_free(): until then
 * a fork must be followed by exec, and progress_hide() must come before other output to
 * standard error. */
struct progress *progress_new(const char *profile);

/* Sets the current reason: a word of the control protocol (docs/PROTOCOL.md) and the host or
 * program it applies to. From any thread. */
void progress_note(struct progress *p, const char *what, const char *whom);

/* Sets the reason as a text: "waiting for TEXT". */
void progress_say(struct progress *p, const char *text);

/* Erases the line, for another message. */
void progress_hide(struct progress *p);

/* Ends it. p may be NULL. */
void progress_free(struct progress *p);

/* The text after "waiting for", allocated. */
char *progress_text(const char *what, const char *whom);

#endif
