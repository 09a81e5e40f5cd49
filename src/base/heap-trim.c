#include "base/heap-trim.h"

#ifdef HAVE_MALLOC_TRIM
#include <malloc.h>
#endif

void heap_trim(void)
{
#ifdef HAVE_MALLOC_TRIM
    (void)malloc_trim(0);
#endif
}
