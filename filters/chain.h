/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Chain: what the user wants done, in order
 *
 * Plain data of fixed size, so that a task carries it to a worker as bytes.
 */

#include "filters/image.h"

#define PP_CHAIN_STEPS_MAX 16

enum pp_step_kind { PP_STEP_BLUR = 1, PP_STEP_THUMBNAIL };

struct pp_step {
    enum pp_step_kind kind;
    double sigma;       /* BLUR: standard deviation in pixels of the step's input, 0 is a copy */
    struct pp_size box; /* THUMBNAIL: fit inside */
};

/* All zero is the empty chain: a copy. */
struct pp_chain {
    int32_t count;
    struct pp_step steps[PP_CHAIN_STEPS_MAX];
};

/*
 * Append the step that people write as "--@name @argument": "blur" with a standard deviation
 * ("15", "0.8"), "thumbnail" with a box ("1200x1200", "1200x" or "x1200" for one free side,
 * "1200" for a square).
 *
 * Returns 0; -EINVAL with a message that says what is wrong with the argument and what is right
 * (unknown step, not a number, NaN or infinite, below 0, above the limit, sides of 0 or less);
 * -E2BIG where the chain is full.
 */
PP_MUST_CHECK int pp_chain_add(struct pp_chain *chain, const char *name, const char *argument,
                               struct pp_error *error);

/*
 * Write the chain as its user would ("--blur 15 --thumbnail 1200x1200") into @text of @bytes bytes,
 * cut to fit; "" for the empty chain. The same chain gives the same text, whatever the locale.
 */
void pp_chain_format(const struct pp_chain *chain, char *text, size_t bytes);
