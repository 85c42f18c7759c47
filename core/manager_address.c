/* SPDX-License-Identifier: MIT */
/*
 * A path that was asked for. What is there already and refuses connections was left by somebody who
 * was killed, and is replaced. Of two who want one path, one could take the other's fresh socket
 * for a left one, before it listens or between a look and the next step. So whoever makes or
 * removes a socket holds a lock meanwhile: a file beside it, which the holder removes; of two who
 * open that at once, the one whose file is not there any more opens it again. A holder who is
 * killed leaves the file, but not the lock.
 *
 * A directory of its own, where no path was asked for. All who live in it hold a lock on it
 * (flock()), which ends with the last of them, however they end. So whoever can take the lock of
 * such a directory knows that it is nobody's, and removes it; each new one is made after a look for
 * those.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/manager_address.h"

#define DIRECTORY_PREFIX "pixpool-manager-"
#define SOCKET_NAME      "socket"
#define LOCK_FILE_BYTES  (PP_MANAGER_ADDRESS_MAX + sizeof(".lock"))

/* How often somebody else may be quicker before it is no accident any more. */
#define ATTEMPTS 100

_Static_assert(sizeof(((struct sockaddr_un *)0)->sun_path) == PP_MANAGER_ADDRESS_MAX + 1,
               "the longest address, with its NUL");

static int fill_name(struct sockaddr_un *name, const char *path)
{
    size_t length = strlen(path);

    if (length == 0 || length > PP_MANAGER_ADDRESS_MAX) {
        return length == 0 ? -ENOENT : -ENAMETOOLONG;
    }
    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(name->sun_path, path, length);
    return 0;
}

static int connect_to(const char *path, int *ret_socket)
{
    struct sockaddr_un name;
    int r = fill_name(&name, path);
    int fd;

    if (r != 0) {
        return r;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    do {
        r = connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0 ? 0 : -errno;
    } while (r == -EINTR);
    if (r != 0) {
        close(fd);
        return r;
    }
    *ret_socket = fd;
    return 0;
}

/* Who listens, by what the kernel wrote down when he began. */
static int check_user(int socket)
{
    struct ucred user;
    socklen_t bytes = sizeof(user);

    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &user, &bytes) != 0) {
        return -errno;
    }
    return user.uid == geteuid() || user.uid == 0 ? 0 : -EPERM;
}

int pp_manager_address_connect(const char *path, bool any_user, int *ret_socket)
{
    int socket = -1;
    int r = connect_to(path, &socket);

    if (r == 0 && !any_user) {
        r = check_user(socket);
    }
    if (r != 0) {
        if (socket >= 0) {
            close(socket);
        }
        return r;
    }
    *ret_socket = socket;
    return 0;
}

/* A socket that listens at @path, where nothing may be. Its mode is set before it has a name: what
 * umask says is of the whole process, and may be changed by nobody. */
static int listen_at(const char *path, int *ret_listener)
{
    struct sockaddr_un name;
    int r = fill_name(&name, path);
    int fd;

    if (r != 0) {
        return r;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 ||
        bind(fd, (struct sockaddr *)&name, sizeof(name)) != 0) {
        r = -errno;
    } else if (listen(fd, SOMAXCONN) != 0) {
        r = -errno;
        unlink(path);
    }
    if (r != 0) {
        close(fd);
        return r;
    }
    *ret_listener = fd;
    return 0;
}

/* Open the file that the lock is on. Another user's is none of ours: it would never come free. */
static int open_lock(const char *file)
{
    struct stat status;
    int fd = open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd < 0) {
        return -errno;
    }
    if (fstat(fd, &status) != 0 || status.st_uid != geteuid()) {
        close(fd);
        return -EADDRINUSE;
    }
    return fd;
}

/* Is what has this name still what was opened? */
static bool is_same_file(const char *file, int fd)
{
    struct stat named;
    struct stat opened;

    return lstat(file, &named) == 0 && fstat(fd, &opened) == 0 && named.st_dev == opened.st_dev &&
           named.st_ino == opened.st_ino;
}

/* Wait for the lock of @path. Returns a descriptor for unlock_path(), or a negative errno. */
static int lock_path(const char *path, char *file, size_t bytes)
{
    snprintf(file, bytes, "%s.lock", path);
    for (;;) {
        int fd = open_lock(file);
        int r;

        if (fd < 0) {
            return fd;
        }
        do {
            r = flock(fd, LOCK_EX) == 0 ? 0 : -errno;
        } while (r == -EINTR);
        if (r == 0 && is_same_file(file, fd)) {
            return fd;
        }
        close(fd);
        if (r != 0) {
            return r;
        }
    }
}

static void unlock_path(const char *file, int fd)
{
    unlink(file);
    close(fd);
}

/* Returns 0 where @path is a socket that nobody answers at; -ENOENT where there is nothing;
 * -EADDRINUSE where there is something else; another errno. */
static int check_abandoned(const char *path)
{
    struct stat status;
    int socket;
    int r;

    if (lstat(path, &status) != 0) {
        return -errno;
    }
    if (!S_ISSOCK(status.st_mode)) {
        return -EADDRINUSE;
    }
    r = connect_to(path, &socket);
    if (r == 0) {
        close(socket);
    }
    /* Else it answers, or it is of another kind or of another user. */
    return r == -ECONNREFUSED ? 0 : -EADDRINUSE;
}

/* Returns as check_abandoned(), with what is abandoned removed. */
static int remove_abandoned(const char *path)
{
    int r = check_abandoned(path);

    return r == 0 && unlink(path) != 0 ? -errno : r;
}

static int listen_at_given(struct pp_manager_address *address, const char *path)
{
    char file[LOCK_FILE_BYTES];
    int lock;
    int r;

    if (strlen(path) > PP_MANAGER_ADDRESS_MAX) {
        return -ENAMETOOLONG;
    }
    lock = lock_path(path, file, sizeof(file));
    if (lock < 0) {
        return lock;
    }
    r = remove_abandoned(path);
    if (r == 0 || r == -ENOENT) {
        r = listen_at(path, &address->listener);
    }
    if (r == 0) {
        memcpy(address->path, path, strlen(path) + 1);
    }
    unlock_path(file, lock);
    return r;
}

/* Take over a directory that somebody was to live in. Returns its lock, or -1 where somebody does.
 */
static int lock_directory(int at, const char *name)
{
    struct stat status;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, &status) != 0 || status.st_uid != geteuid() ||
        flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Remove the directories of those who were killed. What cannot be removed stays. */
static void sweep(const char *base)
{
    DIR *directory = opendir(base);
    const struct dirent *entry;

    if (directory == NULL) {
        return;
    }
    while ((entry = readdir(directory)) != NULL) {
        int lock;

        if (strncmp(entry->d_name, DIRECTORY_PREFIX, strlen(DIRECTORY_PREFIX)) != 0) {
            continue;
        }
        lock = lock_directory(dirfd(directory), entry->d_name);
        if (lock >= 0) {
            unlinkat(lock, SOCKET_NAME, 0);
            unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR);
            close(lock);
        }
    }
    closedir(directory);
}

/* Where directories of this user's programs belong. */
static const char *find_base(void)
{
    const char *base = getenv("XDG_RUNTIME_DIR");
    struct stat status;

    if (base != NULL && base[0] == '/' &&
        strlen(base) + strlen("/" DIRECTORY_PREFIX "XXXXXX/" SOCKET_NAME) <=
            PP_MANAGER_ADDRESS_MAX &&
        stat(base, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
        (status.st_mode & (S_IWGRP | S_IWOTH)) == 0) {
        return base;
    }
    return "/tmp";
}

/* Returns 0; -EAGAIN where the directory was taken for one that is nobody's; another errno. */
static int listen_in_directory(struct pp_manager_address *address)
{
    int r;

    address->directory_lock = lock_directory(AT_FDCWD, address->directory);
    if (address->directory_lock < 0) {
        rmdir(address->directory);
        return -EAGAIN;
    }
    r = listen_at(address->path, &address->listener);
    if (r != 0) {
        rmdir(address->directory);
        close(address->directory_lock);
        address->directory_lock = -1;
    }
    return r == -ENOENT ? -EAGAIN : r;
}

static int listen_privately(struct pp_manager_address *address)
{
    const char *base = find_base();
    int r = -EAGAIN;

    sweep(base);
    for (int i = 0; i < ATTEMPTS && r == -EAGAIN; i++) {
        int length = snprintf(address->path, sizeof(address->path),
                              "%s/" DIRECTORY_PREFIX "XXXXXX/" SOCKET_NAME, base);
        size_t directory_length;

        if (length > PP_MANAGER_ADDRESS_MAX) {
            return -ENAMETOOLONG;
        }
        directory_length = (size_t)length - strlen("/" SOCKET_NAME);
        memcpy(address->directory, address->path, directory_length);
        address->directory[directory_length] = '\0';
        if (mkdtemp(address->directory) == NULL) {
            return -errno;
        }
        memcpy(address->path, address->directory, directory_length);
        r = listen_in_directory(address);
    }
    return r;
}

int pp_manager_address_listen(struct pp_manager_address *address, const char *path,
                              struct pp_error *error)
{
    int r;

    *address = (struct pp_manager_address){.listener = -1, .directory_lock = -1};
    r = path != NULL ? listen_at_given(address, path) : listen_privately(address);
    if (r != 0) {
        pp_error_set_errno(error, r, "cannot listen at %s", path != NULL ? path : address->path);
        pp_manager_address_close(address);
        *address = (struct pp_manager_address){.listener = -1, .directory_lock = -1};
    }
    return r;
}

void pp_manager_address_close(struct pp_manager_address *address)
{
    if (address->listener >= 0) {
        close(address->listener);
    }
    if (address->directory_lock >= 0) {
        close(address->directory_lock);
    }
    address->listener = -1;
    address->directory_lock = -1;
}

void pp_manager_address_remove(struct pp_manager_address *address)
{
    char file[LOCK_FILE_BYTES];
    int lock;

    pp_manager_address_close(address);
    if (address->directory[0] != '\0') {
        unlink(address->path);
        rmdir(address->directory);
    } else if (address->path[0] != '\0') {
        lock = lock_path(address->path, file, sizeof(file));
        if (lock >= 0) {
            remove_abandoned(address->path);
            unlock_path(file, lock);
        }
    }
}
