/* quote: words for a shell. */
#ifndef DOCKTETHER_BASE_QUOTE_H
#define DOCKTETHER_BASE_QUOTE_H

/* One word of a POSIX shell, in single quotes; allocated. */
char *quote_sh(const char *s);

#endif
