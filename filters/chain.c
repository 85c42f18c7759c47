/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filters/blur.h"
#include "filters/chain.h"

/*
 * A chain is read from what people type and from scripts that run anywhere, so the text is held to
 * a small grammar before the C library sees it: strtod() alone would take "nan", "0x1p3" and
 * leading spaces, and would want a comma for a point where the user's locale has one. Numbers are
 * read and written in the C locale; asking glibc and musl for that one allocates nothing.
 */

struct step_word {
    const char *name;
    int (*parse)(const char *argument, struct pp_step *step, struct pp_error *error);
    void (*format)(const struct pp_step *step, char *text, size_t bytes);
};

/* Digits, a point and an exponent; nothing before, nothing after. */
static bool parse_number(const char *text, double *ret)
{
    locale_t c_locale;
    char *end;

    if (*text == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0') {
        return false;
    }
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) {
        return false;
    }
    *ret = strtod_l(text, &end, c_locale);
    freelocale(c_locale);
    return *end == '\0';
}

static int parse_blur(const char *argument, struct pp_step *step, struct pp_error *error)
{
    double sigma;

    if (!parse_number(argument, &sigma)) {
        return pp_error_set(error, -EINVAL,
                            "--blur: '%.60s' is not a number; give the standard deviation in "
                            "pixels, e.g. 15",
                            argument);
    }
    if (sigma < 0) {
        return pp_error_set(error, -EINVAL,
                            "--blur: '%.60s' is below 0; give the standard deviation in pixels, "
                            "e.g. 15",
                            argument);
    }
    if (sigma > PP_BLUR_SIGMA_MAX) {
        return pp_error_set(error, -EINVAL,
                            "--blur: '%.60s' is too large; a standard deviation of up to %d pixels "
                            "is possible",
                            argument, (int)PP_BLUR_SIGMA_MAX);
    }
    step->kind = PP_STEP_BLUR;
    step->sigma = fabs(sigma); /* "-0" is 0 */
    return 0;
}

/* The shortest text that reads back as the same number. */
static void format_blur(const struct pp_step *step, char *text, size_t bytes)
{
    char shortest[32];

    for (int digits = 6; digits <= 17; digits++) {
        snprintf(shortest, sizeof(shortest), "%.*g", digits, step->sigma);
        if (strtod(shortest, NULL) == step->sigma) {
            break;
        }
    }
    snprintf(text, bytes, "%s", shortest);
}

/*
 * Read the whole number that @text starts with into *ret_side, and return where it ends; with no
 * number there, *ret_side stays as it is and @text comes back. Large numbers end up above the
 * limit, whatever their length.
 */
static const char *parse_side(const char *text, int64_t *ret_side)
{
    const char *digits = *text == '-' ? text + 1 : text;
    int64_t side = 0;

    if (!isdigit((unsigned char)*digits)) {
        return text;
    }
    for (; isdigit((unsigned char)*digits); digits++) {
        side = side > PP_IMAGE_SIDE_MAX ? side : side * 10 + (*digits - '0');
    }
    *ret_side = *text == '-' ? -side : side;
    return digits;
}

/* Split "WxH", "Wx", "xH" or "W" into its sides; false where @argument is none of them. */
static bool parse_sides(const char *argument, int64_t *width, int64_t *height)
{
    const char *first_end = parse_side(argument, width);
    const char *second;
    const char *end;

    if (*first_end == '\0') {
        *height = *width;
        return first_end != argument;
    }
    if (*first_end != 'x' && *first_end != 'X') {
        return false;
    }
    second = first_end + 1;
    end = parse_side(second, height);
    return *end == '\0' && (first_end != argument || end != second);
}

static int parse_thumbnail(const char *argument, struct pp_step *step, struct pp_error *error)
{
    int64_t width = PP_IMAGE_SIDE_MAX;
    int64_t height = PP_IMAGE_SIDE_MAX;

    if (!parse_sides(argument, &width, &height)) {
        return pp_error_set(error, -EINVAL,
                            "--thumbnail: '%.60s' is not a box; give WIDTHxHEIGHT in pixels, e.g. "
                            "1200x1200, or 1200x or x1200 for one free side",
                            argument);
    }
    if (width < 1 || height < 1) {
        return pp_error_set(error, -EINVAL,
                            "--thumbnail: '%.60s' has a side below 1; give WIDTHxHEIGHT in pixels, "
                            "e.g. 1200x1200",
                            argument);
    }
    if (width > PP_IMAGE_SIDE_MAX || height > PP_IMAGE_SIDE_MAX) {
        return pp_error_set(error, -EINVAL,
                            "--thumbnail: '%.60s' is too large; sides of up to %d pixels are "
                            "possible",
                            argument, PP_IMAGE_SIDE_MAX);
    }
    step->kind = PP_STEP_THUMBNAIL;
    step->box = (struct pp_size){(int32_t)width, (int32_t)height};
    return 0;
}

/* A side as large as the limit is a free one: left out, unless the other is free as well. */
static void format_thumbnail(const struct pp_step *step, char *text, size_t bytes)
{
    struct pp_size box = step->box;

    if (box.width == PP_IMAGE_SIDE_MAX && box.height < PP_IMAGE_SIDE_MAX) {
        snprintf(text, bytes, "x%d", box.height);
    } else if (box.height == PP_IMAGE_SIDE_MAX && box.width < PP_IMAGE_SIDE_MAX) {
        snprintf(text, bytes, "%dx", box.width);
    } else {
        snprintf(text, bytes, "%dx%d", box.width, box.height);
    }
}

/* At the places of enum pp_step_kind. */
static const struct step_word step_words[] = {
    [PP_STEP_BLUR] = {"blur", parse_blur, format_blur},
    [PP_STEP_THUMBNAIL] = {"thumbnail", parse_thumbnail, format_thumbnail},
};

static const struct step_word *find_word(const char *name)
{
    for (size_t i = PP_STEP_BLUR; i < PP_ARRAY_LENGTH(step_words); i++) {
        if (strcmp(step_words[i].name, name) == 0) {
            return &step_words[i];
        }
    }
    return NULL;
}

int pp_chain_add(struct pp_chain *chain, const char *name, const char *argument,
                 struct pp_error *error)
{
    const struct step_word *word = find_word(name);
    struct pp_step step = {0};
    int r;

    if (word == NULL) {
        return pp_error_set(error, -EINVAL,
                            "--%.60s is no step of a chain; there are --blur and --thumbnail",
                            name);
    }
    if (chain->count >= PP_CHAIN_STEPS_MAX) {
        return pp_error_set(error, -E2BIG, "--%s: a chain has at most %d steps", name,
                            PP_CHAIN_STEPS_MAX);
    }
    r = word->parse(argument, &step, error);
    if (r < 0) {
        return r;
    }
    chain->steps[chain->count++] = step;
    return 0;
}

void pp_chain_format(const struct pp_chain *chain, char *text, size_t bytes)
{
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t users_locale = uselocale(c_locale);
    size_t length = 0;

    if (bytes > 0) {
        text[0] = '\0';
    }
    for (int32_t i = 0; i < chain->count && length < bytes; i++) {
        const struct step_word *word = &step_words[chain->steps[i].kind];
        char argument[40];

        word->format(&chain->steps[i], argument, sizeof(argument));
        length += (size_t)snprintf(text + length, bytes - length, "%s--%s %s", i > 0 ? " " : "",
                                   word->name, argument);
    }
    uselocale(users_locale);
    if (c_locale != (locale_t)0) {
        freelocale(c_locale);
    }
}
