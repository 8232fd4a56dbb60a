/* SPDX-License-Identifier: BSD-2-Clause */
/* Partition readers: tables made by sfdisk, and the same tables damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <partition.h>

#define BLOCKS 20000u
#define SIZE   ((uint64_t)BLOCKS * PARTITION_BLOCK)

/* Starts sfdisk on a file; returns its number. */
static pid_t start_sfdisk(const char *path, int script)
{
    pid_t child = fork();
    if (child == 0) {
        static char *const environment[] = {"PATH=/usr/sbin:/sbin:/usr/bin:/bin", NULL};
        char *const words[] = {"sfdisk", "--quiet", (char *)(uintptr_t)path, NULL};
        dup2(script, STDIN_FILENO);
        execve("/usr/sbin/sfdisk", words, environment);
        execve("/sbin/sfdisk", words, environment);
        _exit(127);
    }
    return child;
}

/* A disk with the table that sfdisk makes of this script; caller frees. */
static uint8_t *make(const char *script)
{
    char path[] = "/tmp/partition_test_XXXXXX", script_path[] = "/tmp/partition_test_XXXXXX";
    int file = mkstemp(path), input = mkstemp(script_path), status = -1;
    assert_true(file >= 0 && ftruncate(file, (off_t)SIZE) == 0);
    assert_int_equal(pwrite(input, script, strlen(script), 0), (ssize_t)strlen(script));
    assert_true(waitpid(start_sfdisk(path, input), &status, 0) > 0);
    assert_int_equal(status, 0);
    uint8_t *image = malloc(SIZE);
    assert_int_equal(pread(file, image, SIZE, 0), (ssize_t)SIZE);
    close(file);
    close(input);
    unlink(path);
    unlink(script_path);
    return image;
}

static void assert_found(const uint8_t *image, uint32_t number, uint64_t start, uint64_t count)
{
    struct partition found;
    const char *problem = partition_find(image, SIZE, number, &found);
    if (problem != NULL) {
        fail_msg("partition %u: %s", number, problem);
    }
    assert_int_equal(found.offset, start * PARTITION_BLOCK);
    assert_int_equal(found.size, count * PARTITION_BLOCK);
}

static void assert_not_found(const uint8_t *image, uint32_t number, const char *expected)
{
    struct partition found;
    const char *problem = partition_find(image, SIZE, number, &found);
    assert_non_null(problem);
    assert_non_null(strstr(problem, expected));
}

static const char primary[] =
    "label: dos\n1: start=2048, size=1000\n3: start=4096, size=33\n4: start=8192, size=11808\n";
static const char logical[] = "label: dos\n1: start=2048, size=1000\n2: start=4096, size=12000, type=5\n"
                              "5: start=6144, size=2048\n6: start=10240, size=2048\n7: start=14336, size=1\n";
static const char guid[] = "label: gpt\n1: start=2048, size=1000\n2: start=4096, size=77\n9: start=6000, size=5000\n";

static void primary_partitions(void **state)
{
    (void)state;
    uint8_t *image = make(primary);
    assert_found(image, 1, 2048, 1000);
    assert_found(image, 3, 4096, 33);
    assert_found(image, 4, 8192, BLOCKS - 8192);
    assert_not_found(image, 2, "no such partition");
    assert_not_found(image, 5, "no such partition");
    assert_not_found(image, 0, "from 1 to 128");
    assert_not_found(image, 129, "from 1 to 128");
    image[446 + 12] = image[446 + 13] = image[446 + 14] = 0xff;
    assert_not_found(image, 1, "behind the image's end");
    memset(image + 446 + 8, 0xff, 8);
    assert_not_found(image, 1, "behind the image's end");
    image[511] = 0;
    assert_not_found(image, 3, "no partition table");
    free(image);
}

static void logical_partitions(void **state)
{
    (void)state;
    uint8_t *image = make(logical);
    assert_found(image, 5, 6144, 2048);
    assert_found(image, 6, 10240, 2048);
    assert_found(image, 7, 14336, 1);
    assert_not_found(image, 2, "only holds others");
    assert_not_found(image, 8, "no such partition");
    /* A chain without end: as long as there may be partitions. */
    uint8_t *table = image + 4096 * PARTITION_BLOCK;
    table[446 + 16 + 4] = 5;
    memset(table + 446 + 16 + 8, 0, 4);
    struct partition found;
    assert_non_null(partition_find(image, SIZE, 128, &found) == NULL ? image : NULL);
    memset(table + 446 + 16 + 8, 0xff, 4);
    assert_not_found(image, 6, "chain of logical partitions is damaged");
    free(image);
}

static void guid_partitions(void **state)
{
    (void)state;
    uint8_t *image = make(guid);
    assert_found(image, 1, 2048, 1000);
    assert_found(image, 2, 4096, 77);
    assert_found(image, 9, 6000, 5000);
    assert_not_found(image, 3, "no such partition");
    assert_not_found(image, 128, "no such partition");
    /* A damaged table: the other one counts. */
    image[PARTITION_BLOCK + 60] ^= 1;
    assert_found(image, 9, 6000, 5000);
    image[(BLOCKS - 1) * PARTITION_BLOCK + 60] ^= 1;
    assert_not_found(image, 9, "damaged");
    image[PARTITION_BLOCK + 60] ^= 1;
    assert_found(image, 9, 6000, 5000);
    image[2 * PARTITION_BLOCK + 8 * 128 + 56] ^= 1; /* a name: every byte is under the checksum */
    assert_not_found(image, 1, "damaged");
    free(image);
}

static void images_without_a_table(void **state)
{
    (void)state;
    struct partition found;
    uint8_t *image = calloc(1, SIZE);
    assert_not_found(image, 1, "no partition table");
    assert_non_null(partition_find(image, 0, 1, &found));
    assert_non_null(partition_find(image, 511, 1, &found));
    image[510] = 0x55;
    image[511] = 0xaa;
    image[446 + 4] = 0xee;
    assert_not_found(image, 1, "damaged");
    assert_non_null(partition_find(image, 512, 1, &found));
    assert_non_null(partition_find(image, 1024, 1, &found));
    free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(primary_partitions),
        cmocka_unit_test(logical_partitions),
        cmocka_unit_test(guid_partitions),
        cmocka_unit_test(images_without_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
