/* SPDX-License-Identifier: BSD-2-Clause */
#include "checks.h"

#define CLASS_UNKNOWN       0x00u
#define CLASS_ILLEGAL_STATE 0x0eu
#define CLASS_SVC32         0x11u
#define CLASS_SVC64         0x15u
#define CLASS_STEP          0x33u

/* Carries out the instructions; true if an exception of this class came, of which the rest was skipped. */
#define RAISES(class, ...)                                                                                             \
    ({                                                                                                                 \
        uint64_t before_ = exceptions_taken();                                                                         \
        __asm__ volatile("adr x0, 99f\n\tstr x0, [%0]\n\t" __VA_ARGS__ "\n99:"                                         \
                         :                                                                                             \
                         : "r"(&skip_to)                                                                               \
                         : "x0", "x1", "x2", "x3", "memory", "cc");                                                    \
        skip_to = 0;                                                                                                   \
        exceptions_taken() == before_ + 1 && exception_class() == (class);                                             \
    })

/* Of EL2 and EL3, and such as guests cannot have. */
static void check_undefined(void)
{
    check("EL2's registers are undefined", RAISES(CLASS_UNKNOWN, "mrs x0, hcr_el2") &&
                                               RAISES(CLASS_UNKNOWN, "msr vttbr_el2, x0") &&
                                               RAISES(CLASS_UNKNOWN, "mrs x0, S3_4_C12_C11_0"));
    check("EL3's registers are undefined", RAISES(CLASS_UNKNOWN, "mrs x0, S3_6_C1_C1_0"));
    check("exception returns of EL2 are not there", RAISES(CLASS_UNKNOWN, ".inst 0"));
    check("registers of nobody are undefined", RAISES(CLASS_UNKNOWN, "mrs x0, S3_3_C15_C7_7"));
    /* Registers of pointer authentication, whose keys nobody switches. */
    check("keys of pointer authentication are refused", RAISES(CLASS_UNKNOWN, "mrs x0, S3_0_C2_C1_0"));
}

static void check_calls(void)
{
    check("an unknown call is refused", firmware(0x8400ffff, 0, 0, 0) == ~0ull);
    register uint64_t x0 __asm__("x0") = 0x84000000;
    __asm__ volatile(".inst 0xd4000003" : "+r"(x0) : : "x1", "x2", "x3", "memory"); /* SMC #0 */
    check("a secure call returns to the next instruction", true);
}

static void check_memory(void)
{
    uint64_t value;
    __asm__ volatile("mov %0, #-1\n\tldrb %w0, [%1]" : "=&r"(value) : "r"(GUEST_UART_BASE + 0xfe0));
    bool byte = value == 0x11; /* UARTPeriphID0 */
    __asm__ volatile("mov %0, #-1\n\tldrsb %0, [%1]" : "=&r"(value) : "r"(GUEST_UART_BASE + 0xff8));
    bool extended = value == 0x05; /* UARTPCellID2 */
    __asm__ volatile("mov %0, #-1\n\tldrsb %0, [%1]" : "=&r"(value) : "r"(GUEST_UART_BASE + 0xffc));
    extended &= value == 0xffffffffffffffb1ull; /* UARTPCellID3: 0xb1 */
    __asm__ volatile("mov %0, #-1\n\tldrsb %w0, [%1]" : "=&r"(value) : "r"(GUEST_UART_BASE + 0xffc));
    extended &= value == 0xffffffb1u;
    check("device registers are read in the widths of instructions", byte && extended);
    uint64_t address = GUEST_UART_BASE;
    __asm__ volatile("ldr %w0, [%1, #0x18]!" : "=&r"(value), "+r"(address));
    check("an access to a device can change its base register", address == GUEST_UART_BASE + 0x18);
}

static void check_id_registers(void)
{
    uint64_t pfr0 = read_register(id_aa64pfr0_el1);
    check("ID registers offer EL1 and EL0, and no EL2 and EL3",
          (pfr0 & 0xf) >= 1 && (pfr0 >> 4 & 0xf) >= 1 && (pfr0 >> 8 & 0xff) == 0);
    check("ID registers offer no PMU", (read_register(id_aa64dfr0_el1) >> 8 & 0xf) == 0);
    check("the CPU says who it is", read_register(midr_el1) != 0 && (read_register(mpidr_el1) >> 31 & 1) == 1);
}

/* An exception return to EL2, or to a mode that there is none of, sets PSTATE.IL. */
static void check_illegal_returns(void)
{
    check("an exception return to EL2 is illegal",
          RAISES(CLASS_ILLEGAL_STATE, "mov x0, #0x3c9\n\tmsr spsr_el1, x0\n\tadr x0, 98f\n\tmsr elr_el1, x0\n\teret\n"
                                      "98:\tnop"));
    check("an exception return to AArch32 at EL1 is illegal",
          RAISES(CLASS_ILLEGAL_STATE, "mov x0, #0x1d3\n\tmsr spsr_el1, x0\n\tadr x0, 98f\n\tmsr elr_el1, x0\n\teret\n"
                                      "98:\tnop"));
}

static void check_user_mode(void)
{
    check("EL0 and back",
          RAISES(CLASS_SVC64,
                 "mov x0, #0x3c0\n\tmsr spsr_el1, x0\n\tadr x0, 98f\n\tmsr elr_el1, x0\n\teret\n98:\tsvc #0"));
    uint64_t before = exceptions_taken();
    aarch32_and_back();
    skip_to = 0;
    check("EL0 in AArch32 and back, or not at all",
          exceptions_taken() == before + 1 &&
              (exception_class() == CLASS_SVC32 || exception_class() == CLASS_ILLEGAL_STATE));
}

/* MDSCR_EL1 is the VMM's to set; the step is the processor's. */
static void check_single_step(void)
{
    write_register(mdscr_el1, 1ull << 13 | 1); /* KDE, SS */
    check("a single step",
          RAISES(CLASS_STEP, "mov x0, #0x1c5\n\tmovk x0, #0x20, lsl #16\n\tmsr spsr_el1, x0\n\tadr x0, 98f\n\t"
                             "msr elr_el1, x0\n\teret\n98:\tnop\n\tnop"));
    write_register(mdscr_el1, 0);
}

/* Debug registers are the VMM's to answer; no value can arm anything. */
static void check_debug(void)
{
    __asm__ volatile("msr oslar_el1, xzr\n\tisb");
    __asm__ volatile("msr dbgbvr0_el1, %0\n\tmsr dbgbcr0_el1, %1\n\tisb"
                     :
                     : "r"((uint64_t)(uintptr_t)&check_id_registers), "r"(0x1e7ull));
    write_register(mdscr_el1, 1ull << 15 | 1ull << 13);
    uint64_t before = exceptions_taken();
    check_id_registers();
    write_register(mdscr_el1, 0);
    check("a breakpoint in registers that are not there does nothing", exceptions_taken() == before);
}

void check_instructions(void)
{
    check_undefined();
    check_calls();
    check_memory();
    check_id_registers();
    check_illegal_returns();
    check_user_mode();
    check_debug();
    check_single_step();
}
