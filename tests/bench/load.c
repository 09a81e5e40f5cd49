/* load: clients of an HTTP socket, for the bench and the counters. See usage(). */

#include "load.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void usage(FILE *out)
{
    fputs("usage: load ping  --to ADDRESS [-n COUNT] [-c WIDTH] [--path /_ping] [--gap MS] [--keep]\n"
          "                  [--together] [--until FILE] [--deadline S]\n"
          "       load down  --to ADDRESS --bytes N\n"
          "       load up    --to ADDRESS --bytes N\n"
          "       load idle  --to ADDRESS -n COUNT\n"
          "       load spawn -n COUNT -- COMMAND...\n"
          "\n"
          "ADDRESS is /PATH of a unix socket or HOST:PORT. Every ping is a connection of its own\n"
          "unless --keep is given; WIDTH go on at once; with --together all of them are connected\n"
          "before the first asks. idle says \"ready\" and holds COUNT connections until its input\n"
          "ends. The answer is one JSON object; the exit status is 1 when anything failed.\n",
          out);
}

static int compare(const void *a, const void *b)
{
    int64_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static double percentile(const int64_t *sorted, size_t n, size_t percent)
{
    size_t at = (n * percent + 99) / 100;

    return n == 0 ? 0 : (double)sorted[at > 0 ? at - 1 : 0] / 1e6;
}

void report(size_t count, size_t failures, const char *why, int64_t wall_ns, int64_t *times, size_t good)
{
    qsort(times, good, sizeof *times, compare);
    printf("{\"count\": %zu, \"failures\": %zu, ", count, failures);
    if (why != NULL) {
        fputs("\"first_failure\": \"", stdout);
        for (const char *c = why; *c != '\0'; c++)
            putchar((unsigned char)*c < ' ' || *c == '"' || *c == '\\' ? ' ' : *c);
        fputs("\", ", stdout);
    }
    printf("\"wall_ms\": %.3f, \"ms\": {\"min\": %.3f, \"p50\": %.3f, \"p90\": %.3f, \"p99\": %.3f, "
           "\"max\": %.3f}}\n",
           (double)wall_ns / 1e6, percentile(times, good, 0), percentile(times, good, 50),
           percentile(times, good, 90), percentile(times, good, 99), percentile(times, good, 100));
}

/* A positive whole number, or the end with a message. */
static uint64_t number(const char *text)
{
    char *end = NULL;
    unsigned long long n = strtoull(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0') {
        fprintf(stderr, "load: %s is no number\n", text);
        exit(2);
    }
    return n;
}

static void parse(struct load *l, int argc, char **argv)
{
    enum { TO = 256, PATH, GAP, KEEP, TOGETHER, UNTIL, DEADLINE, BYTES };
    static const struct option options[] = {
        { "to", required_argument, NULL, TO },
        { "path", required_argument, NULL, PATH },
        { "gap", required_argument, NULL, GAP },
        { "keep", no_argument, NULL, KEEP },
        { "together", no_argument, NULL, TOGETHER },
        { "until", required_argument, NULL, UNTIL },
        { "bytes", required_argument, NULL, BYTES },
        { "deadline", required_argument, NULL, DEADLINE },
        { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "+n:c:", options, NULL)) != -1) {
        switch (c) {
        case TO:
            if (!address_parse(&l->to, optarg))
                exit(2);
            break;
        case PATH:
            l->path = optarg;
            break;
        case GAP:
            l->gap_ns = (int64_t)number(optarg) * 1000000;
            break;
        case DEADLINE:
            l->deadline_ns = (int64_t)number(optarg) * 1000000000;
            break;
        case KEEP:
            l->keep = true;
            break;
        case TOGETHER:
            l->together = true;
            break;
        case UNTIL:
            l->until = optarg;
            break;
        case BYTES:
            l->bytes = number(optarg);
            break;
        case 'n':
            l->count = (size_t)number(optarg);
            break;
        case 'c':
            l->width = (size_t)number(optarg);
            break;
        default:
            usage(stderr);
            exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    struct load l = { .path = "/_ping", .count = 1, .width = 1, .deadline_ns = 60000000000 };

    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        usage(argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    parse(&l, argc - 1, argv + 1);
    raise_descriptors();
    if (l.together)
        l.width = l.count;
    if (l.count == 0 || l.count > 1000000 || l.width == 0) {
        fputs("load: a count must be between 1 and 1000000\n", stderr);
        return 2;
    }
    if (strcmp(argv[1], "spawn") == 0 && argv[1 + optind] != NULL)
        return load_spawn(&l, argv + 1 + optind);
    if (l.to.len > 0 && argv[1 + optind] == NULL) {
        if (strcmp(argv[1], "ping") == 0)
            return load_ping(&l);
        if (strcmp(argv[1], "down") == 0)
            return load_down(&l);
        if (strcmp(argv[1], "up") == 0)
            return load_up(&l);
        if (strcmp(argv[1], "idle") == 0)
            return load_idle(&l);
    }
    usage(stderr);
    return 2;
}
