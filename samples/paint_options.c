/* SPDX-License-Identifier: MIT */

#include "samples/paint_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "samples/landscape/scene.h"
#include "samples/photo_file.h"

#define SIDE_MIN 16
#define SIDE_MAX 20000

static const char *const format_names[] = {
    [PHOTO_JPEG] = "jpeg", [PHOTO_PROGRESSIVE] = "progressive", [PHOTO_PNG] = "png"};

static const char usage[] =
    "Usage: paint [-j N] DIR\n"
    "       paint [-j N] --scene NAME --size WxH [--format FORMAT] [--turned] -o FILE\n"
    "       paint --list\n"
    "\n"
    "Paint the sample photos that DIR lacks, or one photo.\n"
    "\n"
    "  -j, --workers N      worker processes; default: one per processor\n"
    "  -l, --list           say which sample photos there are\n"
    "  -s, --scene NAME     dusk, fog, lake, meadow, sea or snow\n"
    "      --size WxH       of the upright picture, in pixels\n"
    "  -f, --format FORMAT  jpeg (default), progressive or png\n"
    "      --turned         store it turned, with a note in the EXIF block to turn it back\n"
    "  -o, --output FILE\n"
    "  -h, --help\n";

/* Say what is wrong with the command line. Returns PAINT_MISUSED, which is 0: false. */
static enum paint_wish misused(const char *what, const char *value)
{
    fprintf(stderr, "paint: %s%s\n\n%s", what, value, usage);
    return PAINT_MISUSED;
}

/* Read a whole number from @low to @high, and what follows it. Returns false where it is none. */
static bool read_number(const char *text, long low, long high, long *ret, const char **ret_end)
{
    char *end;

    errno = 0;
    *ret = strtol(text, &end, 10);
    *ret_end = end;
    return text[0] >= '0' && text[0] <= '9' && errno == 0 && *ret >= low && *ret <= high;
}

static bool read_workers(const char *text, struct paint_options *options)
{
    long workers;
    const char *end;

    if (!read_number(text, 1, 1024, &workers, &end) || *end != '\0') {
        return misused("-j takes a number from 1 to 1024, not ", text);
    }
    options->workers = (unsigned)workers;
    return true;
}

static bool read_size(const char *text, struct paint_photo *photo)
{
    long width;
    long height;
    const char *end;

    if (!read_number(text, SIDE_MIN, SIDE_MAX, &width, &end) || *end != 'x' ||
        !read_number(end + 1, SIDE_MIN, SIDE_MAX, &height, &end) || *end != '\0') {
        return misused("--size takes WIDTHxHEIGHT, each from 16 to 20000, not ", text);
    }
    photo->width = (int32_t)width;
    photo->height = (int32_t)height;
    return true;
}

static bool read_format(const char *text, struct paint_photo *photo)
{
    for (uint32_t i = 0; i < PP_ARRAY_LENGTH(format_names); i++) {
        if (strcmp(text, format_names[i]) == 0) {
            photo->format = i;
            return true;
        }
    }
    return misused("no such format: ", text);
}

static bool read_option(int option, const char *value, struct paint_options *options)
{
    switch (option) {
    case 'j':
        return read_workers(value, options);
    case 'l':
        options->list = true;
        return true;
    case 's':
        options->has_scene = true;
        return scene_find(value, &options->photo.scene) || misused("no such scene: ", value);
    case 'S':
        return read_size(value, &options->photo);
    case 'f':
        return read_format(value, &options->photo);
    case 't':
        options->photo.turned = 1;
        return true;
    case 'o':
        options->output = value;
        return true;
    default:
        fputs(usage, stderr); /* getopt said what is wrong */
        return false;
    }
}

/* Find out what the options mean together; @left arguments are not options. */
static enum paint_wish wish_of(const struct paint_options *options, int left)
{
    bool one = options->output || options->has_scene || options->photo.width > 0;

    if (options->list) {
        return left == 0 ? PAINT_LIST : misused("--list takes no DIR", "");
    }
    if (one && (!options->output || !options->has_scene || options->photo.width == 0)) {
        return misused("one photo needs --scene, --size and -o", "");
    }
    if (left != (one ? 0 : 1)) {
        return misused(one ? "-o takes no DIR" : "give one DIR", "");
    }
    return one ? PAINT_ONE : PAINT_SAMPLES;
}

enum paint_wish paint_options_read(struct paint_options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"workers", required_argument, NULL, 'j'},
        {"list", no_argument, NULL, 'l'},
        {"scene", required_argument, NULL, 's'},
        {"size", required_argument, NULL, 'S'},
        {"format", required_argument, NULL, 'f'},
        {"turned", no_argument, NULL, 't'},
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    *options = (struct paint_options){0};
    while ((option = getopt_long(argc, argv, "j:ls:f:o:h", known, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            return PAINT_HELP;
        }
        if (!read_option(option, optarg, options)) {
            return PAINT_MISUSED;
        }
    }
    options->directory = argv[optind];
    return wish_of(options, argc - optind);
}

const char *paint_format_name(uint32_t format)
{
    return format_names[format];
}
