/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Numbers: an input for tests of imap, and the function that goes with it
 */

#include "core/map.h"
#include "tests/pools.h"

/* Replies with its number and as many bytes as that number says, fails where it is odd enough. */
static inline int stretch(struct pp_call *call)
{
    uint8_t reply[1024];
    uint32_t n;

    if (call->arguments_length < sizeof(n)) {
        return -EINVAL;
    }
    memcpy(&n, call->arguments, sizeof(n));
    if (n % 97 == 13) {
        return pp_call_fail(call, -EILSEQ, "number %u", n);
    }
    memset(reply, (int)(n & 0xff), sizeof(reply));
    memcpy(reply, &n, sizeof(n));
    return pp_call_reply(call, reply, sizeof(n) + n % 500);
}

/* Numbers from 0 on, each at the head of so many bytes. */
struct numbers {
    uint32_t pulled;
    uint32_t count;
    size_t length;
    int error; /* behind the last; 0: the end */
    uint8_t bytes[PP_TASK_ARGUMENTS_MAX + 1];
};

static inline int pull_number(void *user, struct pp_map_item *ret_item)
{
    struct numbers *numbers = user;

    if (numbers->pulled == numbers->count) {
        return numbers->error != 0 ? numbers->error : PP_MAP_END;
    }
    memcpy(numbers->bytes, &numbers->pulled, sizeof(numbers->pulled));
    numbers->pulled++;
    ret_item->arguments = numbers->bytes;
    ret_item->arguments_length = numbers->length;
    return 0;
}

static inline struct numbers *new_numbers(uint32_t count)
{
    struct numbers *numbers = g_new0(struct numbers, 1);

    numbers->count = count;
    numbers->length = sizeof(uint32_t);
    return numbers;
}

static inline struct pp_imap *open_imap(struct pp_pool *pool, const char *function,
                                        struct numbers *numbers, bool ordered,
                                        const struct pp_map_options *options)
{
    struct pp_imap *imap = NULL;

    g_assert_cmpint(pp_imap_create(&imap, pool, function, pull_number, numbers, ordered, options),
                    ==, 0);
    g_assert_cmpuint(numbers->pulled, ==, 0);
    return imap;
}

static inline void assert_stretched(const struct pp_map_result *result)
{
    uint32_t n = (uint32_t)result->index;
    const uint8_t *reply = result->reply;

    if (n % 97 == 13) {
        g_autofree char *text = g_strdup_printf("number %u", n);

        g_assert_cmpint(result->outcome, ==, PP_FAILED);
        g_assert_cmpint(result->error.code, ==, -EILSEQ);
        g_assert_cmpstr(result->error.message, ==, text);
        return;
    }
    g_assert_cmpint(result->outcome, ==, PP_DONE);
    g_assert_cmpint(result->error.code, ==, 0);
    g_assert_cmpuint(result->reply_length, ==, sizeof(n) + n % 500);
    g_assert_cmpint(memcmp(reply, &n, sizeof(n)), ==, 0);
    for (size_t i = sizeof(n); i < result->reply_length; i++) {
        g_assert_cmpuint(reply[i], ==, n & 0xff);
    }
}

/* Take all; each number comes once, and in order if that was asked for. */
static inline void assert_all_come(struct pp_imap *imap, uint32_t count, bool ordered)
{
    g_autofree bool *came = g_new0(bool, count);
    struct pp_map_result result;

    for (uint32_t i = 0; i < count; i++) {
        g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
        g_assert_cmpuint(result.index, <, count);
        g_assert_false(came[result.index]);
        came[result.index] = true;
        g_assert_true(!ordered || result.index == i);
        assert_stretched(&result);
    }
    g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, PP_MAP_END);
    g_assert_cmpint(pp_imap_next(imap, 0, &result), ==, PP_MAP_END);
}
