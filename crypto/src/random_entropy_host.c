/* SPDX-License-Identifier: BSD-2-Clause */
/* Entropy of a program that runs on Linux: the kernel's. */
#include <crypto/random.h>

#include <errno.h>
#include <sys/random.h>

bool random_platform_entropy(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    while (size > 0) {
        ssize_t got = getrandom(buffer, size, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        buffer += got;
        size -= (size_t)got;
    }
    return true;
}
