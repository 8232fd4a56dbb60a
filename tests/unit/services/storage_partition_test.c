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
    const uint32_t behind = BLOCKS - 4096; /* the first block that there is not */
    memcpy(table + 446 + 16 + 8, &behind, 4);
    assert_not_found(image, 6, "chain of logical partitions is damaged");
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

/* --- Tables whose checksums are right, and that make no sense all the same --- */

static void put(uint8_t *at, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint32_t checksum(const uint8_t *bytes, uint64_t size)
{
    uint32_t crc = ~0u;
    for (uint64_t i = 0; i < size * 8; i++) {
        crc = (crc >> 1) ^ (((crc ^ (uint32_t)(bytes[i / 8] >> i % 8)) & 1) != 0 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* Offsets in the header and in an entry (UEFI 2.10, tables 5.5 and 5.6). */
enum field {
    HEADER_SIZE = 12,
    HEADER_CHECKSUM = 16,
    HEADER_OWN_BLOCK = 24,
    HEADER_FIRST_USABLE = 40,
    HEADER_LAST_USABLE = 48,
    HEADER_ENTRIES = 72,
    HEADER_COUNT = 80,
    HEADER_ENTRY_SIZE = 84,
    HEADER_ENTRIES_CHECKSUM = 88,
    ENTRY = 0x1000, /* of the first partition */
    ENTRY_FIRST = ENTRY + 32,
    ENTRY_LAST = ENTRY + 40,
};

struct change {
    enum field field;
    uint32_t bytes;
    uint64_t value;
};

/* The table at the end of the image, which is the only one here, with some fields changed. */
static void change_table(uint8_t *image, const struct change *changes, uint32_t count)
{
    uint8_t *header = image + (BLOCKS - 1) * PARTITION_BLOCK;
    uint8_t *entry = image + partition_read64(header + HEADER_ENTRIES) * PARTITION_BLOCK;
    for (uint32_t i = 0; i < count && changes[i].bytes != 0; i++) {
        enum field field = changes[i].field;
        put(field < ENTRY ? header + field : entry + (field - ENTRY), changes[i].value, changes[i].bytes);
    }
    uint64_t entries = partition_read64(header + HEADER_ENTRIES);
    uint64_t size = (uint64_t)partition_read32(header + HEADER_COUNT) * partition_read32(header + HEADER_ENTRY_SIZE);
    if (entries < BLOCKS && size <= (BLOCKS - entries) * PARTITION_BLOCK) {
        put(header + HEADER_ENTRIES_CHECKSUM, checksum(image + entries * PARTITION_BLOCK, size), 4);
    }
    uint32_t header_size = partition_read32(header + HEADER_SIZE);
    put(header + HEADER_CHECKSUM, 0, 4);
    put(header + HEADER_CHECKSUM, checksum(header, header_size < PARTITION_BLOCK ? header_size : PARTITION_BLOCK), 4);
}

static void guid_tables_that_make_no_sense(void **state)
{
    (void)state;
    uint8_t *good = make(guid), *image = malloc(SIZE);
    const uint8_t *header = good + (BLOCKS - 1) * PARTITION_BLOCK;
    uint64_t first = partition_read64(header + HEADER_FIRST_USABLE),
             last = partition_read64(header + HEADER_LAST_USABLE);
    const struct {
        struct change changes[3];
        uint64_t found; /* blocks; 0: it is not */
    } cases[] = {
        {{{HEADER_SIZE, 4, 92}}, 1000},
        {{{HEADER_SIZE, 4, 512}}, 1000},
        {{{HEADER_SIZE, 4, 91}}, 0},
        {{{HEADER_SIZE, 4, 513}}, 0},
        {{{HEADER_SIZE, 4, UINT32_MAX}}, 0},
        {{{HEADER_OWN_BLOCK, 8, 1}}, 0},
        {{{HEADER_ENTRIES, 8, 2}, {HEADER_COUNT, 4, 1024}}, 1000},
        {{{HEADER_ENTRIES, 8, 2}, {HEADER_COUNT, 4, 1025}}, 0},
        {{{HEADER_ENTRIES, 8, BLOCKS}}, 0},
        {{{HEADER_ENTRIES, 8, BLOCKS - 32}, {HEADER_COUNT, 4, 124}}, 1000}, /* up to the header */
        {{{HEADER_ENTRIES, 8, BLOCKS - 31}}, 0},
        {{{HEADER_ENTRIES, 8, UINT64_MAX}}, 0},
        {{{HEADER_ENTRY_SIZE, 4, 64}}, 0},
        {{{HEADER_ENTRY_SIZE, 4, 192}, {HEADER_COUNT, 4, 10}}, 0},
        {{{HEADER_ENTRY_SIZE, 4, 1024}, {HEADER_COUNT, 4, 10}}, 1000},
        {{{HEADER_ENTRY_SIZE, 4, 2048}, {HEADER_COUNT, 4, 4}}, 0},
        {{{HEADER_ENTRY_SIZE, 4, 0}}, 0},
        {{{HEADER_COUNT, 4, 0}}, 0},
        {{{HEADER_COUNT, 4, 1}}, 1000},
        {{{ENTRY_FIRST, 8, first}, {ENTRY_LAST, 8, last}}, last - first + 1},
        {{{ENTRY_FIRST, 8, 5000}, {ENTRY_LAST, 8, 5000}}, 1},
        {{{ENTRY_FIRST, 8, 5000}, {ENTRY_LAST, 8, 4999}}, 0},
        {{{ENTRY_FIRST, 8, first - 1}}, 0},
        {{{ENTRY_LAST, 8, last + 1}}, 0},
        {{{HEADER_LAST_USABLE, 8, UINT64_MAX}, {ENTRY_LAST, 8, BLOCKS}}, 0},
        {{{HEADER_LAST_USABLE, 8, UINT64_MAX}, {ENTRY_LAST, 8, UINT64_MAX}}, 0},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct partition found = {0};
        memcpy(image, good, SIZE);
        image[PARTITION_BLOCK] = 0; /* the first table is none */
        if (cases[i].changes[0].field == HEADER_ENTRIES && cases[i].found != 0) {
            memmove(image + cases[i].changes[0].value * PARTITION_BLOCK, good + 2 * PARTITION_BLOCK, PARTITION_BLOCK);
        }
        change_table(image, cases[i].changes, 3);
        const char *problem = partition_find(image, SIZE, 1, &found);
        if ((problem == NULL) != (cases[i].found != 0) || found.size != cases[i].found * PARTITION_BLOCK) {
            fail_msg("table %u: %s", i, problem == NULL ? "is taken for a right one" : problem);
        }
    }
    free(image);
    free(good);
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
    for (uint32_t blocks = 1; blocks <= 2; blocks++) { /* no room for a header, or for entries */
        uint8_t *cut = malloc(blocks * PARTITION_BLOCK);
        memcpy(cut, image, blocks * PARTITION_BLOCK);
        assert_non_null(partition_find(cut, blocks * PARTITION_BLOCK, 1, &found));
        free(cut);
    }
    free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(primary_partitions),     cmocka_unit_test(logical_partitions),
        cmocka_unit_test(guid_partitions),        cmocka_unit_test(guid_tables_that_make_no_sense),
        cmocka_unit_test(images_without_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
