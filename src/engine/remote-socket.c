#include "engine/remote-socket.h"

#include "base/mem.h"
#include "base/quote.h"
#include "engine/dial-command.h"
#include "store/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK "docktether "
#define LAYER "Docker socket"

/* Single quotes, backslashes and newlines are kept out of it: the whole is one
 * quoted word for a shell that may be csh or fish. Of a place that is not
 * there the nearest directory above tells whether one may look at all. */
#define QUESTION                                                                                           \
    "echo docktether user $(id -un); echo docktether groups $(id -Gn); %s"                                 \
    "do [ -n \"$p\" ] || continue; q=$p; "                                                                 \
    "while [ ! -e \"$q\" ] && [ \"$q\" != / ]; do q=${q%%/*}; q=${q:-/}; done; "                           \
    "if [ \"$q\" != \"$p\" ]; then if [ -x \"$q\" ]; then s=absent; else s=closed; fi; "                   \
    "elif [ ! -S \"$p\" ]; then s=other; elif [ -r \"$p\" ] && [ -w \"$p\" ]; then s=usable; "             \
    "else s=denied; fi; echo \"docktether $s $p\"; "                                                       \
    "case $s in closed|denied) echo \"docktether at $q\"; echo docktether mode $(ls -dlL \"$q\");; esac; " \
    "done"

#define EVERYWHERE                                                                         \
    "d=; case $DOCKER_HOST in unix:///*) d=${DOCKER_HOST#unix://};; esac; "                \
    "r=/run/user/$(id -u); x=${XDG_RUNTIME_DIR:-$r}; [ \"$x\" != \"$r\" ] || r=; "         \
    "for p in \"$d\" /var/run/docker.sock \"$x/docker.sock\" \"${r:+$r/docker.sock}\" "    \
    "\"$HOME/.docker/run/docker.sock\" /run/podman/podman.sock \"$x/podman/podman.sock\" " \
    "\"${r:+$r/podman/podman.sock}\"; "

/* The kernel lists only the sockets of one network namespace; curl ends with 7
 * when it cannot connect, and with 2 when it knows no unix sockets. */
#define LISTENING                                                                                     \
    "p=%s; l=; q=$(readlink -f \"$p\" 2>/dev/null); if [ -r /proc/net/unix ]; then "                  \
    "while read -r a b c flags e f g path; do [ \"$flags\" = 00010000 ] || continue; "                \
    "if [ \"$path\" = \"$p\" ] || [ \"$path\" = \"$q\" ]; then l=yes; fi; done </proc/net/unix; fi; " \
    "if [ -z \"$l\" ] && command -v curl >/dev/null 2>&1; then "                                      \
    "curl -s -m 2 -o /dev/null --unix-socket \"$p\" http://docker/_ping; "                            \
    "case $? in 7) l=no;; 2) ;; *) l=yes;; esac; fi; "                                                \
    "if [ -z \"$l\" ] && command -v python3 >/dev/null 2>&1; then python3 -c "                        \
    "\"import socket,sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])\" \"$p\" 2>/dev/null; "  \
    "case $? in 0) l=yes;; 1) l=no;; esac; fi; "                                                      \
    "if [ -z \"$l\" ] && command -v perl >/dev/null 2>&1; then perl -MIO::Socket::UNIX -e "           \
    "\"exit(IO::Socket::UNIX->new(shift) ? 0 : 1)\" \"$p\" 2>/dev/null; "                             \
    "case $? in 0) l=yes;; 1) l=no;; esac; fi; echo docktether listens $l"

static char *for_sh(const char *script)
{
    char *quoted = quote_sh(script);
    char *command = mem_printf("exec sh -c %s", quoted);

    free(quoted);
    return command;
}

char *remote_socket_question(const struct profile *p)
{
    char *path = quote_sh(p->socket);
    char *places = profile_seeks_socket(p) ? mem_strdup(EVERYWHERE) : mem_printf("for p in %s; ", path);
    char *script = mem_printf(QUESTION, places);
    char *command = for_sh(script);

    free(script);
    free(places);
    free(path);
    return command;
}

char *remote_listening_question(const char *socket)
{
    char *path = quote_sh(socket);
    char *script = mem_printf(LISTENING, path);
    char *command = for_sh(script);

    free(script);
    free(path);
    return command;
}

/* ---- the answer ---------------------------------------------------------- */

static const struct {
    const char *word;
    enum remote_socket_state state;
} states[] = {
    { "absent ", REMOTE_ABSENT }, { "other ", REMOTE_NO_SOCKET }, { "closed ", REMOTE_CLOSED },
    { "denied ", REMOTE_DENIED }, { "usable ", REMOTE_USABLE },
};

static const char *after(const char *line, const char *word)
{
    size_t len = strlen(word);

    return strncmp(line, word, len) == 0 ? line + len : NULL;
}

/* "rw-rw----" and the like, without the sticky and set-id bits. */
static int mode_of(const char *text)
{
    int mode = 0;

    for (int i = 0; i < 9; i++) {
        if (text[i] == '\0')
            return -1;
        mode = mode * 2 + (text[i] != '-' && text[i] != 'S' && text[i] != 'T');
    }
    return mode;
}

static void parse_mode(const char *text, struct remote_socket_place *place)
{
    char mode[16];

    place->mode = -1;
    if (sscanf(text, "%15s %*s %32s %32s", mode, place->owner, place->group) == 3)
        place->mode = mode_of(mode + 1);
}

static void parse_line(const char *line, struct remote_socket_answer *out)
{
    struct remote_socket_place *last = out->count > 0 ? &out->places[out->count - 1] : NULL;
    const char *rest;

    if ((rest = after(line, "user ")) != NULL)
        snprintf(out->user, sizeof out->user, "%s", rest);
    else if ((rest = after(line, "groups ")) != NULL)
        snprintf(out->groups, sizeof out->groups, " %s ", rest);
    else if ((rest = after(line, "at ")) != NULL && last != NULL)
        snprintf(last->barrier, sizeof last->barrier, "%s", rest);
    else if ((rest = after(line, "mode ")) != NULL && last != NULL)
        parse_mode(rest, last);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        rest = after(line, states[i].word);
        if (rest == NULL || !endpoint_path_ok(rest) || out->count == REMOTE_PLACES_MAX)
            continue;
        last = &out->places[out->count++];
        *last = (struct remote_socket_place){ .state = states[i].state, .mode = -1 };
        snprintf(last->path, sizeof last->path, "%s", rest);
        out->answered = true;
    }
}

void remote_socket_parse(const char *reply, struct remote_socket_answer *out)
{
    char *copy = mem_strdup(reply), *rest = copy, *line;

    memset(out, 0, sizeof *out);
    while ((line = strsep(&rest, "\r\n")) != NULL)
        if (after(line, MARK) != NULL)
            parse_line(line + strlen(MARK), out);
    free(copy);
}

enum remote_socket_listening remote_socket_parse_listening(const char *reply)
{
    if (strstr(reply, MARK "listens yes") != NULL)
        return REMOTE_LISTENING_YES;
    return strstr(reply, MARK "listens no") != NULL ? REMOTE_LISTENING_NO : REMOTE_LISTENING_UNKNOWN;
}

void remote_socket_guess(const struct profile *p, struct remote_socket_answer *out)
{
    static const char *const known[] = { PROFILE_DEFAULT_SOCKET, "/run/podman/podman.sock" };
    size_t count = profile_seeks_socket(p) ? sizeof known / sizeof *known : 1;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < count; i++)
        snprintf(out->places[i].path, sizeof out->places[i].path, "%s",
                 profile_seeks_socket(p) ? known[i] : p->socket);
    out->count = count;
}

bool remote_socket_forbidden(const struct remote_socket_answer *a)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->places[i].state == REMOTE_DENIED)
            return true;
    return false;
}

/* ---- the error ----------------------------------------------------------- */

static bool is_podman(const struct remote_socket_place *place)
{
    return strstr(place->path, "podman") != NULL;
}

static bool in_group(const struct remote_socket_answer *a, const char *group)
{
    char word[36];

    snprintf(word, sizeof word, " %s ", group);
    return strstr(a->groups, word) != NULL;
}

/* The remote shell's word, fit to be pasted into a command. */
static bool is_plain(const char *word)
{
    return *word != '\0' && *word != '-' &&
           word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

/* What to do where root keeps the socket to itself. */
static void hint_others(const struct remote_socket_place *place, const struct profile *p, struct err *e)
{
    const char *program = is_podman(place) ? "podman" : "docker";

    err_fix(e,
            "docktether update %s --set transport=dial-stdio "
            "--set \"dial-command=sudo -n %s system dial-stdio\"",
            p->name, program);
    err_hint(e,
             "%s, or what sudo allows there: %s--set transport=dial-stdio "
             "--set \"dial-command=sudo -n %s system dial-stdio\"",
             is_podman(place) ? "a Podman service of that user's own (there: systemctl --user enable --now "
                                "podman.socket) with socket=auto"
                              : "a rootless Docker with socket=auto",
             p->change, program);
}

static void explain_denied(const struct remote_socket_answer *a, const struct remote_socket_place *place,
                           const struct profile *p, struct err *e)
{
    const char *user = *a->user ? a->user : p->user;
    bool by_group = place->mode >= 0 && (place->mode & 0020) != 0;

    if (place->mode < 0) {
        err_set(e, ERR_SOCKET, LAYER, "%s may not use %s on %s", user, place->path, p->host);
        hint_others(place, p, e);
        return;
    }
    if (by_group && !in_group(a, place->group))
        err_set(e, ERR_SOCKET, LAYER, "%s on %s is %s:%s %04o: %s is not in group %s", place->path, p->host,
                place->owner, place->group, (unsigned)place->mode, user, place->group);
    else
        err_set(e, ERR_SOCKET, LAYER, "%s on %s is %s:%s %04o: %s may not use it", place->path, p->host,
                place->owner, place->group, (unsigned)place->mode, user);
    /* No user should be told to join root. What the remote shell said is put into no
     * command before it was looked at: hints are made to be pasted. */
    if (!by_group || in_group(a, place->group) || strcmp(place->group, "root") == 0) {
        hint_others(place, p, e);
    } else if (!is_plain(place->group) || !is_plain(user)) {
        err_hint(e, "there: add the login's user to the group that owns the socket");
    } else {
        err_fix_there(e, "sudo usermod -aG %s %s", place->group, user);
        err_hint(e, "there: sudo usermod -aG %s %s, then %s%s", place->group, user,
                 profile_is_ephemeral(p) ? "again" : "docktether up ",
                 profile_is_ephemeral(p) ? "" : p->name);
    }
}

static void explain_closed(const struct remote_socket_answer *a, const struct remote_socket_place *place,
                           const struct profile *p, struct err *e)
{
    const char *user = *a->user ? a->user : p->user;

    if (place->mode < 0)
        err_set(e, ERR_SOCKET, LAYER, "%s on %s cannot be reached: %s may not enter %s", place->path, p->host,
                user, place->barrier);
    else
        err_set(e, ERR_SOCKET, LAYER, "%s on %s cannot be reached: %s is %s:%s %04o, and %s may not enter it",
                place->path, p->host, place->barrier, place->owner, place->group, (unsigned)place->mode,
                user);
    hint_others(place, p, e);
}

static void explain_absent(const struct remote_socket_place *place, const struct profile *p, struct err *e)
{
    if (profile_seeks_socket(p))
        err_set(e, ERR_SOCKET, LAYER, "no socket of Docker or Podman was found on %s", p->host);
    else if (place->state == REMOTE_NO_SOCKET)
        err_set(e, ERR_SOCKET, LAYER, "%s on %s is no socket", place->path, p->host);
    else
        err_set(e, ERR_SOCKET, LAYER, "%s does not exist on %s", place->path, p->host);
    err_fix_there(e, "sudo systemctl enable --now docker");
    err_hint(e, "is the Docker Engine running there? For another path: %s--set socket=%s", p->change,
             profile_seeks_socket(p) ? "/PATH" : "auto (or /PATH)");
}

/* sshd refuses to forward in the same words whichever of these it obeys, and when nobody
 * listens at the socket. */
#define FORWARDING                                                                                   \
    "AllowStreamLocalForwarding, AllowTcpForwarding or DisableForwarding in the sshd_config there, " \
    "restrict or no-port-forwarding in authorized_keys"

/* What tells the cause, in the words of what was tried, and the remedy. The first counts. */
static const struct {
    const char *words, *hint, *fix_there;
} remedies[] = {
    { "Cannot connect to the Docker daemon", "start the Docker Engine there: sudo systemctl start docker",
      "sudo systemctl start docker" },
    { "must print nothing", "there, put [ -t 0 ] || return in front of what the start file prints", NULL },
    { "exit status 127",
      "is the Docker Engine running there? If it is, either let sshd forward (" FORWARDING
      "), or put docker into the PATH of a login without a terminal",
      NULL },
};

static void hint_unreached(const struct remote_socket_place *place, const struct profile *p,
                           const char *known, struct err *e)
{
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++) {
        if (strstr(known, remedies[i].words) == NULL)
            continue;
        if (remedies[i].fix_there != NULL)
            err_fix_there(e, "%s", remedies[i].fix_there);
        err_hint(e, "%s", remedies[i].hint);
        return;
    }
    if (place->state == REMOTE_USABLE)
        err_hint(e, "is the Docker Engine running there? If it is, sshd does not forward: " FORWARDING);
    else
        err_hint(e,
                 "is the Docker Engine running there, is %s in its group, and does sshd forward (" FORWARDING
                 ")?",
                 p->user);
}

static void explain_unreached(const struct remote_socket_place *place, const struct profile *p,
                              const char *known, struct err *e)
{
    bool there = place->state == REMOTE_USABLE;

    if (!there && profile_seeks_socket(p))
        err_set(e, ERR_SOCKET, LAYER, "no socket of Docker or Podman on %s can be reached: %s", p->host,
                known);
    else
        err_set(e, ERR_SOCKET, LAYER, "%s on %s %scannot be reached: %s", place->path, p->host,
                there ? "is there and " : "", known);
    hint_unreached(place, p, known, e);
}

/* The place that says most: what is nearest to being usable, first of its kind. */
static const struct remote_socket_place *telling(const struct remote_socket_answer *a)
{
    const struct remote_socket_place *best = &a->places[0];

    for (size_t i = 1; i < a->count; i++)
        if (a->places[i].state > best->state)
            best = &a->places[i];
    return best;
}

void remote_socket_explain(const struct remote_socket_answer *a, const struct profile *p, const char *known,
                           struct err *e)
{
    const struct remote_socket_place *place = telling(a);

    switch (place->state) {
    case REMOTE_DENIED:
        explain_denied(a, place, p, e);
        break;
    case REMOTE_CLOSED:
        explain_closed(a, place, p, e);
        break;
    case REMOTE_ABSENT:
    case REMOTE_NO_SOCKET:
        explain_absent(place, p, e);
        break;
    case REMOTE_USABLE:
    case REMOTE_UNKNOWN:
        explain_unreached(place, p, known, e);
        break;
    }
}
