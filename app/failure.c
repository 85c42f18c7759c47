/* SPDX-License-Identifier: MIT */
/*
 * Three sources of failure end in one list of words: the host's own system calls on inputs and
 * outputs, the error of a task, and the death of a worker. The words follow what a user can do
 * about it (wait for a copy to finish, raise a limit, free some space), not which library spoke.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/failure.h"

static const char *const words[] = {
    [FAILURE_NOT_FOUND] = "not-found", [FAILURE_UNREADABLE] = "unreadable",
    [FAILURE_EMPTY] = "empty",         [FAILURE_UNSUPPORTED] = "unsupported",
    [FAILURE_CORRUPT] = "corrupt",     [FAILURE_TOO_LARGE] = "too-large",
    [FAILURE_CHANGED] = "changed",     [FAILURE_MEMORY] = "memory",
    [FAILURE_CRASHED] = "crashed",     [FAILURE_TIMED_OUT] = "timed-out",
    [FAILURE_OUTPUT] = "output",       [FAILURE_ENGINE] = "engine",
};

const char *failure_word(enum failure_code code)
{
    return words[code];
}

void failure_set(struct failure *failure, enum failure_code code, const char *format, ...)
{
    va_list arguments;

    *failure = (struct failure){.code = code};
    va_start(arguments, format);
    vsnprintf(failure->message, sizeof(failure->message), format, arguments);
    va_end(arguments);
}

void failure_from_reading(struct failure *failure, int code)
{
    switch (-code) {
    case ENOENT:
        failure_set(failure, FAILURE_NOT_FOUND, "there is no such file");
        break;
    case EACCES:
    case EPERM:
        failure_set(failure, FAILURE_UNREADABLE, "no permission to read it");
        break;
    case ELOOP:
        failure_set(failure, FAILURE_NOT_FOUND, "a symbolic link that leads nowhere");
        break;
    case EFBIG:
        failure_set(failure, FAILURE_TOO_LARGE, "the file is larger than 2 GiB");
        break;
    default:
        failure_set(failure, FAILURE_UNREADABLE, "cannot be read: %s", strerror(-code));
        break;
    }
}

void failure_from_writing(struct failure *failure, const struct pp_error *error)
{
    failure_set(failure, FAILURE_OUTPUT, "%s", error->message);
    failure->environment = failure_is_environment(error->code);
    failure->final = error->code == -ENOSPC || error->code == -EDQUOT || error->code == -EROFS;
}

static enum failure_code code_of_task(int code)
{
    switch (-code) {
    case EILSEQ:
        return FAILURE_CORRUPT;
    case ENOTSUP:
        return FAILURE_UNSUPPORTED;
    case EFBIG:
        return FAILURE_TOO_LARGE;
    case ESTALE:
        return FAILURE_CHANGED;
    case ENOMEM:
        return FAILURE_MEMORY;
    case EIO:
        return FAILURE_UNREADABLE;
    default:
        return FAILURE_ENGINE;
    }
}

void failure_from_result(struct failure *failure, const struct pp_result *result)
{
    char text[PP_ERROR_MESSAGE_BYTES];

    pp_result_describe(result, text, sizeof(text));
    switch (result->outcome) {
    case PP_FAILED:
        failure_set(failure, code_of_task(result->error.code), "%s", result->error.message);
        break;
    case PP_TIMED_OUT:
        failure_set(failure, FAILURE_TIMED_OUT, "%s; --timeout gives it more time", text);
        break;
    case PP_CRASHED:
        failure_set(failure, FAILURE_CRASHED, "%s", text);
        break;
    default:
        failure_set(failure, FAILURE_ENGINE, "%s", text);
        break;
    }
    failure->attempts = result->attempts;
}

bool failure_is_environment(int code)
{
    switch (-code) {
    case EACCES:
    case EDQUOT:
    case EFBIG:
    case EIO:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOSPC:
    case EPERM:
    case EROFS:
        return true;
    default:
        return false;
    }
}
