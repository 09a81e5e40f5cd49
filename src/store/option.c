#include "store/option.h"

#include <string.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* The C type in which a profile holds the values of each type of option. */
#define C_OPTION_TEXT char *
#define C_OPTION_HOST char *
#define C_OPTION_USER char *
#define C_OPTION_SOCKET char *
#define C_OPTION_NAME char *
#define C_OPTION_AGENT char *
#define C_OPTION_BOOL bool
#define C_OPTION_INT int64_t
#define C_OPTION_DURATION int64_t
#define C_OPTION_CHOICE int64_t
#define C_OPTION_FILES struct strv
#define C_OPTION_PINS struct pins

/* Type and place of a value. It does not compile when the member is of another C type
 * than option-value.c takes it for. */
#define IN(member, type) \
    type, .offset = _Generic(((struct profile *)0)->member, C_##type : offsetof(struct profile, member))

static const char *const transports[] = { "auto", "streamlocal", "dial-stdio", NULL };

static const char *const connects[] = { "start", "demand", NULL };

static const struct option table[] = {
    { "profile", "description", IN(description, OPTION_TEXT), .fallback = "", .cosmetic = true,
      .help = "Description of the profile, for people" },
    { "profile", "protected", IN(protect, OPTION_BOOL), .fallback = "no", .cosmetic = true,
      .help = "Ask before making this the current context" },
    { "ssh", "host", IN(host, OPTION_HOST), .no_default = true, .nullable = true,
      .help = "Name or address of the remote host" },
    { "ssh", "port", IN(port, OPTION_INT), .min = 1, .max = 65535, .fallback = "22",
      .help = "Port of its SSH server" },
    { "ssh", "user", IN(user, OPTION_USER), .fallback = "", .nullable = true,
      .help = "User to log in as; the current user when empty" },
    { "ssh", "via", IN(via, OPTION_NAME), .fallback = "", .no_default = true, .nullable = true,
      .help = "Profile of the jump host (bastion) through which the host is reached" },
    { "ssh", "identity", IN(identities, OPTION_FILES), .fallback = "",
      .help = "File of a private key, absolute or ~/; may be repeated" },
    { "ssh", "identities-only", IN(identities_only, OPTION_BOOL), .fallback = "yes",
      .help = "Whether the named identities are offered alone, or before all keys of the agent" },
    { "ssh", "certificate", IN(certificates, OPTION_FILES), .fallback = "",
      .help = "File of a certificate for one of the keys, absolute or ~/; may be repeated" },
    { "ssh", "agent", IN(agent, OPTION_AGENT), .fallback = "yes",
      .help = "Whether keys of the SSH agent are used; or the path of its socket" },
    { "ssh", "pin", IN(pins, OPTION_PINS), .fallback = "", .no_default = true,
      .help = "A host key to trust, as TYPE SHA256:...; may be repeated" },
    { "ssh", "connect-timeout", IN(connect_timeout_ms, OPTION_DURATION), .min = SECOND, .max = 10 * MINUTE,
      .fallback = "10s", .help = "How long each phase of connecting may take" },
    { "ssh", "keepalive-interval", IN(keepalive_interval_ms, OPTION_DURATION), .max = HOUR, .fallback = "15s",
      .help = "Time between keepalives; 0 sends none" },
    { "ssh", "keepalive-count", IN(keepalive_count, OPTION_INT), .min = 1, .max = 100, .fallback = "3",
      .help = "Unanswered keepalives after which the connection is dead" },
    { "docker", "socket", IN(socket, OPTION_SOCKET), .fallback = PROFILE_DEFAULT_SOCKET,
      .help = "Path of the Docker socket on the remote host; auto: find it; none: jump host only" },
    { "docker", "transport", IN(transport, OPTION_CHOICE), .choices = transports, .fallback = "auto",
      .help = "How the remote socket is reached" },
    { "docker", "dial-command", IN(dial_command, OPTION_TEXT), .fallback = "", .nullable = true,
      .help = "Remote command for dial-stdio; docktether's own when empty" },
    { "docker", "context", IN(context, OPTION_BOOL), .fallback = "yes", .cosmetic = true,
      .help = "Whether a Docker context of the same name is kept" },
    { "tether", "connect", IN(connect_on, OPTION_CHOICE), .choices = connects, .fallback = "start",
      .help = "When the session is opened: at once, or at the first connection" },
    { "tether", "idle-timeout", IN(idle_timeout_ms, OPTION_DURATION), .max = 24 * HOUR, .fallback = "0",
      .help = "Time without connections after which the session is closed; 0 keeps it" },
    { "tether", "hold", IN(hold_ms, OPTION_DURATION), .max = 10 * MINUTE, .fallback = "10s",
      .help = "How long new connections wait while the session is down" },
    { "tether", "max-connections", IN(max_connections, OPTION_INT), .min = 1, .max = 10000,
      .fallback = "1000", .help = "Most local connections at once" },
    { "tether", "max-held", IN(max_held, OPTION_INT), .min = 1, .max = 10000, .fallback = "256",
      .help = "Most local connections that wait while the session is down" },
    { "tether", "spare-channels", IN(spare_channels, OPTION_INT), .min = 0, .max = 64, .fallback = "2",
      .help = "Channels opened ahead of need" },
    { "tether", "hop-linger", IN(hop_linger_ms, OPTION_DURATION), .max = 24 * HOUR, .fallback = "1m",
      .help = "How long a hop that was started for others stays up after its last stream" },
};

const struct option *option_table(size_t *count)
{
    *count = sizeof table / sizeof *table;
    return table;
}

const struct option *option_find(const char *section, const char *key)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct option *o = &table[i];
        size_t len = strlen(o->section);

        if (section != NULL && strcmp(section, o->section) != 0)
            continue;
        if (strcmp(key, o->key) == 0)
            return o;
        if (section == NULL && strncmp(key, o->section, len) == 0 && key[len] == '.' &&
            strcmp(key + len + 1, o->key) == 0)
            return o;
    }
    return NULL;
}

bool option_repeatable(const struct option *o)
{
    return o->type == OPTION_FILES || o->type == OPTION_PINS;
}
