/* SPDX-License-Identifier: MIT */
#include "filters/exif.h"
#include "tests/fence.h"

/*
 * A complete EXIF: a directory about the picture, one about the exposure, one about the preview, a
 * maker note and the preview. Its places are fixed, so that tests can name them.
 */
enum {
    FIRST = 8,
    ORIENTATION = FIRST + 2,
    WIDTH = ORIENTATION + 12,
    HEIGHT = WIDTH + 12,
    BELOW = HEIGHT + 12,
    LINK = BELOW + 12,
    EXPOSURE = 100,
    PIXEL_WIDTH = EXPOSURE + 2,
    PIXEL_HEIGHT = PIXEL_WIDTH + 12,
    PREVIEW = 200,
    NOTE = 300,
    NOTE_BYTES = 40,
    DATA = 400,
    DATA_BYTES = 64,
    WHOLE = 500
};

struct writer {
    uint8_t *bytes;
    gboolean big_endian;
};

static void put(const struct writer *writer, size_t place, uint32_t value, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned shift = 8 * (writer->big_endian ? count - 1 - i : i);

        writer->bytes[place + i] = (uint8_t)(value >> shift);
    }
}

static uint32_t get(const struct writer *writer, size_t place, unsigned count)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < count; i++) {
        value = value << 8 | writer->bytes[place + (writer->big_endian ? i : count - 1 - i)];
    }
    return value;
}

static void put_entry(const struct writer *writer, size_t place, uint16_t tag, uint16_t type,
                      uint32_t value)
{
    put(writer, place, tag, 2);
    put(writer, place + 2, type, 2);
    put(writer, place + 4, 1, 4);
    put(writer, place + 8, value, type == 3 ? 2 : 4);
}

static struct pp_blob make_exif(gboolean big_endian)
{
    struct pp_blob exif = {g_malloc0(WHOLE), WHOLE};
    struct writer writer = {exif.bytes, big_endian};

    memcpy(exif.bytes, big_endian ? "MM" : "II", 2);
    put(&writer, 2, 42, 2);
    put(&writer, 4, FIRST, 4);
    put(&writer, FIRST, 4, 2);
    put_entry(&writer, ORIENTATION, 0x0112, 3, 6);
    put_entry(&writer, WIDTH, 0x0100, 3, 4000);
    put_entry(&writer, HEIGHT, 0x0101, 4, 3000);
    put_entry(&writer, BELOW, 0x8769, 4, EXPOSURE);
    put(&writer, LINK, PREVIEW, 4);
    put(&writer, EXPOSURE, 2, 2);
    put_entry(&writer, PIXEL_WIDTH, 0xA002, 4, 4000);
    put_entry(&writer, PIXEL_HEIGHT, 0xA003, 3, 3000);
    put(&writer, PREVIEW, 2, 2);
    put_entry(&writer, PREVIEW + 2, 0x0201, 4, DATA);
    put_entry(&writer, PREVIEW + 14, 0x0202, 4, DATA_BYTES);
    memset(exif.bytes + NOTE, 'n', NOTE_BYTES);
    memset(exif.bytes + DATA, 'p', DATA_BYTES);
    return exif;
}

static const struct pp_size processed = {1200, 900};

static void test_orientation_is_read_in_both_byte_orders(void)
{
    for (int big_endian = 0; big_endian < 2; big_endian++) {
        struct pp_blob exif = make_exif(big_endian);

        g_assert_cmpint(pp_exif_orientation(&exif), ==, 6);
        g_free(exif.bytes);
    }
}

static void test_what_is_no_orientation_counts_as_1(void)
{
    struct pp_blob exif = make_exif(FALSE);
    struct pp_blob nothing = {NULL, 0};
    struct writer writer = {exif.bytes, FALSE};

    put(&writer, ORIENTATION + 8, 0, 2);
    g_assert_cmpint(pp_exif_orientation(&exif), ==, 1);
    put(&writer, ORIENTATION + 8, 9, 2);
    g_assert_cmpint(pp_exif_orientation(&exif), ==, 1);
    put(&writer, ORIENTATION + 8, 6, 2);
    put(&writer, ORIENTATION + 2, 5, 2); /* a fraction */
    g_assert_cmpint(pp_exif_orientation(&exif), ==, 1);
    put(&writer, ORIENTATION, 0x0110, 2); /* another tag */
    g_assert_cmpint(pp_exif_orientation(&exif), ==, 1);
    exif.bytes[0] = 'X';
    g_assert_cmpint(pp_exif_orientation(&exif), ==, 1);
    g_assert_cmpint(pp_exif_orientation(&nothing), ==, 1);
    g_free(exif.bytes);
}

static void test_an_update_tells_the_new_size_and_upright(void)
{
    for (int big_endian = 0; big_endian < 2; big_endian++) {
        struct pp_blob exif = make_exif(big_endian);
        struct writer writer = {exif.bytes, big_endian};

        pp_exif_update(&exif, processed);
        g_assert_cmpint(pp_exif_orientation(&exif), ==, 1);
        g_assert_cmpint(get(&writer, WIDTH + 8, 2), ==, 1200);
        g_assert_cmpint(get(&writer, HEIGHT + 8, 4), ==, 900);
        g_assert_cmpint(get(&writer, PIXEL_WIDTH + 8, 4), ==, 1200);
        g_assert_cmpint(get(&writer, PIXEL_HEIGHT + 8, 2), ==, 900);
        g_free(exif.bytes);
    }
}

static void test_a_size_beyond_16_bits_widens_its_tag(void)
{
    struct pp_blob exif = make_exif(TRUE);
    struct writer writer = {exif.bytes, TRUE};

    /* WIDTH is a SHORT before; 70000 in two bytes would be 4464. */
    pp_exif_update(&exif, (struct pp_size){70000, 900});
    g_assert_cmpint(get(&writer, WIDTH + 2, 2), ==, 4);
    g_assert_cmpint(get(&writer, WIDTH + 8, 4), ==, 70000);
    g_free(exif.bytes);
}

static void test_an_update_removes_the_preview(void)
{
    struct pp_blob exif = make_exif(FALSE);
    struct writer writer = {exif.bytes, FALSE};

    /* Nothing links to its directory any more, and its bytes, all 'p' before, are gone. */
    pp_exif_update(&exif, processed);
    g_assert_cmpint(get(&writer, LINK, 4), ==, 0);
    for (size_t i = 0; i < DATA_BYTES; i++) {
        g_assert_cmpint(exif.bytes[DATA + i], ==, 0);
    }
    g_free(exif.bytes);
}

static void test_an_update_removes_a_preview_in_strips(void)
{
    struct pp_blob exif = make_exif(FALSE);
    struct writer writer = {exif.bytes, FALSE};

    /* Two strips of 32 bytes; their offsets are 4 bytes each, so they stand outside the entry. */
    put_entry(&writer, PREVIEW + 2, 0x0111, 4, NOTE + NOTE_BYTES);
    put(&writer, PREVIEW + 2 + 4, 2, 4);
    put(&writer, NOTE + NOTE_BYTES, DATA, 4);
    put(&writer, NOTE + NOTE_BYTES + 4, DATA + 32, 4);
    put_entry(&writer, PREVIEW + 14, 0x0117, 3, 32);
    put(&writer, PREVIEW + 14 + 4, 2, 4);
    put(&writer, PREVIEW + 14 + 10, 32, 2);
    pp_exif_update(&exif, processed);
    for (size_t i = 0; i < DATA_BYTES; i++) {
        g_assert_cmpint(exif.bytes[DATA + i], ==, 0);
    }
    g_free(exif.bytes);
}

static void test_an_update_leaves_everything_else_alone(void)
{
    struct pp_blob before = make_exif(FALSE);
    struct pp_blob after = make_exif(FALSE);
    size_t changed = 0;

    pp_exif_update(&after, processed);
    for (size_t i = 0; i < WHOLE; i++) {
        gboolean expected = (i >= ORIENTATION && i < LINK + 4) ||
                            (i >= PIXEL_WIDTH && i < PIXEL_HEIGHT + 12) ||
                            (i >= DATA && i < DATA + DATA_BYTES);

        g_assert_true(expected || before.bytes[i] == after.bytes[i]);
        changed += before.bytes[i] != after.bytes[i];
    }
    /* Values of 2 bytes in 5 entries, 1 byte of link, the preview. */
    g_assert_cmpint(changed, <=, DATA_BYTES + 5 * 2 + 1);
    g_assert_cmpint(after.length, ==, WHOLE);
    g_free(before.bytes);
    g_free(after.bytes);
}

static void test_a_second_update_changes_nothing_more(void)
{
    struct pp_blob once = make_exif(TRUE);
    struct pp_blob twice = make_exif(TRUE);

    pp_exif_update(&once, processed);
    pp_exif_update(&twice, processed);
    pp_exif_update(&twice, processed);
    g_assert_cmpmem(once.bytes, once.length, twice.bytes, twice.length);
    g_free(once.bytes);
    g_free(twice.bytes);
}

static void test_a_preview_that_claims_the_tags_does_not_take_them(void)
{
    struct pp_blob exif = make_exif(FALSE);
    struct writer writer = {exif.bytes, FALSE};

    /* The preview says it is everything from the header on: clearing it would clear the tags. */
    put(&writer, PREVIEW + 2 + 8, 8, 4);
    put(&writer, PREVIEW + 14 + 8, WHOLE - 8, 4);
    pp_exif_update(&exif, processed);
    g_assert_cmpint(get(&writer, FIRST, 2), ==, 4);
    g_assert_cmpint(get(&writer, WIDTH + 8, 2), ==, 1200);
    g_assert_cmpint(get(&writer, LINK, 4), ==, 0);
    g_free(exif.bytes);
}

static void test_directories_that_go_in_circles_end(void)
{
    struct pp_blob exif = make_exif(FALSE);
    struct writer writer = {exif.bytes, FALSE};

    put(&writer, LINK, FIRST, 4);
    put(&writer, BELOW + 8, FIRST, 4);
    pp_exif_update(&exif, processed);
    g_assert_cmpint(pp_exif_orientation(&exif), ==, 1);
    g_assert_cmpint(get(&writer, WIDTH + 8, 2), ==, 1200);
    g_free(exif.bytes);
}

static void read_and_update(const struct pp_blob *exif, size_t length)
{
    struct fence fence = fence_start(exif->bytes, length);
    struct pp_blob copy = {fence.bytes, length};
    int32_t orientation = pp_exif_orientation(&copy);

    g_assert_cmpint(orientation, >=, 1);
    g_assert_cmpint(orientation, <=, 8);
    pp_exif_update(&copy, processed);
    g_assert_cmpint(copy.length, ==, length);
    fence_end(&fence);
}

static void test_a_structure_cut_anywhere_is_not_left(void)
{
    struct pp_blob exif = make_exif(FALSE);

    /* A page that cannot be touched follows each copy. */
    for (size_t length = 0; length <= WHOLE; length++) {
        read_and_update(&exif, length);
    }
    g_free(exif.bytes);
}

static void test_a_structure_with_any_byte_wrong_is_not_left(void)
{
    static const uint8_t wrong[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};

    for (size_t place = 0; place < WHOLE; place++) {
        for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
            struct pp_blob exif = make_exif(i % 2 == 0);

            /* Two bytes together reach what one alone does not: offsets just below 2^32. */
            exif.bytes[place] = wrong[i];
            read_and_update(&exif, WHOLE);
            exif.bytes[(place + 1) % WHOLE] = wrong[i];
            read_and_update(&exif, WHOLE);
            g_free(exif.bytes);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exif/orientation-is-read-in-both-byte-orders",
                    test_orientation_is_read_in_both_byte_orders);
    g_test_add_func("/exif/what-is-no-orientation-counts-as-1",
                    test_what_is_no_orientation_counts_as_1);
    g_test_add_func("/exif/an-update-tells-the-new-size-and-upright",
                    test_an_update_tells_the_new_size_and_upright);
    g_test_add_func("/exif/a-size-beyond-16-bits-widens-its-tag",
                    test_a_size_beyond_16_bits_widens_its_tag);
    g_test_add_func("/exif/an-update-removes-the-preview", test_an_update_removes_the_preview);
    g_test_add_func("/exif/an-update-removes-a-preview-in-strips",
                    test_an_update_removes_a_preview_in_strips);
    g_test_add_func("/exif/an-update-leaves-everything-else-alone",
                    test_an_update_leaves_everything_else_alone);
    g_test_add_func("/exif/a-second-update-changes-nothing-more",
                    test_a_second_update_changes_nothing_more);
    g_test_add_func("/exif/a-preview-that-claims-the-tags-does-not-take-them",
                    test_a_preview_that_claims_the_tags_does_not_take_them);
    g_test_add_func("/exif/directories-that-go-in-circles-end",
                    test_directories_that_go_in_circles_end);
    g_test_add_func("/exif/a-structure-cut-anywhere-is-not-left",
                    test_a_structure_cut_anywhere_is_not_left);
    g_test_add_func("/exif/a-structure-with-any-byte-wrong-is-not-left",
                    test_a_structure_with_any_byte_wrong_is_not_left);
    return g_test_run();
}
