/* SPDX-License-Identifier: MIT */
/*
 * Rings between threads and between processes: nothing is lost, doubled or torn, and nobody sleeps
 * for ever; neither when positions wrap around nor when a side dies at any instruction.
 */
#include <pthread.h>
#include <sys/socket.h>

#include "core/ring.h"
#include "tests/instructions.h"

/* An entry whose every word follows from its number, so that a torn one shows. */
static void write_entry(struct pp_ring_side *side, uint64_t number)
{
    uint64_t *words = pp_ring_entry(side, side->position);

    for (size_t i = 0; i < PP_RING_ENTRY_BYTES / sizeof(*words); i++) {
        words[i] = number * 31 + i;
    }
}

static void assert_entry(const struct pp_ring_side *side, uint64_t number)
{
    const uint64_t *words = pp_ring_entry(side, side->position);

    for (size_t i = 0; i < PP_RING_ENTRY_BYTES / sizeof(*words); i++) {
        g_assert_cmpuint(words[i], ==, number * 31 + i);
    }
}

/* A ring with a bell, and a count of what was taken: so the writer knows when there is room. */
struct shared {
    struct pp_ring ring;
    _Atomic uint32_t taken;
    uint32_t start; /* the positions begin there */
    uint64_t count;
    int bell[2];
};

static void open_shared(struct shared *shared, uint32_t start, uint64_t count)
{
    pp_ring_clear(&shared->ring);
    atomic_store(&shared->ring.put, start);
    atomic_store(&shared->taken, start);
    shared->start = start;
    shared->count = count;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, shared->bell), ==, 0);
}

static void close_shared(struct shared *shared)
{
    close(shared->bell[0]);
    close(shared->bell[1]);
}

/* Room is waited for without sleep: the test is about the sleep of the other side. */
static int put_all(void *user)
{
    struct shared *shared = user;
    struct pp_ring_side side = {.ring = &shared->ring, .position = shared->start};

    for (uint64_t i = 0; i < shared->count; i++) {
        while (side.position - atomic_load(&shared->taken) == PP_RING_ENTRIES) {
            g_thread_yield();
        }
        write_entry(&side, i);
        if (pp_ring_put(&side) && write(shared->bell[0], "x", 1) != 1) {
            return 1;
        }
        if (i % 100 == 0) {
            g_usleep(10); /* time for the other side to fall asleep */
        }
    }
    return 0;
}

static int take_all(void *user)
{
    struct shared *shared = user;
    struct pp_ring_side side = {.ring = &shared->ring, .position = shared->start};
    char byte;

    for (uint64_t i = 0; i < shared->count; i++) {
        while (pp_ring_count(&side) == 0) {
            if (pp_ring_sleep(&side)) {
                g_assert_cmpint(read(shared->bell[1], &byte, 1), ==, 1);
            } else if (!pp_ring_rise(&side)) {
                g_assert_cmpint(read(shared->bell[1], &byte, 1), ==, 1);
            }
        }
        g_assert_cmpuint(pp_ring_count(&side), <=, PP_RING_ENTRIES);
        assert_entry(&side, i);
        side.position++;
        atomic_store(&shared->taken, side.position);
    }
    g_assert_cmpuint(pp_ring_count(&side), ==, 0);
    return 0;
}

static void *put_all_in_thread(void *shared)
{
    return GINT_TO_POINTER(put_all(shared));
}

static void test_nothing_is_lost_between_threads(void)
{
    static const uint32_t starts[] = {0, UINT32_MAX - 1000};

    for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
        struct shared *shared = g_aligned_alloc0(1, sizeof(*shared), 64);
        pthread_t thread;
        void *failed;

        open_shared(shared, starts[i], 20000);
        g_assert_cmpint(pthread_create(&thread, NULL, put_all_in_thread, shared), ==, 0);
        take_all(shared);
        g_assert_cmpint(pthread_join(thread, &failed), ==, 0);
        g_assert_null(failed);
        close_shared(shared);
        g_aligned_free(shared);
    }
}

static void test_nothing_is_lost_between_processes(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));
    pid_t child;

    open_shared(shared, UINT32_MAX - 1000, 100000);
    child = start_child(put_all, shared);
    take_all(shared);
    g_assert_cmpint(join_child(child), ==, 0);
    close_shared(shared);
    pp_slot_finish(&slot);
}

/* A sleeper is woken by the first entry and by no other. */
static void test_a_sleeper_is_woken_once(void)
{
    struct pp_ring *memory = g_aligned_alloc0(1, sizeof(*memory), 64);
    struct pp_ring_side in;
    struct pp_ring_side out;

    pp_ring_side_init(&in, memory);
    pp_ring_side_init(&out, memory);
    write_entry(&out, 0);
    g_assert_false(pp_ring_put(&out));
    g_assert_false(pp_ring_sleep(&in)); /* there is one already */
    g_assert_true(pp_ring_rise(&in));
    in.position++;
    g_assert_true(pp_ring_sleep(&in));
    write_entry(&out, 1);
    g_assert_true(pp_ring_put(&out));
    write_entry(&out, 2);
    g_assert_false(pp_ring_put(&out));
    g_assert_false(pp_ring_rise(&in)); /* the other side has seen it */
    g_assert_cmpuint(pp_ring_count(&in), ==, 2);
    g_aligned_free(memory);
}

/* The number of entries is the other side's word, and may be any. */
static void test_a_lie_about_the_count_shows(void)
{
    struct pp_ring *memory = g_aligned_alloc0(1, sizeof(*memory), 64);
    struct pp_ring_side in;

    pp_ring_side_init(&in, memory);
    atomic_store(&memory->put, 1000000);
    g_assert_cmpuint(pp_ring_count(&in), ==, 1000000);
    in.position = 5;
    atomic_store(&memory->put, 3);
    g_assert_cmpuint(pp_ring_count(&in), >, PP_RING_ENTRIES);
    g_aligned_free(memory);
}

static void prepare(void *shared)
{
    memset(shared, 0, sizeof(struct pp_ring));
}

static int put_three(void *shared)
{
    struct pp_ring_side side;

    pp_ring_side_init(&side, shared);
    for (uint64_t i = 0; i < 3; i++) {
        write_entry(&side, i + 1);
        if (pp_ring_put(&side)) {
            return 1;
        }
    }
    return 0;
}

static void check_whole(void *shared)
{
    struct pp_ring_side side;

    pp_ring_side_init(&side, shared);
    g_assert_cmpuint(pp_ring_count(&side), <=, 3);
    while (pp_ring_count(&side) > 0) {
        assert_entry(&side, side.position + 1);
        side.position++;
    }
}

static void test_a_death_while_putting_leaves_whole_entries(void)
{
    struct pp_slot slot;

    kill_at_each_instruction(share(&slot, sizeof(struct pp_ring)), sizeof(struct pp_ring), prepare,
                             put_three, check_whole);
    pp_slot_finish(&slot);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ring/nothing-is-lost-between-threads", test_nothing_is_lost_between_threads);
    g_test_add_func("/ring/a-sleeper-is-woken-once", test_a_sleeper_is_woken_once);
    g_test_add_func("/ring/a-lie-about-the-count-shows", test_a_lie_about_the_count_shows);
    if (g_getenv("PIXPOOL_TEST_THREADS_ONLY") == NULL) {
        g_test_add_func("/ring/nothing-is-lost-between-processes",
                        test_nothing_is_lost_between_processes);
        g_test_add_func("/ring/a-death-while-putting-leaves-whole-entries",
                        test_a_death_while_putting_leaves_whole_entries);
    }
    return g_test_run();
}
