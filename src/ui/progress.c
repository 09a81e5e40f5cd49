#include "ui/progress.h"

#include "base/mem.h"
#include "base/thread.h"
#include "base/time.h"
#include "ui/out.h"
#include "ui/style.h"
#include "ui/width.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 1000
#define LOG_PATIENCE_MS 5000
#define ERASE "\r\033[K"

struct progress {
    pthread_mutex_t lock;
    pthread_cond_t news;
    pthread_t thread;
    bool running;
    char *profile;
    char *text;
    bool changed, urgent, over;
    bool in_place; /* on a terminal */
    bool shown;
    int64_t began_ms;
};

static const struct {
    const char *what, *format;
} words[] = {
    { "turn", "a login slot at %s" },
    { "hop", "the hop %s" },
    { "name", "the address of %s" },
    { "TCP", "%s to answer" },
    { "SSH", "the SSH server at %s" },
    { "login", "the login at %s" },
    { "agent", "the SSH agent%s; it may need a touch or a confirmation" },
    { "socket", "the Docker socket of %s" },
    { "tether", "the tether%s" },
};

char *progress_text(const char *what, const char *whom)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].what, what) != 0)
            continue;
        const char *gap = strstr(words[i].format, "%s");
        return mem_printf("%.*s%s%s", (int)(gap - words[i].format), words[i].format, whom, gap + 2);
    }
    /* A newer tether may send a word that is not in the table. */
    return mem_printf("%s%s%s", what, *whom != '\0' ? " " : "", whom);
}

/* ---- showing it ------------------------------------------------------------ */

static size_t columns(void)
{
    struct winsize size = { 0 };

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void show(struct progress *p)
{
    char *line = mem_printf("%s%s%swaiting for %s", p->in_place ? "" : "docktether: ", p->profile,
                            *p->profile != '\0' ? ": " : "", p->text);
    char *safe = out_escape(line);
    /* The last column stays free: some terminals wrap there. */
    char *cut = p->in_place ? width_cut(safe, columns() - 1) : mem_strdup(safe);
    char *whole = mem_printf("%s%s%s", p->in_place ? ERASE : "", cut, p->in_place ? "" : "\n");

    (void)!write(STDERR_FILENO, whole, strlen(whole));
    free(whole);
    free(cut);
    free(safe);
    free(line);
    p->shown = true;
    p->changed = false;
}

/* Milliseconds until there is something to show; -1: nothing until a change. */
static int64_t due_ms(const struct progress *p)
{
    int64_t patience = p->urgent ? 0 : p->in_place ? PATIENCE_MS : LOG_PATIENCE_MS;
    int64_t left = p->began_ms + patience - time_mono_ms();

    if (!p->changed || (p->shown && !p->in_place && !p->urgent))
        return -1;
    return left > 0 ? left : 0;
}

static void wait_ms(struct progress *p, int64_t ms)
{
    struct timespec until;

    if (ms < 0) {
        pthread_cond_wait(&p->news, &p->lock);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&p->news, &p->lock, &until);
}

static void *run(void *user)
{
    struct progress *p = user;

    pthread_mutex_lock(&p->lock);
    while (!p->over) {
        int64_t due = due_ms(p);
        if (due != 0) {
            wait_ms(p, due);
            continue;
        }
        show(p);
        p->urgent = false;
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- telling it ------------------------------------------------------------ */

struct progress *progress_new(const char *profile)
{
    struct progress *p = mem_alloc(sizeof *p);

    p->profile = mem_strdup(profile != NULL ? profile : "");
    p->in_place = style_capable(STDERR_FILENO);
    p->began_ms = time_mono_ms();
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->news, NULL);
    p->running = thread_start(&p->thread, run, p) == 0;
    return p;
}

static void set(struct progress *p, char *text, bool urgent)
{
    pthread_mutex_lock(&p->lock);
    p->changed = p->changed || p->text == NULL || strcmp(p->text, text) != 0;
    p->urgent = urgent && p->changed;
    free(p->text);
    p->text = text;
    pthread_cond_signal(&p->news);
    pthread_mutex_unlock(&p->lock);
}

void progress_note(struct progress *p, const char *what, const char *whom)
{
    /* The agent may wait for a touch: the user has to know at once. */
    set(p, progress_text(what, whom), strcmp(what, "agent") == 0);
}

void progress_say(struct progress *p, const char *text)
{
    set(p, mem_strdup(text), false);
}

void progress_hide(struct progress *p)
{
    pthread_mutex_lock(&p->lock);
    if (p->shown && p->in_place)
        (void)!write(STDERR_FILENO, ERASE, strlen(ERASE));
    p->shown = p->shown && !p->in_place;
    p->changed = false;
    pthread_mutex_unlock(&p->lock);
}

void progress_free(struct progress *p)
{
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->over = true;
    pthread_cond_signal(&p->news);
    pthread_mutex_unlock(&p->lock);
    if (p->running)
        pthread_join(p->thread, NULL);
    if (p->shown && p->in_place)
        (void)!write(STDERR_FILENO, ERASE, strlen(ERASE));
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->news);
    free(p->text);
    free(p->profile);
    free(p);
}
