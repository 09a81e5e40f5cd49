/* identity-value: a value of the key `identity` that stands for an open
 * descriptor, as the profile of a command line may have it. */
#ifndef DOCKTETHER_STORE_IDENTITY_VALUE_H
#define DOCKTETHER_STORE_IDENTITY_VALUE_H

/* "fd:N", as a member of profile.identities; allocated. No file that a profile
 * can name begins like that. */
char *identity_of_fd(int fd);

/* The descriptor; -1 for a file. */
int identity_fd(const char *value);

#endif
