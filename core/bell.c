/* SPDX-License-Identifier: MIT */
/*
 * No wake-up is lost: who sleeps has read the word under the lock, in the same hold in which he saw
 * that he has to wait. Whoever changes that takes the lock later, finds the mark, and changes the
 * word before he lets the lock go; then the sleeper is in the kernel's list and is woken, or he is
 * not yet, and the kernel finds the word changed and does not let him sleep.
 *
 * The call itself is made after the lock was released, or those who wake would run into it. A mark,
 * and no count of sleepers, says whether a call is needed: a death can make a count wrong for ever,
 * but a mark that is set too often costs one system call, which finds nobody, and is taken away
 * then. By that time another one may have come to sleep, without the lock nobody knows: but he has
 * heard the word as it is since it was rung, so the mark is not the one that the call was for, and
 * stays.
 */
#include "core/bell.h"
#include "core/futex.h"

/* Odd, so that no mark is 0, in a bell of zero bytes too. */
static uint32_t word_of(const struct pp_bell *bell)
{
    return atomic_load_explicit(&bell->word, memory_order_relaxed) | 1;
}

uint32_t pp_bell_listen(struct pp_bell *bell)
{
    uint32_t word = word_of(bell);

    atomic_store_explicit(&bell->word, word, memory_order_relaxed);
    atomic_store_explicit(&bell->mark, word, memory_order_relaxed);
    return word;
}

void pp_bell_ring(struct pp_bell *bell, uint32_t count)
{
    if (atomic_load_explicit(&bell->mark, memory_order_relaxed) == 0) {
        return;
    }
    atomic_store_explicit(&bell->word, word_of(bell) + 2, memory_order_relaxed);
    bell->due = count < PP_BELL_ALL - bell->due ? bell->due + count : PP_BELL_ALL;
}

struct pp_bell_call pp_bell_collect(struct pp_bell *bell)
{
    struct pp_bell_call call = {.count = bell->due};

    if (call.count != 0) {
        call.mark = atomic_load_explicit(&bell->mark, memory_order_relaxed);
        bell->due = 0;
    }
    return call;
}

void pp_bell_call(struct pp_bell *bell, struct pp_bell_call call)
{
    if (call.count != 0 && pp_futex_wake(&bell->word, call.count) == 0) {
        atomic_compare_exchange_strong_explicit(&bell->mark, &call.mark, 0, memory_order_relaxed,
                                                memory_order_relaxed);
    }
}
