/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "core/program.h"

static bool is_there_before(const struct pp_task_function *functions, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(functions[i].name, functions[index].name) == 0) {
            return true;
        }
    }
    return false;
}

int pp_program_check(const struct pp_program *program, struct pp_error *error)
{
    const struct pp_task_function *functions = program->functions;

    for (uint32_t i = 0; functions[i].name != NULL; i++) {
        size_t length = strlen(functions[i].name);

        if (length == 0 || length > PP_FUNCTION_NAME_MAX) {
            return pp_error_set(error, -EINVAL, "function %u has a name of %zu bytes, not 1 to %d",
                                i, length, PP_FUNCTION_NAME_MAX);
        }
        if (functions[i].run == NULL) {
            return pp_error_set(error, -EINVAL, "the name \"%s\" has no function",
                                functions[i].name);
        }
        if (is_there_before(functions, i)) {
            return pp_error_set(error, -EINVAL, "two functions have the name \"%s\"",
                                functions[i].name);
        }
    }
    return 0;
}
