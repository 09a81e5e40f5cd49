#include "ui/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

/* The alternate screen, no cursor, no line wrap. */
#define ENTER "\033[?1049h\033[?25l\033[?7l\033[2J"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"

static const int guarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH };
#define GUARDED (sizeof guarded / sizeof *guarded)

/* One bit per signal: a handler can only set a variable. Handlers run only inside pselect(),
 * so no signal is lost. */
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    for (size_t i = 0; i < GUARDED; i++)
        if (guarded[i] == number)
            caught |= 1 << i;
}

struct screen {
    int fd;               /* standard output */
    int keys;             /* -1: no keyboard */
    struct termios modes; /* as they were, of keys */
    struct sigaction old[GUARDED];
    sigset_t outside;
    int ended_by; /* a signal, or 0 */
    char typed[64];
    size_t typed_len;
    char *shown; /* NULL: nothing yet */
};

static void put(const struct screen *s, const char *text)
{
    size_t len = strlen(text);

    while (len > 0) {
        ssize_t n = write(s->fd, text, len);
        if (n < 0 && errno != EINTR)
            return; /* the loss of the terminal also sends a signal */
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
}

static void set_modes(const struct screen *s, const struct termios *modes)
{
    while (s->keys >= 0 && tcsetattr(s->keys, TCSADRAIN, modes) != 0)
        if (errno != EINTR)
            break;
}

/* In the background SIGTTOU stops us here, before anything is changed. */
static void enter(struct screen *s)
{
    struct termios raw = s->modes;

    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    set_modes(s, &raw);
    put(s, ENTER);
    free(s->shown);
    s->shown = NULL;
}

static void leave(struct screen *s)
{
    put(s, LEAVE);
    set_modes(s, &s->modes);
}

/* ---- signals --------------------------------------------------------------- */

static void guard(struct screen *s)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigset_t blocked;

    sigemptyset(&blocked);
    for (size_t i = 0; i < GUARDED; i++)
        sigaddset(&blocked, guarded[i]);
    action.sa_mask = blocked;
    caught = 0;
    sigprocmask(SIG_BLOCK, &blocked, &s->outside);
    for (size_t i = 0; i < GUARDED; i++) {
        sigaction(guarded[i], NULL, &s->old[i]);
        if (s->old[i].sa_handler != SIG_IGN)
            sigaction(guarded[i], &action, NULL);
    }
}

static void unguard(const struct screen *s)
{
    for (size_t i = 0; i < GUARDED; i++)
        sigaction(guarded[i], &s->old[i], NULL);
}

/* Gives the terminal back and stops until SIGCONT. */
static void stop(struct screen *s)
{
    leave(s);
    unguard(s);
    raise(SIGTSTP);
    sigprocmask(SIG_SETMASK, &s->outside, NULL);
    guard(s);
    enter(s);
}

static enum screen_event take_signals(struct screen *s)
{
    sig_atomic_t now = caught;

    caught = 0;
    for (size_t i = 0; i < GUARDED; i++) {
        if ((now & (1 << i)) == 0)
            continue;
        if (guarded[i] == SIGTSTP) {
            stop(s);
        } else if (guarded[i] == SIGCONT) {
            enter(s);
        } else if (guarded[i] != SIGWINCH) {
            s->ended_by = guarded[i];
            return SCREEN_QUIT;
        }
    }
    return now != 0 ? SCREEN_REDRAW : SCREEN_NOTHING;
}

/* ---- keys ------------------------------------------------------------------ */

static const struct {
    const char *bytes;
    enum screen_event event;
} bindings[] = {
    { "q", SCREEN_QUIT },
    { "Q", SCREEN_QUIT },
    { "\014", SCREEN_REDRAW },
    { "k", SCREEN_UP },
    { "\033[A", SCREEN_UP },
    { "\033OA", SCREEN_UP },
    { "j", SCREEN_DOWN },
    { "\033[B", SCREEN_DOWN },
    { "\033OB", SCREEN_DOWN },
    { "\r", SCREEN_DOWN },
    { "\n", SCREEN_DOWN },
    { " ", SCREEN_PAGE_DOWN },
    { "\033[6~", SCREEN_PAGE_DOWN },
    { "\006", SCREEN_PAGE_DOWN },
    { "b", SCREEN_PAGE_UP },
    { "\033[5~", SCREEN_PAGE_UP },
    { "\002", SCREEN_PAGE_UP },
    { "g", SCREEN_HOME },
    { "\033[H", SCREEN_HOME },
    { "\033OH", SCREEN_HOME },
    { "\033[1~", SCREEN_HOME },
    { "G", SCREEN_END },
    { "\033[F", SCREEN_END },
    { "\033OF", SCREEN_END },
    { "\033[4~", SCREEN_END },
};

/* The first known key among the typed bytes; others are skipped. */
static enum screen_event take_key(struct screen *s)
{
    while (s->typed_len > 0) {
        enum screen_event event = SCREEN_NOTHING;
        size_t used = 1;
        for (size_t i = 0; i < sizeof bindings / sizeof *bindings; i++) {
            size_t len = strlen(bindings[i].bytes);
            if (len <= s->typed_len && memcmp(s->typed, bindings[i].bytes, len) == 0) {
                event = bindings[i].event;
                used = len;
            }
        }
        s->typed_len -= used;
        memmove(s->typed, s->typed + used, s->typed_len);
        if (event == SCREEN_REDRAW) {
            free(s->shown);
            s->shown = NULL;
        }
        if (event != SCREEN_NOTHING)
            return event;
    }
    return SCREEN_NOTHING;
}

static enum screen_event read_keys(struct screen *s)
{
    ssize_t n = read(s->keys, s->typed, sizeof s->typed);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return SCREEN_NOTHING;
    if (n <= 0)
        return SCREEN_QUIT; /* the terminal is gone */
    s->typed_len = (size_t)n;
    return take_key(s);
}

enum screen_event screen_wait(struct screen *s, const struct pollfd *fds, size_t count, int timeout_ms)
{
    const struct timespec timeout = { .tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L };
    int max = s->keys;
    fd_set set;

    if (s->typed_len > 0)
        return take_key(s);
    FD_ZERO(&set);
    if (s->keys >= 0)
        FD_SET(s->keys, &set);
    for (size_t i = 0; i < count; i++) {
        if (fds[i].fd >= FD_SETSIZE)
            continue; /* it is polled again after the timeout */
        FD_SET(fds[i].fd, &set);
        max = fds[i].fd > max ? fds[i].fd : max;
    }
    int ready = pselect(max + 1, &set, NULL, NULL, &timeout, &s->outside);
    if (caught != 0)
        return take_signals(s);
    if (ready > 0 && s->keys >= 0 && FD_ISSET(s->keys, &set))
        return read_keys(s);
    return SCREEN_NOTHING;
}

/* ---- drawing ----------------------------------------------------------- */

void screen_size(const struct screen *s, size_t *rows, size_t *columns)
{
    struct winsize size = { 0 };

    (void)ioctl(s->fd, TIOCGWINSZ, &size);
    *rows = size.ws_row > 0 ? size.ws_row : 24;
    *columns = size.ws_col > 0 ? size.ws_col : 80;
}

void screen_draw(struct screen *s, const struct strv *lines)
{
    char *frame = mem_strdup("\033[H");
    size_t rows, columns;

    screen_size(s, &rows, &columns);
    for (size_t i = 0; i < lines->count && i < rows; i++) {
        /* Erase first: after a full line the cursor is still on its last column. */
        char *longer = mem_printf("%s%s\033[2K%s", frame, i > 0 ? "\r\n" : "", lines->items[i]);
        free(frame);
        frame = longer;
    }
    if (lines->count < rows) {
        char *longer = mem_printf("%s%s\033[J", frame, lines->count > 0 ? "\r\n" : "");
        free(frame);
        frame = longer;
    }
    if (s->shown == NULL || strcmp(s->shown, frame) != 0)
        put(s, frame);
    free(s->shown);
    s->shown = frame;
}

/* ---- beginning and end ----------------------------------------------------- */

struct screen *screen_open(struct err *e)
{
    struct screen *s = mem_alloc(sizeof *s);

    s->fd = STDOUT_FILENO;
    s->keys = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (s->keys >= 0 && (s->keys >= FD_SETSIZE || tcgetattr(s->keys, &s->modes) != 0)) {
        err_set_errno(e, ERR_FAILED, "terminal", "cannot set up /dev/tty");
        close(s->keys);
        free(s);
        return NULL;
    }
    guard(s);
    enter(s);
    return s;
}

void screen_close(struct screen *s)
{
    int number = s->ended_by;

    leave(s);
    unguard(s);
    if (s->keys >= 0)
        close(s->keys);
    if (number != 0)
        raise(number);
    sigprocmask(SIG_SETMASK, &s->outside, NULL);
    free(s->shown);
    free(s);
}
