/* channels: what libssh itself needs for open channels, as the measure for what a
 * relay may cost beyond it.
 *
 *     channels PORT USER KEYFILE SOCKET COUNT
 *
 * Logs in at 127.0.0.1:PORT, opens COUNT streamlocal channels to SOCKET with no
 * code of ours on them, and prints {"rss_kb": ..., "per_channel_kb": ...}. */

#include <libssh/libssh.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double rss_kb(void)
{
    char line[200];
    double kb = 0;
    FILE *f = fopen("/proc/self/status", "r");

    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtod(line + 6, NULL);
    if (f != NULL)
        fclose(f);
    return kb;
}

static ssh_session log_in(int port, const char *user, const char *file)
{
    const bool no_config = false;
    ssh_session ssh = ssh_new();
    ssh_key key = NULL;

    if (ssh == NULL || ssh_options_set(ssh, SSH_OPTIONS_PROCESS_CONFIG, &no_config) != SSH_OK ||
        ssh_options_set(ssh, SSH_OPTIONS_HOST, "127.0.0.1") != SSH_OK ||
        ssh_options_set(ssh, SSH_OPTIONS_PORT, &port) != SSH_OK ||
        ssh_options_set(ssh, SSH_OPTIONS_USER, user) != SSH_OK ||
        ssh_options_set(ssh, SSH_OPTIONS_KNOWNHOSTS, "/dev/null") != SSH_OK ||
        ssh_options_set(ssh, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") != SSH_OK)
        return NULL;
    if (ssh_connect(ssh) != SSH_OK || ssh_pki_import_privkey_file(file, NULL, NULL, NULL, &key) != SSH_OK ||
        ssh_userauth_publickey(ssh, NULL, key) != SSH_AUTH_SUCCESS) {
        fprintf(stderr, "channels: %s\n", ssh_get_error(ssh));
        return NULL;
    }
    ssh_key_free(key);
    return ssh;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fputs("usage: channels PORT USER KEYFILE SOCKET COUNT\n", stderr);
        return 2;
    }
    int count = atoi(argv[5]);
    ssh_session ssh = log_in(atoi(argv[1]), argv[2], argv[3]);
    if (ssh == NULL || count <= 0)
        return 1;
    double before = rss_kb();
    for (int i = 0; i < count; i++) {
        ssh_channel ch = ssh_channel_new(ssh);
        if (ch == NULL || ssh_channel_open_forward_unix(ch, argv[4], "127.0.0.1", 0) != SSH_OK) {
            fprintf(stderr, "channels: %s\n", ssh_get_error(ssh));
            return 1;
        }
    }
    printf("{\"rss_kb\": %.0f, \"per_channel_kb\": %.2f}\n", before, (rss_kb() - before) / count);
    ssh_disconnect(ssh);
    ssh_free(ssh);
    return 0;
}
