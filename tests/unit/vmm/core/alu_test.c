/* SPDX-License-Identifier: BSD-2-Clause */
/* Every integer operation, result and flags, against the processor that runs this test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <vmm/arch/execution.h>

#define FLAGS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

struct native {
    uint64_t result, flags;
};

/* Loads CF, runs the instruction, reads the flags (LAHF and SETO keep off the stack). */
#define RUN(instruction, type)                                                                                         \
    do {                                                                                                               \
        type d = (type)a;                                                                                              \
        type s = (type)b;                                                                                              \
        uint64_t low;                                                                                                  \
        uint8_t overflow;                                                                                              \
        __asm__ volatile("xorl %%eax, %%eax\n\taddb $0x7f, %b4\n\t"                                                    \
                         "movb %b5, %%al\n\tnegb %%al\n\t" instruction "\n\tlahf\n\tseto %1\n\tmovzbl %%ah, %%eax"     \
                         : "+r"(d), "=&r"(overflow), "=&a"(low)                                                        \
                         : "r"(s), "r"((uint64_t)0), "r"((uint64_t)carry)                                              \
                         : "cc");                                                                                      \
        n.result = d;                                                                                                  \
        n.flags = (low & (FLAGS & 0xff)) | (overflow != 0 ? RFLAGS_OF : 0);                                            \
    } while (0)

#define BY_WIDTH(name)                                                                                                 \
    static struct native native_##name(uint8_t width, uint64_t a, uint64_t b, uint32_t carry)                          \
    {                                                                                                                  \
        struct native n = {0, 0};                                                                                      \
        switch (width) {                                                                                               \
        case 1:                                                                                                        \
            RUN(#name "b %3, %0", uint8_t);                                                                            \
            break;                                                                                                     \
        case 2:                                                                                                        \
            RUN(#name "w %3, %0", uint16_t);                                                                           \
            break;                                                                                                     \
        case 4:                                                                                                        \
            RUN(#name "l %3, %0", uint32_t);                                                                           \
            break;                                                                                                     \
        default:                                                                                                       \
            RUN(#name "q %3, %0", uint64_t);                                                                           \
            break;                                                                                                     \
        }                                                                                                              \
        return n;                                                                                                      \
    }
#define BY_WIDTH_ONE(name)                                                                                             \
    static struct native native_##name(uint8_t width, uint64_t a, uint64_t b, uint32_t carry)                          \
    {                                                                                                                  \
        struct native n = {0, 0};                                                                                      \
        switch (width) {                                                                                               \
        case 1:                                                                                                        \
            RUN(#name "b %0", uint8_t);                                                                                \
            break;                                                                                                     \
        case 2:                                                                                                        \
            RUN(#name "w %0", uint16_t);                                                                               \
            break;                                                                                                     \
        case 4:                                                                                                        \
            RUN(#name "l %0", uint32_t);                                                                               \
            break;                                                                                                     \
        default:                                                                                                       \
            RUN(#name "q %0", uint64_t);                                                                               \
            break;                                                                                                     \
        }                                                                                                              \
        return n;                                                                                                      \
    }
BY_WIDTH(add)
BY_WIDTH(adc)
BY_WIDTH(sub)
BY_WIDTH(sbb)
BY_WIDTH(cmp)
BY_WIDTH(and)
BY_WIDTH(or)
BY_WIDTH(xor)
BY_WIDTH(test)
BY_WIDTH_ONE(inc)
BY_WIDTH_ONE(dec)
BY_WIDTH_ONE(neg)
BY_WIDTH_ONE(not )

static const struct {
    enum instruction_operation operation;
    struct native (*native)(uint8_t width, uint64_t a, uint64_t b, uint32_t carry);
    bool keeps_carry; /* as its flags before */
    bool keeps_all;
    bool af_undefined;
} operations[] = {
    {OPERATION_ADD, native_add, false, false, false},  {OPERATION_ADC, native_adc, false, false, false},
    {OPERATION_SUB, native_sub, false, false, false},  {OPERATION_SBB, native_sbb, false, false, false},
    {OPERATION_CMP, native_cmp, false, false, false},  {OPERATION_AND, native_and, false, false, true},
    {OPERATION_OR, native_or, false, false, true},     {OPERATION_XOR, native_xor, false, false, true},
    {OPERATION_TEST, native_test, false, false, true}, {OPERATION_INC, native_inc, true, false, false},
    {OPERATION_DEC, native_dec, true, false, false},   {OPERATION_NEG, native_neg, false, false, false},
    {OPERATION_NOT, native_not, true, true, false},
};

static void compare(size_t index, uint8_t width, uint64_t a, uint64_t b, uint32_t carry)
{
    uint64_t rflags = RFLAGS_RESERVED | RFLAGS_IF | (carry != 0 ? RFLAGS_CF : 0);
    bool write;
    uint64_t result = alu_compute(operations[index].operation, width, a, b, &rflags, &write);
    struct native n = operations[index].native(width, a & width_mask(width), b, carry);
    if (write) {
        assert_int_equal(result, n.result & width_mask(width));
    }
    assert_int_equal(rflags & (RFLAGS_RESERVED | RFLAGS_IF), RFLAGS_RESERVED | RFLAGS_IF);
    if (operations[index].keeps_all) {
        assert_int_equal(rflags & FLAGS, carry != 0 ? RFLAGS_CF : 0);
        return;
    }
    uint64_t compared = operations[index].af_undefined ? FLAGS & ~RFLAGS_AF : FLAGS;
    assert_int_equal(rflags & compared, n.flags & compared);
}

static void as_the_processor_does(void **state)
{
    (void)state;
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     0xf,
                                     0x10,
                                     0x7f,
                                     0x80,
                                     0xff,
                                     0x100,
                                     0x7fff,
                                     0x8000,
                                     0xffff,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     0x7fffffffffffffff,
                                     0x8000000000000000,
                                     UINT64_MAX,
                                     0x5555555555555555};
    const size_t count = sizeof(edges) / sizeof(edges[0]);
    uint64_t random = 88172645463325252ull;
    for (size_t o = 0; o < sizeof(operations) / sizeof(operations[0]); o++) {
        for (uint8_t width = 1; width <= 8; width = (uint8_t)(width * 2)) {
            for (uint32_t carry = 0; carry < 2; carry++) {
                for (size_t i = 0; i < count * count; i++) {
                    compare(o, width, edges[i / count], edges[i % count], carry);
                }
                for (int i = 0; i < 500; i++) {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    compare(o, width, random, random * 0x9e3779b97f4a7c15ull, carry);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_the_processor_does)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
