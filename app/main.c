/* SPDX-License-Identifier: MIT */
/*
 * pixpool VERB ...: each verb is a file of its own with one entry here.
 */
#include <stdio.h>
#include <string.h>

#include "app/descriptor.h"
#include "app/image_task.h"
#include "app/name.h"
#include "app/run.h"
#include "app/suggest.h"
#include "core/task.h"

enum { EXIT_USAGE = 2 };

static const struct verb {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
} verbs[] = {
    {"run", "process files and directories of photos", run_main},
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < PP_ARRAY_LENGTH(verbs); i++) {
        if (strcmp(name, verbs[i].name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static void print_help(FILE *to)
{
    fputs("pixpool processes photos in parallel, in processes.\n"
          "\n"
          "  pixpool run --blur 15 --thumbnail 1200x1200 photos -o processed\n"
          "\n"
          "Usage:\n"
          "  pixpool VERB [OPTION...] PATH...\n"
          "  pixpool --help | --version\n"
          "\n"
          "Verbs:\n",
          to);
    for (size_t i = 0; i < PP_ARRAY_LENGTH(verbs); i++) {
        fprintf(to, "  %-8s %s\n", verbs[i].name, verbs[i].summary);
    }
    fputs("\n'pixpool VERB --help' tells its options.\n", to);
}

static int refuse(const char *word)
{
    const char *words[PP_ARRAY_LENGTH(verbs) + 3] = {"--help", "--version"};
    g_autofree char *shown = name_display(word);
    const char *meant;

    for (size_t i = 0; i < PP_ARRAY_LENGTH(verbs); i++) {
        words[i + 2] = verbs[i].name;
    }
    meant = suggest(word, words);
    fprintf(stderr, "pixpool: there is no %s '%s'", word[0] == '-' ? "option" : "verb", shown);
    if (meant != NULL) {
        fprintf(stderr, "; did you mean '%s'?", meant);
    }
    fputs("\npixpool: try 'pixpool --help'\n", stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    const struct verb *verb;

    descriptor_fill_standard();
    pp_program_enter(&image_program, argc, argv);
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    verb = find_verb(argv[1]);
    if (verb != NULL) {
        return verb->run(argc - 1, argv + 1);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return fflush(stdout) == 0 ? 0 : 1;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("pixpool " PIXPOOL_VERSION);
        return fflush(stdout) == 0 ? 0 : 1;
    }
    return refuse(argv[1]);
}
