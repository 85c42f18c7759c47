/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Item: one value of those that a manager keeps
 *
 * None, an integer, a floating number or bytes, of which text is one case. That is what programs in
 * different languages, of different versions and on different machines agree on without trusting
 * each other; what is more than that is encoded by those who use it.
 *
 *     struct pp_item item = pp_item_text("sunny");         borrows the text
 *     r = pp_manager_dict_set(&weather, "today", &item);
 *     ...
 *     r = pp_manager_dict_get(&weather, "today", &item);   owns what it got
 *     printf("%s\n", (const char *)item.bytes);
 *     pp_item_finish(&item);
 *
 * An item that is given to a function is only read. One that a function fills in is overwritten
 * whatever it was, and finished by the caller. Any thread; one item for one thread at a time.
 */

#include "core/base.h"

/* The numbers travel (core/frame.h). */
enum pp_item_kind {
    PP_ITEM_NONE = 0,
    PP_ITEM_INT = 1,
    PP_ITEM_DOUBLE = 2,
    PP_ITEM_BYTES = 3 /* text too: UTF-8 by custom, but nobody looks */
};

/* Fields are read only; of those below the kind, one kind has one. */
struct pp_item {
    enum pp_item_kind kind;
    int64_t integer;   /* INT */
    double number;     /* DOUBLE */
    const void *bytes; /* BYTES; in an owned item aligned to 16, and a NUL that does not count
                          follows, so that text can be used as it is */
    size_t length;     /* BYTES: how many */
    void *memory;      /* what pp_item_finish() frees; NULL where bytes are borrowed */
};

/* Items to give to functions. The bytes are borrowed, and stay the caller's. */
struct pp_item pp_item_none(void);
struct pp_item pp_item_int(int64_t integer);
struct pp_item pp_item_double(double number);
struct pp_item pp_item_bytes(const void *bytes, size_t length);
struct pp_item pp_item_text(const char *text);

/* Make *ret_copy an owned copy of @item. Returns 0; or -ENOMEM, with *ret_copy None. */
PP_MUST_CHECK int pp_item_copy(struct pp_item *ret_copy, const struct pp_item *item);

/* Free what it owns, and make it None. All zero is fine, twice too. */
void pp_item_finish(struct pp_item *item);

/*
 * The number that it is; an integer is a floating number too.
 * Returns 0, or -EINVAL where it is something else.
 */
PP_MUST_CHECK int pp_item_get_int(const struct pp_item *item, int64_t *ret_integer);
PP_MUST_CHECK int pp_item_get_double(const struct pp_item *item, double *ret_number);

/* Of one kind, and the same number or the same bytes? Not a number equals nothing, as in Python;
 * but the integer 1 is not the floating number 1. */
bool pp_item_is_equal(const struct pp_item *a, const struct pp_item *b);
