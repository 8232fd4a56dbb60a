/* SPDX-License-Identifier: BSD-2-Clause */
/* The linker script's symbols, which the host's linker has of its own, by other names. */
#define __data_start test_data_start
#define __data_end   test_data_end
#define __data_copy  test_data_copy
#define __bss_start  test_bss_start
#define __bss_end    test_bss_end

__asm__(".pushsection .data\n"
        ".balign 64\n"
        ".globl test_data_start, test_data_end, test_data_copy, test_bss_start, test_bss_end\n"
        "test_data_start: .skip 64\n"
        "test_data_end:\n"
        "test_data_copy: .skip 64\n"
        "test_bss_start: .skip 8192\n"
        "test_bss_end:\n"
        ".popsection\n");

/* NOLINTBEGIN(bugprone-suspicious-include): compiled for the test */
#include "../../../libmicrokit/src/data_restore.c"
/* NOLINTEND(bugprone-suspicious-include) */

void test_forget_start(void);

void test_forget_start(void)
{
    started_before = false;
    too_many_words = false;
    word_count = 0;
}
