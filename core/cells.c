/* SPDX-License-Identifier: MIT */
/*
 * What counts is what the cells say themselves. Each goes from one state to the next by one store,
 * after all else that belongs to the new state was written; so at whichever instruction a process
 * dies, each cell is in one state or in the next, whole.
 *
 * Line, list of free cells and counts only save looking at all cells each time. They take several
 * stores to change, and a death between these leaves them wrong; but then it leaves the lock with a
 * dead holder too, and who gets it next makes them again from the cells.
 *
 * A process that dies with a cell in hand and without the lock leaves all in order, but for that
 * one cell, which names its owner. Whoever waits looks whether such an owner lives.
 *
 * A cell gets its place in line when it is committed, not when it was reserved. So who is slow to
 * write, or stopped, or dead, is in nobody's way; and a message's place is that of the moment at
 * which it was there.
 *
 * The cell that became free last is reserved first: its memory is still in the cache, and a queue
 * that is never full never touches the rest of its memory.
 */
#include <stdlib.h>
#include <string.h>

#include "core/cells.h"
#include "core/participant.h"

#define LINE 64 /* bytes of the processor's cache line */

_Static_assert(sizeof(struct pp_cells) == 56, "the same in all who share it");
_Static_assert(sizeof(struct pp_cell) == 40, "the same in all who share it");

/* Where the parts lie, in bytes from the beginning of struct pp_cells. */
struct layout {
    size_t cell_bytes;
    size_t cells;
    size_t end;
};

static bool lay_out(uint32_t count, size_t message_bytes, struct layout *ret)
{
    size_t indices;
    size_t cells;

    if (message_bytes >= SIZE_MAX - sizeof(struct pp_cell) - LINE) {
        return false;
    }
    ret->cell_bytes = pp_size_round_up(sizeof(struct pp_cell) + message_bytes, LINE);
    if (!pp_size_multiply(count, 2 * sizeof(uint32_t), &indices) ||
        !pp_size_add(indices, sizeof(struct pp_cells) + LINE, &ret->cells) ||
        !pp_size_multiply(count, ret->cell_bytes, &cells)) {
        return false;
    }
    ret->cells = pp_size_round_up(ret->cells - LINE, LINE);
    return pp_size_add(ret->cells, cells, &ret->end);
}

size_t pp_cells_bytes(uint32_t count, size_t message_bytes)
{
    struct layout layout;

    return lay_out(count, message_bytes, &layout) ? layout.end : 0;
}

/* The ring in which full cells stand in line, by their index; as many places as cells. */
static uint32_t *ring_of(struct pp_cells *cells)
{
    return (uint32_t *)(void *)(cells + 1);
}

/* The indices of the free cells; the last one is reserved next. */
static uint32_t *free_list_of(struct pp_cells *cells)
{
    return ring_of(cells) + cells->count;
}

static struct pp_cell *cell_at(struct pp_cells *cells, uint32_t index)
{
    size_t before = pp_size_round_up(sizeof(*cells) + cells->count * 2 * sizeof(uint32_t), LINE);

    return (void *)((char *)cells + before + index * cells->cell_bytes);
}

static uint32_t state_of(const struct pp_cell *cell)
{
    return atomic_load_explicit(&cell->state, memory_order_acquire);
}

/* After all that belongs to the state. */
static void set_state(struct pp_cell *cell, uint32_t state)
{
    atomic_store_explicit(&cell->state, state, memory_order_release);
}

static uint64_t owner_of(const struct pp_cell *cell)
{
    return atomic_load_explicit(&cell->owner, memory_order_relaxed);
}

static void set_owner(struct pp_cell *cell, uint64_t owner)
{
    atomic_store_explicit(&cell->owner, owner, memory_order_relaxed);
}

static void set_count(_Atomic uint32_t *counter, uint32_t count)
{
    atomic_store_explicit(counter, count, memory_order_relaxed);
}

static bool is_in_hand(const struct pp_cell *cell)
{
    uint32_t state = state_of(cell);

    return state == PP_CELL_WRITING || state == PP_CELL_TAKEN;
}

/* The place in the ring that is @distance behind the first, at most the count of cells. */
static uint32_t place_behind(const struct pp_cells *cells, uint32_t distance)
{
    uint64_t place = (uint64_t)cells->first + distance;

    return (uint32_t)(place < cells->count ? place : place - cells->count);
}

/* Those that follow change line, list and counts only. */

static void add_to_free(struct pp_cells *cells, const struct pp_cell *cell)
{
    uint32_t count = pp_cells_free_count(cells);

    free_list_of(cells)[count] = cell->index;
    set_count(&cells->free, count + 1);
}

static void add_to_line(struct pp_cells *cells, const struct pp_cell *cell)
{
    uint32_t count = pp_cells_full_count(cells);

    ring_of(cells)[place_behind(cells, count)] = cell->index;
    set_count(&cells->full, count + 1);
}

/* In front of all that were committed later. These are nearly all: what was taken was the first,
 * and before it there is only what was taken before it, and came back as well. */
static void return_to_line(struct pp_cells *cells, const struct pp_cell *cell)
{
    uint32_t *ring = ring_of(cells);
    uint32_t count = pp_cells_full_count(cells);
    uint32_t distance = 0;

    cells->first = (cells->first == 0 ? cells->count : cells->first) - 1;
    for (; distance < count; distance++) {
        uint32_t next = ring[place_behind(cells, distance + 1)];

        if (cell_at(cells, next)->order > cell->order) {
            break;
        }
        ring[place_behind(cells, distance)] = next;
    }
    ring[place_behind(cells, distance)] = cell->index;
    set_count(&cells->full, count + 1);
}

static void count_taken(struct pp_cells *cells, int difference)
{
    set_count(&cells->taken, pp_cells_taken_count(cells) + (uint32_t)difference);
}

/* The steps. */

void pp_cells_init(struct pp_cells *cells, uint32_t count, size_t message_bytes)
{
    struct layout layout;

    if (!lay_out(count, message_bytes, &layout)) {
        return;
    }
    memset((void *)cells, 0, sizeof(*cells));
    cells->count = count;
    cells->message_bytes = message_bytes;
    cells->cell_bytes = layout.cell_bytes;
    for (uint32_t i = count; i > 0; i--) {
        struct pp_cell *cell = cell_at(cells, i - 1);

        memset((void *)cell, 0, sizeof(*cell));
        cell->index = i - 1;
        add_to_free(cells, cell);
    }
}

struct pp_cell *pp_cells_reserve(struct pp_cells *cells)
{
    uint32_t left = pp_cells_free_count(cells) - 1;
    struct pp_cell *cell = cell_at(cells, free_list_of(cells)[left]);

    set_owner(cell, pp_participant_self());
    set_state(cell, PP_CELL_WRITING);
    set_count(&cells->free, left);
    return cell;
}

void pp_cells_commit(struct pp_cells *cells, struct pp_cell *cell, uint64_t length)
{
    cell->length = length;
    cell->order = ++cells->orders;
    set_state(cell, PP_CELL_FULL);
    add_to_line(cells, cell);
}

struct pp_cell *pp_cells_first(struct pp_cells *cells)
{
    return cell_at(cells, ring_of(cells)[cells->first]);
}

void pp_cells_take(struct pp_cells *cells, struct pp_cell *cell)
{
    set_owner(cell, pp_participant_self());
    cell->ticket = ++cells->takes * cells->count + cell->index;
    set_state(cell, PP_CELL_TAKEN);
    cells->first = place_behind(cells, 1);
    set_count(&cells->full, pp_cells_full_count(cells) - 1);
    count_taken(cells, 1);
}

void pp_cells_free(struct pp_cells *cells, struct pp_cell *cell)
{
    if (state_of(cell) == PP_CELL_TAKEN) {
        count_taken(cells, -1);
    }
    set_state(cell, PP_CELL_FREE);
    add_to_free(cells, cell);
}

struct pp_cell *pp_cells_find(struct pp_cells *cells, uint64_t ticket)
{
    struct pp_cell *cell = cell_at(cells, (uint32_t)(ticket % cells->count));

    return state_of(cell) == PP_CELL_TAKEN && cell->ticket == ticket ? cell : NULL;
}

bool pp_cells_taken_by_me(struct pp_cells *cells)
{
    uint64_t self = pp_participant_self();

    for (uint32_t i = 0; i < cells->count; i++) {
        struct pp_cell *cell = cell_at(cells, i);

        if (state_of(cell) == PP_CELL_TAKEN && owner_of(cell) == self) {
            return true;
        }
    }
    return false;
}

/* After a death. */

static bool is_dead(struct pp_cells_search *search, uint64_t participant)
{
    unsigned known = search->asked;
    bool dead;

    if (participant == pp_participant_self()) {
        return false;
    }
    known = known < PP_ARRAY_LENGTH(search->answers) ? known : PP_ARRAY_LENGTH(search->answers);
    for (unsigned i = 0; i < known; i++) {
        if (search->answers[i].participant == participant) {
            return search->answers[i].dead;
        }
    }
    dead = !pp_participant_is_alive(participant);
    known = search->asked++ % PP_ARRAY_LENGTH(search->answers);
    search->answers[known].participant = participant;
    search->answers[known].dead = dead;
    return dead;
}

struct pp_cell *pp_cells_search(struct pp_cells *cells, struct pp_cells_search *search,
                                uint64_t *ret_dead)
{
    while (search->next < cells->count) {
        struct pp_cell *cell = cell_at(cells, search->next++);

        if (is_in_hand(cell)) {
            *ret_dead = owner_of(cell);
            if (is_dead(search, *ret_dead)) {
                return cell;
            }
        }
    }
    return NULL;
}

int pp_cells_take_back(struct pp_cells *cells, struct pp_cell *cell, uint64_t dead)
{
    if (!is_in_hand(cell) || owner_of(cell) != dead) {
        return PP_CELL_TAKEN;
    }
    if (state_of(cell) == PP_CELL_WRITING) {
        pp_cells_free(cells, cell);
        return PP_CELL_FREE;
    }
    set_state(cell, PP_CELL_FULL);
    count_taken(cells, -1);
    return_to_line(cells, cell);
    return PP_CELL_FULL;
}

/* qsort_r() on the ring. */
static int compare_orders(const void *a, const void *b, void *memory)
{
    struct pp_cells *cells = memory;
    uint64_t order_a = cell_at(cells, *(const uint32_t *)a)->order;
    uint64_t order_b = cell_at(cells, *(const uint32_t *)b)->order;

    return order_a < order_b ? -1 : order_a > order_b;
}

/* Where each cell belongs, by its own word; the line is not in order yet. */
static void sort_in(struct pp_cells *cells, struct pp_cell *cell)
{
    switch (state_of(cell)) {
    case PP_CELL_FREE:
        add_to_free(cells, cell);
        break;
    case PP_CELL_FULL:
        add_to_line(cells, cell);
        break;
    case PP_CELL_TAKEN:
        count_taken(cells, 1);
        break;
    default:
        break;
    }
}

void pp_cells_mend(struct pp_cells *cells)
{
    struct pp_cells_search search = {0};

    set_count(&cells->free, 0);
    set_count(&cells->full, 0);
    set_count(&cells->taken, 0);
    cells->first = 0;
    for (uint32_t i = cells->count; i > 0; i--) {
        struct pp_cell *cell = cell_at(cells, i - 1);

        if (is_in_hand(cell) && is_dead(&search, owner_of(cell))) {
            set_state(cell, state_of(cell) == PP_CELL_TAKEN ? PP_CELL_FULL : PP_CELL_FREE);
        }
        sort_in(cells, cell);
        cells->orders = cell->order > cells->orders ? cell->order : cells->orders;
        if (cell->ticket / cells->count > cells->takes) {
            cells->takes = cell->ticket / cells->count;
        }
    }
    qsort_r(ring_of(cells), pp_cells_full_count(cells), sizeof(uint32_t), compare_orders, cells);
}
