/* sshd-setting: remedies in the configuration of a host's sshd. */
#ifndef DOCKTETHER_DOCTOR_SSHD_SETTING_H
#define DOCKTETHER_DOCTOR_SSHD_SETTING_H

#include "doctor/doctor.h"

/* Whom a setting is for. */
enum sshd_scope {
    SSHD_EVERYBODY,
    SSHD_USER, /* the profile's user alone: a setting that permits more than before */
};

/* The command that sets the lines (words of sshd_config, "KEY VALUE"; the last is NULL)
 * on the host, and the hint, to which a word of warning is added: the command changes
 * the policy of the server. A Windows host gets the hint with the lines and no command,
 * because none was tried. */
void sshd_setting(const struct doctor_host *h, enum sshd_scope scope, const char *const *lines,
                  struct finding *f, const char *hint);

#endif
