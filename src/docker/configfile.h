/* configfile: Docker's config.json as a text that is read, edited by others, and
 * replaced. */
#ifndef DOCKTETHER_DOCKER_CONFIGFILE_H
#define DOCKTETHER_DOCKER_CONFIGFILE_H

#include "base/err.h"
#include "docker/jsontext.h"

#define CONFIGFILE_LAYER "docker config"

struct configfile {
    char *path;
    char *text; /* "{}" when there is none, or an equivalent of that for Docker */
};

/* -1 and an error when it cannot be read or does not parse. */
int configfile_load(struct configfile *f, struct err *e);
void configfile_clear(struct configfile *f);

/* The members of text, which is f->text or an edited copy of it. */
int configfile_parse(const struct configfile *f, const char *text, struct jsontext *j, struct err *e);

/* Sets *text (allocated) to the new contents of the file that was read into f. -1 and an
 * error leave the file as it is. Called again if another program has changed the file
 * meanwhile. */
typedef int (*configfile_edit_fn)(const struct configfile *f, void *user, char **text, struct err *e);

/* Replaces the file as Docker does: a symbolic link is followed, access kept
 * (0600 for a new one). Nothing is written when the text is the old one. One docktether at
 * a time; Docker's own programs lock nothing, so right before the file is replaced it is
 * looked at, and edited anew when it is no longer the one that was read. */
int configfile_change(configfile_edit_fn edit, void *user, struct err *e);

#endif
