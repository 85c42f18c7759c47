/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>

#include "core/array.h"
#include "core/typecode.h"
#include "core/value.h"
#include "tests/processes.h"

enum { PROCESSES = 4, ROUNDS = 5000, LENGTH = 5 };

struct shared {
    struct pp_value value;
    _Atomic uint32_t said;
    _Atomic uint32_t number; /* hands each child its own index */
    _Alignas(16) struct pp_array array;
    double numbers[LENGTH];
};

static struct shared *begin(struct pp_slot *slot, char code)
{
    struct shared *shared = share(slot, sizeof(*shared));

    g_assert_cmpint(pp_value_init(&shared->value, code), ==, 0);
    g_assert_cmpint(pp_array_init(&shared->array, code, LENGTH), ==, 0);
    return shared;
}

static const struct {
    char code;
    size_t bytes;
    int64_t least;
    int64_t most;
} integers[] = {
    {'c', 1, 0, 255},        {'b', 1, -128, 127},
    {'B', 1, 0, 255},        {'h', 2, -32768, 32767},
    {'H', 2, 0, 65535},      {'i', 4, INT32_MIN, INT32_MAX},
    {'I', 4, 0, UINT32_MAX}, {'l', 8, INT64_MIN, INT64_MAX},
    {'L', 8, 0, INT64_MAX},  {'q', 8, INT64_MIN, INT64_MAX},
    {'Q', 8, 0, INT64_MAX},  {'u', 4, 0, 0x10ffff},
};

/* Both ends of each range, and what lies just outside, where an int64_t can say it. */
static void test_each_type_holds_its_range_and_no_more(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(integers); i++) {
        struct pp_value value;
        int64_t number;

        g_assert_cmpint(pp_value_init(&value, integers[i].code), ==, 0);
        g_assert_cmpuint(pp_typecode_bytes(integers[i].code), ==, integers[i].bytes);
        g_assert_cmpint(pp_value_set_int(&value, integers[i].least), ==, 0);
        g_assert_cmpint(pp_value_get_int(&value, &number), ==, 0);
        g_assert_cmpint(number, ==, integers[i].least);
        g_assert_cmpint(pp_value_set_int(&value, integers[i].most), ==, 0);
        if (integers[i].most < INT64_MAX) {
            g_assert_cmpint(pp_value_set_int(&value, integers[i].most + 1), ==, -ERANGE);
        }
        if (integers[i].least > INT64_MIN) {
            g_assert_cmpint(pp_value_set_int(&value, integers[i].least - 1), ==, -ERANGE);
        }
        g_assert_cmpint(pp_value_get_int(&value, &number), ==, 0);
        g_assert_cmpint(number, ==, integers[i].most);
    }
}

/* Its upper half is there for who knows the type, but an int64_t cannot say it. */
static void test_an_unsigned_number_may_be_too_large_to_be_read_as_signed(void)
{
    struct pp_value value;
    int64_t number = 5;

    g_assert_cmpint(pp_value_init(&value, 'Q'), ==, 0);
    *(uint64_t *)pp_value_raw(&value, 'Q') = UINT64_MAX;
    g_assert_cmpint(pp_value_get_int(&value, &number), ==, -ERANGE);
    g_assert_cmpint(number, ==, 5);
}

static void test_types_are_not_confused(void)
{
    struct pp_value value;
    int64_t integer;
    double floating = 0;

    g_assert_cmpint(pp_value_init(&value, 'x'), ==, -EINVAL);
    g_assert_cmpint(pp_value_init(&value, 'd'), ==, 0);
    g_assert_cmpint(pp_value_set_double(&value, 0.1), ==, 0);
    g_assert_cmpint(pp_value_get_double(&value, &floating), ==, 0);
    g_assert_cmpfloat(floating, ==, 0.1);
    g_assert_cmpint(pp_value_get_int(&value, &integer), ==, -EINVAL);
    g_assert_cmpint(pp_value_set_int(&value, 1), ==, -EINVAL);
    g_assert_null(pp_value_raw(&value, 'f'));
    g_assert_cmpfloat(*(double *)pp_value_raw(&value, 'd'), ==, 0.1);
    g_assert_cmpint(pp_value_init(&value, 'f'), ==, 0);
    g_assert_cmpint(pp_value_set_double(&value, 0.1), ==, 0);
    g_assert_cmpint(pp_value_get_double(&value, &floating), ==, 0);
    g_assert_cmpfloat(floating, ==, (double)0.1f);
    g_assert_cmpint(pp_value_init(&value, 'i'), ==, 0);
    g_assert_cmpint(pp_value_get_double(&value, &floating), ==, -EINVAL);
    g_assert_cmpint(pp_value_set_double(&value, 1), ==, -EINVAL);
}

static int add_under_lock(void *memory)
{
    struct shared *shared = memory;
    struct pp_rlock *lock = pp_value_get_lock(&shared->value);

    for (int i = 0; i < ROUNDS; i++) {
        int64_t number;

        if (pp_rlock_acquire(lock, -1) != 0 || pp_value_get_int(&shared->value, &number) != 0 ||
            pp_value_set_int(&shared->value, number + 1) != 0 || pp_rlock_release(lock) != 0) {
            return 1;
        }
    }
    return 0;
}

static void check_count(struct shared *shared)
{
    int64_t number = 0;

    g_assert_cmpint(pp_value_get_int(&shared->value, &number), ==, 0);
    g_assert_cmpint(number, ==, PROCESSES * ROUNDS);
}

/* The tutorials' counter: read and write are two steps, which only the lock makes one. That they
 * take the lock once more themselves must not stop them. */
static void test_processes_that_add_under_the_lock_lose_nothing(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 'i');
    pid_t pids[PROCESSES];

    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = start_child(add_under_lock, shared);
    }
    for (int i = 0; i < PROCESSES; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    check_count(shared);
    pp_slot_finish(&slot);
}

static void *add_in_thread(void *memory)
{
    g_assert_cmpint(add_under_lock(memory), ==, 0);
    return NULL;
}

/* Threads of one process, as this is where a race detector sees what the lock orders. */
static void test_threads_that_add_under_the_lock_lose_nothing(void)
{
    static struct shared shared;
    pthread_t threads[PROCESSES];

    g_assert_cmpint(pp_value_init(&shared.value, 'q'), ==, 0);
    for (int i = 0; i < PROCESSES; i++) {
        g_assert_cmpint(pthread_create(&threads[i], NULL, add_in_thread, &shared), ==, 0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        pthread_join(threads[i], NULL);
    }
    check_count(&shared);
}

static int hold_both_locks(void *memory)
{
    struct shared *shared = memory;

    if (pp_rlock_acquire(pp_value_get_lock(&shared->value), -1) != 0 ||
        pp_rlock_acquire(pp_array_get_lock(&shared->array), -1) != 0 ||
        pp_value_set_int(&shared->value, 42) != 0 || pp_array_set_int(&shared->array, 1, 43) != 0) {
        return 1;
    }
    atomic_store(&shared->said, 1);
    pause();
    return 0;
}

static void start_and_kill_a_holder(struct shared *shared)
{
    pid_t pid = start_child(hold_both_locks, shared);

    WAIT_UNTIL(atomic_load(&shared->said) == 1);
    kill_child(pid);
}

/* Reading goes on, and does not hide the death from who acquires the lock to do more. */
static void test_a_dead_holder_stops_no_reader_and_is_not_forgotten(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 'i');
    struct pp_rlock *lock = pp_value_get_lock(&shared->value);
    int64_t number = 0;

    start_and_kill_a_holder(shared);
    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(pp_value_get_int(&shared->value, &number), ==, 0);
        g_assert_cmpint(number, ==, 42);
    }
    g_assert_cmpint(pp_array_get_int(&shared->array, 1, &number), ==, 0);
    g_assert_cmpint(number, ==, 43);
    g_assert_cmpint(pp_rlock_acquire(pp_array_get_lock(&shared->array), 0), ==, PP_LOCK_OWNER_DIED);
    g_assert_cmpint(pp_rlock_acquire(lock, 0), ==, PP_LOCK_OWNER_DIED);
    g_assert_cmpint(pp_rlock_mark_consistent(lock), ==, 0);
    g_assert_cmpint(pp_rlock_release(lock), ==, 0);
    g_assert_cmpint(pp_rlock_acquire(lock, 0), ==, 0);
    pp_slot_finish(&slot);
}

/* Given up on purpose: then a number is not to be trusted either. */
static void test_what_was_given_up_is_not_read(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 'i');
    struct pp_rlock *lock = pp_value_get_lock(&shared->value);
    int64_t number = 7;

    start_and_kill_a_holder(shared);
    g_assert_cmpint(pp_rlock_acquire(lock, 0), ==, PP_LOCK_OWNER_DIED);
    g_assert_cmpint(pp_rlock_release(lock), ==, 0);
    g_assert_cmpint(pp_value_get_int(&shared->value, &number), ==, -ENOTRECOVERABLE);
    g_assert_cmpint(pp_value_set_int(&shared->value, 1), ==, -ENOTRECOVERABLE);
    g_assert_cmpint(number, ==, 7);
    pp_slot_finish(&slot);
}

static int set_own_element(void *memory)
{
    struct shared *shared = memory;
    uint32_t index = atomic_fetch_add(&shared->number, 1);

    return pp_array_set_int(&shared->array, index, index * 10) == 0 ? 0 : 1;
}

/* The tutorials' array: each process sets one element. */
static void test_each_process_sets_its_element(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 'i');
    pid_t pids[LENGTH];
    int64_t number;

    g_assert_cmpuint(pp_array_length(&shared->array), ==, LENGTH);
    for (int i = 0; i < LENGTH; i++) {
        pids[i] = start_child(set_own_element, shared);
    }
    for (int i = 0; i < LENGTH; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    for (int i = 0; i < LENGTH; i++) {
        g_assert_cmpint(pp_array_get_int(&shared->array, (size_t)i, &number), ==, 0);
        g_assert_cmpint(number, ==, i * 10);
        g_assert_cmpint(((int32_t *)pp_array_raw(&shared->array, 'i'))[i], ==, i * 10);
    }
    pp_slot_finish(&slot);
}

/* What lies behind the array shows whether something was written there. */
static void test_an_index_outside_is_an_error(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 'd');
    size_t outside[] = {LENGTH, LENGTH + 1, SIZE_MAX, SIZE_MAX / 8};
    int64_t integer;
    double floating;

    for (size_t i = 0; i < G_N_ELEMENTS(outside); i++) {
        g_assert_cmpint(pp_array_set_double(&shared->array, outside[i], 1), ==, -EDOM);
        g_assert_cmpint(pp_array_get_double(&shared->array, outside[i], &floating), ==, -EDOM);
        g_assert_cmpint(pp_array_set_int(&shared->array, outside[i], 1), ==, -EDOM);
        g_assert_cmpint(pp_array_get_int(&shared->array, outside[i], &integer), ==, -EDOM);
    }
    g_assert_cmpint(pp_array_set_double(&shared->array, LENGTH - 1, 2.5), ==, 0);
    g_assert_cmpfloat(shared->numbers[LENGTH - 1], ==, 2.5);
    pp_slot_finish(&slot);
}

static void test_sizes_that_cannot_be_are_errors(void)
{
    struct pp_array array;
    size_t bytes = 0;

    g_assert_cmpint(pp_array_bytes('d', 10, &bytes), ==, 0);
    g_assert_cmpuint(bytes, ==, sizeof(array) + 80);
    g_assert_cmpint(pp_array_bytes('d', SIZE_MAX / 8 + 1, &bytes), ==, -EOVERFLOW);
    g_assert_cmpint(pp_array_bytes('c', SIZE_MAX - 10, &bytes), ==, -EOVERFLOW);
    g_assert_cmpint(pp_array_bytes('?', 1, &bytes), ==, -EINVAL);
    g_assert_cmpint(pp_array_init(&array, 'd', SIZE_MAX), ==, -EOVERFLOW);
    g_assert_cmpint(pp_array_init(&array, '?', 0), ==, -EINVAL);
    g_assert_cmpint(pp_array_init(&array, 'i', 0), ==, 0);
    g_assert_cmpint(pp_array_set_int(&array, 0, 0), ==, -EDOM);
}

static void test_a_raw_one_has_no_lock(void)
{
    struct pp_value value;
    struct pp_array array;
    int64_t number = 0;

    g_assert_cmpint(pp_value_init_raw(&value, 'i'), ==, 0);
    g_assert_cmpint(pp_array_init_raw(&array, 'i', 0), ==, 0);
    g_assert_null(pp_value_get_lock(&value));
    g_assert_null(pp_array_get_lock(&array));
    g_assert_cmpint(pp_value_set_int(&value, -3), ==, 0);
    g_assert_cmpint(pp_value_get_int(&value, &number), ==, 0);
    g_assert_cmpint(number, ==, -3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/value/each-type-holds-its-range-and-no-more",
                    test_each_type_holds_its_range_and_no_more);
    g_test_add_func("/value/an-unsigned-number-may-be-too-large-to-be-read-as-signed",
                    test_an_unsigned_number_may_be_too_large_to_be_read_as_signed);
    g_test_add_func("/value/types-are-not-confused", test_types_are_not_confused);
    g_test_add_func("/value/processes-that-add-under-the-lock-lose-nothing",
                    test_processes_that_add_under_the_lock_lose_nothing);
    g_test_add_func("/value/a-dead-holder-stops-no-reader-and-is-not-forgotten",
                    test_a_dead_holder_stops_no_reader_and_is_not_forgotten);
    g_test_add_func("/value/what-was-given-up-is-not-read", test_what_was_given_up_is_not_read);
    g_test_add_func("/value/a-raw-one-has-no-lock", test_a_raw_one_has_no_lock);
    g_test_add_func("/array/each-process-sets-its-element", test_each_process_sets_its_element);
    g_test_add_func("/array/an-index-outside-is-an-error", test_an_index_outside_is_an_error);
    g_test_add_func("/array/sizes-that-cannot-be-are-errors", test_sizes_that_cannot_be_are_errors);
    g_test_add_func("/value/threads-that-add-under-the-lock-lose-nothing",
                    test_threads_that_add_under_the_lock_lose_nothing);
    return g_test_run();
}
