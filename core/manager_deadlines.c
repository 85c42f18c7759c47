/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "core/manager_deadlines.h"

int pp_manager_deadlines_reserve(struct pp_manager_deadlines *deadlines, size_t count)
{
    struct pp_manager_deadline **heap;
    size_t capacity = deadlines->capacity < 8 ? 8 : deadlines->capacity;

    if (count <= deadlines->capacity) {
        return 0;
    }
    while (capacity < count) {
        capacity *= 2;
    }
    heap = reallocarray(deadlines->heap, capacity + 1, sizeof(struct pp_manager_deadline *));
    if (heap == NULL) {
        return -ENOMEM;
    }
    deadlines->heap = heap;
    deadlines->capacity = capacity;
    return 0;
}

static void put(struct pp_manager_deadlines *deadlines, size_t place,
                struct pp_manager_deadline *deadline)
{
    deadlines->heap[place] = deadline;
    deadline->place = place;
}

static void move_up(struct pp_manager_deadlines *deadlines, struct pp_manager_deadline *deadline)
{
    size_t place = deadline->place;

    while (place > 1 && deadlines->heap[place / 2]->at_ns > deadline->at_ns) {
        put(deadlines, place, deadlines->heap[place / 2]);
        place /= 2;
    }
    put(deadlines, place, deadline);
}

static void move_down(struct pp_manager_deadlines *deadlines, struct pp_manager_deadline *deadline)
{
    size_t place = deadline->place;

    for (;;) {
        size_t child = 2 * place;

        if (child < deadlines->count &&
            deadlines->heap[child + 1]->at_ns < deadlines->heap[child]->at_ns) {
            child++;
        }
        if (child > deadlines->count || deadlines->heap[child]->at_ns >= deadline->at_ns) {
            break;
        }
        put(deadlines, place, deadlines->heap[child]);
        place = child;
    }
    put(deadlines, place, deadline);
}

void pp_manager_deadlines_set(struct pp_manager_deadlines *deadlines,
                              struct pp_manager_deadline *deadline, uint64_t at_ns)
{
    deadline->at_ns = at_ns;
    if (deadline->place == 0) {
        put(deadlines, ++deadlines->count, deadline);
    }
    move_up(deadlines, deadline);
    move_down(deadlines, deadline);
}

void pp_manager_deadlines_clear(struct pp_manager_deadlines *deadlines,
                                struct pp_manager_deadline *deadline)
{
    struct pp_manager_deadline *last;

    if (deadline->place == 0) {
        return;
    }
    last = deadlines->heap[deadlines->count--];
    if (last != deadline) {
        put(deadlines, deadline->place, last);
        move_up(deadlines, last);
        move_down(deadlines, last);
    }
    deadline->place = 0;
}

struct pp_manager_deadline *pp_manager_deadlines_first(const struct pp_manager_deadlines *deadlines)
{
    return deadlines->count == 0 ? NULL : deadlines->heap[1];
}

void pp_manager_deadlines_finish(struct pp_manager_deadlines *deadlines)
{
    free(deadlines->heap);
    *deadlines = (struct pp_manager_deadlines){.heap = NULL};
}
