/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/descriptor.h"

ssize_t descriptor_read_at(int fd, void *bytes, size_t length, off_t offset)
{
    size_t done = 0;

    while (done < length) {
        ssize_t n = pread(fd, (char *)bytes + done, length - done, offset + (off_t)done);

        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n == 0) {
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)done;
}

int descriptor_write(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;

    while (length > 0) {
        ssize_t n = write(fd, at, length);

        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n > 0) {
            at += n;
            length -= (size_t)n;
        }
    }
    return 0;
}

/* Read once. Returns the bytes, 0 at the end, or a negative errno. */
static ssize_t read_some(int fd, void *bytes, size_t length)
{
    ssize_t n;

    do {
        n = read(fd, bytes, length);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int copy_all(int from, int to)
{
    char bytes[65536];
    gint64 total = 0;
    ssize_t n;

    while ((n = read_some(from, bytes, sizeof(bytes))) > 0) {
        int r = descriptor_write(to, bytes, (size_t)n);

        if (r < 0) {
            return r;
        }
        total += n;
        if (total > DESCRIPTOR_BYTES_MAX) {
            return -EFBIG;
        }
    }
    return (int)n;
}

int descriptor_spool(int fd)
{
    int copy = memfd_create("pixpool-input", MFD_CLOEXEC);
    int r;

    if (copy < 0) {
        return -errno;
    }
    r = copy_all(fd, copy);
    if (r < 0) {
        close(copy);
        return r;
    }
    return copy;
}

gboolean descriptor_read_list(const char *path, GByteArray *into, GError **error)
{
    gboolean standard = g_str_equal(path, "-");
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    guint8 bytes[65536];
    ssize_t n = fd < 0 ? -errno : 1;

    while (n > 0) {
        n = read_some(fd, bytes, sizeof(bytes));
        if (n > 0) {
            g_byte_array_append(into, bytes, (guint)n);
        }
    }
    if (fd >= 0 && !standard) {
        close(fd);
    }
    if (n < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno((gint)-n),
                    "--files-from: the list '%s' cannot be read: %s", path, strerror((int)-n));
        return FALSE;
    }
    return TRUE;
}

void descriptor_fill_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
            /* The lowest free number is this one. Read only, also where it is written to. */
            (void)!open("/dev/null", O_RDONLY);
        }
    }
}
