/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Image task: what this program's workers do
 *
 * "probe" reads a file's header and plans the chain for it; "render" carries the plan out. What the
 * two sides send each other is below, so that either side's half can be read alone.
 */

#include "core/pool.h"
#include "filters/plan.h"

/* The functions of this program, for pp_program_enter() and pp_pool_create(). */
extern const struct pp_program image_program;

/* The one that each worker has to call before its first task (struct pp_pool_options). */
#define IMAGE_TASK_INITIALIZER "initialize"

/* ---- Interface between host and worker: plain data, no pointers ---- */

/* The file that a task is given, as it was when the host opened it. */
struct image_file {
    int64_t bytes;   /* its size */
    int64_t seconds; /* of its modification time */
    int64_t nanoseconds;
};

/* "probe": one descriptor, the file; no slots. Replies with a struct pp_plan. */
struct image_probe {
    struct image_file file;
    struct pp_chain chain;
    struct pp_plan_options options;
};

/* "render": one descriptor, the file; slots for pixels and output. Replies with image_rendered. */
struct image_render {
    struct image_file file;
    struct pp_plan plan;
};

struct image_rendered {
    uint64_t bytes; /* of the encoded file, at the start of the output's slot */
};

#define IMAGE_SLOT_PIXELS 0
#define IMAGE_SLOT_OUTPUT 1

_Static_assert(sizeof(struct image_probe) <= PP_TASK_ARGUMENTS_MAX, "fits a task");
_Static_assert(sizeof(struct image_render) <= PP_TASK_ARGUMENTS_MAX, "fits a task");
_Static_assert(sizeof(struct pp_plan) <= PP_TASK_REPLY_MAX, "fits a reply");

/* ---- The host's half ---- */

/*
 * Make @task a probe or a rendering of the open file @fd. @arguments stay the caller's and are used
 * until the task was submitted.
 */
void image_task_probe(struct pp_task *task, const struct image_probe *arguments, int fd);
void image_task_render(struct pp_task *task, const struct image_render *arguments, int fd);

/*
 * Take the plan out of the @result of a probe that is DONE. A worker that was taken over by a
 * hostile file may reply anything, so every field is checked. Returns 0 or -EPROTO.
 */
PP_MUST_CHECK int image_task_plan(const struct pp_result *result, struct pp_plan *ret_plan);

/* Likewise the output of a rendering with @plan: *ret_bytes fit its slot. */
PP_MUST_CHECK int image_task_output(const struct pp_result *result, const struct pp_plan *plan,
                                    size_t *ret_bytes);
