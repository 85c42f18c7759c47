/* SPDX-License-Identifier: MIT */

#include "samples/paint_task.h"

#include <errno.h>
#include <stdlib.h>

#include "samples/camera_exif.h"
#include "samples/photo_file.h"

size_t paint_photo_bytes(const struct paint_photo *photo)
{
    return (size_t)photo->width * (size_t)photo->height * 3;
}

/*
 * Where the picture's pixels lie in the slot. Orientation 6 says that the first row of the file is
 * the right side of the picture, and the first column its top: so going right in the picture is
 * going up in the file, and going down is going right.
 */
static struct landscape_canvas canvas_of(const struct paint_photo *photo, uint8_t *bytes)
{
    ptrdiff_t row = (ptrdiff_t)3 * (photo->turned ? photo->height : photo->width);

    if (photo->turned) {
        return (struct landscape_canvas){bytes + row * (photo->width - 1), -row, 3};
    }
    return (struct landscape_canvas){bytes, 3, row};
}

int paint_tile(struct pp_call *call)
{
    struct paint_tile arguments;
    struct landscape_canvas canvas;
    const struct scene *scene;
    void *scratch;

    if (pp_call_arguments(call, &arguments, sizeof(arguments)) != 0 || call->slot_count != 1) {
        return -EINVAL;
    }
    scene = scene_at(arguments.photo.scene);
    if (!scene || call->slots[0].capacity < paint_photo_bytes(&arguments.photo)) {
        return pp_call_fail(call, -EINVAL, "no such scene, or its slot is too small");
    }
    scratch = pp_call_scratch(call, landscape_scratch_bytes(arguments.photo.height));
    if (!scratch) {
        return -ENOMEM;
    }
    pp_call_phase(call, "paint");
    canvas = canvas_of(&arguments.photo, call->slots[0].bytes);
    landscape_paint(scene, arguments.photo.width, arguments.photo.height, &arguments.tile, &canvas,
                    scratch);
    return 0;
}

/* The EXIF block of the photo. Returns 0, with *ret_block for the caller to free. */
static int make_exif(const struct paint_photo *photo, const struct scene *scene,
                     const struct photo_pixels *pixels, uint8_t **ret_block, size_t *ret_length,
                     struct pp_error *error)
{
    uint8_t *preview;
    size_t preview_length;
    uint8_t *block;
    int r = photo_preview(pixels, &preview, &preview_length, error);

    if (r != 0) {
        return r;
    }
    block = malloc(camera_exif_room(preview_length));
    if (!block) {
        free(preview);
        return pp_error_set_errno(error, -ENOMEM, "cannot write EXIF");
    }
    *ret_length = camera_exif_write(
        &(struct camera_exif){
            .number = scene->seed + 31 * photo->scene,
            .orientation = photo->turned ? 6 : 1,
            .width = (uint32_t)pixels->width,
            .height = (uint32_t)pixels->height,
            .shutter = scene->camera.shutter,
            .f_number = scene->camera.f_number,
            .iso = (uint16_t)scene->camera.iso,
            .focal_mm = scene->camera.focal_mm,
            .focal_35mm = (uint16_t)scene->camera.focal_35mm,
            .preview = preview,
            .preview_length = preview_length,
        },
        block);
    *ret_block = block;
    free(preview);
    return 0;
}

int paint_write(struct pp_call *call)
{
    struct paint_photo photo;
    struct photo_pixels pixels;
    const struct scene *scene;
    struct pp_error error = {0};
    uint8_t *exif = NULL;
    size_t exif_length = 0;
    int r;

    if (pp_call_arguments(call, &photo, sizeof(photo)) != 0 || call->slot_count != 1 ||
        call->fd_count != 1) {
        return -EINVAL;
    }
    scene = scene_at(photo.scene);
    if (!scene || call->slots[0].capacity < paint_photo_bytes(&photo)) {
        return pp_call_fail(call, -EINVAL, "no such scene, or its slot is too small");
    }
    pixels = (struct photo_pixels){
        .bytes = call->slots[0].bytes,
        .width = photo.turned ? photo.height : photo.width,
        .height = photo.turned ? photo.width : photo.height,
    };
    pp_call_phase(call, "preview");
    r = make_exif(&photo, scene, &pixels, &exif, &exif_length, &error);
    if (r == 0) {
        pp_call_phase(call, "encode");
        r = photo_write(call->fds[0], (enum photo_format)photo.format, &pixels, exif, exif_length,
                        &error);
        free(exif);
    }
    return r == 0 ? 0 : pp_call_fail(call, r, "%s", error.message);
}
