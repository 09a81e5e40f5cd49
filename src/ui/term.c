#include "ui/term.h"

#include "base/mem.h"
#include "ui/askpass.h"
#include "ui/out.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

#define TERMINAL "/dev/tty"

/* Signals that end or stop the process while echo may be off. A handler can only set a
 * variable: this is the only one in ui/ beside screen.c that is not const. */
static const int guarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
#define GUARDED (sizeof guarded / sizeof *guarded)
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

struct question {
    int fd;
    const char *prompt;
    bool echo;
    char *buf;
    size_t size;
};

struct guard {
    struct sigaction old[GUARDED];
    sigset_t outside; /* the mask as it was: signals arrive only while we wait */
    struct termios modes;
    bool changed;
};

static int guard_begin(struct guard *g, const struct question *q)
{
    struct sigaction action = { .sa_handler = on_signal };
    struct termios quiet;
    sigset_t blocked;

    if (tcgetattr(q->fd, &g->modes) != 0)
        return -1;
    sigemptyset(&action.sa_mask);
    sigemptyset(&blocked);
    for (size_t i = 0; i < GUARDED; i++)
        sigaddset(&blocked, guarded[i]);
    caught = 0;
    sigprocmask(SIG_BLOCK, &blocked, &g->outside);
    for (size_t i = 0; i < GUARDED; i++) {
        sigaction(guarded[i], NULL, &g->old[i]);
        if (g->old[i].sa_handler != SIG_IGN)
            sigaction(guarded[i], &action, NULL);
    }
    g->changed = !q->echo;
    if (q->echo)
        return 0;
    quiet = g->modes;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    /* In the background SIGTTOU stops us here, before anything is changed. */
    while (tcsetattr(q->fd, TCSAFLUSH, &quiet) != 0)
        if (errno != EINTR)
            return -1;
    return 0;
}

/* Restores the terminal, then lets the signal act. */
static void guard_end(struct guard *g, const struct question *q)
{
    int number = caught;

    while (g->changed && tcsetattr(q->fd, TCSAFLUSH, &g->modes) != 0)
        if (errno != EINTR)
            break;
    if (!q->echo || number != 0)
        (void)!write(q->fd, "\n", 1);
    for (size_t i = 0; i < GUARDED; i++)
        sigaction(guarded[i], &g->old[i], NULL);
    if (number != 0)
        raise(number);
    sigprocmask(SIG_SETMASK, &g->outside, NULL);
}

/* Waits with the guarded signals let in. 0 when there is input. */
static int wait_input(int fd, const sigset_t *mask)
{
    fd_set set;

    FD_ZERO(&set);
    FD_SET(fd, &set);
    while (pselect(fd + 1, &set, NULL, NULL, NULL, mask) < 0) {
        if (errno != EINTR || caught)
            return -1;
        FD_SET(fd, &set);
    }
    return 0;
}

/* 0 with a line in buf (the rest of a long one is dropped); 1 at the end of input; -1 on an
 * error or a signal. */
static int read_line(const struct question *q, const sigset_t *mask)
{
    size_t used = 0;

    for (;;) {
        char c;
        if (wait_input(q->fd, mask) != 0)
            return -1;
        ssize_t n = read(q->fd, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            return 1;
        if (c == '\n' || c == '\r')
            break;
        if (used + 1 < q->size)
            q->buf[used++] = c;
    }
    q->buf[used] = '\0';
    return 0;
}

/* A question that was stopped (^Z) is asked again after `fg`. */
static int ask(const struct question *q, struct err *e)
{
    for (;;) {
        struct guard g;
        int rc = -1;

        if (q->fd >= FD_SETSIZE)
            return err_set(e, ERR_FAILED, "terminal", "too many open files");
        if (guard_begin(&g, q) != 0)
            return err_set_errno(e, ERR_FAILED, "terminal", "cannot set up " TERMINAL);
        if (write(q->fd, q->prompt, strlen(q->prompt)) >= 0)
            rc = read_line(q, &g.outside);
        int saved = errno, number = caught;
        guard_end(&g, q);
        if (rc != 0)
            mem_wipe(q->buf, q->size);
        if (number == SIGTSTP)
            continue;
        if (number != 0)
            return 1;
        errno = saved;
        return rc < 0 ? err_set_errno(e, ERR_FAILED, "terminal", "cannot read from " TERMINAL) : rc;
    }
}

static int open_terminal(void)
{
    return open(TERMINAL, O_RDWR | O_CLOEXEC | O_NOCTTY);
}

bool term_interactive(void)
{
    if (!isatty(STDIN_FILENO))
        return false;
    int fd = open_terminal();
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

FILE *term_open(void)
{
    return fopen(TERMINAL, "we");
}

static int ask_terminal(const char *prompt, bool echo, char *buf, size_t size, struct err *e)
{
    int fd = open_terminal();

    if (fd < 0)
        return 1;
    int rc = ask(&(struct question){ .fd = fd, .prompt = prompt, .echo = echo, .buf = buf, .size = size }, e);
    close(fd);
    return rc;
}

int term_line(const char *prompt, char *buf, size_t size, struct err *e)
{
    int rc = ask_terminal(prompt, true, buf, size, e);

    if (rc != 0)
        return rc;
    size_t skip = strspn(buf, " \t");
    memmove(buf, buf + skip, strlen(buf + skip) + 1);
    for (size_t len = strlen(buf); len > 0 && strchr(" \t", buf[len - 1]) != NULL; len--)
        buf[len - 1] = '\0';
    return 0;
}

int term_passphrase(void *user, const char *file, int attempt, char *buf, size_t size, struct err *e)
{
    int fd = open_terminal();
    bool have_terminal = fd >= 0;
    char *shown = out_escape(file);
    char *prompt = mem_printf(
        attempt > 1 ? "Bad passphrase, try again for %s: " : "Enter passphrase for key '%s': ", shown);
    int rc;

    (void)user;
    if (have_terminal)
        close(fd);
    if (askpass_wanted(have_terminal))
        rc = askpass_run(prompt, buf, size, e);
    else
        rc = ask_terminal(prompt, false, buf, size, e);
    free(prompt);
    free(shown);
    return rc == 0 && buf[0] == '\0' ? 1 : rc;
}
