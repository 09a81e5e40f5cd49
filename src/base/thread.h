/* thread: threads that leave signals to the thread that started them. */
#ifndef DOCKTETHER_BASE_THREAD_H
#define DOCKTETHER_BASE_THREAD_H

#include <pthread.h>

/* Starts run(arg) in a thread in which every signal is blocked, so that signals
 * reach the thread that handles them. 0, or the error number of
 * pthread_create(3). The caller joins or detaches the thread. */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

#endif
