/* configfile: Docker's config.json as a text that is read, edited by others, and
 * replaced. */
#ifndef DOCKTETHER_DOCKER_CONFIGFILE_H
#define DOCKTETHER_DOCKER_CONFIGFILE_H

#include "base/err.h"
#include "docker/jsontext.h"

#define CONFIGFILE_LAYER "docker config"

struct configfile {
    char *path;
    char *text; /* "{}" when there is none, or what Docker takes for that */
};

/* -1 and an error when it cannot be read or does not parse. */
int configfile_load(struct configfile *f, struct err *e);
void configfile_clear(struct configfile *f);

/* The members of text, which is f->text or what has become of it. */
int configfile_parse(const struct configfile *f, const char *text, struct jsontext *j, struct err *e);

/* Replaces the file as Docker does: a symbolic link is followed, access kept
 * (0600 for a new one). Nothing is written when text is f->text. */
int configfile_save(const struct configfile *f, const char *text, struct err *e);

#endif
