/* SPDX-License-Identifier: MIT */
/*
 * GOption reads the words: it lets options and files mix, ends options at "--" and hands file names
 * over as the bytes they are. What it lacks is added around it: steps of the chain keep the order
 * in which they were written (each is a callback that appends), every bad value says what would be
 * right, and an unknown option names the one that was probably meant.
 */
#include <string.h>

#include "app/options.h"
#include "app/suggest.h"

#define PROCESSES_MAX 1024

#define TIMEOUT_DEFAULT_MS 60000

/* What precedes the list of options in the help. */
static const char examples[] =
    "Process photos in parallel, the steps in the order written. Each photo goes through a worker\n"
    "process; each output appears whole or not at all, and no input is ever written over.\n"
    "\n"
    "Examples:\n"
    "  pixpool run --blur 15 --thumbnail 1200x1200 photos -o processed\n"
    "  pixpool run --thumbnail 2048x2048 -f webp -q 80 *.jpg -o 'web/%f-%wx%h.%e'\n"
    "  fd -0 -e jpg | pixpool run -0 --files-from - --blur 3 -o blurred --json\n"
    "\n"
    "PATH is a file, a directory (walked, its tree mirrored under the output directory), or -\n"
    "for an image on standard input.";

static const char closing[] =
    "Templates: %d directory, %f name, %e new extension, %E old extension, %w width,\n"
    "%h height, %% a percent sign.\n"
    "\n"
    "Exit: 0 all done; 1 some inputs failed; 2 usage (nothing written); 3 all failed;\n"
    "4 the machine (no space, no permission); 130, 143 stopped by a signal.";

static gboolean add_step(const char *name, const char *value, gpointer data, GError **error)
{
    struct run_options *options = data;
    struct pp_error cause;

    if (pp_chain_add(&options->chain, name + 2, value, &cause) == 0) {
        return TRUE;
    }
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, cause.message);
    return FALSE;
}

/* Reads the options that have a range of their own; @name is as the user wrote it. */
static gboolean set_value(const char *name, const char *value, gpointer data, GError **error)
{
    struct run_options *options = data;
    int64_t number = 0;
    gboolean good;

    if (g_str_equal(name, "-f") || g_str_equal(name, "--format")) {
        good = option_format(value, &options->format, error);
    } else if (g_str_equal(name, "-q") || g_str_equal(name, "--quality")) {
        good = option_number(value, 1, 100, &number, error);
        options->quality = (int32_t)number;
    } else if (g_str_equal(name, "--plan")) {
        good = option_plan(value, &options->mode, error);
    } else if (g_str_equal(name, "--overwrite")) {
        good = option_overwrite(value, &options->overwrite, error);
    } else if (g_str_equal(name, "-j") || g_str_equal(name, "--jobs")) {
        good = option_number(value, 1, PROCESSES_MAX, &number, error);
        options->processes = (unsigned)number;
    } else if (g_str_equal(name, "--mem")) {
        good = option_bytes(value, &options->memory_bytes, error);
    } else if (g_str_equal(name, "--timeout")) {
        good = option_seconds(value, &options->timeout_ms, error);
    } else if (g_str_equal(name, "--max-pixels")) {
        good = option_count(value, &options->pixels_max, error);
    } else {
        good = option_progress(value, &options->progress, error);
    }
    if (!good) {
        g_prefix_error(error, "%s ", name);
    }
    return good;
}

/* GOption takes functions as data pointers, which ISO C leaves to extensions. */
#define CALLBACK(function) __extension__(gpointer) function

#define STEP(name, text, value)                                                                    \
    {                                                                                              \
        name, 0, 0, G_OPTION_ARG_CALLBACK, CALLBACK(add_step), text, value                         \
    }
#define VALUE(name, letter, text, value)                                                           \
    {                                                                                              \
        name, letter, 0, G_OPTION_ARG_CALLBACK, CALLBACK(set_value), text, value                   \
    }
#define FLAG(name, letter, field, text)                                                            \
    {                                                                                              \
        name, letter, 0, G_OPTION_ARG_NONE, &options->field, text, NULL                            \
    }
#define NAME(name, letter, field, text, value)                                                     \
    {                                                                                              \
        name, letter, 0, G_OPTION_ARG_FILENAME, &options->field, text, value                       \
    }
#define NAMES(name, field, text, value)                                                            \
    {                                                                                              \
        name, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->field, text, value                      \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, 0, 0, 0, NULL, NULL, NULL                                                            \
    }

static GOptionGroup *group_new(const char *name, const char *title, const GOptionEntry *entries,
                               struct run_options *options)
{
    GOptionGroup *group = g_option_group_new(name, title, title, options, NULL);

    g_option_group_add_entries(group, entries);
    return group;
}

static void add_chain_and_output(GOptionContext *context, struct run_options *options)
{
    const GOptionEntry chain[] = {
        STEP("blur", "Gaussian blur; standard deviation in pixels of the photo", "SIGMA"),
        STEP("thumbnail", "Fit into a box; the aspect is kept, nothing is enlarged", "WxH"),
        END,
    };
    const GOptionEntry output[] = {
        NAME("output", 'o', output, "Write into DIR, mirroring trees, or to names by a template",
             "DIR|TEMPLATE"),
        VALUE("format", 'f', "jpg, png, webp, tiff or avif; default: as the input", "FORMAT"),
        VALUE("quality", 'q', "1 to 100, for jpg, webp and avif", "QUALITY"),
        VALUE("plan", 0, "fast (default), exact, or pillow: the same pixels as Pillow", "PLAN"),
        VALUE("overwrite", 0, "Existing outputs: never (default), older or always", "WHEN"),
        END,
    };

    g_option_context_add_group(context, group_new("chain", "Chain:", chain, options));
    g_option_context_add_group(context, group_new("output", "Output:", output, options));
}

static void add_engine_and_input(GOptionContext *context, struct run_options *options)
{
    const GOptionEntry engine[] = {
        VALUE("jobs", 'j', "Worker processes; default: one for each processor", "N"),
        VALUE("mem", 0, "Memory for the pixels in work, such as 2G", "SIZE"),
        VALUE("timeout", 0, "Give up an input after this time; default 60, 0: never", "SECONDS"),
        VALUE("max-pixels", 0, "Refuse larger images, such as 100M; default 500M", "N"),
        FLAG("in-process", 0, in_process, "No workers, for a debugger: a crash is then real"),
        END,
    };
    const GOptionEntry input[] = {
        NAME("files-from", 0, files_from, "Read names of inputs from FILE, or - for stdin", "FILE"),
        FLAG("null", '0', null_separated, "Names in that list end with a zero byte"),
        NAMES("include", include, "Of directories, take only files like this", "GLOB"),
        NAMES("exclude", exclude, "Of directories, leave out files like this", "GLOB"),
        END,
    };

    g_option_context_add_group(context, group_new("engine", "Engine:", engine, options));
    g_option_context_add_group(context, group_new("input", "Input:", input, options));
}

static void add_report(GOptionContext *context, struct run_options *options)
{
    const GOptionEntry report[] = {
        FLAG("dry-run", 'n', dry_run, "Say what would be written, and write nothing"),
        FLAG("explain", 0, explain, "Print the plan of each input with its reasons; write nothing"),
        FLAG("json", 0, json, "Write events to standard output, one JSON object a line"),
        VALUE("progress", 0, "auto (default: on a terminal), always or never", "WHEN"),
        FLAG("quiet", 0, quiet, "Report errors only"),
        FLAG("verbose", 'v', verbose, "Report every file"),
        FLAG("help", 'h', help, "Show this help"),
        END,
    };
    const GOptionEntry rest[] = {
        NAMES(G_OPTION_REMAINING, paths, NULL, "PATH..."),
        END,
    };

    g_option_context_add_group(context, group_new("report", "Report:", report, options));
    g_option_context_add_main_entries(context, rest, NULL);
}

static GOptionContext *context_new(struct run_options *options)
{
    GOptionContext *context = g_option_context_new(NULL);

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_summary(context, examples);
    g_option_context_set_description(context, closing);
    add_chain_and_output(context, options);
    add_engine_and_input(context, options);
    add_report(context, options);
    return context;
}

static const char *const names_with_value[] = {
    "blur", "thumbnail", "output",     "format",     "quality", "plan",    "overwrite", "jobs",
    "mem",  "timeout",   "max-pixels", "files-from", "include", "exclude", "progress",  NULL,
};
static const char *const names_without_value[] = {
    "null", "in-process", "dry-run", "explain", "json", "quiet", "verbose", "help", NULL,
};

#define LETTERS_WITH_VALUE "ofqj"

static gboolean takes_next(const char *word)
{
    if (word[0] != '-') {
        return FALSE;
    }
    if (word[1] == '-') {
        return g_strv_contains(names_with_value, word + 2);
    }
    return word[1] != '\0' && word[2] == '\0' && strchr(LETTERS_WITH_VALUE, word[1]) != NULL;
}

/*
 * The words of @argv with "-j4" cut into "-j" and "4", which GOption cannot read. Values of options
 * and what follows "--" stay as they are.
 */
static char **cut_letters(int argc, char **argv)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    gboolean ended = FALSE;

    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        gboolean is_value = i > 0 && !ended && takes_next(argv[i - 1]);

        if (i == 0 || ended || is_value) {
            g_ptr_array_add(words, g_strdup(word));
        } else if (word[0] == '-' && word[1] != '\0' && word[1] != '-' && word[2] != '\0' &&
                   strchr(LETTERS_WITH_VALUE, word[1]) != NULL) {
            g_ptr_array_add(words, g_strndup(word, 2));
            g_ptr_array_add(words, g_strdup(word + 2));
        } else {
            ended = g_str_equal(word, "--");
            g_ptr_array_add(words, g_strdup(word));
        }
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_steal(words, NULL);
}

/* The name of the long option in @word, without what it is set to; or NULL. */
static char *long_name(const char *word)
{
    return g_str_has_prefix(word, "--") ? g_strndup(word + 2, strcspn(word + 2, "=")) : NULL;
}

/* Says of an unknown option of @argv which one was probably meant. */
static void suggest_option(char *const *argv, GError *error)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();

    for (size_t i = 0; i < G_N_ELEMENTS(names_with_value) - 1; i++) {
        g_ptr_array_add(known, (gpointer)names_with_value[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names_without_value); i++) {
        g_ptr_array_add(known, (gpointer)names_without_value[i]);
    }
    for (; *argv != NULL && !g_str_equal(*argv, "--"); argv++) {
        g_autofree char *name = long_name(*argv);
        const char *meant;

        if (name == NULL || g_strv_contains((const char *const *)known->pdata, name)) {
            continue;
        }
        meant = suggest(name, (const char *const *)known->pdata);
        g_free(error->message);
        error->message =
            meant != NULL ? g_strdup_printf("unknown option --%s; did you mean --%s?", name, meant)
                          : g_strdup_printf("unknown option --%s", name);
        return;
    }
}

static gboolean usage_error(GError **error, const char *message)
{
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, message);
    return FALSE;
}

/* What the words mean together. */
static gboolean check(const struct run_options *options, GError **error)
{
    gboolean to_stdout = g_strcmp0(options->output, "-") == 0;

    if (options->paths[0] == NULL && options->files_from == NULL) {
        return usage_error(error, "no input; give files, directories, or --files-from FILE");
    }
    if (options->output == NULL && !options->explain) {
        return usage_error(error, "no output; give -o DIR, or -o with a template such as "
                                  "'out/%f-small.%e'");
    }
    if (options->output != NULL && options->output[0] == '\0') {
        return usage_error(error, "-o takes a directory or a template, not an empty name");
    }
    if (options->null_separated && options->files_from == NULL) {
        return usage_error(error, "-0 says how the names of --files-from end; give that as well");
    }
    if (to_stdout && (options->json || options->dry_run || options->explain)) {
        return usage_error(error, "-o - writes the image to standard output; it does not go with "
                                  "--json, --dry-run or --explain");
    }
    if (g_strcmp0(options->files_from, "-") == 0 &&
        g_strv_contains((const char *const *)options->paths, "-")) {
        return usage_error(error, "standard input cannot be both an image (-) and the list of "
                                  "--files-from -");
    }
    return TRUE;
}

gboolean run_options_parse(struct run_options *options, int argc, char **argv, GError **error)
{
    g_autoptr(GOptionContext) context = NULL;
    g_auto(GStrv) words = cut_letters(argc, argv);
    g_auto(GStrv) left = g_strdupv(words);
    GError *cause = NULL;

    *options = (struct run_options){.timeout_ms = TIMEOUT_DEFAULT_MS};
    context = context_new(options);
    if (!g_option_context_parse_strv(context, &left, &cause)) {
        if (g_error_matches(cause, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION)) {
            suggest_option(words, cause);
        }
        g_propagate_error(error, cause);
        return FALSE;
    }
    if (options->paths == NULL) {
        options->paths = g_new0(char *, 1);
    }
    return options->help || check(options, error);
}

char *run_options_help(void)
{
    struct run_options options = {0};
    g_autoptr(GOptionContext) context = context_new(&options);

    g_set_prgname("pixpool run");
    return g_option_context_get_help(context, FALSE, NULL);
}

void run_options_finish(struct run_options *options)
{
    g_strfreev(options->paths);
    g_strfreev(options->include);
    g_strfreev(options->exclude);
    g_free(options->output);
    g_free(options->files_from);
    *options = (struct run_options){0};
}
