/* SPDX-License-Identifier: BSD-2-Clause */
/* Payloads of any bytes: read and listed. */
#include "inspect.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct payload_view view;
    struct blob blob = {.data = (uint8_t *)(uintptr_t)data, .size = size, .path = "fuzz"};
    char *text = NULL;
    size_t length = 0;
    payload_read(&arena, &blob, &view);
    FILE *to = open_memstream(&text, &length);
    inspect_text(&arena, &view, false, to);
    inspect_json(&arena, &view, false, to);
    fclose(to);
    free(text);
    arena_free(&arena);
    return 0;
}
