/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Planning: headers and chains to make plans of
 */

#include <glib.h>

#include "filters/plan.h"

/* What a camera writes. */
static inline struct pp_header jpeg_header(int32_t width, int32_t height)
{
    return (struct pp_header){
        .format = PP_FORMAT_JPEG,
        .reader = PP_READER_JPEG,
        .size = {width, height},
        .bands = 3,
        .bits = 8,
        .orientation = 1,
        .shrink_max = 8,
        .means = true,
        .plain = true,
        .frames = 1,
        .loader = "jpeg",
    };
}

static inline struct pp_header png_header(int32_t width, int32_t height, int32_t bands,
                                          int32_t bits)
{
    struct pp_header header = jpeg_header(width, height);

    header.format = PP_FORMAT_PNG;
    header.reader = PP_READER_PNG;
    header.bands = bands;
    header.bits = bits;
    header.shrink_max = 1;
    header.means = bands % 2 == 1;
    return header;
}

/* "blur", "3", "thumbnail", "40x", NULL */
static inline struct pp_chain chain_of(const char *const *words)
{
    struct pp_chain chain = {0};

    for (; words[0] != NULL; words += 2) {
        g_assert_cmpint(pp_chain_add(&chain, words[0], words[1], NULL), ==, 0);
    }
    return chain;
}

#define CHAIN(...) chain_of((const char *const[]){__VA_ARGS__, NULL})

static inline struct pp_plan make_plan(const struct pp_header *header, const struct pp_chain *chain,
                                       enum pp_plan_mode mode)
{
    struct pp_plan_options options = {.mode = mode};
    struct pp_error error = {0};
    struct pp_plan plan;
    int r = pp_plan_make(header, chain, &options, &plan, &error);

    g_assert_cmpstr(error.message, ==, "");
    g_assert_cmpint(r, ==, 0);
    return plan;
}
