/* SPDX-License-Identifier: MIT */
/*
 * The worker's half. The file is mapped, not read: a probe touches only the pages of the header,
 * and a rendering shares the page cache instead of copying it. If somebody cuts the file short
 * meanwhile, the access dies of SIGBUS; that ends this worker, costs no other input, and the second
 * attempt sees the new size and says that the file changed. File systems that cannot map fall back
 * on a copy.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/descriptor.h"
#include "app/image_task.h"
#include "core/task.h"
#include "filters/render.h"
#include "filters/vips.h"

struct mapped_file {
    void *bytes;
    size_t length;
    bool is_copy;
};

static int copy_file(struct mapped_file *file, int fd)
{
    ssize_t n;

    file->is_copy = true;
    file->bytes = malloc(file->length);
    if (file->bytes == NULL) {
        return -ENOMEM;
    }
    n = descriptor_read_at(fd, file->bytes, file->length, 0);
    if (n >= 0 && (size_t)n == file->length) {
        return 0;
    }
    free(file->bytes);
    return n < 0 ? (int)n : -ESTALE;
}

static int map_file(struct mapped_file *file, int fd)
{
    void *bytes = mmap(NULL, file->length, PROT_READ, MAP_PRIVATE, fd, 0);

    if (bytes == MAP_FAILED) {
        return copy_file(file, fd);
    }
    file->bytes = bytes;
    return 0;
}

static int open_file(struct mapped_file *file, struct pp_call *call,
                     const struct image_file *expected)
{
    struct stat status;
    int r;

    pp_call_phase(call, "read");
    if (call->fd_count != 1 || expected->bytes <= 0) {
        return -EINVAL;
    }
    if (fstat(call->fds[0], &status) < 0) {
        return -errno;
    }
    if (status.st_size != expected->bytes || status.st_mtim.tv_sec != expected->seconds ||
        status.st_mtim.tv_nsec != expected->nanoseconds) {
        return pp_call_fail(call, -ESTALE,
                            "the file was written to while it was processed; is it "
                            "still being copied?");
    }
    *file = (struct mapped_file){.length = (size_t)status.st_size};
    r = map_file(file, call->fds[0]);
    return r < 0 ? pp_call_fail(call, r, "the file cannot be read") : 0;
}

static void close_file(struct mapped_file *file)
{
    if (file->is_copy) {
        free(file->bytes);
    } else {
        munmap(file->bytes, file->length);
    }
}

static int probe(struct pp_call *call)
{
    struct image_probe arguments;
    struct mapped_file file;
    struct pp_header header;
    struct pp_error error;
    struct pp_plan plan;
    int r = pp_call_arguments(call, &arguments, sizeof(arguments));

    if (r == 0) {
        r = open_file(&file, call, &arguments.file);
    }
    if (r < 0) {
        return r;
    }
    pp_call_phase(call, "probe");
    r = pp_codec_probe(&(struct pp_source){file.bytes, file.length}, &header, &error);
    if (r == 0) {
        r = pp_plan_make(&header, &arguments.chain, &arguments.options, &plan, &error);
    }
    close_file(&file);
    return r < 0 ? pp_call_fail(call, r, "%s", error.message)
                 : pp_call_reply(call, &plan, sizeof(plan));
}

static void enter_phase(void *user, const char *phase)
{
    pp_call_phase(user, phase);
}

/* Point @memory at what the task was given. Returns 0 or -ENOMEM. */
static int lay_out_memory(struct pp_render_memory *memory, struct pp_call *call,
                          const struct pp_plan *plan)
{
    const struct pp_call_slot *output = &call->slots[IMAGE_SLOT_OUTPUT];

    *memory = (struct pp_render_memory){
        .pixels = call->slots[IMAGE_SLOT_PIXELS].bytes,
        .sink = {.bytes = output->bytes, .capacity = output->capacity},
        .phase = enter_phase,
        .user = call,
    };
    if (plan->scratch_bytes > 0) {
        memory->scratch = pp_call_scratch(call, plan->scratch_bytes);
    }
    return plan->scratch_bytes > 0 && memory->scratch == NULL ? -ENOMEM : 0;
}

static int render(struct pp_call *call)
{
    struct image_render arguments;
    struct pp_render_memory memory;
    struct image_rendered rendered;
    struct mapped_file file;
    struct pp_error error;
    int r = pp_call_arguments(call, &arguments, sizeof(arguments));

    if (r == 0 && call->slot_count != 2) {
        r = -EINVAL;
    }
    if (r == 0) {
        r = lay_out_memory(&memory, call, &arguments.plan);
    }
    if (r == 0) {
        r = open_file(&file, call, &arguments.file);
    }
    if (r < 0) {
        return r;
    }
    r = pp_render(&arguments.plan, &(struct pp_source){file.bytes, file.length}, &memory, &error);
    close_file(&file);
    rendered.bytes = memory.sink.length;
    return r < 0 ? pp_call_fail(call, r, "%s", error.message)
                 : pp_call_reply(call, &rendered, sizeof(rendered));
}

/*
 * Libraries print pages about damaged files (libjxl, dav1d, librsvg), without their names, and in
 * words that a hostile file can choose. What matters comes as an error; the rest is for debuggers.
 * The zygote's descriptors are its workers' too.
 */
static void silence_libraries(void)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (null >= 0 && getenv("PIXPOOL_LOG") == NULL) {
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
    }
    if (null > STDERR_FILENO) {
        close(null);
    }
}

/* What fails here fails again in the initializer, which can say so. */
static void preload(void)
{
    silence_libraries();
    (void)!pp_vips_start(NULL);
}

/*
 * What a library takes for one photo (the coefficients of a progressive JPEG: 70 MB and more) must
 * go back when it is done. Left to itself, malloc learns from the first such block to keep the
 * next.
 */
static int initialize(struct pp_call *call)
{
    struct pp_error error;
    int r;

    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    r = pp_vips_start(&error);
    return r == 0 ? 0 : pp_call_fail(call, r, "%s", error.message);
}

static const struct pp_task_function functions[] = {
    {IMAGE_TASK_INITIALIZER, initialize},
    {"probe", probe},
    {"render", render},
    {NULL, NULL},
};

const struct pp_program image_program = {
    .functions = functions,
    .preload = preload,
};
