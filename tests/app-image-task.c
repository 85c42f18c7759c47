/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <unistd.h>

#include "app/image_task.h"
#include "tests/folder.h"
#include "tests/pictures.h"

/* An open file with a small JPEG, and what the host says of it. */
struct sample {
    int fd;
    struct image_file file;
};

static struct sample sample_open(void)
{
    struct picture picture = picture_paint((struct pp_size){60, 40}, 3, 8, FALSE);
    g_autoptr(GBytes) bytes = picture_write(&picture, PP_FORMAT_JPEG, 0, NULL);
    struct sample sample;
    struct stat status;

    picture_free(&picture);
    folder_write("a.jpg", g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    sample.fd = open("a.jpg", O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(fstat(sample.fd, &status), ==, 0);
    sample.file =
        (struct image_file){status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
    return sample;
}

/* Run @task in this process; the caller destroys pool and future. */
static const struct pp_result *run(const struct pp_task *task, struct pp_pool **ret_pool,
                                   struct pp_future **ret_future)
{
    const struct pp_pool_options options = {
        .start_method = PP_START_IN_PROCESS,
        .initializer = IMAGE_TASK_INITIALIZER,
    };

    g_assert_cmpint(pp_pool_create(ret_pool, &image_program, &options, NULL), ==, 0);
    g_assert_cmpint(pp_pool_submit(*ret_pool, task, ret_future), ==, 0);
    g_assert_cmpint(pp_future_wait(*ret_future, -1), ==, 0);
    return pp_future_result(*ret_future);
}

static struct pp_plan plan_sample(const struct sample *sample)
{
    const struct image_probe arguments = {.file = sample->file};
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    PP_AUTO(pp_future_destroy) struct pp_future *future = NULL;
    struct pp_plan plan;
    struct pp_task task;

    image_task_probe(&task, &arguments, sample->fd);
    g_assert_cmpint(image_task_plan(run(&task, &pool, &future), &plan), ==, 0);
    return plan;
}

static void test_a_probe_plans_and_a_rendering_carries_it_out(void)
{
    struct folder folder = folder_enter();
    struct sample sample = sample_open();
    const struct image_render arguments = {.file = sample.file, .plan = plan_sample(&sample)};
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    PP_AUTO(pp_future_destroy) struct pp_future *future = NULL;
    struct pp_task task;
    size_t bytes;

    g_assert_cmpint(arguments.plan.size.width, ==, 60);
    image_task_render(&task, &arguments, sample.fd);
    g_assert_cmpint(image_task_output(run(&task, &pool, &future), &arguments.plan, &bytes), ==, 0);
    g_assert_cmpmem(pp_future_slot(future, IMAGE_SLOT_OUTPUT)->bytes, 3, "\xff\xd8\xff", 3);
    close(sample.fd);
    folder_leave(&folder);
}

static void assert_changed(const struct sample *sample, struct image_file file)
{
    const struct image_probe arguments = {.file = file};
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    PP_AUTO(pp_future_destroy) struct pp_future *future = NULL;
    const struct pp_result *result;
    struct pp_task task;

    image_task_probe(&task, &arguments, sample->fd);
    result = run(&task, &pool, &future);
    g_assert_cmpint(result->outcome, ==, PP_FAILED);
    g_assert_cmpint(result->error.code, ==, -ESTALE);
    g_assert_nonnull(strstr(result->error.message, "still being copied"));
}

static void test_a_file_that_changed_is_noticed(void)
{
    struct folder folder = folder_enter();
    struct sample sample = sample_open();
    struct image_file shorter = sample.file, older = sample.file;

    shorter.bytes--;
    older.seconds--;
    assert_changed(&sample, shorter);
    assert_changed(&sample, older);
    close(sample.fd);
    folder_leave(&folder);
}

static int take(const struct pp_plan *plan, size_t length)
{
    const struct pp_result result = {.outcome = PP_DONE, .reply = plan, .reply_length = length};
    struct pp_plan taken;

    return image_task_plan(&result, &taken);
}

/* One field at a time of a good plan is made what no planner says. */
#define ASSERT_REFUSED(good, field, value)                                                         \
    do {                                                                                           \
        struct pp_plan bad = good;                                                                 \
        bad.field = value;                                                                         \
        g_assert_cmpint(take(&bad, sizeof(bad)), ==, -EPROTO);                                     \
    } while (0)

static void test_replies_are_not_trusted(void)
{
    struct folder folder = folder_enter();
    struct sample sample = sample_open();
    const struct pp_plan good = plan_sample(&sample);
    struct pp_plan endless = good;

    g_assert_cmpint(take(&good, sizeof(good)), ==, 0);
    g_assert_cmpint(take(&good, sizeof(good) - 1), ==, -EPROTO);
    ASSERT_REFUSED(good, header.format, (enum pp_format)99);
    ASSERT_REFUSED(good, header.format, PP_FORMAT_UNKNOWN);
    ASSERT_REFUSED(good, header.size.width, -1);
    ASSERT_REFUSED(good, header.bands, 5);
    ASSERT_REFUSED(good, header.orientation, 9);
    ASSERT_REFUSED(good, encode.format, (enum pp_format)99);
    ASSERT_REFUSED(good, size.height, PP_IMAGE_SIDE_MAX + 1);
    ASSERT_REFUSED(good, count, PP_CHAIN_STEPS_MAX + 1);
    ASSERT_REFUSED(good, count, -1);
    ASSERT_REFUSED(good, mode, (enum pp_plan_mode)7);
    ASSERT_REFUSED(good, pixel_bytes, 0);
    ASSERT_REFUSED(good, output_bytes, SIZE_MAX);
    ASSERT_REFUSED(good, scratch_bytes, SIZE_MAX);
    memset(endless.reason, 'x', sizeof(endless.reason));
    g_assert_cmpint(take(&endless, sizeof(endless)), ==, -EPROTO);
    close(sample.fd);
    folder_leave(&folder);
}

static void test_an_output_beyond_its_slot_is_not_trusted(void)
{
    const struct pp_plan plan = {.output_bytes = 4096};
    struct image_rendered rendered = {.bytes = 4097};
    struct pp_result result = {.reply = &rendered, .reply_length = sizeof(rendered)};
    size_t bytes;

    g_assert_cmpint(image_task_output(&result, &plan, &bytes), ==, -EPROTO);
    rendered.bytes = 0;
    g_assert_cmpint(image_task_output(&result, &plan, &bytes), ==, -EPROTO);
    rendered.bytes = 4096;
    g_assert_cmpint(image_task_output(&result, &plan, &bytes), ==, 0);
    result.reply_length--;
    g_assert_cmpint(image_task_output(&result, &plan, &bytes), ==, -EPROTO);
}

int main(int argc, char **argv)
{
    pictures_test_init(&argc, &argv);
    g_test_add_func("/image-task/a-probe-plans-and-a-rendering-carries-it-out",
                    test_a_probe_plans_and_a_rendering_carries_it_out);
    g_test_add_func("/image-task/a-file-that-changed-is-noticed",
                    test_a_file_that_changed_is_noticed);
    g_test_add_func("/image-task/replies-are-not-trusted", test_replies_are_not_trusted);
    g_test_add_func("/image-task/an-output-beyond-its-slot-is-not-trusted",
                    test_an_output_beyond_its_slot_is_not_trusted);
    return g_test_run();
}
