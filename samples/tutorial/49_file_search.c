/* SPDX-License-Identifier: MIT */

/*
 * File search: which files below a directory have a text in them?
 *
 * Lesson 16.2, "Challenge", "Implement a parallel file search utility".
 *
 *     49_file_search TEXT DIRECTORY      prints PATH:LINE: and the line for each that has it
 *
 * Notice that the names are found while workers read the files that were found before: imap pulls
 * the next name when it has room, so a tree of a million files needs no list of a million names.
 * Results come in the order of the names; they could come as they are done (ordered = false), but
 * then the same search would print something else each time.
 */

#include <fts.h>
#include <limits.h>

#include "core/map.h"
#include "samples/tutorial/tutorial.h"

struct search {
    char path[PATH_MAX];
    char text[256];
};

struct answer {
    size_t used;
    char text[PP_TASK_REPLY_MAX - sizeof(size_t)]; /* whole lines, without a NUL */
};

/* Returns false where it does not fit any more. */
static bool answer_add(struct answer *answer, const struct search *search, int number,
                       const char *line)
{
    size_t room = sizeof(answer->text) - answer->used;
    int length = snprintf(answer->text + answer->used, room, "%s:%d: %.*s\n", search->path, number,
                          (int)strcspn(line, "\n"), line);

    if (length < 0 || (size_t)length >= room) {
        return false;
    }
    answer->used += (size_t)length;
    return true;
}

static int search_file(struct pp_call *call)
{
    static struct answer answer;
    struct search search;
    char *line = NULL;
    size_t line_bytes = 0;
    int number = 0;
    FILE *file;

    TRY(pp_call_arguments(call, &search, sizeof(search)));
    file = fopen(search.path, "re");
    if (file == NULL) {
        return -errno;
    }
    answer.used = 0;
    while (getline(&line, &line_bytes, file) >= 0) {
        number++;
        if (strstr(line, search.text) != NULL && !answer_add(&answer, &search, number, line)) {
            break; /* enough of this file */
        }
    }
    free(line);
    fclose(file);
    return pp_call_reply(call, answer.text, answer.used);
}

static const struct pp_task_function functions[] = {{"search_file", search_file}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

/* The files below a directory, one after the other. */
struct walk {
    FTS *fts;
    struct search search;
};

static int walk_next(void *user, struct pp_map_item *ret_item)
{
    struct walk *walk = user;
    FTSENT *entry;

    while ((entry = fts_read(walk->fts)) != NULL) {
        if (entry->fts_info == FTS_F && entry->fts_pathlen < PATH_MAX) {
            memcpy(walk->search.path, entry->fts_path, (size_t)entry->fts_pathlen + 1);
            *ret_item = (struct pp_map_item){PP_ARGUMENTS(walk->search)};
            return 0;
        }
    }
    return errno != 0 ? -errno : PP_MAP_END;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void print_results(struct pp_pool *pool, struct walk *walk)
{
    PP_AUTO(pp_imap_destroy) struct pp_imap *results = NULL;
    struct pp_map_options options = {.reply_bytes = PP_TASK_REPLY_MAX};
    struct pp_map_result result;
    int r;

    MUST(pp_imap_create(&results, pool, "search_file", walk_next, walk, true, &options));
    while ((r = pp_imap_next(results, -1, &result)) == 0) {
        if (result.outcome != PP_DONE) {
            fprintf(stderr, "file %zu: %s\n", result.index + 1, result.error.message);
        } else if (result.reply_length > 0) {
            fwrite(result.reply, 1, result.reply_length, stdout);
        }
    }
    MUST(r);
}

int main(int argc, char **argv)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    struct walk walk = {.fts = NULL};

    pp_program_enter(&program, argc, argv);
    if (argc != 3 || strlen(argv[1]) >= sizeof(walk.search.text)) {
        fprintf(stderr, "Usage: 49_file_search TEXT DIRECTORY\n");
        return 2;
    }
    snprintf(walk.search.text, sizeof(walk.search.text), "%s", argv[1]);
    walk.fts = fts_open((char *[]){argv[2], NULL}, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    MUST(walk.fts == NULL ? -errno : 0);
    MUST(pp_pool_create(&pool, &program, NULL, &error));
    print_results(pool, &walk);
    fts_close(walk.fts);
    return 0;
}
