/* SPDX-License-Identifier: BSD-2-Clause */
#include "checks.h"

#define LONG_SECONDS      3
#define TURNS_PER_PATTERN 64u

/* Registers that a guest at EL1 with stage 1 off may write as it likes. */
#define KEPT_REGISTERS(x)                                                                                              \
    x(sp_el0) x(tpidr_el0) x(tpidrro_el0) x(tpidr_el1) x(elr_el1) x(ttbr0_el1) x(ttbr1_el1) x(mair_el1) x(far_el1)

static uint64_t kept_value(uint64_t pattern, unsigned int number)
{
    /* Bits that all of them have. */
    return (pattern + number * 0x1000) & 0x0000fffffffff000ull;
}

static void write_system_registers(uint64_t pattern)
{
    unsigned int number = 0;
#define WRITE_ONE(name) write_register(name, kept_value(pattern, number++));
    KEPT_REGISTERS(WRITE_ONE)
    write_register(contextidr_el1, (uint32_t)pattern);
    write_register(cntkctl_el1, pattern & 3);
}

static bool system_registers_kept(uint64_t pattern)
{
    unsigned int number = 0;
    bool kept = true;
#define COMPARE_ONE(name) kept &= read_register(name) == kept_value(pattern, number++);
    KEPT_REGISTERS(COMPARE_ONE)
    kept &= read_register(contextidr_el1) == (uint32_t)pattern;
    kept &= (read_register(cntkctl_el1) & 3) == (pattern & 3);
    kept &= read_register(vbar_el1) == (uint64_t)(uintptr_t)vectors;
    return kept && (read_register(cpacr_el1) >> 20 & 3) == 3;
}

#define VECTOR_NUMBERS "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

static void write_vectors(uint64_t pattern)
{
    __asm__ volatile(".arch_extension fp\n\t.arch_extension simd\n\t"
                     "mov x9, %0\n\t"
                     ".irp n," VECTOR_NUMBERS "\n\t"
                     "dup v\\n\\().2d, x9\n\t"
                     "add x9, x9, #1\n\t"
                     ".endr\n\t"
                     "msr fpsr, %1\n\tmsr fpcr, %2"
                     :
                     : "r"(pattern), "r"(pattern & 0x1f), "r"((pattern & 3) << 22)
                     : "x9");
}

static bool vectors_kept(uint64_t pattern)
{
    uint64_t difference, fpsr, fpcr;
    __asm__ volatile(".arch_extension fp\n\t.arch_extension simd\n\t"
                     "mov x9, %3\n\tmov %0, #0\n\t"
                     ".irp n," VECTOR_NUMBERS "\n\t"
                     "umov x10, v\\n\\().d[0]\n\t"
                     "eor x10, x10, x9\n\torr %0, %0, x10\n\t"
                     "umov x10, v\\n\\().d[1]\n\t"
                     "eor x10, x10, x9\n\torr %0, %0, x10\n\t"
                     "add x9, x9, #1\n\t"
                     ".endr\n\t"
                     "mrs %1, fpsr\n\tmrs %2, fpcr"
                     : "=&r"(difference), "=&r"(fpsr), "=&r"(fpcr)
                     : "r"(pattern)
                     : "x9", "x10");
    return difference == 0 && (fpsr & 0x1f) == (pattern & 0x1f) && fpcr == (pattern & 3) << 22;
}

/* --- SVE --- */

#define ZCR_EL1 S3_0_C1_C2_0

static bool has_sve(void)
{
    return (read_register(id_aa64pfr0_el1) >> 32 & 0xf) != 0;
}

static void turn_sve_on(void)
{
    write_register(cpacr_el1, 3ull << 20 | 3ull << 16);
    write_register(ZCR_EL1, 0xf); /* the longest that there is */
}

static uint64_t sve_bytes(void)
{
    uint64_t bytes;
    __asm__ volatile(".arch_extension sve\n\trdvl %0, #1" : "=r"(bytes));
    return bytes;
}

/* Each vector of a value of its own, which the lower 128 bits alone would not tell; predicates by turns. */
static void write_sve(uint64_t pattern)
{
    __asm__ volatile(".arch_extension sve\n\t"
                     "mov x9, %0\n\t"
                     ".irp n," VECTOR_NUMBERS "\n\t"
                     "index z\\n\\().d, x9, #3\n\t"
                     "add x9, x9, #1\n\t"
                     ".endr\n\t"
                     "ptrue p0.b\n\tptrue p15.h\n\twrffr p15.b\n\tptrue p7.d"
                     :
                     : "r"(pattern)
                     : "x9");
}

static bool sve_kept(uint64_t pattern)
{
    uint64_t good = 1, p7, ffr;
    __asm__ volatile(".arch_extension sve\n\t"
                     "cntp %1, p7, p7.d\n\tcntd x10\n\tsub %1, %1, x10\n\t" /* P7: all doublewords */
                     "rdffr p1.b\n\tcntp %2, p1, p1.h\n\tcnth x10\n\tsub %2, %2, x10\n\t"
                     "ptrue p2.d\n\tmov x9, %3\n\t"
                     ".irp n,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
                     "add x9, x9, #1\n\t"
                     "index z0.d, x9, #3\n\t"
                     "cmpne p3.d, p2/z, z0.d, z\\n\\().d\n\t"
                     "cntp x10, p2, p3.d\n\t"
                     "cmp x10, #0\n\t"
                     "csel %0, %0, xzr, eq\n\t"
                     ".endr\n\t"
                     "index z0.d, %3, #3\n\tptrue p0.b"
                     : "+&r"(good), "=&r"(p7), "=&r"(ffr)
                     : "r"(pattern)
                     : "x9", "x10", "cc");
    return good == 1 && p7 == 0 && ffr == 0;
}

/* Other guests that run this have other patterns. */
static uint64_t new_pattern(void)
{
    return now() * 0x9e3779b97f4a7c15ull >> 8 | 1ull << 40;
}

void check_kept_values(void)
{
    uint64_t pattern = new_pattern();
    uint64_t duration = LONG_SECONDS * read_register(cntfrq_el0);
    bool general = true, memory = true, system = true, floating = true, sve = true, length = true;
    uint64_t bytes = 0, turn = 0;

    for (uint64_t start = now(); now() - start < duration;) {
        if (turn++ % TURNS_PER_PATTERN == 0) {
            /* For the other guests to notice. */
            pattern = new_pattern();
            write_system_registers(pattern);
            write_vectors(pattern);
        }
        general &= general_registers_kept(pattern, false);
        memory &= general_registers_kept(pattern, true);
        system &= system_registers_kept(pattern);
        floating &= vectors_kept(pattern);
    }
    check("general registers keep their values over a call", general);
    check("general registers keep their values over an access to a device", memory);
    check("system registers keep their values", system);
    check("vector registers keep their values", floating);
    if (!has_sve()) {
        print("vcpu-check: there is no SVE\r\n");
        return;
    }
    turn_sve_on();
    bytes = sve_bytes();
    write_sve(pattern);
    for (uint64_t start = now(); now() - start < duration;) {
        (void)firmware(PSCI_VERSION, 0, 0, 0);
        length &= sve_bytes() == bytes;
        sve &= sve_kept(pattern);
    }
    check("SVE's vector length keeps its value", length && bytes >= 16 && read_register(ZCR_EL1) == 0xf);
    check("SVE's registers keep their values", sve);
    write_register(cpacr_el1, 3ull << 20);
}
