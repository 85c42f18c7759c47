/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/slots.h"

/* What would make a reader fault: each way to change the size has to be refused. */
static void test_a_slot_cannot_be_resized(void)
{
    struct pp_slot slot;

    g_assert_cmpint(pp_slot_create(&slot, 1, 10000), ==, 0);
    g_assert_cmpint(ftruncate(slot.fd, 0), ==, -1);
    g_assert_cmpint(ftruncate(slot.fd, 1 << 20), ==, -1);
    g_assert_cmpint(fallocate(slot.fd, 0, 0, 1 << 20), ==, -1);
    g_assert_cmpint(fcntl(slot.fd, F_ADD_SEALS, F_SEAL_WRITE), ==, -1);
    memset(slot.bytes, 1, slot.capacity);
    pp_slot_finish(&slot);
}

/* Two mappings of one slot, as host and worker have them: what one writes the other reads. */
static void test_an_attached_slot_is_the_same_memory(void)
{
    struct pp_slot slot;
    struct pp_slot other;

    g_assert_cmpint(pp_slot_create(&slot, 7, 5000), ==, 0);
    g_assert_cmpint(pp_slot_attach(&other, 7, dup(slot.fd), slot.capacity), ==, 0);
    g_assert_true(other.bytes != slot.bytes);
    ((char *)slot.bytes)[slot.capacity - 1] = 'x';
    g_assert_cmpint(((char *)other.bytes)[slot.capacity - 1], ==, 'x');
    pp_slot_finish(&other);
    pp_slot_finish(&slot);
}

/* A peer that sends memory which it can shorten later must not get it mapped. */
static void test_memory_that_can_shrink_is_refused(void)
{
    struct pp_slot slot = {0};
    int open_memory = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct pp_slot sealed;

    g_assert_cmpint(ftruncate(open_memory, 4096), ==, 0);
    g_assert_cmpint(pp_slot_attach(&slot, 1, open_memory, 4096), ==, -EPROTO);
    g_assert_cmpuint(slot.id, ==, 0);
    g_assert_cmpint(pp_slot_create(&sealed, 1, 4096), ==, 0);
    g_assert_cmpint(pp_slot_attach(&slot, 1, dup(sealed.fd), 8192), ==, -EPROTO);
    pp_slot_finish(&sealed);
}

static void test_sizes_that_cannot_be_are_errors(void)
{
    struct pp_slot slot = {0};

    g_assert_cmpint(pp_slot_create(&slot, 1, 0), ==, -EINVAL);
    g_assert_cmpint(pp_slot_create(&slot, 1, SIZE_MAX), ==, -ENOMEM);
    g_assert_cmpint(pp_slot_create(&slot, 1, SIZE_MAX / 2), <, 0);
    pp_slot_finish(&slot);
}

static struct pp_slot *lend(struct pp_slots *slots, size_t bytes)
{
    struct pp_slot *slot = NULL;

    g_assert_cmpint(pp_slots_lend(slots, bytes, &slot), ==, 0);
    g_assert_cmpuint(slot->capacity, >=, bytes);
    return slot;
}

static void test_a_slot_that_came_back_is_lent_again(void)
{
    struct pp_slots *slots = NULL;
    struct pp_slot *first;
    struct pp_slot *second;

    g_assert_cmpint(pp_slots_create(&slots), ==, 0);
    first = lend(slots, 100000);
    second = lend(slots, 100000);
    g_assert_true(first != second);
    pp_slots_take_back(slots, first);
    g_assert_true(lend(slots, 90000) == first);
    g_assert_cmpuint(pp_slots_bytes(slots), ==, first->capacity + second->capacity);
    pp_slots_destroy(slots);
}

/* Of two free ones the smaller suits better: the larger stays for those who need it. */
static void test_the_smallest_that_fits_is_lent(void)
{
    struct pp_slots *slots = NULL;
    struct pp_slot *large;
    struct pp_slot *small;

    g_assert_cmpint(pp_slots_create(&slots), ==, 0);
    large = lend(slots, 1000000);
    small = lend(slots, 50000);
    pp_slots_take_back(slots, large);
    pp_slots_take_back(slots, small);
    g_assert_true(lend(slots, 40000) == small);
    g_assert_true(lend(slots, 500000) == large);
    pp_slots_destroy(slots);
}

/*
 * A small request must not take the memory of a large one along. The large one makes room instead:
 * what it had taken is free at once, although this process still has it mapped a second time, as a
 * worker does that has not heard of it.
 */
static void test_a_small_request_does_not_keep_large_memory(void)
{
    struct pp_slots *slots = NULL;
    struct pp_slot mapped;
    struct pp_slot *large;
    struct stat status;

    g_assert_cmpint(pp_slots_create(&slots), ==, 0);
    large = lend(slots, 1000000);
    memset(large->bytes, 1, large->capacity);
    g_assert_cmpint(pp_slot_attach(&mapped, large->id, dup(large->fd), large->capacity), ==, 0);
    pp_slots_take_back(slots, large);
    g_assert_cmpuint(lend(slots, 1000)->capacity, <, 10000);
    g_assert_cmpint(fstat(mapped.fd, &status), ==, 0);
    g_assert_cmpint(status.st_blocks, ==, 0);
    pp_slot_finish(&mapped);
    pp_slots_destroy(slots);
}

/*
 * Photos of growing size, one at a time: one slot takes the place of another, and the last is told
 * as dropped, so memory follows the largest and not the sum.
 */
static void test_slots_that_are_too_small_make_room(void)
{
    struct pp_slots *slots = NULL;
    unsigned dropped = 0;

    g_assert_cmpint(pp_slots_create(&slots), ==, 0);
    for (size_t bytes = 1000; bytes < 100000000; bytes *= 2) {
        struct pp_slot *slot = lend(slots, bytes);

        g_assert_cmpuint(pp_slots_bytes(slots), ==, slot->capacity);
        g_assert_cmpuint(pp_slots_lent_bytes(slots), ==, slot->capacity);
        pp_slots_take_back(slots, slot);
        g_assert_cmpuint(pp_slots_lent_bytes(slots), ==, 0);
        while (pp_slots_next_dropped(slots) != 0) {
            dropped++;
        }
    }
    g_assert_cmpuint(dropped, >, 10);
    pp_slots_destroy(slots);
}

/* A slot that suits both: what the small task does not need is not kept for the large one. */
static void test_pages_beyond_a_smaller_request_are_given_back(void)
{
    struct pp_slots *slots = NULL;
    struct pp_slot *slot;
    struct stat status;

    g_assert_cmpint(pp_slots_create(&slots), ==, 0);
    slot = lend(slots, 1000000);
    memset(slot->bytes, 1, slot->capacity);
    pp_slots_take_back(slots, slot);
    g_assert_true(lend(slots, 400000) == slot);
    g_assert_cmpint(fstat(slot->fd, &status), ==, 0);
    g_assert_cmpint(status.st_blocks * 512, >=, 400000);
    g_assert_cmpint(status.st_blocks * 512, <, 500000);
    pp_slots_destroy(slots);
}

static void test_a_shared_slot_is_free_when_the_last_gives_it_back(void)
{
    struct pp_slots *slots = NULL;
    struct pp_slot *slot;

    g_assert_cmpint(pp_slots_create(&slots), ==, 0);
    slot = lend(slots, 4096);
    pp_slots_share(slots, slot);
    pp_slots_take_back(slots, slot);
    g_assert_true(lend(slots, 4096) != slot);
    pp_slots_take_back(slots, slot);
    g_assert_true(lend(slots, 4096) == slot);
    pp_slots_destroy(slots);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/slot/a-slot-cannot-be-resized", test_a_slot_cannot_be_resized);
    g_test_add_func("/slot/an-attached-slot-is-the-same-memory",
                    test_an_attached_slot_is_the_same_memory);
    g_test_add_func("/slot/memory-that-can-shrink-is-refused",
                    test_memory_that_can_shrink_is_refused);
    g_test_add_func("/slot/sizes-that-cannot-be-are-errors", test_sizes_that_cannot_be_are_errors);
    g_test_add_func("/slots/a-slot-that-came-back-is-lent-again",
                    test_a_slot_that_came_back_is_lent_again);
    g_test_add_func("/slots/the-smallest-that-fits-is-lent", test_the_smallest_that_fits_is_lent);
    g_test_add_func("/slots/a-small-request-does-not-keep-large-memory",
                    test_a_small_request_does_not_keep_large_memory);
    g_test_add_func("/slots/slots-that-are-too-small-make-room",
                    test_slots_that_are_too_small_make_room);
    g_test_add_func("/slots/pages-beyond-a-smaller-request-are-given-back",
                    test_pages_beyond_a_smaller_request_are_given_back);
    g_test_add_func("/slots/a-shared-slot-is-free-when-the-last-gives-it-back",
                    test_a_shared_slot_is_free_when_the_last_gives_it_back);
    return g_test_run();
}
