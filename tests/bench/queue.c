/* SPDX-License-Identifier: MIT */
/*
 * Measure core/queue.h; tests/bench/python_queue.py does the same with Python's.
 *
 *   put, get     one process fills a queue and empties it: nobody waits, nobody else is there
 *   across       one process fills it, another one empties it when it is full: the caches differ
 *   ping-pong    one message there and one back between two processes, of which one always sleeps
 *   stream       one process puts while another one gets, for each message
 *   many         as stream, with four that put and four that get
 *
 * Nanoseconds, the median of several rounds.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/event.h"
#include "core/queue.h"

enum { ROUNDS = 9, ROOM = 1000, BYTES_MAX = 1 << 20, MANY = 4 };

struct board {
    struct pp_event go;
    struct pp_event done;
    uint64_t begin;
    uint64_t end;
};

static struct board *board;
static struct pp_queue *queue;
static struct pp_queue *back;
static size_t length;
static unsigned messages;

static void check(int r, const char *what)
{
    if (r != 0) {
        fprintf(stderr, "%s: %s\n", what, r < 0 ? strerror(-r) : "unexpected");
        exit(1);
    }
}

static void *share(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    check(memory == MAP_FAILED ? -1 : 0, "mmap");
    return memory;
}

static struct pp_queue *create(uint32_t room, size_t bytes)
{
    struct pp_queue *made = share(pp_queue_bytes(room, bytes));

    check(pp_queue_init(made, room, bytes), "pp_queue_init");
    return made;
}

static void put_all(void)
{
    static char message[BYTES_MAX];

    for (unsigned i = 0; i < messages; i++) {
        check(pp_queue_put(queue, message, length, -1), "pp_queue_put");
    }
}

static void get_all(void)
{
    static char message[BYTES_MAX];

    for (unsigned i = 0; i < messages; i++) {
        check(pp_queue_get(queue, message, sizeof(message), NULL, -1), "pp_queue_get");
    }
}

static pid_t start(void (*run)(void))
{
    pid_t pid = fork();

    check(pid < 0 ? -1 : 0, "fork");
    if (pid == 0) {
        run();
        _exit(0);
    }
    return pid;
}

static void join(pid_t pid)
{
    int status;

    check(waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1, "a child");
}

static double put_alone(void)
{
    uint64_t begin = pp_clock_ns();
    uint64_t end;

    put_all();
    end = pp_clock_ns();
    get_all();
    return (double)(end - begin) / messages;
}

static double get_alone(void)
{
    uint64_t begin;

    put_all();
    begin = pp_clock_ns();
    get_all();
    return (double)(pp_clock_ns() - begin) / messages;
}

static void get_all_timed(void)
{
    check(pp_event_wait(&board->go, -1), "pp_event_wait");
    board->begin = pp_clock_ns();
    get_all();
    board->end = pp_clock_ns();
}

/* Both sides' times together: a put into cells that another one read, a get of what another one
 * wrote. The first filling is not measured. */
static double across(void)
{
    pid_t pid;
    uint64_t put;

    put_alone();
    pid = start(get_all_timed);
    put = pp_clock_ns();
    put_all();
    put = pp_clock_ns() - put;
    pp_event_set(&board->go);
    join(pid);
    pp_event_clear(&board->go);
    return (double)(put + board->end - board->begin) / messages;
}

static void answer_all(void)
{
    static char message[BYTES_MAX];

    for (unsigned i = 0; i < messages; i++) {
        check(pp_queue_get(queue, message, sizeof(message), NULL, -1), "pp_queue_get");
        check(pp_queue_put(back, message, length, -1), "pp_queue_put");
    }
}

static double ping_pong(void)
{
    static char message[BYTES_MAX];
    pid_t pid = start(answer_all);
    uint64_t begin = pp_clock_ns();

    for (unsigned i = 0; i < messages; i++) {
        check(pp_queue_put(queue, message, length, -1), "pp_queue_put");
        check(pp_queue_get(back, message, sizeof(message), NULL, -1), "pp_queue_get");
    }
    begin = pp_clock_ns() - begin;
    join(pid);
    return (double)begin / messages;
}

static double stream_between(unsigned pairs)
{
    pid_t pids[2 * MANY];
    uint64_t begin = pp_clock_ns();

    for (unsigned i = 0; i < pairs; i++) {
        pids[2 * i] = start(get_all);
        pids[2 * i + 1] = start(put_all);
    }
    for (unsigned i = 0; i < 2 * pairs; i++) {
        join(pids[i]);
    }
    return (double)(pp_clock_ns() - begin) / messages / pairs;
}

static double stream(void)
{
    return stream_between(1);
}

static double many(void)
{
    return stream_between(MANY);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void measure(const char *name, double (*run)(void), unsigned count)
{
    double ns[ROUNDS];

    messages = count;
    for (int i = 0; i < ROUNDS; i++) {
        ns[i] = run();
    }
    qsort(ns, ROUNDS, sizeof(ns[0]), compare);
    printf("%-10s %8zu bytes %10.0f ns   (best %.0f)\n", name, length, ns[ROUNDS / 2], ns[0]);
    fflush(stdout);
}

int main(void)
{
    static const size_t lengths[] = {16, 1000, 1100, 4096, 65536};

    board = share(sizeof(*board));
    for (size_t i = 0; i < PP_ARRAY_LENGTH(lengths); i++) {
        length = lengths[i];
        queue = create(ROOM, length);
        back = create(ROOM, length);
        measure("put", put_alone, ROOM);
        measure("get", get_alone, ROOM);
        measure("across", across, ROOM);
        measure("ping-pong", ping_pong, 10000);
        measure("stream", stream, 50000);
        measure("many", many, 20000);
    }
    return 0;
}
