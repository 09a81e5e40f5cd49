/* process: limits and descriptors of a process that becomes a tether. */
#ifndef DOCKTETHER_TETHER_PROCESS_H
#define DOCKTETHER_TETHER_PROCESS_H

#include <sys/resource.h>

/* Closes all descriptors from 3 on but that one. */
void process_close_inherited(int keep);

/* Private files, no SIGPIPE nor SIGXFSZ, as many descriptors as may be had. */
void process_harden(void);

/* No core file while there are keys in memory: it would hold them. Returns the
 * limit that was there before. */
struct rlimit process_forbid_core(void);

#endif
