/* SPDX-License-Identifier: MIT */
/*
 * The file is an array of events, whose end may be missing: what a host that was killed had written
 * is drawn all the same.
 *
 * A track is a place for a worker, not the process in it, so that a pool of four has four tracks
 * however many of its workers die; the marks on it say which worker comes and goes. In the format's
 * words a pool is a process and a place is a thread of it.
 *
 * A bar is written when its run has ended. Where it begins is what the worker says, since of many
 * answers that are read together the host knows only that they came; but bars of one track never
 * overlap and never lie in the future, whatever it says.
 *
 * Time is that of pp_clock_ns() in microseconds. It is put together from whole numbers: a locale
 * with a decimal comma has no say in it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/builtin.h"
#include "core/chunk.h"
#include "core/clock.h"
#include "core/exit_cause.h"
#include "core/trace_file.h"
#include "core/trace_private.h"

struct pp_trace {
    struct pp_trace_file file;
    uint32_t pools; /* that ever were in it */
    bool begun;     /* an event was written */
};

struct track {
    uint64_t free_ns; /* where its last bar ends */
    uint32_t gone;    /* number of the worker that last died in this place; 0: none */
};

struct pp_trace_pool {
    struct pp_trace *trace;
    uint32_t number; /* its "pid" */
    uint32_t track_count;
    struct track tracks[];
};

int pp_trace_create(struct pp_trace **ret_trace, int fd)
{
    struct pp_trace *trace = calloc(1, sizeof(*trace));
    int r;

    if (trace == NULL) {
        return -ENOMEM;
    }
    r = pp_trace_file_open(&trace->file, fd);
    if (r != 0) {
        free(trace);
        return r;
    }
    *ret_trace = trace;
    return 0;
}

int pp_trace_destroy(struct pp_trace *trace)
{
    int r;

    if (trace == NULL) {
        return 0;
    }
    pp_trace_file_print(&trace->file, trace->begun ? "\n]\n" : "[]\n");
    r = pp_trace_file_close(&trace->file);
    free(trace);
    return r;
}

/* The fields that all events have; what follows begins with a comma, and ends with end_event(). */
static struct pp_trace_file *begin_event(const struct pp_trace_pool *pool, const char *kind,
                                         uint32_t track, const char *name)
{
    struct pp_trace_file *file = &pool->trace->file;

    pp_trace_file_print(file, "%s{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u,\"name\":",
                        pool->trace->begun ? ",\n" : "[\n", kind, pool->number, track);
    pool->trace->begun = true;
    pp_trace_file_string(file, name);
    return file;
}

static void end_event(struct pp_trace_file *file)
{
    pp_trace_file_print(file, "}");
}

static void put_time(struct pp_trace_file *file, const char *field, uint64_t ns)
{
    pp_trace_file_print(file, ",\"%s\":%llu.%03u", field, (unsigned long long)(ns / 1000),
                        (unsigned)(ns % 1000));
}

static void put_text(struct pp_trace_file *file, const char *field, const char *text)
{
    pp_trace_file_print(file, ",\"%s\":", field);
    pp_trace_file_string(file, text);
}

/* Metadata: what is drawn beside the pool (track 0) or beside one of its tracks. */
static void name_track(const struct pp_trace_pool *pool, const char *what, uint32_t track,
                       const char *text, uint32_t number)
{
    struct pp_trace_file *file = begin_event(pool, "M", track, what);

    pp_trace_file_print(file, ",\"args\":{\"name\":\"%s %u\"}", text, number);
    end_event(file);
}

int pp_trace_open_pool(struct pp_pool *pool, struct pp_trace *trace)
{
    struct pp_trace_pool *opened;

    if (trace == NULL) {
        return 0;
    }
    opened = calloc(1, sizeof(*opened) + pool->worker_count * sizeof(opened->tracks[0]));
    if (opened == NULL) {
        return -ENOMEM;
    }
    opened->trace = trace;
    opened->number = ++trace->pools;
    opened->track_count = pool->worker_count;
    name_track(opened, "process_name", 0, "pool", opened->number);
    for (uint32_t i = 0; i < opened->track_count; i++) {
        name_track(opened, "thread_name", i + 1, "worker", i + 1);
    }
    pool->trace = opened;
    return 0;
}

void pp_trace_close_pool(struct pp_pool *pool)
{
    free(pool->trace);
    pool->trace = NULL;
}

/* A mark on the track of place @index; like begin_event(), and its args are begun. */
static struct pp_trace_file *begin_mark(const struct pp_pool *pool, uint32_t index,
                                        const char *name)
{
    struct pp_trace_file *file = begin_event(pool->trace, "i", index + 1, name);

    put_time(file, "ts", pp_clock_ns());
    pp_trace_file_print(file, ",\"s\":\"t\",\"cat\":\"worker\",\"args\":{\"worker\":%u",
                        pool->workers[index].number);
    return file;
}

static void end_mark(struct pp_trace_file *file)
{
    pp_trace_file_print(file, "}");
    end_event(file);
}

void pp_trace_worker_started(struct pp_pool *pool, uint32_t index)
{
    struct pp_trace_file *file;
    struct track *track;

    if (pool->trace == NULL) {
        return;
    }
    track = &pool->trace->tracks[index];
    file = begin_mark(pool, index, track->gone == 0 ? "start" : "replacement");
    if (track->gone != 0) {
        pp_trace_file_print(file, ",\"replaces\":%u", track->gone);
    }
    end_mark(file);
}

void pp_trace_worker_ready(struct pp_pool *pool, uint32_t index)
{
    struct pp_trace_file *file;

    if (pool->trace == NULL) {
        return;
    }
    file = begin_mark(pool, index, "ready");
    if (pool->workers[index].pid > 0) {
        pp_trace_file_print(file, ",\"pid\":%d", pool->workers[index].pid);
    }
    end_mark(file);
}

void pp_trace_worker_died(struct pp_pool *pool, uint32_t index, int signal, int exit_code)
{
    struct pp_trace_file *file;
    char cause[96];

    if (pool->trace == NULL) {
        return;
    }
    pp_exit_cause(signal, exit_code, cause, sizeof(cause));
    file = begin_mark(pool, index, "death");
    put_text(file, "cause", cause);
    end_mark(file);
    pool->trace->tracks[index].gone = pool->workers[index].number;
}

static const char *name_outcome(enum pp_outcome outcome)
{
    switch (outcome) {
    case PP_OUTCOME_PENDING:
        break;
    case PP_DONE:
        return "done";
    case PP_FAILED:
        return "failed";
    case PP_CRASHED:
        return "crashed";
    case PP_TIMED_OUT:
        return "timed out";
    case PP_CANCELLED:
        return "cancelled";
    }
    return "pending";
}

/* What a task calls, and for how many items: for a chunk, whose own name says nothing, what it
 * calls for each of them; 0 items where it is no chunk. */
static const char *function_of(const struct pp_future *future, uint32_t *ret_items)
{
    const struct pp_program *program = future->pool->program;
    const char *name = pp_builtin_function(program, future->function)->name;
    struct pp_chunk_shape shape;

    *ret_items = 0;
    if (strcmp(name, PP_CHUNK_FUNCTION) == 0 && future->arguments_length == sizeof(shape)) {
        memcpy(&shape, future->arguments, sizeof(shape));
        *ret_items = shape.count;
        name = pp_builtin_function(program, shape.function)->name;
    }
    return name;
}

/* One end of the time that a task waits, "b" or "e", with its args begun but for "b". */
static void write_wait(const struct pp_future *future, const char *kind, uint64_t ns,
                       const char *outcome)
{
    struct pp_trace_pool *pool = future->pool->trace;
    uint32_t items;
    struct pp_trace_file *file = begin_event(pool, kind, 0, function_of(future, &items));

    put_time(file, "ts", ns);
    pp_trace_file_print(file, ",\"cat\":\"queue\",\"id\":\"%u.%llu\"", pool->number,
                        (unsigned long long)future->scheduled.id);
    if (outcome != NULL) {
        pp_trace_file_print(file, ",\"args\":{\"task\":%llu,\"outcome\":\"%s\"}",
                            (unsigned long long)future->scheduled.id, outcome);
    }
    end_event(file);
}

static void write_queued(struct pp_future *future, uint64_t until_ns, const char *outcome)
{
    write_wait(future, "b", future->queued_ns, NULL);
    write_wait(future, "e", until_ns, outcome);
}

void pp_trace_submitted(struct pp_future *future)
{
    if (future->pool->trace != NULL) {
        future->queued_ns = pp_clock_ns();
    }
}

void pp_trace_resolved(struct pp_future *future)
{
    if (future->pool->trace != NULL && !future->traced) {
        write_queued(future, pp_clock_ns(), name_outcome(future->result.outcome));
    }
}

static uint64_t between(uint64_t least, uint64_t value, uint64_t most)
{
    return value < least ? least : value > most ? most : value;
}

static void write_run(struct pp_future *future, uint32_t index, enum pp_outcome outcome,
                      uint32_t attempt, uint64_t start_ns, uint64_t end_ns)
{
    const struct pp_pool *pool = future->pool;
    const struct pp_result *result = &future->result;
    uint32_t items;
    struct pp_trace_file *file =
        begin_event(pool->trace, "X", index + 1, function_of(future, &items));

    put_time(file, "ts", start_ns);
    put_time(file, "dur", end_ns - start_ns);
    pp_trace_file_print(file, ",\"cat\":\"task\",\"args\":{\"task\":%llu,\"attempt\":%u",
                        (unsigned long long)future->scheduled.id, attempt);
    pp_trace_file_print(file, ",\"worker\":%u,\"outcome\":\"%s\"", pool->workers[index].number,
                        name_outcome(outcome));
    if (items > 0) {
        pp_trace_file_print(file, ",\"items\":%u", items);
    }
    if (outcome != PP_DONE && result->error.code != 0) {
        put_text(file, "error", result->error.message);
    }
    if (result->phase[0] != '\0' && (outcome == PP_CRASHED || outcome == PP_TIMED_OUT)) {
        put_text(file, "phase", result->phase);
    }
    pp_trace_file_print(file, "}");
    end_event(file);
}

/* One run: the wait before it, then the bar. What the next attempt waits begins where this ends. */
static void trace_run(struct pp_future *future, uint32_t index, enum pp_outcome outcome,
                      uint32_t attempt, uint64_t start_ns, uint64_t end_ns)
{
    struct track *track = &future->pool->trace->tracks[index];

    write_queued(future, start_ns, "started");
    write_run(future, index, outcome, attempt, start_ns, end_ns);
    track->free_ns = end_ns;
    future->queued_ns = end_ns;
    future->traced = true;
}

void pp_trace_answered(struct pp_future *future, uint32_t index, enum pp_outcome outcome,
                       uint64_t start_ns, uint64_t run_ns)
{
    const struct pp_pool *pool = future->pool;
    uint64_t least;
    uint64_t now;

    if (pool->trace == NULL) {
        return;
    }
    now = pp_clock_ns();
    least = pool->trace->tracks[index].free_ns;
    least = least < future->queued_ns ? future->queued_ns : least;
    start_ns = between(least, start_ns, now);
    trace_run(future, index, outcome, future->result.attempts, start_ns,
              run_ns > now - start_ns ? now : start_ns + run_ns);
}

void pp_trace_cut_off(struct pp_future *future, uint32_t index, enum pp_outcome outcome)
{
    const struct pp_pool *pool = future->pool;
    uint64_t least;
    uint64_t now;

    if (pool->trace == NULL) {
        return;
    }
    now = pp_clock_ns();
    least = pool->trace->tracks[index].free_ns;
    least = least < future->queued_ns ? future->queued_ns : least;
    /* A cancelled run is no attempt that the result counts; here it was one. */
    trace_run(future, index, outcome, future->result.attempts + (outcome == PP_CANCELLED ? 1 : 0),
              between(least, pool->workers[index].head_since_ns, now), now);
}
