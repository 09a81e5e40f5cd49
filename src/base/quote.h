/* quote: words for a shell. */
#ifndef DOCKTETHER_BASE_QUOTE_H
#define DOCKTETHER_BASE_QUOTE_H

/* One word of a POSIX shell, in single quotes; allocated. */
char *quote_sh(const char *s);

/* The same, and as it is when the shell gives none of its characters a meaning. */
char *quote_word(const char *s);

/* In single quotes, for a path as a profile holds it: a leading "~/" stays outside the
 * quotes, so that the shell still knows it. */
char *quote_path(const char *path);

/* The name of a systemd unit as it is pasted into a shell: quoted where it has a backslash. Allocated. */
char *quote_unit(const char *name);

#endif
