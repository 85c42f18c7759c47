/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "core/builtin.h"
#include "core/chunk.h"
#include "core/manager_host.h"

const struct pp_task_function pp_builtin_functions[] = {
    {PP_CHUNK_FUNCTION, pp_chunk_run},
    {PP_MANAGER_FUNCTION, pp_manager_host_run},
    {NULL, NULL},
};

const struct pp_task_function *pp_builtin_function(const struct pp_program *program, uint32_t index)
{
    const struct pp_task_function *function = program->functions;

    for (; function->name != NULL; function++) {
        if (index-- == 0) {
            return function;
        }
    }
    for (function = pp_builtin_functions; function->name != NULL; function++) {
        if (index-- == 0) {
            return function;
        }
    }
    return NULL;
}

int pp_builtin_find(const struct pp_program *program, const char *name, uint32_t *ret_index)
{
    const struct pp_task_function *tables[] = {program->functions, pp_builtin_functions};
    uint32_t index = 0;

    for (size_t i = 0; name != NULL && i < PP_ARRAY_LENGTH(tables); i++) {
        for (const struct pp_task_function *function = tables[i]; function->name != NULL;
             function++, index++) {
            if (strcmp(function->name, name) == 0) {
                *ret_index = index;
                return 0;
            }
        }
    }
    return -ENOENT;
}
