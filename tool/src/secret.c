/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/wipe.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <tool/secret.h>

void secret_protect_process(void)
{
    const struct rlimit none = {0, 0};
    /* Either suffices; a container may forbid one of them. */
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void *secret_allocate(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        fputs("skyscope: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    /* Fails where the limit of locked memory is small; swap is then as safe as the machine makes it. */
    (void)mlock(memory, size);
    (void)madvise(memory, size, MADV_DONTDUMP);
    return memory;
}

void secret_free(void *memory, size_t size)
{
    if (memory != NULL) {
        secret_wipe(memory, size);
        munmap(memory, size);
    }
}

bool secret_random(void *buffer, size_t size)
{
    uint8_t *to = buffer;
    while (size > 0) {
        ssize_t got = getrandom(to, size, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        to += got;
        size -= (size_t)got;
    }
    return true;
}
