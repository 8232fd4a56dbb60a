/* SPDX-License-Identifier: BSD-2-Clause */
/* Trust anchors of any bytes, as they are and with the size field put right. What
 * is accepted has one form only: written again, it has the same bytes. */
#include <crypto/trust_anchor.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_AT 12

static void check(const uint8_t *bytes, size_t size)
{
    struct trust_anchor anchor;
    if (trust_anchor_parse(bytes, size, &anchor) == NULL) {
        uint8_t *again = size == 0 ? NULL : malloc(size);
        if (again == NULL || trust_anchor_write(&anchor, again, size) != size || memcmp(again, bytes, size) != 0) {
            abort();
        }
        free(again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* An allocation of exactly the input's size shows every access beyond it. */
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL) {
        return 0;
    }
    if (size != 0) {
        memcpy(copy, data, size);
    }
    check(copy, size);
    if (size >= SIZE_AT + 4) {
        for (int i = 0; i < 4; i++) {
            copy[SIZE_AT + i] = (uint8_t)(size >> (8 * i));
        }
        check(copy, size);
    }
    free(copy);
    return 0;
}
