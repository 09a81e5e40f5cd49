/* heap-trim: memory that was freed, given back to the system. */
#ifndef DOCKTETHER_BASE_HEAP_TRIM_H
#define DOCKTETHER_BASE_HEAP_TRIM_H

/* The allocator keeps what is freed in between other blocks. Takes milliseconds
 * where there is much of it: for the end of something large. */
void heap_trim(void);

#endif
