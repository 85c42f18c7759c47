/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Failure: why one input has no output, for people and for scripts
 *
 * The code is a word that scripts may rely on; the message is for people and may change. Plain
 * data, copied freely.
 */

#include "core/pool.h"

enum failure_code {
    FAILURE_NOT_FOUND,   /* not-found: no such file, or a link to nothing */
    FAILURE_UNREADABLE,  /* unreadable: no permission, not a file, the disk fails */
    FAILURE_EMPTY,       /* empty: a file of 0 bytes */
    FAILURE_UNSUPPORTED, /* unsupported: not an image, or a format that nothing here reads */
    FAILURE_CORRUPT,     /* corrupt: damaged or truncated */
    FAILURE_TOO_LARGE,   /* too-large: beyond a limit that the message names */
    FAILURE_CHANGED,     /* changed: somebody wrote the file while it was processed */
    FAILURE_MEMORY,      /* memory: does not fit what --mem or the machine gives */
    FAILURE_CRASHED,     /* crashed: the worker died of it; no other input was harmed */
    FAILURE_TIMED_OUT,   /* timed-out: took longer than --timeout */
    FAILURE_OUTPUT,      /* output: the result could not be written */
    FAILURE_ENGINE       /* engine: the pool itself could not go on */
};

struct failure {
    enum failure_code code;
    bool environment;  /* the machine's fault: no space, no permission, a limit; exit code 4 */
    bool final;        /* no other output could be written either; see failure_from_writing() */
    uint32_t attempts; /* runs that were started for it */
    char message[PP_ERROR_MESSAGE_BYTES + 96]; /* without the name of the file */
};

/* The word of @code: "not-found". */
const char *failure_word(enum failure_code code);

/* Fill @failure; attempts 0, not the environment's. */
void failure_set(struct failure *failure, enum failure_code code, const char *format, ...)
    PP_PRINTF(3, 4);

/* What a failed open, stat or read of an input means; @code is a negative errno. */
void failure_from_reading(struct failure *failure, int code);

/* What a failed write of an output means; a full or read-only disk is final. */
void failure_from_writing(struct failure *failure, const struct pp_error *error);

/* What the result of a task means that is not DONE. */
void failure_from_result(struct failure *failure, const struct pp_result *result);

/* Whether @code, a negative errno, says that the machine refuses, whatever the file. */
bool failure_is_environment(int code);
