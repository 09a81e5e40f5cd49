#include "cli/docker-version.h"

#include "base/mem.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MS 2000
#define ANSWER_MAX 256

extern char **environ;

static pid_t start(int out)
{
    char *argv[] = { mem_strdup("docker"), mem_strdup("--version"), NULL };
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) != 0)
        pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    free(argv[0]);
    free(argv[1]);
    return pid;
}

/* Up to the end of the output, or of the time. */
static size_t read_answer(int fd, char *buf, size_t size)
{
    struct deadline d = deadline_in(ANSWER_MS);
    size_t len = 0;

    while (len < size) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        if (poll(&p, 1, deadline_left(d)) <= 0)
            break;
        ssize_t n = read(fd, buf + len, size - len);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    return len;
}

/* "Docker version 28.2.2, build e6534b4" */
static char *version_in(const char *answer)
{
    static const char before[] = "version ";
    const char *at = strstr(answer, before);

    if (at == NULL)
        return NULL;
    at += strlen(before);
    return mem_printf("%.*s", (int)strcspn(at, ",\n "), at);
}

char *docker_version(void)
{
    char answer[ANSWER_MAX + 1] = "";
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) != 0)
        return NULL;
    pid_t pid = start(fds[1]);
    close(fds[1]);
    if (pid > 0) {
        answer[read_answer(fds[0], answer, ANSWER_MAX)] = '\0';
        /* It has answered, or never will. */
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close(fds[0]);
    return version_in(answer);
}
