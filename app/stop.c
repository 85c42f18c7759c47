/* SPDX-License-Identifier: MIT */
/*
 * The handler only counts and wakes the loop through an eventfd. A signalfd would do the same but
 * needs the signals blocked, and a blocked signal is inherited by every program that is started.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "app/stop.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

static struct {
    int fd; /* an eventfd */
    volatile sig_atomic_t count;
    volatile sig_atomic_t signal;
    struct sigaction before[PP_ARRAY_LENGTH(signals)];
} state = {.fd = -1};

static void note(int signal)
{
    int saved = errno;
    uint64_t one = 1;

    if (state.count == 0) {
        state.signal = signal;
    }
    state.count = state.count + 1;
    if (state.count > 2) {
        _exit(128 + state.signal);
    }
    if (write(state.fd, &one, sizeof(one)) < 0) {
        /* The counter is full, so the descriptor is readable already. */
    }
    errno = saved;
}

int stop_init(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};

    state.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (state.fd < 0) {
        return -errno;
    }
    state.count = 0;
    state.signal = 0;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < PP_ARRAY_LENGTH(signals); i++) {
        sigaction(signals[i], NULL, &state.before[i]);
        /* A program that was started with a signal ignored (nohup) leaves it so. */
        if (state.before[i].sa_handler != SIG_IGN) {
            sigaction(signals[i], &action, NULL);
        }
    }
    return 0;
}

int stop_fd(void)
{
    return state.fd;
}

void stop_take(void)
{
    uint64_t count;

    if (read(state.fd, &count, sizeof(count)) < 0) {
        return;
    }
}

unsigned stop_count(void)
{
    return (unsigned)state.count;
}

int stop_signal(void)
{
    return state.signal;
}

void stop_finish(void)
{
    for (size_t i = 0; i < PP_ARRAY_LENGTH(signals); i++) {
        sigaction(signals[i], &state.before[i], NULL);
    }
    if (state.fd >= 0) {
        close(state.fd);
        state.fd = -1;
    }
}
