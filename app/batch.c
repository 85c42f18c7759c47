/* SPDX-License-Identifier: MIT */
/*
 * Two jobs for each worker are in work at a time: one that it runs and one that is ready when it is
 * done, so a run over a hundred thousand files holds the descriptors and slots of a few. The loop
 * sleeps on the pool and on the user's wish to stop.
 *
 * Stopping is clean in any case, since outputs appear whole or not at all. After the first signal
 * no job is started and those in work get a moment to end; after that, or after the second signal,
 * they are dropped.
 */
#include <errno.h>
#include <poll.h>

#include "app/batch.h"
#include "app/stop.h"

#define JOBS_PER_WORKER 2

#define GRACE_MS 2000

struct batch {
    const struct job_context *context;
    bool (*wants)(const struct outputs *, const struct output *);
    guint next;  /* output to look at next */
    GQueue jobs; /* of struct job, in the order in which they were started */
    guint limit;
    enum batch_end end; /* DONE as long as nothing else was decided */
    gint64 drop_us;     /* when jobs in work are dropped; 0: not */
    uint64_t left;
    GError **error;
};

/* Start nothing more. */
static void wind_up(struct batch *batch, enum batch_end end)
{
    if (batch->end == BATCH_DONE) {
        batch->end = end;
    }
}

static void drop_jobs(struct batch *batch)
{
    pp_pool_terminate(batch->context->pool);
}

/* What the end of one job means for the others. */
static void heed_end(struct batch *batch, enum job_state state)
{
    switch (state) {
    case JOB_WAITS:
    case JOB_DONE:
    case JOB_FAILED:
        break;
    case JOB_CANCELLED:
        batch->left++;
        break;
    case JOB_HOPELESS:
        wind_up(batch, BATCH_HOPELESS);
        drop_jobs(batch);
        break;
    case JOB_REFUSED:
        wind_up(batch, BATCH_REFUSED);
        drop_jobs(batch);
        break;
    }
}

static void start_jobs(struct batch *batch)
{
    const struct outputs *outputs = batch->context->outputs;

    while (batch->end == BATCH_DONE && batch->next < outputs->list->len &&
           batch->jobs.length < batch->limit) {
        struct output *output = &g_array_index(outputs->list, struct output, batch->next++);

        if (batch->wants(outputs, output)) {
            g_queue_push_tail(&batch->jobs, job_start(batch->context, output));
        }
    }
}

static void take_results(struct batch *batch)
{
    struct pp_future *future;

    while (pp_pool_next(batch->context->pool, 0, &future) == 0) {
        struct job *job = pp_future_user(future);

        job_advance(job, batch->error);
        heed_end(batch, job_state(job));
    }
}

/* Tell of the jobs that have ended, and let go of them: plans in order, outputs as they come. */
static void clear_ended(struct batch *batch)
{
    gboolean in_order = batch->context->goal == JOB_PLAN;
    GList *link = batch->jobs.head;

    while (link != NULL) {
        GList *next = link->next;
        struct job *job = link->data;

        if (job_state(job) != JOB_WAITS) {
            job_tell(job);
            job_destroy(job);
            g_queue_delete_link(&batch->jobs, link);
        } else if (in_order) {
            return;
        }
        link = next;
    }
}

/* Milliseconds that the loop may sleep. */
static int wait_ms(const struct batch *batch)
{
    int wait = report_wait_ms(batch->context->report);
    gint64 left;

    if (batch->drop_us == 0) {
        return wait;
    }
    left = (batch->drop_us - g_get_monotonic_time()) / 1000 + 1;
    left = CLAMP(left, 0, GRACE_MS);
    return wait < 0 ? (int)left : MIN(wait, (int)left);
}

static void heed_signals(struct batch *batch)
{
    stop_take();
    if (stop_count() == 0) {
        return;
    }
    if (batch->end == BATCH_DONE) {
        wind_up(batch, BATCH_STOPPED);
        batch->drop_us = g_get_monotonic_time() + GRACE_MS * 1000;
        report_message(batch->context->report, "stopping, %u in work; once more drops them",
                       batch->jobs.length);
    }
    if (stop_count() > 1 || (batch->drop_us != 0 && g_get_monotonic_time() >= batch->drop_us)) {
        batch->drop_us = 0;
        drop_jobs(batch);
    }
}

/* Nobody to tell means nobody to work for. */
static void heed_output(struct batch *batch)
{
    if (batch->end == BATCH_DONE && report_status(batch->context->report) < 0) {
        wind_up(batch, BATCH_CLOSED);
        drop_jobs(batch);
    }
}

static void wait_and_dispatch(struct batch *batch)
{
    struct pp_pool *pool = batch->context->pool;
    struct pollfd fds[] = {
        {.fd = pp_pool_fd(pool), .events = POLLIN},
        {.fd = stop_fd(), .events = POLLIN},
    };

    if (poll(fds, PP_ARRAY_LENGTH(fds), wait_ms(batch)) < 0 && errno != EINTR) {
        wind_up(batch, BATCH_HOPELESS);
        drop_jobs(batch);
    }
    if (pp_pool_dispatch(pool) < 0) {
        wind_up(batch, BATCH_HOPELESS);
    }
}

static gboolean any_left(const struct batch *batch)
{
    return batch->next < batch->context->outputs->list->len;
}

/* Outputs that were wanted and not begun. */
static uint64_t count_left(const struct batch *batch)
{
    const struct outputs *outputs = batch->context->outputs;
    uint64_t left = batch->left;

    for (guint i = batch->next; i < outputs->list->len; i++) {
        left += batch->wants(outputs, &g_array_index(outputs->list, struct output, i)) ? 1 : 0;
    }
    return left;
}

enum batch_end batch_run(const struct job_context *context,
                         bool (*wants)(const struct outputs *, const struct output *),
                         GError **error)
{
    struct batch batch = {
        .context = context,
        .wants = wants,
        .jobs = G_QUEUE_INIT,
        .limit = JOBS_PER_WORKER * pp_pool_processes(context->pool),
        .error = error,
    };

    for (;;) {
        heed_signals(&batch);
        heed_output(&batch);
        start_jobs(&batch);
        clear_ended(&batch);
        if (batch.jobs.length == 0 && (batch.end != BATCH_DONE || !any_left(&batch))) {
            break;
        }
        if (batch.jobs.length > 0) {
            wait_and_dispatch(&batch);
            take_results(&batch);
        }
        report_tick(context->report);
    }
    if (context->goal != JOB_NAME) {
        report_left(context->report, count_left(&batch));
    }
    return batch.end;
}
