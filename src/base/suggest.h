/* suggest: the word that was probably meant. */
#ifndef DOCKTETHER_BASE_SUGGEST_H
#define DOCKTETHER_BASE_SUGGEST_H

#define SUGGEST_FAR 1000u

/* How many letters must be added, dropped, replaced or swapped with their
 * neighbour to come from a to b; SUGGEST_FAR for words longer than 128 bytes. */
unsigned suggest_distance(const char *a, const char *b);

/* True when somebody who typed `typed` may well have meant `word`. */
int suggest_likely(const char *typed, const char *word);

#endif
