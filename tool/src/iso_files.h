/* SPDX-License-Identifier: BSD-2-Clause */
/* Files in ISO 9660 images. */
#pragma once

#include <tool/file.h>

/* Reads one regular file out of an image, in a file or on a device, by xorriso. NULL: *reason says why not. */
struct blob *iso_read_file(struct arena *arena, const char *image, const char *path, const char **reason);
