/* SPDX-License-Identifier: MIT */
/*
 * A worker at every single instruction: whenever it dies, what it leaves in the memory that it
 * shares with the host says which tasks were answered, and which one was in work.
 */
#include <sys/socket.h>

#include "core/worker_private.h"
#include "tests/instructions.h"

enum { TASKS = 2 };

/* What the tasks themselves say of it, beside the control. */
struct shared {
    struct pp_control control;
    _Atomic uint32_t began[TASKS + 1];
    _Atomic uint32_t ended[TASKS + 1];
    int ends[2];
};

static struct shared *now; /* of the child that runs */

static int note(struct pp_call *call)
{
    uint64_t task = atomic_load(&now->control.running);

    atomic_store(&now->began[task], 1);
    atomic_store(&now->ended[task], 1);
    return pp_call_reply(call, call->arguments, call->arguments_length);
}

static const struct pp_task_function functions[] = {{"note", note}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

static void put_task(struct pp_ring_side *side, uint64_t task)
{
    struct pp_ring_task *entry = pp_ring_entry(side, side->position);

    memset(entry, 0, sizeof(*entry));
    entry->task = task;
    entry->arguments_length = sizeof(task);
    memcpy(entry->arguments, &task, sizeof(task));
    g_assert_false(pp_ring_put(side));
}

/* The host sleeps, so the worker's first answer has to ring as well. */
static void prepare(void *user)
{
    struct shared *shared = user;
    struct pp_ring_side tasks;
    struct pp_ring_side results;

    if (shared->ends[0] != 0) {
        close(shared->ends[0]);
        close(shared->ends[1]);
    }
    memset(shared, 0, sizeof(*shared));
    g_assert_cmpint(pp_channel_pair(shared->ends), ==, 0);
    pp_control_begin(&shared->control);
    pp_ring_side_init(&tasks, &shared->control.tasks);
    pp_ring_side_init(&results, &shared->control.results);
    for (uint64_t task = 1; task <= TASKS; task++) {
        put_task(&tasks, task);
    }
    g_assert_true(pp_ring_sleep(&results));
}

/* The worker is made when this is called on a copy; only its steps are to be met by death. */
static int work(void *user)
{
    static struct pp_worker *worker;
    struct shared *shared = user;

    now = shared;
    if (worker == NULL) {
        if (pp_worker_create(&worker, &program, dup(shared->ends[1]), &shared->control) != 0) {
            return 1;
        }
        worker->started = true;
    }
    worker->control = &shared->control;
    pp_ring_side_init(&worker->tasks, &shared->control.tasks);
    pp_ring_side_init(&worker->results, &shared->control.results);
    for (int i = 0; i < TASKS; i++) {
        if (pp_worker_step(worker) != 0) {
            return 2;
        }
    }
    return 0;
}

/* Take the answers, in order and whole; returns how many there are. */
static uint64_t take_answers(struct shared *shared)
{
    struct pp_ring_side results;

    pp_ring_side_init(&results, &shared->control.results);
    g_assert_cmpuint(pp_ring_count(&results), <=, TASKS);
    while (pp_ring_count(&results) > 0) {
        const struct pp_ring_result *result = pp_ring_entry(&results, results.position);
        uint64_t reply;

        g_assert_cmpuint(result->task, ==, results.position + 1);
        g_assert_cmpint(result->status, ==, 0);
        g_assert_cmpuint(result->length, ==, sizeof(reply));
        memcpy(&reply, result->bytes, sizeof(reply));
        g_assert_cmpuint(reply, ==, result->task);
        results.position++;
    }
    return results.position;
}

/*
 * Every task that was answered has ended. One at most has begun and was not answered, and that one
 * is named. One that is named is that, or the next to begin, or the last that was answered.
 */
static void check(void *user)
{
    struct shared *shared = user;
    uint64_t answered = take_answers(shared);
    uint64_t running = atomic_load(&shared->control.running);

    for (uint64_t task = 1; task <= TASKS; task++) {
        if (task <= answered) {
            g_assert_cmpuint(atomic_load(&shared->ended[task]), ==, 1);
        } else if (atomic_load(&shared->began[task])) {
            g_assert_cmpuint(task, ==, answered + 1);
            g_assert_cmpuint(running, ==, task);
        }
    }
    g_assert_true(running == 0 || running == answered || running == answered + 1);
}

static void test_the_guilty_task_is_named_at_every_instruction(void)
{
    struct pp_slot slot;

    kill_at_each_instruction(share(&slot, sizeof(struct shared)), sizeof(struct shared), prepare,
                             work, check);
    pp_slot_finish(&slot);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/worker/the-guilty-task-is-named-at-every-instruction",
                    test_the_guilty_task_is_named_at_every_instruction);
    return g_test_run();
}
