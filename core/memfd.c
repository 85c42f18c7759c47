/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sys/mman.h>

#include "core/memfd.h"

int pp_memfd_open(const char *name)
{
    int fd;

#ifdef MFD_NOEXEC_SEAL
    /* Since Linux 6.3. */
    fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd >= 0 || errno != EINVAL) {
        return fd >= 0 ? fd : -errno;
    }
#endif
    fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd >= 0 ? fd : -errno;
}
