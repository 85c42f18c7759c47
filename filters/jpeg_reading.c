/* SPDX-License-Identifier: MIT */

/*
 * What libjpeg calls warnings decides whether a photo is whole, and it goes on after every one of
 * them with pixels that it made up. So any warning is a failure here, but for those about matters
 * that leave the pixels as they were meant: see is_harmless(). The source never pretends that a
 * file which was cut off has an end: to need more bytes than there are is a failure, wherever it
 * happens.
 *
 * Files that keep libjpeg busy on purpose end at two limits: SCANS_MAX and SEGMENTS_MAX.
 */

#include <errno.h>

#include "filters/jpeg_reading.h"

#include <jerror.h>

/* A progressive file of 100 kB can hold 10000 scans, each of which runs over the whole picture. No
 * encoder writes more than about 20. */
#define SCANS_MAX 500

/* Segments of metadata that are kept: libjpeg walks along all of them for each one that it adds,
 * and 1 MB can hold 100000. A profile takes up to 255, the largest XMP that is known of some
 * hundred. */
#define SEGMENTS_MAX 4096

/* Stray bytes between picture data and the next marker that are no sign of damage: see below. */
#define STRAY_BYTES_MAX 64

static struct pp_jpeg_reading *reading_of(void *jpeg)
{
    return ((j_common_ptr)jpeg)->client_data;
}

static _Noreturn void escape(struct pp_jpeg_reading *reading, int code)
{
    reading->code = code;
    longjmp(reading->escape, 1);
}

/* Say for people how far the file was read. */
static void describe_place(const struct pp_jpeg_reading *reading, char *text, size_t bytes)
{
    const struct jpeg_decompress_struct *jpeg = &reading->jpeg;
    unsigned shrink = reading->scale.means ? 1 : (unsigned)reading->scale.shrink;
    unsigned row;

    if (!reading->started) {
        snprintf(text, bytes, "in the header");
        return;
    }
    row = reading->drawing ? jpeg->output_scanline * shrink
                           : jpeg->input_iMCU_row * (unsigned)jpeg->max_v_samp_factor * DCTSIZE;
    if (row >= jpeg->image_height) {
        snprintf(text, bytes, "before the end marker");
    } else if (jpeg->input_scan_number > 1) {
        snprintf(text, bytes, "in row %u of %u of scan %d", row + 1, jpeg->image_height,
                 jpeg->input_scan_number);
    } else {
        snprintf(text, bytes, "in row %u of %u", row + 1, jpeg->image_height);
    }
}

static _Noreturn void fail_truncated(struct pp_jpeg_reading *reading)
{
    char place[80];

    describe_place(reading, place, sizeof(place));
    escape(reading,
           pp_error_set(reading->error, -EILSEQ, "truncated JPEG: the data ends %s", place));
}

static int code_of_error(int message)
{
    switch (message) {
    case JERR_OUT_OF_MEMORY:
        return -ENOMEM;
    case JERR_IMAGE_TOO_BIG:
    case JERR_WIDTH_OVERFLOW:
        return -EFBIG;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
        return -ENOTSUP;
    default:
        return -EILSEQ;
    }
}

static _Noreturn void fail(j_common_ptr jpeg)
{
    static const char prefix[] = "Corrupt JPEG data: ";
    struct pp_jpeg_reading *reading = reading_of(jpeg);
    int code = code_of_error(jpeg->err->msg_code);
    char buffer[JMSG_LENGTH_MAX];
    const char *message = buffer;
    char place[80];

    jpeg->err->format_message(jpeg, buffer);
    if (strncmp(message, prefix, sizeof(prefix) - 1) == 0) {
        message += sizeof(prefix) - 1;
    }
    describe_place(reading, place, sizeof(place));
    if (code == -ENOTSUP) {
        pp_error_set(reading->error, code, "%s; save it as an 8-bit baseline JPEG or a PNG",
                     message);
    } else {
        pp_error_set(reading->error, code, "corrupt JPEG %s: %s", place, message);
    }
    escape(reading, code);
}

/*
 * Whether a warning leaves the pixels as they were meant.
 *
 * A stray byte between two segments is no part of the picture: some cameras and editors pad with
 * them. After picture data, however, many of them are what is left when a damaged stretch was
 * decoded to fewer bits than it had, and the rest of the picture is shifted.
 */
static bool is_harmless(const struct pp_jpeg_reading *reading)
{
    switch (reading->errors.msg_code) {
    case JWRN_EXTRANEOUS_DATA:
        return !reading->started || reading->errors.msg_parm.i[0] <= STRAY_BYTES_MAX;
    case JWRN_ADOBE_XFORM:    /* a number in the Adobe marker that is taken as YCbCr */
    case JWRN_BOGUS_ICC:      /* no profile then */
    case JWRN_JFIF_MAJOR:     /* a later version of a header that hardly matters */
    case JWRN_NOT_SEQUENTIAL: /* zeros that baseline decoders do not look at */
        return true;
    default:
        return false;
    }
}

/* libjpeg tells of every segment that it passes, by a message that nobody else wants. */
static void count_segment(struct pp_jpeg_reading *reading)
{
    int marker = reading->errors.msg_parm.i[0];

    if (marker != JPEG_APP0 + 1 && marker != JPEG_APP0 + 2) {
        return;
    }
    reading->segments++;
    if (reading->segments > SEGMENTS_MAX) {
        escape(reading,
               pp_error_set(reading->error, -EFBIG, "a JPEG with more than %d segments of metadata",
                            SEGMENTS_MAX));
    }
}

static void hear_message(j_common_ptr jpeg, int level)
{
    struct pp_jpeg_reading *reading = reading_of(jpeg);

    if (level < 0 && !is_harmless(reading)) {
        fail(jpeg);
    }
    if (reading->errors.msg_code == JTRC_MISC_MARKER) {
        count_segment(reading);
    }
}

static void ignore_message(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void watch_scans(j_common_ptr jpeg)
{
    struct pp_jpeg_reading *reading = reading_of(jpeg);

    if (reading->jpeg.input_scan_number > SCANS_MAX) {
        escape(reading, pp_error_set(reading->error, -EFBIG,
                                     "a progressive JPEG of more than %d scans, which is a trap "
                                     "or damaged; save it as a baseline JPEG",
                                     SCANS_MAX));
    }
}

static void input_nothing(j_decompress_ptr jpeg)
{
    (void)jpeg;
}

static boolean input_more(j_decompress_ptr jpeg)
{
    fail_truncated(reading_of(jpeg));
}

static void input_skip(j_decompress_ptr jpeg, long bytes)
{
    if (bytes > 0) {
        if ((size_t)bytes > jpeg->src->bytes_in_buffer) {
            fail_truncated(reading_of(jpeg));
        }
        jpeg->src->next_input_byte += bytes;
        jpeg->src->bytes_in_buffer -= (size_t)bytes;
    }
}

static void open_input(struct pp_jpeg_reading *reading)
{
    reading->input = (struct jpeg_source_mgr){
        .next_input_byte = reading->source->bytes,
        .bytes_in_buffer = reading->source->length,
        .init_source = input_nothing,
        .fill_input_buffer = input_more,
        .skip_input_data = input_skip,
        .resync_to_restart = jpeg_resync_to_restart,
        .term_source = input_nothing,
    };
    reading->jpeg.src = &reading->input;
    reading->progress.progress_monitor = watch_scans;
    reading->jpeg.progress = &reading->progress;
}

int pp_jpeg_reading_run(struct pp_jpeg_reading *reading,
                        int (*step)(struct pp_jpeg_reading *reading))
{
    reading->jpeg.err = jpeg_std_error(&reading->errors);
    reading->jpeg.client_data = reading;
    reading->errors.error_exit = fail;
    reading->errors.emit_message = hear_message;
    reading->errors.output_message = ignore_message;
    if (setjmp(reading->escape) == 0) {
        jpeg_create_decompress(&reading->jpeg);
        open_input(reading);
        reading->code = step(reading);
    }
    jpeg_destroy_decompress(&reading->jpeg);
    return reading->code;
}
