#include "base/dirlock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "scratch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

/* file */

static int read_text(const char *path, enum file_trust trust, size_t max, char **text, struct err *e)
{
    size_t len = 99;
    int rc = file_read(path, trust, max, text, &len, e);

    if (rc == 0)
        assert_int_equal(len, strlen(*text));
    return rc;
}

/* Reading fails with these words. */
static void unreadable(const char *path, enum file_trust trust, const char *words)
{
    struct err e = ERR_INIT;
    char *text = NULL;
    size_t len;

    assert_int_equal(file_read(path, trust, 100, &text, &len, &e), -1);
    assert_int_equal(e.code, ERR_FAILED);
    assert_null(text);
    if (strstr(e.msg, words) == NULL)
        fail_msg("no \"%s\" in \"%s\"", words, e.msg);
}

static void test_read(void **state)
{
    char *path = scratch_path(state, "f"), *below = scratch_path(state, "f/g"), *text = NULL;
    struct err e = ERR_INIT;
    char big[9001];

    assert_int_equal(read_text(path, FILE_ANY, 100, &text, &e), 1);
    assert_int_equal(e.code, ERR_NONE);
    scratch_write(path, "", 0600);
    assert_int_equal(read_text(path, FILE_ANY, 0, &text, &e), 0);
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(read_text(below, FILE_ANY, 100, &text, &e), 1); /* f is no directory */

    /* Larger than the first buffer, exactly at and over the limit. */
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    scratch_write(path, big, 0600);
    assert_int_equal(read_text(path, FILE_ANY, 9000, &text, &e), 0);
    assert_string_equal(text, big);
    free(text);
    text = NULL;
    assert_int_equal(read_text(path, FILE_ANY, 8999, &text, &e), -1);
    assert_non_null(strstr(e.msg, "larger than 8999"));

    /* Around the size of that buffer, where the terminator must still fit. */
    for (size_t len = 4090; len < 4100; len++) {
        big[len] = '\0';
        scratch_write(path, big, 0600);
        assert_int_equal(read_text(path, FILE_ANY, 9000, &text, &e), 0);
        assert_int_equal(strlen(text), len);
        free(text);
        big[len] = 'x';
    }
    text = NULL;

    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, "a\0b", 3), 3);
    close(fd);
    unreadable(path, FILE_ANY, "NUL");
    fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, "a\0", 2), 2); /* at the very end */
    close(fd);
    unreadable(path, FILE_ANY, "NUL");
    unreadable(*state, FILE_ANY, "not a regular file");
    unreadable("/dev/null", FILE_ANY, "not a regular file");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(10); /* a fifo without a writer must not hold us */
    unreadable(path, FILE_ANY, "not a regular file");
    alarm(0);
    free(path);
    free(below);
}

/* What a writer of these bytes leaves in a pipe, read with room for max. */
static int read_pipe(const char *bytes, size_t len, size_t max, bool closed, char **text, struct err *e)
{
    int fds[2];
    size_t got = 99;

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], bytes, len), len);
    if (closed)
        close(fds[1]);
    int rc = file_read_fd(fds[0], "the pipe", max, 50, text, &got, e);
    if (rc == 0)
        assert_int_equal(got, strlen(*text));
    if (!closed)
        close(fds[1]);
    close(fds[0]);
    return rc;
}

static void test_read_fd(void **state)
{
    char *text = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(read_pipe("abc", 3, 3, true, &text, &e), 0);
    assert_string_equal(text, "abc");
    free(text);
    assert_int_equal(read_pipe("", 0, 3, true, &text, &e), 0);
    assert_string_equal(text, "");
    free(text);
    text = NULL;
    assert_int_equal(read_pipe("abcd", 4, 3, true, &text, &e), -1);
    assert_non_null(strstr(e.msg, "larger than 3"));
    assert_int_equal(read_pipe("a\0b", 3, 3, true, &text, &e), -1);
    assert_non_null(strstr(e.msg, "NUL"));
    assert_int_equal(read_pipe("abc", 3, 3, false, &text, &e), -1);
    assert_non_null(strstr(e.msg, "its end did not come"));
    assert_null(text);
    assert_int_equal(file_read_fd(-1, "nothing", 3, 50, &text, &(size_t){ 0 }, &e), -1);
}

static void test_read_private(void **state)
{
    char *path = scratch_path(state, "f"), *link = scratch_path(state, "link"), *text;

    scratch_write(path, "x", 0644);
    assert_int_equal(read_text(path, FILE_PRIVATE, 9, &text, NULL), 0);
    free(text);
    chmod(path, 0664);
    unreadable(path, FILE_PRIVATE, "written by others");
    assert_int_equal(read_text(path, FILE_ANY, 9, &text, NULL), 0);
    free(text);
    chmod(path, 0606);
    unreadable(path, FILE_PRIVATE, "written by others");
    assert_int_equal(symlink("f", link), 0);
    unreadable(link, FILE_PRIVATE, "written by others"); /* the file counts, not the link's 0777 */
    chmod(path, 0600);
    assert_int_equal(read_text(link, FILE_PRIVATE, 9, &text, NULL), 0);
    free(text);
    if (geteuid() == 0) {
        assert_int_equal(lchown(link, 65534, 65534), 0);
        unreadable(link, FILE_PRIVATE, "symbolic link of another user");
        assert_int_equal(lchown(link, 0, 0), 0);
        assert_int_equal(chown(path, 65534, 65534), 0);
        unreadable(link, FILE_PRIVATE, "belongs to another user");
        unreadable(path, FILE_PRIVATE, "belongs to another user");
    }
    unlink(path);
    assert_int_equal(read_text(link, FILE_PRIVATE, 9, &text, NULL), 1); /* it leads nowhere */
    free(path);
    free(link);
}

static void holds(const char *path, const char *want)
{
    char *text = NULL;

    assert_int_equal(read_text(path, FILE_ANY, 1000, &text, NULL), 0);
    assert_string_equal(text, want);
    free(text);
}

static void test_write(void **state)
{
    char *path = scratch_path(state, "f"), *target = scratch_path(state, "target");
    char *nowhere = scratch_path(state, "no/f");
    struct err e = ERR_INIT;

    umask(077);
    assert_int_equal(file_write(path, "one", 3, 0644, false, &e), 0);
    assert_int_equal(scratch_mode(path), 0644); /* exact, whatever the umask */
    holds(path, "one");
    errno = 0;
    assert_int_equal(file_write(path, "two", 3, 0600, false, &e), -1);
    assert_int_equal(errno, EEXIST);
    holds(path, "one");
    umask(0);
    assert_int_equal(file_write(path, "three", 5, 0600, true, &e), 0);
    assert_int_equal(scratch_mode(path), 0600);
    holds(path, "three");
    assert_int_equal(scratch_entries(*state), 1); /* no temporary file, written or refused */

    /* A link is replaced, its target left alone; without replace it stays. */
    assert_int_equal(rename(path, target), 0);
    assert_int_equal(symlink("target", path), 0);
    assert_int_equal(file_write(path, "four", 4, 0600, false, &e), -1);
    assert_int_equal(file_write(path, "four", 4, 0600, true, &e), 0);
    holds(target, "three");
    holds(path, "four");
    unlink(path);
    assert_int_equal(symlink("dangling", path), 0);
    assert_int_equal(file_write(path, "five", 4, 0600, false, &e), -1);
    assert_int_equal(scratch_entries(*state), 2);

    /* Failures leave nothing behind either. */
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(file_write(path, "x", 1, 0600, true, &e), -1);
    assert_int_equal(scratch_entries(*state), 2);
    assert_int_equal(file_write(nowhere, "x", 1, 0600, true, &e), -1);
    assert_int_equal(e.code, ERR_FAILED);

    assert_int_equal(chdir(*state), 0);
    assert_int_equal(file_write("relative", "", 0, 0600, true, &e), 0);
    holds("relative", "");
    assert_int_equal(chdir("/"), 0);
    free(path);
    free(target);
    free(nowhere);
}

static void test_mkdir(void **state)
{
    char *deep = scratch_path(state, "a/b/c"), *parent = scratch_path(state, "a/b"),
         *link = scratch_path(state, "l");
    char *file = scratch_path(state, "f"), *below = scratch_path(state, "f/d");
    struct err e = ERR_INIT;

    assert_int_equal(file_check_dir(deep, &e), 1);
    assert_int_equal(file_mkdir_private(deep, &e), 0);
    assert_int_equal(scratch_mode(deep), 0700);
    assert_int_equal(scratch_mode(parent), 0755);
    assert_int_equal(file_mkdir_private(deep, &e), 0); /* again */
    chmod(deep, 0755);
    assert_int_equal(file_check_dir(deep, &e), 0);
    assert_int_equal(scratch_mode(deep), 0755); /* only looked at */
    assert_int_equal(file_mkdir_private(deep, &e), 0);
    assert_int_equal(scratch_mode(deep), 0700);
    for (int i = 0; i < 2; i++) {
        chmod(deep, i == 0 ? 0720 : 0702);
        assert_int_equal(file_mkdir_private(deep, &e), -1);
        assert_non_null(strstr(e.msg, "written by others"));
        assert_int_equal(file_check_dir(deep, &e), -1);
        assert_int_equal(scratch_mode(deep), i == 0 ? 0720 : 0702); /* not hidden by repairing it */
    }
    chmod(deep, 0700);
    assert_int_equal(symlink("a/b/c", link), 0);
    assert_int_equal(file_mkdir_private(link, &e), -1);
    assert_non_null(strstr(e.msg, "symbolic link"));
    assert_int_equal(file_check_dir(link, &e), -1);

    scratch_write(file, "", 0600);
    assert_int_equal(file_mkdir_private(file, &e), -1);
    assert_int_equal(file_mkdirs(file, 0700, &e), -1);
    assert_int_equal(file_mkdirs(below, 0700, &e), -1);
    assert_int_equal(file_check_dir(below, &e), 1);
    assert_int_equal(file_mkdirs("", 0700, &e), -1);
    if (geteuid() == 0) {
        assert_int_equal(chown(deep, 65534, 65534), 0);
        assert_int_equal(file_mkdir_private(deep, &e), -1);
        assert_non_null(strstr(e.msg, "another user"));
    }
    free(deep);
    free(parent);
    free(link);
    free(file);
    free(below);
}

/* log: it takes over standard error, so each test runs in a child */

static void in_child(void (*body)(const char *dir), const char *dir)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        body(dir);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static off_t size_of(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 ? st.st_size : -1;
}

static void write_lines(const char *dir)
{
    char *path = mem_printf("%s/p1.log", dir), big[3000];
    struct log *log = log_new("p1", LOG_INFO);
    struct err e = ERR_INIT;

    if (log_to_file(log, path, &e) != 0)
        _exit(10);
    log_info(log, "a%s\nb", "\x1b[31m");
    log_debug(log, "not shown");
    log_info(NULL, "nowhere");
    err_set(&e, ERR_AUTH, "authentication", "refused");
    err_hint(&e, "try %s", "this");
    log_err(log, LOG_WARN, &e);
    memset(big, '\x02', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    log_error(log, "%s", big);
    if (write(STDERR_FILENO, "library\n", 8) != 8)
        _exit(11);
    log_free(log);
    log_free(NULL);
    free(path);
}

static void test_log(void **state)
{
    char *path = scratch_path(state, "p1.log"), *text = NULL, *line, *rest = NULL;
    static const char *const ends[] = { "Z info p1: a\\x1b[31m\\x0ab", "Z warn p1: authentication: refused",
                                        "Z warn p1: hint: try this" };

    umask(0);
    in_child(write_lines, *state);
    assert_int_equal(scratch_mode(path), 0600);
    assert_int_equal(read_text(path, FILE_ANY, 10000, &text, NULL), 0);
    line = strtok_r(text, "\n", &rest);
    for (size_t i = 0; i < 3; i++, line = strtok_r(NULL, "\n", &rest)) {
        assert_non_null(line);
        assert_string_equal(line + strlen("2026-11-22T03:38:08"), ends[i]);
    }
    assert_true(line != NULL && strlen(line) < 1600 && err_printable(line));
    assert_string_equal(strtok_r(NULL, "\n", &rest), "library"); /* on a line of its own */
    assert_null(strtok_r(NULL, "\n", &rest));
    free(text);
    free(path);
}

/* Twice the bound and more, half of it from somebody who knows no bound. */
static void write_much(const char *dir)
{
    char *path = mem_printf("%s/p1.log", dir), *old = mem_printf("%s/p1.log.1", dir), filler[1000];
    struct log *log = log_new("p1", LOG_INFO);

    if (log_to_file(log, path, NULL) != 0)
        _exit(10);
    memset(filler, 'x', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    for (int i = 0; i < 2000; i++) {
        log_info(log, "%s", filler);
        if (write(STDERR_FILENO, filler, 500) != 500)
            _exit(11);
        if (size_of(path) > LOG_FILE_MAX + 500 || size_of(old) > LOG_FILE_MAX + 500)
            _exit(12);
    }
    log_info(log, "the end");
    log_free(log);
    free(path);
    free(old);
}

static void test_log_rotation(void **state)
{
    char *path = scratch_path(state, "p1.log"), *old = scratch_path(state, "p1.log.1"), *text;
    size_t len;

    scratch_write(path, "from before\n", 0644);
    in_child(write_much, *state);
    assert_int_equal(scratch_entries(*state), 2);
    assert_true(size_of(path) > 0 && size_of(old) > LOG_FILE_MAX / 2);
    assert_int_equal(scratch_mode(path), 0600);
    assert_int_equal(scratch_mode(old), 0600);
    /* The last line is in the new file, and the old one was begun at a line. */
    assert_int_equal(file_read(path, FILE_ANY, 2 * LOG_FILE_MAX, &text, &len, NULL), 0);
    assert_string_equal(text + len - strlen("the end\n"), "the end\n");
    free(text);
    free(path);
    free(old);
}

/* Where the old file cannot be moved, the bound holds all the same. */
static void test_log_stuck(void **state)
{
    char *old = scratch_path(state, "p1.log.1"), *kept = scratch_path(state, "p1.log.1/x");

    assert_int_equal(mkdir(old, 0700), 0);
    scratch_write(kept, "", 0600);
    unlink(kept);
    assert_int_equal(mkdir(kept, 0700), 0);
    in_child(write_much, *state);
    free(old);
    free(kept);
}

static void open_odd(const char *dir)
{
    char *link = mem_printf("%s/link", dir), *fifo = mem_printf("%s/fifo", dir),
         *none = mem_printf("%s/no/x", dir);
    struct log *log = log_new("p1", LOG_INFO);

    if (symlink("/dev/null", link) != 0 || mkfifo(fifo, 0600) != 0)
        _exit(10);
    alarm(10);
    if (log_to_file(log, link, NULL) != -1 || log_to_file(log, fifo, NULL) != -1 ||
        log_to_file(log, none, NULL) != -1 || log_to_file(log, dir, NULL) != -1)
        _exit(11);
    log_free(log);
    free(link);
    free(fifo);
    free(none);
}

static void test_log_odd(void **state)
{
    in_child(open_odd, *state);
}

static bool never(void *user)
{
    ++*(int *)user;
    return false;
}

static void test_write_as(void **state)
{
    char *path = scratch_path(state, "f");
    struct err e = ERR_INIT;
    int asked = 0;
    const struct file_writing kept = { .mode = 0600, .replace = true, .keep_access = true }, unwanted = {
        .mode = 0600, .replace = true, .still_wanted = never, .user = &asked
    };

    umask(0777);
    assert_int_equal(file_write_as(path, "new", 3, &kept, &e), 0);
    umask(022);
    assert_int_equal(scratch_mode(path), 0600);
    chmod(path, 0640);
    assert_int_equal(file_write_as(path, "old", 3, &kept, &e), 0);
    assert_int_equal(scratch_mode(path), 0640);
    assert_int_equal(file_write_as(path, "x", 1, &unwanted, &e), 1);
    assert_int_equal(asked, 1);
    assert_int_equal(scratch_entries(*state), 1);
    free(path);
}

/* As after `sudo -E docktether up`. The command of the hint mends it. */
static void test_made_by_root(void **state)
{
    char *dir = scratch_path(state, "run"), *inner = scratch_path(state, "run/x");
    struct err e = ERR_INIT, under = ERR_INIT;

    if (geteuid() != 0) {
        free(dir);
        free(inner);
        skip();
    }
    assert_int_equal(file_mkdir_private(dir, NULL), 0);
    assert_int_equal(chown(*state, 65534, 65534), 0);
    assert_int_equal(seteuid(65534), 0);
    int rc = file_mkdir_private(dir, &e), below = file_mkdirs(inner, 0700, &under);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(rc, -1);
    assert_non_null(strstr(e.msg, "belongs to another user (uid 0)"));
    assert_non_null(strstr(e.hint, "sudo chown -R \"$(id -u):$(id -g)\" '"));
    assert_non_null(strstr(e.hint, dir));
    assert_int_equal(below, -1);
    assert_non_null(strstr(under.msg, "Permission denied"));
    assert_string_equal(under.fix, e.fix);
    char *command = mem_printf("sudo() { \"$@\"; }; id() { echo 65534; }; %s", e.fix);
    assert_int_equal(system(command), 0);
    assert_int_equal(seteuid(65534), 0);
    rc = file_mkdir_private(dir, &e);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(rc, 0);
    free(command);
    free(inner);
    free(dir);
}

/* A reader of standard error that does not read stops nobody. */
static void log_unread(const char *dir)
{
    struct log *log = log_new("prod", LOG_INFO);
    char text[200 * 1024];
    int ends[2];

    (void)dir;
    alarm(20);
    if (pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0)
        _exit(10);
    for (int i = 0; i < 5000; i++)
        log_info(log, "line %d", i);
    if (read(ends[0], text, sizeof text) <= 0)
        _exit(11);
    log_info(log, "read again");
    ssize_t n = read(ends[0], text, sizeof text - 1);
    if (n <= 0)
        _exit(12);
    text[n] = '\0';
    if (strstr(text, "lines were lost") == NULL || strstr(text, "read again\n") == NULL)
        _exit(13);
    log_free(log);
}

static void test_log_unread(void **state)
{
    in_child(log_unread, *state);
}

static void write_too_much(const char *dir)
{
    const struct rlimit small = { 100, 100 };
    char *path = mem_printf("%s/f", dir), text[200] = "";
    struct err e = ERR_INIT;

    memset(text, 'x', sizeof text - 1);
    if (setrlimit(RLIMIT_FSIZE, &small) != 0 || file_write(path, text, sizeof text, 0600, true, &e) != -1)
        _exit(10);
    if (errno != EFBIG || strstr(e.msg, "File too large") == NULL || scratch_entries(dir) != 0)
        _exit(11);
    if (file_write(path, text, 100, 0600, true, &e) != 0)
        _exit(12);
    free(path);
}

static void test_write_limit(void **state)
{
    in_child(write_too_much, *state);
}

static void test_dirlock(void **state)
{
    struct err e = ERR_INIT;
    char *none = scratch_path(state, "none");
    int first, second;

    assert_int_equal(dirlock_take(none, 0, &first, &e), 1);
    assert_int_equal(first, -1);
    assert_int_equal(dirlock_take(*state, 0, &first, &e), 0);
    assert_int_equal(dirlock_take(*state, 30, &second, &e), -1);
    assert_int_equal(second, -1);
    assert_non_null(strstr(e.msg, "other docktether commands"));
    dirlock_release(second);
    dirlock_release(first);
    assert_int_equal(dirlock_take(*state, 0, &first, &e), 0);
    dirlock_release(first);
    free(none);
}

#define IN_SCRATCH(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_read),         IN_SCRATCH(test_read_fd),     IN_SCRATCH(test_read_private),
        IN_SCRATCH(test_write),        IN_SCRATCH(test_mkdir),       IN_SCRATCH(test_log),
        IN_SCRATCH(test_log_rotation), IN_SCRATCH(test_log_stuck),   IN_SCRATCH(test_log_odd),
        IN_SCRATCH(test_write_as),     IN_SCRATCH(test_write_limit), IN_SCRATCH(test_dirlock),
        IN_SCRATCH(test_made_by_root), IN_SCRATCH(test_log_unread),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
