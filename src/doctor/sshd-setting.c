#include "doctor/sshd-setting.h"

#include "ssh/connect.h"

#include <stdlib.h>
#include <string.h>

/* For sshd the first of several values counts, and it reads these files first. */
#define FILE_NAME "/etc/ssh/sshd_config.d/00-docktether.conf"
#define WINDOWS_FILE "C:\\ProgramData\\ssh\\sshd_config"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

static const char *banner(const struct doctor_host *h)
{
    const struct session *s = h->session;
    const char *of_tether = json_string_value(json_object_get(h->status, "server"));

    if (s == NULL && h->connect != NULL)
        s = connect_session(h->connect);
    return s != NULL ? session_banner(s) : of_tether != NULL ? of_tether : "";
}

/* A Match block that is closed again, so that lines appended later are for everybody. */
static char *as_words(const struct doctor_host *h, enum sshd_scope scope, const char *const *lines)
{
    const char *user = h->profile->user;
    bool for_user = scope == SSHD_USER && user[strspn(user, NAME_CHARS)] == '\0';
    char *words = for_user ? mem_printf("'Match User %s'", user) : mem_strdup("");

    for (; *lines != NULL; lines++) {
        char *longer = mem_printf("%s%s'%s'", words, *words != '\0' ? " " : "", *lines);
        free(words);
        words = longer;
    }
    char *all = for_user ? mem_printf("%s 'Match all'", words) : mem_strdup(words);
    free(words);
    return all;
}

static char *as_sentence(const char *const *lines)
{
    char *text = mem_strdup("");

    for (; *lines != NULL; lines++) {
        char *longer = mem_printf("%s%s%s", text, *text != '\0' ? ", " : "", *lines);
        free(text);
        text = longer;
    }
    return text;
}

void sshd_setting(const struct doctor_host *h, enum sshd_scope scope, const char *const *lines,
                  struct finding *f, const char *hint)
{
    if (strstr(banner(h), "for_Windows") != NULL) {
        char *text = as_sentence(lines);
        finding_hint(f, "%s; on that host: %s in " WINDOWS_FILE ", then Restart-Service sshd", hint, text);
        free(text);
        return;
    }
    char *words = as_words(h, scope, lines);
    finding_hint(f, "%s; the command below changes the policy of that server: ask its administrator first",
                 hint);
    finding_fix(f, h->profile->host,
                "printf '%%s\\n' %s | sudo tee -a " FILE_NAME " && sudo sshd -t && sudo systemctl reload ssh",
                words);
    free(words);
}
