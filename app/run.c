/* SPDX-License-Identifier: MIT */
/*
 * The order is the point: everything that can be wrong with the command line, and every collision
 * of names, is found before the first output is written; workers are started only once there is
 * work for them.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/batch.h"
#include "app/image_task.h"
#include "app/name.h"
#include "app/output_file.h"
#include "app/run.h"
#include "app/stop.h"
#include "core/cpu.h"

enum { EXIT_USAGE = 2, EXIT_ENVIRONMENT = 4 };

struct run {
    struct run_options options;
    struct output_rule rule;
    struct inputs inputs;
    struct outputs outputs;
    struct pp_pool *pool;
    struct report *report;
};

static int refuse(struct run *run, const GError *error)
{
    report_message(run->report, "%s", error->message);
    return EXIT_USAGE;
}

static bool is_directory(const char *path)
{
    return path != NULL && g_file_test(path, G_FILE_TEST_IS_DIR);
}

static gboolean parse_rule(struct run *run, GError **error)
{
    const struct run_options *options = &run->options;
    g_autofree char *shown = NULL;

    if (!output_rule_parse(&run->rule, options->output, options->format,
                           is_directory(options->output), error)) {
        return FALSE;
    }
    if (run->rule.kind == OUTPUT_DIRECTORY && !is_directory(options->output) &&
        g_file_test(options->output, G_FILE_TEST_EXISTS)) {
        shown = name_display(options->output);
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "-o '%s' is a file; give a directory, or a template such as 'out/%%f.%%e'",
                    shown);
        return FALSE;
    }
    if (run->rule.kind == OUTPUT_STDOUT && isatty(STDOUT_FILENO)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "-o - would write an image to the terminal; redirect standard output");
        return FALSE;
    }
    if (run->rule.format != PP_FORMAT_UNKNOWN && !pp_codec_can_encode(run->rule.format)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s cannot be written here: libvips was installed without it",
                    pp_format_extension(run->rule.format));
        return FALSE;
    }
    return TRUE;
}

static gboolean collect(struct run *run, GError **error)
{
    const struct run_options *options = &run->options;
    g_autofree char *output = output_rule_directory(&run->rule);
    const struct inputs_options from = {
        .paths = options->paths,
        .files_from = options->files_from,
        .null_separated = options->null_separated,
        .include = options->include,
        .exclude = options->exclude,
        .output = output,
    };

    if (!inputs_collect(&run->inputs, &from, error)) {
        return FALSE;
    }
    if (run->rule.kind == OUTPUT_STDOUT && run->inputs.list->len != 1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "-o - takes one image, not %u; give a directory or a template",
                    run->inputs.list->len);
        return FALSE;
    }
    return TRUE;
}

/* Say which directories gave nothing. Returns whether the run has anything to do. */
static gboolean check_inputs(struct run *run, GError **error)
{
    for (guint i = 0; i < run->inputs.empty->len; i++) {
        g_autofree char *shown = name_display(g_ptr_array_index(run->inputs.empty, i));

        if (run->inputs.list->len == 0 && run->inputs.empty->len == 1) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "no images found in '%s'%s", shown,
                        run->options.include != NULL || run->options.exclude != NULL
                            ? " that --include and --exclude let through"
                            : "");
            return FALSE;
        }
        report_message(run->report, "no images found in '%s'", shown);
    }
    if (run->inputs.list->len == 0 && run->inputs.empty->len > 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "there is nothing to process");
        return FALSE;
    }
    return TRUE;
}

static bool wants_name(const struct outputs *outputs, const struct output *output)
{
    return outputs_is_open(outputs, output);
}

static bool wants_work(const struct outputs *outputs, const struct output *output)
{
    (void)outputs;
    return !output->kept && !output->duplicate && output->failure == NULL;
}

static bool wants_plan(const struct outputs *outputs, const struct output *output)
{
    (void)outputs;
    return !output->duplicate && output->failure == NULL;
}

static guint count(const struct run *run,
                   bool (*wants)(const struct outputs *, const struct output *))
{
    guint n = 0;

    for (guint i = 0; i < run->outputs.list->len; i++) {
        n += wants(&run->outputs, &g_array_index(run->outputs.list, struct output, i)) ? 1 : 0;
    }
    return n;
}

/* Every job holds a few descriptors, and the usual limit is lower than the system's own. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* More workers than there are inputs would only cost their start. Returns 0 or an exit code. */
static int start_pool(struct run *run, guint jobs)
{
    unsigned processes = run->options.processes > 0 ? run->options.processes : pp_cpu_count();
    const struct pp_pool_options options = {
        .start_method = run->options.in_process ? PP_START_IN_PROCESS : PP_START_FORKSERVER,
        .processes = CLAMP(processes, 1, MAX(jobs, 1)),
        .memory_bytes = run->options.memory_bytes,
        .initializer = IMAGE_TASK_INITIALIZER,
    };
    struct pp_error error;

    if (run->pool != NULL) {
        return 0;
    }
    raise_descriptor_limit();
    if (pp_pool_create(&run->pool, &image_program, &options, &error) < 0) {
        report_message(run->report, "the workers cannot be started: %s", error.message);
        return EXIT_ENVIRONMENT;
    }
    return 0;
}

static int exit_code_of(struct run *run, enum batch_end end)
{
    switch (end) {
    case BATCH_DONE:
        return report_exit_code(run->report);
    case BATCH_STOPPED:
        return 128 + stop_signal();
    case BATCH_HOPELESS:
        return EXIT_ENVIRONMENT;
    case BATCH_CLOSED:
        break;
    case BATCH_REFUSED:
        return EXIT_USAGE;
    }
    if (report_status(run->report) == -EPIPE) {
        return 128 + SIGPIPE;
    }
    report_message(run->report, "cannot write to standard output: %s",
                   g_strerror(-report_status(run->report)));
    return EXIT_ENVIRONMENT;
}

static enum batch_end run_jobs(struct run *run, enum job_goal goal,
                               bool (*wants)(const struct outputs *, const struct output *),
                               GError **error)
{
    const struct job_context context = {
        .pool = run->pool,
        .options = &run->options,
        .outputs = &run->outputs,
        .report = run->report,
        .goal = goal,
    };

    return batch_run(&context, wants, error);
}

/* Read the headers that names depend on. Returns 0 or an exit code. */
static int name_outputs(struct run *run)
{
    g_autoptr(GError) error = NULL;
    enum batch_end end;
    int code = start_pool(run, run->outputs.list->len);

    if (code != 0) {
        return code;
    }
    end = run_jobs(run, JOB_NAME, wants_name, &error);
    if (end == BATCH_REFUSED) {
        return refuse(run, error);
    }
    return end == BATCH_DONE ? 0 : exit_code_of(run, end);
}

/* Tell what needs no work. To explain a plan is some. */
static void report_settled(struct run *run)
{
    for (guint i = 0; i < run->inputs.skipped->len; i++) {
        report_skipped(run->report, g_ptr_array_index(run->inputs.skipped, i));
    }
    for (guint i = 0; i < run->inputs.list->len; i++) {
        const struct input *input = g_ptr_array_index(run->inputs.list, i);

        if (input->failure != NULL) {
            report_error(run->report, input->path, input->failure);
        }
    }
    for (guint i = 0; i < run->outputs.list->len; i++) {
        const struct output *output = &g_array_index(run->outputs.list, struct output, i);

        if (output->failure != NULL) {
            report_error(run->report, output->input->path, output->failure);
        } else if (output->kept && !output->duplicate && !run->options.explain) {
            const struct done done = {
                .path = output->input->path,
                .status = "kept",
                .output = output->path,
            };

            report_done(run->report, &done, 0);
        }
    }
}

/* The directory of -o is made first, so that it fails before any work is done. */
static int make_directory(struct run *run, enum job_goal goal)
{
    struct pp_error error;
    int r;

    if (goal != JOB_OUTPUT || run->rule.kind != OUTPUT_DIRECTORY || count(run, wants_work) == 0) {
        return 0;
    }
    r = output_directory_make(run->rule.text, &error);
    if (r == 0) {
        return 0;
    }
    report_message(run->report, "%s", error.message);
    return failure_is_environment(r) ? EXIT_ENVIRONMENT : EXIT_USAGE;
}

static guint count_inputs(const struct run *run)
{
    guint duplicates = 0;

    for (guint i = 0; i < run->outputs.list->len; i++) {
        duplicates += g_array_index(run->outputs.list, struct output, i).duplicate ? 1 : 0;
    }
    return run->inputs.list->len - duplicates;
}

static int work(struct run *run, enum job_goal goal)
{
    bool (*wants)(const struct outputs *, const struct output *) =
        run->options.explain ? wants_plan : wants_work;
    enum batch_end end = BATCH_DONE;
    guint jobs = count(run, wants);
    int code = jobs > 0 ? start_pool(run, jobs) : 0;

    if (code != 0) {
        return code;
    }
    report_begin(run->report, count_inputs(run),
                 run->pool != NULL ? pp_pool_processes(run->pool) : 0);
    report_settled(run);
    if (jobs > 0) {
        end = run_jobs(run, goal, wants, NULL);
    }
    code = exit_code_of(run, end);
    report_end(run->report, code);
    if (end == BATCH_DONE && report_status(run->report) < 0) {
        code = exit_code_of(run, BATCH_CLOSED);
    }
    return code;
}

/* All that a run does once its words are understood. Returns the exit code. */
static int process(struct run *run)
{
    enum job_goal goal = run->options.dry_run || run->options.explain ? JOB_PLAN : JOB_OUTPUT;
    g_autoptr(GError) error = NULL;
    int code;

    if (!parse_rule(run, &error) || !collect(run, &error) || !check_inputs(run, &error) ||
        !outputs_init(&run->outputs, &run->inputs, &run->rule, &error)) {
        return refuse(run, error);
    }
    code = stop_init();
    if (code < 0) {
        report_message(run->report, "cannot watch for signals: %s", g_strerror(-code));
        return EXIT_ENVIRONMENT;
    }
    code = count(run, wants_name) > 0 ? name_outputs(run) : 0;
    if (code != 0) {
        return code;
    }
    if (!outputs_check(&run->outputs, &run->inputs, run->options.overwrite, &error)) {
        return refuse(run, error);
    }
    code = make_directory(run, goal);
    return code != 0 ? code : work(run, goal);
}

static void create_report(struct run *run)
{
    const struct report_options options = {
        .progress = run->options.progress,
        .json = run->options.json,
        .quiet = run->options.quiet,
        .verbose = run->options.verbose,
        .dry_run = run->options.dry_run,
        .explain = run->options.explain,
    };

    run->report = report_create(&options);
}

static void finish(struct run *run)
{
    pp_pool_destroy(run->pool);
    stop_finish();
    report_destroy(run->report);
    outputs_finish(&run->outputs);
    inputs_finish(&run->inputs);
    output_rule_finish(&run->rule);
    run_options_finish(&run->options);
}

int run_main(int argc, char **argv)
{
    struct run run = {0};
    g_autoptr(GError) error = NULL;
    int code;

    /* A reader of standard output that went away is an error of the write, not a death. */
    signal(SIGPIPE, SIG_IGN);
    if (!run_options_parse(&run.options, argc, argv, &error)) {
        create_report(&run);
        code = refuse(&run, error);
        report_message(run.report, "try 'pixpool run --help'");
    } else if (run.options.help) {
        g_autofree char *help = run_options_help();

        fputs(help, stdout);
        code = fflush(stdout) == 0 ? 0 : EXIT_ENVIRONMENT;
    } else {
        create_report(&run);
        code = process(&run);
    }
    finish(&run);
    return code;
}
