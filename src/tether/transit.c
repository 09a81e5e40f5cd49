#include "tether/transit.h"

#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#ifdef __linux__
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#endif

void transit_look(int fd, struct transit *t)
{
    memset(t, 0, sizeof *t);
#ifdef __linux__
    struct tcp_info info;
    socklen_t len = sizeof info;
    int queued = 0;

    if (ioctl(fd, SIOCOUTQ, &queued) == 0 && queued > 0)
        t->queued = (uint64_t)queued;
    /* Since Linux 4.1. */
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
        len < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked)
        return;
    t->counted = true;
    t->acked = info.tcpi_bytes_acked;
    /* None are while the other end's window is closed: it only answers probes then. */
    t->in_flight = info.tcpi_unacked > 0;
    t->word_age_ms = info.tcpi_last_ack_recv;
#else
    (void)fd;
#endif
}
