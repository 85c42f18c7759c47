/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/frame.h"
#include "tests/processes.h"

/* What must come out on any machine, byte for byte. */
static void test_a_frame_has_the_same_bytes_everywhere(void)
{
    static const uint8_t expected[] = {
        0x12,                                                 /* u8 */
        0x34, 0x12,                                           /* u16 */
        0x78, 0x56, 0x34, 0x12,                               /* u32 */
        0xf0, 0xde, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12,       /* u64 */
        0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,       /* -2 */
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0xbf,       /* -1.5 */
        0x02, 0x00, 'o',  'k',                                /* text */
        0x00,                                                 /* None */
        0x01, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* 5 */
        0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf0, 0x3f, /* 1.0 */
        0x03, 0x03, 0x00, 0x00, 0x00, 'a',  0x00, 'b',        /* bytes */
    };
    struct pp_frame_writer writer = {.bytes = NULL};
    struct pp_item items[] = {pp_item_none(), pp_item_int(5), pp_item_double(1),
                              pp_item_bytes("a\0b", 3)};

    pp_frame_put_u8(&writer, 0x12);
    pp_frame_put_u16(&writer, 0x1234);
    pp_frame_put_u32(&writer, 0x12345678);
    pp_frame_put_u64(&writer, UINT64_C(0x123456789abcdef0));
    pp_frame_put_i64(&writer, -2);
    pp_frame_put_double(&writer, -1.5);
    pp_frame_put_text(&writer, "ok", 2);
    for (size_t i = 0; i < PP_ARRAY_LENGTH(items); i++) {
        pp_frame_put_item(&writer, &items[i]);
    }
    g_assert_cmpint(writer.error, ==, 0);
    g_assert_cmpmem(writer.bytes, writer.length, expected, sizeof(expected));
    pp_frame_writer_finish(&writer);
}

static void test_what_was_written_is_read(void)
{
    struct pp_frame_writer writer = {.bytes = NULL};
    struct pp_frame_reader reader;
    struct pp_item item;
    const char *text;
    size_t length;

    pp_frame_put_i64(&writer, INT64_MIN);
    pp_frame_put_double(&writer, -HUGE_VAL);
    pp_frame_put_text(&writer, "", 0);
    item = pp_item_bytes("", 0);
    pp_frame_put_item(&writer, &item);
    reader = pp_frame_reader_of(writer.bytes, writer.length);
    g_assert_true(pp_frame_get_i64(&reader) == INT64_MIN);
    g_assert_true(pp_frame_get_double(&reader) == -HUGE_VAL);
    text = pp_frame_get_text(&reader, &length);
    g_assert_nonnull(text);
    g_assert_cmpuint(length, ==, 0);
    item = pp_frame_get_item(&reader);
    g_assert_cmpint(item.kind, ==, PP_ITEM_BYTES);
    g_assert_cmpuint(item.length, ==, 0);
    g_assert_true(pp_frame_is_whole(&reader));
    pp_frame_writer_finish(&writer);
}

/* Each prefix of a whole frame, in memory of just that size. */
static void test_half_a_frame_is_broken(void)
{
    struct pp_frame_writer writer = {.bytes = NULL};
    struct pp_item item = pp_item_text("sunny");

    pp_frame_put_text(&writer, "today", 5);
    pp_frame_put_item(&writer, &item);
    for (size_t length = 0; length < writer.length; length++) {
        uint8_t *bytes = malloc(length + 1);
        struct pp_frame_reader reader;
        size_t text_length;

        memcpy(bytes, writer.bytes, length);
        bytes = realloc(bytes, length == 0 ? 1 : length);
        reader = pp_frame_reader_of(bytes, length);
        pp_frame_get_text(&reader, &text_length);
        item = pp_frame_get_item(&reader);
        g_assert_true(reader.broken);
        g_assert_false(pp_frame_is_whole(&reader));
        g_assert_cmpint(item.kind, ==, PP_ITEM_NONE);
        free(bytes);
    }
    pp_frame_writer_finish(&writer);
}

static void test_text_has_no_nul_inside(void)
{
    static const uint8_t bytes[] = {3, 0, 'a', 0, 'b'};
    struct pp_frame_reader reader = pp_frame_reader_of(bytes, sizeof(bytes));
    size_t length;

    g_assert_nonnull(pp_frame_get_text(&reader, &length));
    g_assert_cmpuint(length, ==, 0);
    g_assert_true(reader.broken);
}

static void test_more_than_was_expected_is_not_whole(void)
{
    static const uint8_t bytes[] = {1, 2};
    struct pp_frame_reader reader = pp_frame_reader_of(bytes, sizeof(bytes));

    pp_frame_get_u8(&reader);
    g_assert_false(pp_frame_is_whole(&reader));
    pp_frame_get_u8(&reader);
    g_assert_true(pp_frame_is_whole(&reader));
}

static void test_text_that_is_too_long_is_an_error_of_the_writer(void)
{
    struct pp_frame_writer writer = {.bytes = NULL};
    g_autofree char *text = g_strnfill(UINT16_MAX + 1, 'x');

    pp_frame_put_text(&writer, text, UINT16_MAX);
    g_assert_cmpint(writer.error, ==, 0);
    pp_frame_put_text(&writer, text, UINT16_MAX + 1);
    g_assert_cmpint(writer.error, ==, -EMSGSIZE);
    pp_frame_put_u8(&writer, 1);
    g_assert_cmpuint(writer.length, ==, 2 + UINT16_MAX);
    pp_frame_writer_finish(&writer);
}

/* Any bytes at all: nothing is read that is not there, which a sanitizer sees. */
static void test_any_bytes_are_read_without_harm(void)
{
    for (int round = 0; round < 20000; round++) {
        size_t length = (size_t)g_test_rand_int_range(0, 40);
        uint8_t *bytes = g_malloc(length + 1);
        struct pp_frame_reader reader;

        bytes = g_realloc(bytes, length == 0 ? 1 : length);
        for (size_t i = 0; i < length; i++) {
            bytes[i] = (uint8_t)g_test_rand_int_range(0, g_test_rand_int_range(1, 257));
        }
        reader = pp_frame_reader_of(bytes, length);
        while (!reader.broken && reader.left > 0) {
            size_t text_length;
            struct pp_item item = pp_frame_get_item(&reader);
            struct pp_item copy;

            g_assert_cmpint(pp_item_copy(&copy, &item), ==, 0);
            pp_item_finish(&copy);
            pp_frame_get_text(&reader, &text_length);
        }
        g_free(bytes);
    }
}

static void test_a_copy_of_an_item_owns_its_bytes(void)
{
    char text[] = "sunny";
    struct pp_item item = pp_item_text(text);
    struct pp_item copy;

    g_assert_cmpint(pp_item_copy(&copy, &item), ==, 0);
    memset(text, 'x', 5);
    g_assert_cmpstr(copy.bytes, ==, "sunny");
    g_assert_cmpuint(copy.length, ==, 5);
    g_assert_cmpint(pp_item_copy(&item, &copy), ==, 0);
    pp_item_finish(&copy);
    g_assert_cmpint(copy.kind, ==, PP_ITEM_NONE);
    pp_item_finish(&copy);
    g_assert_cmpstr(item.bytes, ==, "sunny");
    pp_item_finish(&item);
}

static void test_items_are_equal_by_kind_and_value(void)
{
    struct pp_item nan_item = pp_item_double(NAN);
    struct pp_item items[] = {
        pp_item_none(),      pp_item_int(1),    pp_item_int(2),        pp_item_double(1),
        pp_item_double(1.5), pp_item_text("1"), pp_item_bytes("1", 0),
    };

    for (size_t i = 0; i < PP_ARRAY_LENGTH(items); i++) {
        for (size_t j = 0; j < PP_ARRAY_LENGTH(items); j++) {
            g_assert_cmpint(pp_item_is_equal(&items[i], &items[j]), ==, i == j);
        }
    }
    g_assert_false(pp_item_is_equal(&nan_item, &nan_item));
}

static void test_a_number_is_asked_for_by_its_kind(void)
{
    struct pp_item integer = pp_item_int(-3);
    struct pp_item number = pp_item_double(2.5);
    struct pp_item text = pp_item_text("3");
    int64_t i = 0;
    double d = 0;

    g_assert_cmpint(pp_item_get_int(&integer, &i), ==, 0);
    g_assert_cmpint(i, ==, -3);
    g_assert_cmpint(pp_item_get_int(&number, &i), ==, -EINVAL);
    g_assert_cmpint(pp_item_get_double(&number, &d), ==, 0);
    g_assert_true(d == 2.5);
    g_assert_cmpint(pp_item_get_double(&integer, &d), ==, 0);
    g_assert_true(d == -3);
    g_assert_cmpint(pp_item_get_double(&text, &d), ==, -EINVAL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frame/it-has-the-same-bytes-everywhere",
                    test_a_frame_has_the_same_bytes_everywhere);
    g_test_add_func("/frame/what-was-written-is-read", test_what_was_written_is_read);
    g_test_add_func("/frame/half-a-frame-is-broken", test_half_a_frame_is_broken);
    g_test_add_func("/frame/text-has-no-nul-inside", test_text_has_no_nul_inside);
    g_test_add_func("/frame/more-than-was-expected-is-not-whole",
                    test_more_than_was_expected_is_not_whole);
    g_test_add_func("/frame/text-that-is-too-long-is-an-error-of-the-writer",
                    test_text_that_is_too_long_is_an_error_of_the_writer);
    g_test_add_func("/frame/any-bytes-are-read-without-harm", test_any_bytes_are_read_without_harm);
    g_test_add_func("/item/a-copy-owns-its-bytes", test_a_copy_of_an_item_owns_its_bytes);
    g_test_add_func("/item/equal-is-by-kind-and-value", test_items_are_equal_by_kind_and_value);
    g_test_add_func("/item/a-number-is-asked-for-by-its-kind",
                    test_a_number_is_asked_for_by_its_kind);
    return g_test_run();
}
