/* SPDX-License-Identifier: MIT */

/*
 * File processing: names in, messages out
 *
 * Lesson 16.2, "Practical Examples", "Example 2: File Processing".
 *
 * Notice that items of one length make an array of names; a file that a worker should read but must
 * not look for can also come as an open descriptor (.fds of struct pp_task). Real files are in
 * 48_image_processing.c and 49_file_search.c.
 */

#include "core/map.h"
#include "samples/tutorial/tutorial.h"

#define NAME_BYTES   64
#define ANSWER_BYTES 128

/* Process a single file. */
static int process_file(struct pp_call *call)
{
    char filename[NAME_BYTES];
    char answer[ANSWER_BYTES] = "";

    TRY(pp_call_arguments(call, filename, sizeof(filename)));
    printf("Processing %s\n", filename);
    pause_for(1); /* simulate file processing */
    snprintf(answer, sizeof(answer), "Processed %s", filename);
    return pp_call_reply(call, answer, sizeof(answer));
}

static const struct pp_task_function functions[] = {{"process_file", process_file}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    static const char files[][NAME_BYTES] = {"file1.txt", "file2.txt", "file3.txt", "file4.txt"};
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    char results[PP_ARRAY_LENGTH(files)][ANSWER_BYTES];

    pp_program_enter(&program, argc, argv);
    MUST(pp_pool_create(&pool, &program, NULL, &error));
    MUST(pp_pool_map(pool, "process_file", files, NAME_BYTES, PP_ARRAY_LENGTH(files), results,
                     ANSWER_BYTES, NULL, NULL, &error));
    for (size_t i = 0; i < PP_ARRAY_LENGTH(files); i++) {
        puts(results[i]);
    }
    return 0;
}
