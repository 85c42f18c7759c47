/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/builtin.h"
#include "core/channel.h"
#include "core/shared_memory_private.h"
#include "core/start.h"
#include "core/wire.h"

static int find_initializer(struct pp_start *start, const struct pp_program *program,
                            const char *name, struct pp_error *error)
{
    if (name == NULL) {
        start->initializer = PP_START_NO_INITIALIZER;
        return 0;
    }
    if (pp_builtin_find(program, name, &start->initializer) != 0) {
        return pp_error_set(error, -ENOENT, "the initializer '%s' is no function of the program",
                            name);
    }
    return 0;
}

static int copy_arguments(struct pp_start *start, const void *arguments, size_t length,
                          struct pp_error *error)
{
    if (length > PP_TASK_ARGUMENTS_MAX) {
        return pp_error_set(error, -E2BIG, "the initializer's arguments have %zu bytes, above %d",
                            length, PP_TASK_ARGUMENTS_MAX);
    }
    if (length == 0) {
        return 0;
    }
    start->arguments = malloc(length);
    if (start->arguments == NULL) {
        return pp_error_set(error, -ENOMEM, "no memory for the initializer's arguments");
    }
    memcpy(start->arguments, arguments, length);
    start->arguments_length = length;
    return 0;
}

int pp_start_init(struct pp_start *start, const struct pp_program *program,
                  const struct pp_pool_options *options, struct pp_error *error)
{
    int r;

    *start = (struct pp_start){.daemon = true};
    if (options->shared_count > PP_SHARED_MAX) {
        return pp_error_set(error, -E2BIG, "%u pieces of shared memory, above %d",
                            options->shared_count, PP_SHARED_MAX);
    }
    r = find_initializer(start, program, options->initializer, error);
    if (r == 0) {
        r = copy_arguments(start, options->initializer_arguments,
                           options->initializer_arguments_length, error);
    }
    for (uint32_t i = 0; r == 0 && i < options->shared_count; i++) {
        start->shared[start->shared_count++] = options->shared[i];
    }
    return r;
}

void pp_start_finish(struct pp_start *start)
{
    free(start->arguments);
    *start = (struct pp_start){.initializer = PP_START_NO_INITIALIZER};
}

int pp_start_send(const struct pp_start *start, int end, uint32_t number, const char *name)
{
    struct pp_start_message message = {
        .kind = PP_MESSAGE_START,
        .number = number,
        .initializer = start->initializer,
        .arguments_length = (uint32_t)start->arguments_length,
        .shared_count = start->shared_count,
        .host_pid = getpid(),
        .once = start->once,
        .daemon = start->daemon,
    };
    int fds[PP_SHARED_MAX];

    snprintf(message.name, sizeof(message.name), "%s", name);
    for (uint32_t i = 0; i < start->shared_count; i++) {
        struct pp_shared_memory_place place = pp_shared_memory_place(start->shared[i]);

        fds[i] = place.fd;
        message.shared[i].offset = place.offset;
        message.shared[i].bytes = place.bytes;
    }
    return pp_channel_send(end, &message, sizeof(message), start->arguments,
                           start->arguments_length, fds, start->shared_count);
}
