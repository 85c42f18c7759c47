/* SPDX-License-Identifier: MIT */
/*
 * Blocks of shared memory: what is attached is what was made, what is unlinked is gone, and what a
 * killed process left behind is found.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/participant.h"
#include "core/shared_memory.h"
#include "core/shared_memory_file.h"
#include "core/shared_memory_private.h"
#include "tests/processes.h"

/* A name of this test's own; several tests of it may run at a time. */
static char *own_name(const char *what)
{
    return g_strdup_printf("test-%d-%s", (int)getpid(), what);
}

static char *own_path(const char *name)
{
    return g_strdup_printf(PP_SHARED_MEMORY_DIRECTORY "/" PP_SHARED_MEMORY_PREFIX "%s", name);
}

static struct pp_shared_memory *create(const char *name, size_t bytes)
{
    struct pp_shared_memory *block = NULL;

    g_assert_cmpint(pp_shared_memory_create(&block, name, bytes), ==, 0);
    return block;
}

static struct pp_shared_memory *attach(const char *name)
{
    struct pp_shared_memory *block = NULL;

    g_assert_cmpint(pp_shared_memory_attach(&block, name), ==, 0);
    return block;
}

static void test_a_block_is_as_large_as_asked_and_zero(void)
{
    static const size_t sizes[] = {1, 4095, 4096, 4097, 100000};
    g_autofree char *name = own_name("sizes");

    for (size_t i = 0; i < 2 * G_N_ELEMENTS(sizes); i++) {
        size_t bytes = sizes[i / 2];
        struct pp_shared_memory *block = create(i % 2 == 0 ? NULL : name, bytes);
        const uint8_t *at = pp_shared_memory_bytes(block);

        g_assert_cmpuint(pp_shared_memory_size(block), ==, bytes);
        g_assert_cmpstr(pp_shared_memory_name(block), ==, i % 2 == 0 ? NULL : name);
        g_assert_cmpuint((uintptr_t)at % 4096, ==, 0);
        for (size_t k = 0; k < bytes; k++) {
            g_assert_cmpint(at[k], ==, 0);
        }
        memset(pp_shared_memory_bytes(block), 1, bytes);
        g_assert_cmpint(pp_shared_memory_unlink(block), ==, i % 2 == 0 ? -ENOENT : 0);
        pp_shared_memory_close(block);
    }
    pp_shared_memory_close(NULL);
}

static int write_and_check(void *shared)
{
    struct pp_shared_memory *block = NULL;
    uint8_t *bytes;

    if (pp_shared_memory_attach(&block, shared) != 0 || pp_shared_memory_size(block) != 5000) {
        return 1;
    }
    bytes = pp_shared_memory_bytes(block);
    if (bytes[0] != 'a' || bytes[4999] != 'z') {
        return 2;
    }
    bytes[1234] = 'm';
    pp_shared_memory_close(block);
    return 0;
}

/* The one who attached closes and exits, and the block is there as before, which Python's is not.
 */
static void test_another_process_attaches_by_the_name(void)
{
    g_autofree char *name = own_name("attach");
    struct pp_shared_memory *block = create(name, 5000);
    struct pp_shared_memory *again;
    uint8_t *bytes = pp_shared_memory_bytes(block);

    bytes[0] = 'a';
    bytes[4999] = 'z';
    g_assert_cmpint(join_child(start_child(write_and_check, name)), ==, 0);
    g_assert_cmpint(bytes[1234], ==, 'm');
    again = attach(name);
    g_assert_true(pp_shared_memory_bytes(again) != pp_shared_memory_bytes(block));
    g_assert_cmpmem(pp_shared_memory_bytes(again), 5000, bytes, 5000);
    pp_shared_memory_close(again);
    g_assert_cmpint(pp_shared_memory_unlink(block), ==, 0);
    pp_shared_memory_close(block);
}

static void test_a_name_is_had_by_one_block(void)
{
    g_autofree char *name = own_name("one");
    struct pp_shared_memory *block = create(name, 10);
    struct pp_shared_memory *other = NULL;

    g_assert_cmpint(pp_shared_memory_create(&other, name, 10), ==, -EEXIST);
    g_assert_null(other);
    g_assert_cmpint(pp_shared_memory_unlink(block), ==, 0);
    g_assert_cmpint(pp_shared_memory_attach(&other, name), ==, -ENOENT);
    g_assert_cmpint(pp_shared_memory_unlink(block), ==, -ENOENT);
    memset(pp_shared_memory_bytes(block), 5, 10); /* whoever has it keeps it */
    /* The name belongs to a later block now, which unlinking the old one does not touch. */
    other = create(name, 20);
    g_assert_cmpint(pp_shared_memory_unlink(block), ==, -ENOENT);
    pp_shared_memory_close(block);
    block = attach(name);
    g_assert_cmpuint(pp_shared_memory_size(block), ==, 20);
    pp_shared_memory_close(other);
    g_assert_cmpint(pp_shared_memory_unlink(block), ==, 0);
    pp_shared_memory_close(block);
}

static void test_bad_names_and_sizes_are_refused(void)
{
    static const char *const bad[] = {"", "a/b", "../a", "a b", "a\n", "\303\244", "a:b"};
    g_autofree char *longest = g_strnfill(PP_SHARED_MEMORY_NAME_MAX, 'n');
    g_autofree char *too_long = g_strnfill(PP_SHARED_MEMORY_NAME_MAX + 1, 'n');
    struct pp_shared_memory *block = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_cmpint(pp_shared_memory_create(&block, bad[i], 10), ==, -EINVAL);
        g_assert_cmpint(pp_shared_memory_attach(&block, bad[i]), ==, -EINVAL);
    }
    g_assert_cmpint(pp_shared_memory_create(&block, too_long, 10), ==, -EINVAL);
    g_assert_cmpint(pp_shared_memory_attach(&block, NULL), ==, -EINVAL);
    g_assert_cmpint(pp_shared_memory_create(&block, NULL, 0), ==, -EINVAL);
    g_assert_cmpint(pp_shared_memory_create(&block, "zero", 0), ==, -EINVAL);
    g_assert_cmpint(pp_shared_memory_create(&block, NULL, SIZE_MAX), ==, -ENOMEM);
    g_assert_cmpint(pp_shared_memory_create(&block, "huge", SIZE_MAX), ==, -ENOMEM);
    g_assert_null(block);
    block = create(longest, 10);
    g_assert_cmpint(pp_shared_memory_unlink(block), ==, 0);
    pp_shared_memory_close(block);
}

/* Whatever the umask says, the block is for this user alone, and for him to read and write. */
static void test_a_block_is_for_its_user_alone(void)
{
    static const mode_t masks[] = {0, 022, 0777};
    g_autofree char *name = own_name("mode");
    g_autofree char *path = own_path(name);

    for (size_t i = 0; i < G_N_ELEMENTS(masks); i++) {
        mode_t before = umask(masks[i]);
        struct pp_shared_memory *block = create(name, 10);
        struct stat status;

        umask(before);
        g_assert_cmpint(stat(path, &status), ==, 0);
        g_assert_cmpint(status.st_mode & 07777, ==, 0600);
        g_assert_cmpint(pp_shared_memory_unlink(block), ==, 0);
        pp_shared_memory_close(block);
    }
}

/* ---- What is not a block ---- */

static void assert_no_block(const char *name)
{
    struct pp_shared_memory *block = NULL;

    g_assert_cmpint(pp_shared_memory_attach(&block, name), ==, -EPROTO);
    g_assert_null(block);
}

static void test_what_was_not_made_here_is_not_attached(void)
{
    g_autofree char *name = own_name("strange");
    g_autofree char *path = own_path(name);
    g_autofree char *copy = NULL;
    struct pp_shared_memory *block = create(name, 3000);
    gsize length;

    g_assert_true(g_file_get_contents(path, &copy, &length, NULL));
    g_assert_cmpuint(length, ==, 8192);
    g_assert_cmpint(chmod(path, 0644), ==, 0);
    assert_no_block(name); /* others can read it */
    g_assert_cmpint(chmod(path, 0600), ==, 0);
    pp_shared_memory_close(attach(name));
    g_assert_cmpint(pp_shared_memory_unlink(block), ==, 0);
    pp_shared_memory_close(block);

    g_assert_cmpint(symlink("/etc/passwd", path), ==, 0);
    assert_no_block(name);
    unlink(path);
    g_assert_cmpint(mkdir(path, 0700), ==, 0);
    assert_no_block(name);
    rmdir(path);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    assert_no_block(name);
    unlink(path);
    for (size_t cut = 0; cut <= length; cut += 1024) {
        mode_t before = umask(077);

        g_assert_true(g_file_set_contents(path, copy, (gssize)cut, NULL));
        umask(before);
        g_assert_cmpint(chmod(path, 0600), ==, 0);
        if (cut < length) {
            assert_no_block(name);
        } else {
            pp_shared_memory_close(attach(name));
        }
    }
    for (size_t i = 0; i < 16; i++) { /* magic and size */
        int fd;

        if (i == 8) { /* sizes of so few bytes more take as many pages */
            continue;
        }
        copy[i] ^= 0x40;
        fd = open(path, O_RDWR | O_CLOEXEC);
        g_assert_cmpint(pwrite(fd, copy, 16, 0), ==, 16);
        close(fd);
        assert_no_block(name);
        copy[i] ^= 0x40;
    }
    unlink(path);
}

/* What travels to a worker is checked there. */
static void test_a_place_outside_of_the_memory_is_refused(void)
{
    struct pp_shared_memory *block = create(NULL, 8192);
    struct pp_shared_memory_place place = pp_shared_memory_place(block);
    void *bytes = NULL;

    place.bytes = 8193;
    g_assert_cmpint(pp_shared_memory_map(&place, &bytes), ==, -EPROTO);
    place.bytes = 4097;
    place.offset = 4096;
    g_assert_cmpint(pp_shared_memory_map(&place, &bytes), ==, -EPROTO);
    place.offset = UINT64_MAX - 4095;
    g_assert_cmpint(pp_shared_memory_map(&place, &bytes), ==, -EPROTO);
    place.bytes = 0;
    g_assert_cmpint(pp_shared_memory_map(&place, &bytes), ==, -EPROTO);
    place.fd = -1;
    g_assert_cmpint(pp_shared_memory_map(&place, &bytes), ==, -EBADF);
    g_assert_null(bytes);
    pp_shared_memory_close(block);
}

/* A block without a name cannot be cut short by anybody who has it. */
static void test_a_nameless_block_is_sealed(void)
{
    struct pp_shared_memory *block = create(NULL, 8192);

    g_assert_cmpint(ftruncate(pp_shared_memory_place(block).fd, 4096), ==, -1);
    g_assert_cmpint(errno, ==, EPERM);
    pp_shared_memory_close(block);
}

/* ---- What is left behind ---- */

struct leftovers {
    const char *wanted;
    int count;
    int pid;
    size_t bytes;
};

/* Counts those that have the name that is wanted: others may have left some as well. */
static void count_leftover(const char *name, int pid, size_t bytes, void *user)
{
    struct leftovers *leftovers = user;

    if (strcmp(name, leftovers->wanted) == 0) {
        leftovers->count++;
        leftovers->pid = pid;
        leftovers->bytes = bytes;
    }
}

static int create_and_stay(void *shared)
{
    struct pp_shared_memory *block;

    if (pp_shared_memory_create(&block, shared, 7000) != 0) {
        return 1;
    }
    for (;;) {
        pause();
    }
}

/*
 * While its creator lives it is nobody's leftover. Then it is one, is found, and is removed by who
 * asks for that; and who has it mapped keeps it.
 */
static void test_a_killed_creators_block_is_swept(void)
{
    g_autofree char *name = own_name("killed");
    g_autofree char *path = own_path(name);
    struct leftovers leftovers = {.wanted = name};
    struct pp_shared_memory *block = NULL;
    pid_t pid = start_child(create_and_stay, name);

    WAIT_UNTIL(pp_shared_memory_attach(&block, name) == 0);
    g_assert_cmpint(pp_shared_memory_sweep(true, count_leftover, &leftovers), >=, 0);
    g_assert_cmpint(leftovers.count, ==, 0);
    kill_child(pid);
    g_assert_cmpint(pp_shared_memory_sweep(false, count_leftover, &leftovers), >=, 1);
    g_assert_cmpint(leftovers.count, ==, 1);
    g_assert_cmpint(leftovers.pid, ==, pid);
    g_assert_cmpuint(leftovers.bytes, ==, 7000);
    g_assert_cmpint(access(path, F_OK), ==, 0);
    g_assert_cmpint(pp_shared_memory_sweep(true, count_leftover, &leftovers), >=, 1);
    g_assert_cmpint(leftovers.count, ==, 2);
    g_assert_cmpint(access(path, F_OK), ==, -1);
    memset(pp_shared_memory_bytes(block), 1, 7000);
    pp_shared_memory_close(block);
    g_assert_cmpint(pp_shared_memory_sweep(true, NULL, NULL), >=, 0);
}

static int say_who(void *shared)
{
    *(uint64_t *)shared = pp_participant_self();
    return 0;
}

/* A creator in another pid namespace cannot be seen, so it is not taken for dead; nor is what is no
 * block at all touched. */
static void test_what_cannot_be_known_to_be_left_is_let_alone(void)
{
    g_autofree char *name = own_name("foreign");
    g_autofree char *path = own_path(name);
    struct leftovers leftovers = {.wanted = name};
    struct pp_slot slot;
    uint64_t *dead = share(&slot, sizeof(*dead));
    struct pp_shared_memory *block = create(name, 10);
    struct pp_shared_memory_header header;
    int fd = -1;

    g_assert_cmpint(join_child(start_child(say_who, dead)), ==, 0);
    g_assert_cmpint(pp_shared_memory_file_open(path, &fd, &header), ==, 0);
    g_assert_cmphex(header.creator, ==, pp_participant_self());
    header.creator = *dead;
    header.namespace ++;
    g_assert_cmpint(pwrite(fd, &header, sizeof(header), 0), ==, sizeof(header));
    g_assert_cmpint(pp_shared_memory_sweep(true, count_leftover, &leftovers), >=, 0);
    g_assert_cmpint(leftovers.count, ==, 0);
    header.namespace --;
    g_assert_cmpint(pwrite(fd, &header, sizeof(header), 0), ==, sizeof(header));
    g_assert_cmpint(pp_shared_memory_sweep(false, count_leftover, &leftovers), >=, 1);
    g_assert_cmpint(leftovers.count, ==, 1);
    header.magic ^= 1;
    g_assert_cmpint(pwrite(fd, &header, sizeof(header), 0), ==, sizeof(header));
    g_assert_cmpint(pp_shared_memory_sweep(true, count_leftover, &leftovers), >=, 0);
    g_assert_cmpint(leftovers.count, ==, 1);
    g_assert_cmpint(access(path, F_OK), ==, 0);
    close(fd);
    g_assert_cmpint(pp_shared_memory_unlink(block), ==, 0);
    pp_shared_memory_close(block);
    pp_slot_finish(&slot);
}

/* Half a block of a dead process goes, that of a living one stays. */
static void test_halves_of_blocks_are_swept(void)
{
    struct pp_slot slot;
    uint64_t *dead = share(&slot, sizeof(*dead));
    const uint64_t *owners[2] = {dead, NULL};
    uint64_t self = pp_participant_self();
    char *paths[2];

    g_assert_cmpint(join_child(start_child(say_who, dead)), ==, 0);
    owners[1] = &self;
    for (int i = 0; i < 2; i++) {
        paths[i] = g_strdup_printf(PP_SHARED_MEMORY_DIRECTORY "/" PP_SHARED_MEMORY_TEMPORARY
                                                              "%llx-%llx-%d",
                                   (unsigned long long)pp_shared_memory_file_namespace(),
                                   (unsigned long long)*owners[i], 99999);
        close(open(paths[i], O_CREAT | O_EXCL | O_CLOEXEC | O_RDWR, 0600));
    }
    g_assert_cmpint(pp_shared_memory_sweep(false, NULL, NULL), >=, 0);
    g_assert_cmpint(access(paths[0], F_OK), ==, 0);
    g_assert_cmpint(pp_shared_memory_sweep(true, NULL, NULL), >=, 0);
    g_assert_cmpint(access(paths[0], F_OK), ==, -1);
    g_assert_cmpint(access(paths[1], F_OK), ==, 0);
    for (int i = 0; i < 2; i++) {
        unlink(paths[i]);
        g_free(paths[i]);
    }
    pp_slot_finish(&slot);
}

/* ---- Many at a time ---- */

enum { ROUNDS = 300, RACERS = 4 };

struct race {
    _Atomic uint32_t created;
    _Atomic uint32_t attached;
    char name[64];
};

/* Creates, attaches and unlinks what all the others do too; sees whole blocks only. */
static int race(void *shared)
{
    struct race *self = shared;

    for (int i = 0; i < ROUNDS; i++) {
        struct pp_shared_memory *block = NULL;
        int r = pp_shared_memory_create(&block, self->name, 20000);

        if (r == 0) {
            atomic_fetch_add(&self->created, 1);
        } else if (r == -EEXIST) {
            r = pp_shared_memory_attach(&block, self->name);
            if (r == -ENOENT) {
                continue;
            }
            atomic_fetch_add(&self->attached, 1);
        }
        if (r != 0 || pp_shared_memory_size(block) != 20000) {
            return 1;
        }
        memset(pp_shared_memory_bytes(block), i, 20000);
        r = pp_shared_memory_unlink(block);
        if (r != 0 && r != -ENOENT) {
            return 2;
        }
        pp_shared_memory_close(block);
    }
    return 0;
}

static void test_a_name_appears_with_the_whole_block(void)
{
    g_autofree char *name = own_name("race");
    struct pp_slot slot;
    struct race *self = share(&slot, sizeof(*self));
    pid_t pids[RACERS];

    g_strlcpy(self->name, name, sizeof(self->name));
    for (int i = 0; i < RACERS; i++) {
        pids[i] = start_child(race, self);
    }
    for (int i = 0; i < RACERS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    g_assert_cmpuint(self->created, >=, ROUNDS);
    g_test_message("%u created, %u attached", self->created, self->attached);
    pp_slot_finish(&slot);
}

/* Killed wherever it happens to be: nothing is left, or a whole block that a sweep takes away. */
static void test_a_creator_may_be_killed_anywhere(void)
{
    g_autofree char *name = own_name("anywhere");
    g_autofree char *path = own_path(name);
    struct pp_slot slot;
    struct race *self = share(&slot, sizeof(*self));

    g_strlcpy(self->name, name, sizeof(self->name));
    for (int i = 0; i < 50; i++) {
        pid_t pid = start_child(race, self);
        struct pp_shared_memory *block = NULL;
        uint32_t created = self->created;
        int r;

        WAIT_UNTIL(self->created > created || kill(pid, 0) != 0);
        g_usleep((gulong)g_random_int_range(0, 300));
        kill(pid, SIGKILL);
        join_child(pid);
        r = pp_shared_memory_attach(&block, name);
        if (r == 0) {
            g_assert_cmpuint(pp_shared_memory_size(block), ==, 20000);
            pp_shared_memory_close(block);
            g_assert_cmpint(pp_shared_memory_sweep(true, NULL, NULL), >=, 1);
        } else {
            g_assert_cmpint(r, ==, -ENOENT);
        }
        g_assert_cmpint(access(path, F_OK), ==, -1);
    }
    pp_slot_finish(&slot);
}

/* ---- Another /dev/shm ---- */

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0) {
        close(fd);
    }
    return written;
}

/* A user namespace in which this process is who it is, and may mount. */
static bool enter_own_users(void)
{
    g_autofree char *users = g_strdup_printf("%d %d 1", (int)getuid(), (int)getuid());
    g_autofree char *groups = g_strdup_printf("%d %d 1", (int)getgid(), (int)getgid());

    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_text("/proc/self/uid_map", users) &&
           write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/gid_map", groups);
}

/* A /dev/shm of this process's own; false where that is not allowed. */
static bool enter_own_directory(const char *options)
{
    return (unshare(CLONE_NEWNS) == 0 || enter_own_users()) &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", PP_SHARED_MEMORY_DIRECTORY, "tmpfs", 0, options) == 0;
}

enum { CANNOT_MOUNT = 77 };

static int fill_small_directory(void *shared)
{
    struct pp_shared_memory *block = NULL;
    struct pp_shared_memory *small = NULL;

    (void)shared;
    if (!enter_own_directory("size=64k")) {
        return CANNOT_MOUNT;
    }
    if (pp_shared_memory_create(&block, "large", 1000000) != -ENOSPC ||
        pp_shared_memory_attach(&block, "large") != -ENOENT) {
        return 1;
    }
    /* What failed took nothing: all that there is can be had. */
    if (pp_shared_memory_create(&small, "small", 15 * 4096) != 0) {
        return 2;
    }
    memset(pp_shared_memory_bytes(small), 1, 15 * 4096);
    if (pp_shared_memory_create(&block, "more", 1) != -ENOSPC) {
        return 3;
    }
    return pp_shared_memory_unlink(small) == 0 &&
                   pp_shared_memory_create(&block, "more", 1) == -ENOSPC
               ? 0
               : 4; /* still mapped, still taken */
}

static void assert_in_own_mounts(child_fn run)
{
    int code = join_child(start_child(run, NULL));

    if (code == CANNOT_MOUNT) {
        g_test_skip("this process may not mount");
        return;
    }
    g_assert_cmpint(code, ==, 0);
}

static void test_a_full_directory_is_an_error(void)
{
    assert_in_own_mounts(fill_small_directory);
}

/* Without /proc a file without a name cannot be given one. */
static int create_without_proc(void *shared)
{
    struct pp_shared_memory *block = NULL;
    struct pp_shared_memory *again = NULL;
    GDir *directory;
    const char *entry;

    (void)shared;
    if (!enter_own_directory("size=1m") || mount("tmpfs", "/proc", "tmpfs", 0, "size=64k") != 0) {
        return CANNOT_MOUNT;
    }
    if (pp_shared_memory_create(&block, "old", 5000) != 0 ||
        pp_shared_memory_create(&again, "old", 5000) != -EEXIST ||
        pp_shared_memory_attach(&again, "old") != 0 || pp_shared_memory_size(again) != 5000) {
        return 1;
    }
    /* Nothing of how it was made is left; and who cannot be known is not taken for dead. */
    if (pp_shared_memory_sweep(true, NULL, NULL) != 0) {
        return 2;
    }
    directory = g_dir_open("/dev/shm", 0, NULL);
    entry = g_dir_read_name(directory);
    if (g_strcmp0(entry, "pixpool-old") != 0 || g_dir_read_name(directory) != NULL) {
        return 3;
    }
    return 0;
}

static void test_a_system_without_nameless_files_does_as_well(void)
{
    assert_in_own_mounts(create_without_proc);
}

/* Address space for half of what a block wants; its file is made, and then cannot be mapped. */
static int create_without_room_to_map(void *shared)
{
    const char *name = shared;
    const size_t bytes = (size_t)64 << 20;
    int lowest = dup(STDERR_FILENO);
    struct pp_shared_memory *block = NULL;
    struct rlimit limit = {0};
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "re");

    close(lowest);
    if (statm == NULL || fscanf(statm, "%lu", &pages) != 1 || fclose(statm) != 0) {
        return 1;
    }
    limit.rlim_cur = limit.rlim_max = pages * (size_t)sysconf(_SC_PAGESIZE) + bytes / 2;
    if (setrlimit(RLIMIT_AS, &limit) != 0) {
        return 2;
    }
    if (pp_shared_memory_create(&block, name, bytes) != -ENOMEM ||
        pp_shared_memory_create(&block, NULL, bytes) != -ENOMEM) {
        return 3;
    }
    if (pp_shared_memory_attach(&block, name) != -ENOENT) {
        return 4;
    }
    return dup(STDERR_FILENO) == lowest ? 0 : 5; /* no descriptor is left either */
}

static void test_a_block_that_cannot_be_mapped_leaves_nothing(void)
{
    g_autofree char *name = own_name("unmapped");

    g_assert_cmpint(join_child(start_child(create_without_room_to_map, name)), ==, 0);
}

static int attach_as_another_user(void *shared)
{
    struct pp_shared_memory *block = NULL;

    if (setgid(65533) != 0 || setuid(65533) != 0) {
        return CANNOT_MOUNT;
    }
    return pp_shared_memory_attach(&block, shared) == -EACCES ? 0 : 1;
}

static void test_another_user_cannot_attach(void)
{
    g_autofree char *name = own_name("user");
    struct pp_shared_memory *block = create(name, 10);
    int code = join_child(start_child(attach_as_another_user, name));

    if (code == CANNOT_MOUNT) {
        g_test_skip("this process may not become another user");
    } else {
        g_assert_cmpint(code, ==, 0);
    }
    g_assert_cmpint(pp_shared_memory_unlink(block), ==, 0);
    pp_shared_memory_close(block);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* Another run of this test sweeps as well, and must not sweep what this one looks for. */
    if (!enter_own_directory("mode=1777")) {
        g_test_message("shares /dev/shm with others");
    }
    g_test_add_func("/shared-memory/a-block-is-as-large-as-asked-and-zero",
                    test_a_block_is_as_large_as_asked_and_zero);
    g_test_add_func("/shared-memory/another-process-attaches-by-the-name",
                    test_another_process_attaches_by_the_name);
    g_test_add_func("/shared-memory/a-name-is-had-by-one-block", test_a_name_is_had_by_one_block);
    g_test_add_func("/shared-memory/bad-names-and-sizes-are-refused",
                    test_bad_names_and_sizes_are_refused);
    g_test_add_func("/shared-memory/a-block-is-for-its-user-alone",
                    test_a_block_is_for_its_user_alone);
    g_test_add_func("/shared-memory/another-user-cannot-attach", test_another_user_cannot_attach);
    g_test_add_func("/shared-memory/what-was-not-made-here-is-not-attached",
                    test_what_was_not_made_here_is_not_attached);
    g_test_add_func("/shared-memory/a-place-outside-of-the-memory-is-refused",
                    test_a_place_outside_of_the_memory_is_refused);
    g_test_add_func("/shared-memory/a-nameless-block-is-sealed", test_a_nameless_block_is_sealed);
    g_test_add_func("/shared-memory/a-killed-creators-block-is-swept",
                    test_a_killed_creators_block_is_swept);
    g_test_add_func("/shared-memory/what-cannot-be-known-to-be-left-is-let-alone",
                    test_what_cannot_be_known_to_be_left_is_let_alone);
    g_test_add_func("/shared-memory/halves-of-blocks-are-swept", test_halves_of_blocks_are_swept);
    g_test_add_func("/shared-memory/a-name-appears-with-the-whole-block",
                    test_a_name_appears_with_the_whole_block);
    g_test_add_func("/shared-memory/a-creator-may-be-killed-anywhere",
                    test_a_creator_may_be_killed_anywhere);
    g_test_add_func("/shared-memory/a-block-that-cannot-be-mapped-leaves-nothing",
                    test_a_block_that_cannot_be_mapped_leaves_nothing);
    g_test_add_func("/shared-memory/a-full-directory-is-an-error",
                    test_a_full_directory_is_an_error);
    g_test_add_func("/shared-memory/a-system-without-nameless-files-does-as-well",
                    test_a_system_without_nameless_files_does_as_well);
    return g_test_run();
}
