/* SPDX-License-Identifier: MIT */
/*
 * Death anywhere: at every point that host, zygote and workers pass (core/point.h), one of them is
 * killed, crashes, exits, stops, hangs or talks nonsense, under every start method and with 1, 2
 * and 13 workers. Whatever it is:
 *
 *   - every future is done exactly once, the one task in work at most has another outcome than
 *     without it, and that outcome tells the truth;
 *   - the next tasks are done;
 *   - no process, descriptor or mapping is left behind; where it was the host that died, nothing at
 *     all of it.
 *
 * Which points there are is found out by a run without a strike. Each case is a process of its own,
 * a host with a session of its own, in which nobody else is: what is left of it is found by that.
 * Several run at a time, since those that hang wait for their deadlines.
 *
 * Ordinarily every point meets every action once, while methods, numbers of workers and passes
 * change from one to the next. PIXPOOL_TEST_FULL in the environment makes it the whole product.
 * PIXPOOL_TEST_CASE=method,workers,role,point,nth,action runs one alone.
 */
#include <glib/gstdio.h>
#include <sys/prctl.h>

#include "tests/kill_case.h"

enum { AT_A_TIME = 6 };

static const unsigned worker_counts[] = {1, 2, 13};

static const char *const role_names[] = {"host", "zygote", "worker"};
static const char *const action_names[] = {"kill", "segv",    "abort", "exit-0",  "exit-3", "stop",
                                           "spin", "garbage", "short", "actions", "nothing"};

static char *folder; /* for the families' files */
static unsigned case_number;

struct running {
    struct kill_case of;
    char *path;
    struct strike *strike; /* mapped */
    pid_t host;
    int status; /* of the host, once it has ended */
    bool ended;
    gint64 since_us; /* it began, or its host ended */
    gint64 look_us;  /* when to look next for what is left: that is a look at all processes */
};

static void describe_case(const struct kill_case *of, char *text, size_t bytes)
{
    g_snprintf(text, bytes, "%s,%u,%s,%s,%u,%s", of->method->name, of->workers,
               role_names[of->role], of->point, of->nth, action_names[of->action]);
}

static void begin_case(struct running *running, const struct kill_case *of)
{
    g_autofree char *name = g_strdup_printf("case-%u", ++case_number);
    int fd;

    *running = (struct running){
        .of = *of,
        .path = g_build_filename(folder, name, NULL),
        .since_us = g_get_monotonic_time(),
    };
    fd = g_open(running->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, sizeof(struct strike)), ==, 0);
    running->strike = mmap(NULL, sizeof(struct strike), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    g_assert_true(running->strike != MAP_FAILED);
    close(fd);
    running->strike->role = of->role;
    running->strike->nth = of->nth;
    running->strike->action = of->action;
    running->strike->stall = (struct pp_point_stall){.seed = case_number, .most_us = 400};
    running->strike->armed = of->action != STRIKE_NONE;
    g_strlcpy(running->strike->name, of->point, sizeof(running->strike->name));

    running->host = fork();
    g_assert_cmpint(running->host, >=, 0);
    if (running->host == 0) {
        if (setsid() < 0) {
            _exit(97);
        }
        be_host(of, running->path);
    }
}

static void complain(const struct running *running, const char *what)
{
    char text[160];

    describe_case(&running->of, text, sizeof(text));
    g_test_message("%s: %s", text, what);
    g_test_fail();
}

/* Whether the host ended as the case says it should. */
static void judge(const struct running *running)
{
    bool struck = atomic_load(&running->strike->struck) != 0;

    if (running->of.role != STRIKE_HOST || !struck) {
        if (running->status != 0) {
            complain(running, "the host found something wrong, see above");
        }
        return;
    }
    if (WIFEXITED(running->status) && WEXITSTATUS(running->status) == 1) {
        complain(running, "the host found something wrong before it was struck, see above");
    }
}

static void finish_case(struct running *running)
{
    munmap(running->strike, sizeof(struct strike));
    g_unlink(running->path);
    g_free(running->path);
    *running = (struct running){0};
}

/*
 * Look after one case. The dead of a host that is gone are ours to reap (PR_SET_CHILD_SUBREAPER).
 * Returns false while it runs on. A host that was struck to hang is ended here; whatever is left of
 * any host has to go by itself.
 */
static bool tend(struct running *running)
{
    gint64 age_us = g_get_monotonic_time() - running->since_us;

    if (!running->ended) {
        if (running->of.role == STRIKE_HOST && hangs(running->of.action) &&
            atomic_load(&running->strike->struck) != 0) {
            kill(running->host, SIGKILL);
        }
        if (waitpid(running->host, &running->status, WNOHANG) == running->host) {
            running->ended = true;
            running->since_us = g_get_monotonic_time();
            judge(running);
            return false;
        }
        if (age_us < (gint64)PATIENCE_MS * 2000) {
            return false;
        }
        complain(running, "the host hangs");
        kill(running->host, SIGKILL);
        waitpid(running->host, &running->status, 0);
    } else if (g_get_monotonic_time() < running->look_us) {
        return false;
    } else if (count_session(running->host, 0) == 0) {
        return true;
    } else if (age_us < (gint64)PATIENCE_MS * 1000) {
        running->look_us = g_get_monotonic_time() + 10000 + age_us / 4;
        return false;
    } else {
        complain(running, "processes are left");
    }
    count_session(running->host, SIGKILL);
    return true;
}

/* Run all of @cases, several at a time. Returns how many of them came to their strike. */
static unsigned run_cases(const GArray *cases)
{
    struct running running[AT_A_TIME] = {0};
    unsigned begun = 0;
    unsigned finished = 0;
    unsigned struck = 0;

    while (finished < cases->len) {
        for (unsigned i = 0; i < AT_A_TIME; i++) {
            if (running[i].host == 0 && begun < cases->len) {
                begin_case(&running[i], &g_array_index(cases, struct kill_case, begun++));
            } else if (running[i].host != 0 && tend(&running[i])) {
                struck += atomic_load(&running[i].strike->struck) != 0;
                finish_case(&running[i]);
                finished++;
            }
        }
        g_usleep(2000);
    }
    return struck;
}

static const struct strike_point *find_point(const GArray *points, int role, const char *name)
{
    for (guint i = 0; i < points->len; i++) {
        const struct strike_point *point = &g_array_index(points, struct strike_point, i);

        if (point->role == role && strcmp(point->name, name) == 0) {
            return point;
        }
    }
    return NULL;
}

/* What a run under @method passes: an array of struct strike_point, sorted. */
static GArray *find_points(const struct start_method *method, unsigned workers)
{
    struct kill_case of = {.method = method, .workers = workers, .action = STRIKE_NONE};
    GArray *points = g_array_new(FALSE, FALSE, sizeof(struct strike_point));
    struct running running;

    if (!method->has_processes) {
        return points;
    }
    begin_case(&running, &of);
    while (!tend(&running)) {
        g_usleep(1000);
    }
    for (size_t i = 0; i < STRIKE_POINTS_MAX; i++) {
        const struct strike_point *point = &running.strike->points[i];

        if (point->state == 2 && find_point(points, point->role, point->name) == NULL) {
            g_array_append_vals(points, point, 1);
        }
    }
    finish_case(&running);
    return points;
}

/* Talking nonsense is for those whom the host listens to. */
static bool is_possible(int role, int action)
{
    return role == STRIKE_WORKER || (action != STRIKE_GARBAGE && action != STRIKE_SHORT);
}

/* The first pass, the second, or one in the middle. */
static unsigned choose_pass(unsigned which, unsigned passes)
{
    return which == 0 ? 1 : which == 1 ? 2 : passes / 2 + 1;
}

static void add_case(GArray *cases, const struct start_method *method,
                     const struct strike_point *point, int action, unsigned workers, unsigned which)
{
    struct kill_case of = {
        .method = method,
        .workers = workers,
        .role = point->role,
        .nth = choose_pass(which, point->passes),
        .action = action,
    };

    g_strlcpy(of.point, point->name, sizeof(of.point));
    g_array_append_val(cases, of);
}

static bool is_full(void)
{
    const char *full = g_getenv("PIXPOOL_TEST_FULL");

    return full != NULL && full[0] != '\0';
}

/* All numbers of workers, all passes. */
static void add_all_cases(GArray *cases, unsigned method, const struct strike_point *point,
                          int action)
{
    for (unsigned k = 0; k < 9; k++) {
        add_case(cases, &start_methods[method], point, action, worker_counts[k % 3], k / 3);
    }
}

/*
 * Every action at @point, which @method is the first to pass. In an ordinary run the methods that
 * pass it, the numbers of workers and the passes take turns.
 */
static void add_cases(GArray *cases, GArray *const *points, unsigned method,
                      const struct strike_point *point)
{
    static unsigned turn;

    for (int action = 0; action < STRIKE_ACTIONS; action++) {
        const struct strike_point *there;

        if (!is_possible(point->role, action)) {
            continue;
        }
        for (unsigned i = 0; is_full() && i < G_N_ELEMENTS(start_methods); i++) {
            there = find_point(points[i], point->role, point->name);
            if (there != NULL) {
                add_all_cases(cases, i, there, action);
            }
        }
        turn++;
        for (unsigned i = 0; !is_full() && i < G_N_ELEMENTS(start_methods); i++) {
            unsigned at = (method + turn + i) % G_N_ELEMENTS(start_methods);

            there = find_point(points[at], point->role, point->name);
            if (there != NULL) {
                add_case(cases, &start_methods[at], there, action, worker_counts[turn % 3],
                         turn / 3 % 3);
                break;
            }
        }
    }
}

static void test_role(gconstpointer data)
{
    g_autoptr(GArray) cases = g_array_new(FALSE, FALSE, sizeof(struct kill_case));
    GArray *points[G_N_ELEMENTS(start_methods)];
    unsigned struck;

    for (unsigned i = 0; i < G_N_ELEMENTS(start_methods); i++) {
        points[i] = find_points(&start_methods[i], 2);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(start_methods); i++) {
        for (guint k = 0; k < points[i]->len; k++) {
            const struct strike_point *point = &g_array_index(points[i], struct strike_point, k);
            bool is_first = point->role == GPOINTER_TO_INT(data);

            for (unsigned before = 0; before < i; before++) {
                is_first = is_first && find_point(points[before], point->role, point->name) == NULL;
            }
            if (is_first) {
                add_cases(cases, points, i, point);
            }
        }
    }
    struck = run_cases(cases);
    g_test_message("%u cases, %u came to their strike", cases->len, struck);
    g_assert_cmpuint(cases->len, >, 0);
    /* With fewer workers some are passed less often; most are passed in any case. */
    g_assert_cmpuint(struck, >=, cases->len / 2);
    for (unsigned i = 0; i < G_N_ELEMENTS(start_methods); i++) {
        g_array_free(points[i], TRUE);
    }
}

/* PIXPOOL_TEST_CASE, as a complaint names it. */
static void test_one_case(void)
{
    g_auto(GStrv) words = g_strsplit(g_getenv("PIXPOOL_TEST_CASE"), ",", -1);
    g_autoptr(GArray) cases = g_array_new(FALSE, FALSE, sizeof(struct kill_case));
    struct kill_case of = {0};

    g_assert_cmpuint(g_strv_length(words), ==, 6);
    for (size_t i = 0; i < G_N_ELEMENTS(start_methods); i++) {
        if (strcmp(start_methods[i].name, words[0]) == 0) {
            of.method = &start_methods[i];
        }
    }
    g_assert_nonnull(of.method);
    of.workers = (unsigned)atoi(words[1]);
    while (strcmp(role_names[of.role], words[2]) != 0) {
        of.role++;
    }
    g_strlcpy(of.point, words[3], sizeof(of.point));
    of.nth = (unsigned)atoi(words[4]);
    while (strcmp(action_names[of.action], words[5]) != 0) {
        of.action++;
    }
    g_array_append_val(cases, of);
    g_test_message("%u struck", run_cases(cases));
}

int main(int argc, char **argv)
{
    int r;

    strike_enter(argc, argv);
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    folder = g_dir_make_tmp("pixpool-strikes-XXXXXX", NULL);
    g_assert_nonnull(folder);
    if (g_getenv("PIXPOOL_TEST_CASE") != NULL) {
        g_test_add_func("/kill-anywhere/one", test_one_case);
    } else {
        for (int role = 0; role < STRIKE_ROLES; role++) {
            g_autofree char *path = g_strdup_printf("/kill-anywhere/%s", role_names[role]);

            g_test_add_data_func(path, GINT_TO_POINTER(role), test_role);
        }
    }
    r = g_test_run();
    g_rmdir(folder);
    g_free(folder);
    return r;
}
