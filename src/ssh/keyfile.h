/* keyfile: one identity file, read and decoded. */
#ifndef DOCKTETHER_SSH_KEYFILE_H
#define DOCKTETHER_SSH_KEYFILE_H

#include "base/err.h"
#include "ssh/libssh.h"
#include "ssh/passphrase.h"
#include "ssh/pubkey.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct keyfile {
    char *path;     /* or what errors call the descriptor */
    int fd;         /* the descriptor that it was read from, closed; -1: a file */
    struct stat st; /* of the file that was read */
    char *text;
    size_t len;
    struct pubkey pub; /* empty while it is not known */
    ssh_key key;       /* private; NULL while encrypted, and when the file is a public key */
    bool encrypted;    /* the passphrase is wanted */
};

/* Reads what a profile names as an identity; change begins the command of a hint.
 * 0; 1 with an error when there is no such file; -1 with an error. *f is empty
 * then, and what it held is lost. */
int keyfile_read(struct keyfile *f, const char *file, const char *change, struct err *e);

/* Decrypts it with the passphrase that ask gets (NULL: nobody to ask), in three
 * attempts at most. */
int keyfile_unlock(struct keyfile *f, passphrase_ask_fn ask, void *user, struct err *e);

void keyfile_clear(struct keyfile *f); /* wipes it */

#endif
