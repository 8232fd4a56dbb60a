/* SPDX-License-Identifier: BSD-2-Clause */
/* What flat guests need of their machine: console, timer, interrupt controller of
 * either kind, firmware calls. One vCPU or two; stage 1 is off. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skyscope/guest_aarch64.h>

#define STRING_OF(x)  #x
#define STRING_OFF(x) STRING_OF(x)
#define read_register(name)                                                                                            \
    ({                                                                                                                 \
        uint64_t value_;                                                                                               \
        __asm__ volatile("mrs %0, " STRING_OFF(name) : "=r"(value_) : : "memory");                                     \
        value_;                                                                                                        \
    })
#define write_register(name, value)                                                                                    \
    __asm__ volatile("msr " STRING_OFF(name) ", %x0\n\tisb" : : "rZ"((uint64_t)(value)) : "memory")

/* entry.S */
struct frame {
    uint64_t x[31];
    uint64_t elr, spsr, esr;
};
void guest_main(void);
void second_main(void);
void exception(uint64_t vector, struct frame *frame);
extern const char second_start[], vectors[];

static inline uint32_t read32(uint64_t address)
{
    uint32_t value;
    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void write32(uint64_t address, uint32_t value)
{
    __asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

/* --- Console --- */

#define UART_DATA 0x00u
#define UART_FLAG 0x18u
#define UART_FULL (1u << 5)

static inline void print(const char *text)
{
    while (*text != '\0') {
        while ((read32(GUEST_UART_BASE + UART_FLAG) & UART_FULL) != 0) {
        }
        write32(GUEST_UART_BASE + UART_DATA, (uint8_t)*text++);
    }
}

static inline void print_number(uint64_t value)
{
    char digits[21];
    size_t i = sizeof(digits) - 1;
    digits[i] = '\0';
    do {
        digits[--i] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    print(digits + i);
}

/* --- Firmware (PSCI, Arm DEN 0022) --- */

#define PSCI_VERSION      0x84000000u
#define PSCI_CPU_ON       0xc4000003u
#define PSCI_SYSTEM_OFF   0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

static inline uint64_t firmware(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a;
    register uint64_t x2 __asm__("x2") = b;
    register uint64_t x3 __asm__("x3") = c;
    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
    return x0;
}

/* --- Timer --- */

static inline uint64_t now(void)
{
    __asm__ volatile("isb");
    return read_register(cntvct_el0);
}

static inline void interrupts_on(void)
{
    __asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline void interrupts_off(void)
{
    __asm__ volatile("msr daifset, #2" : : : "memory");
}

static inline void wait_for_interrupt(void)
{
    __asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

/* --- Interrupt controller --- */

#define GICD_CTLR        (GUEST_GICD_BASE + 0x000)
#define GICD_TYPER       (GUEST_GICD_BASE + 0x004)
#define GICD_ISENABLER0  (GUEST_GICD_BASE + 0x100)
#define GICD_IPRIORITYR  (GUEST_GICD_BASE + 0x400)
#define GICD_SGIR        (GUEST_GICD_BASE + 0xf00)
#define GICC_CTLR        (GUEST_GICC_BASE + 0x00)
#define GICC_PMR         (GUEST_GICC_BASE + 0x04)
#define GICC_IAR         (GUEST_GICC_BASE + 0x0c)
#define GICC_EOIR        (GUEST_GICC_BASE + 0x10)
#define GICC_RPR         (GUEST_GICC_BASE + 0x14)
#define GICR_WAKER       0x14u
#define GICR_SGI         0x10000u
#define GICR_IGROUPR0    (GICR_SGI + 0x80u)
#define GICR_ISENABLER0  (GICR_SGI + 0x100u)
#define GICR_ICENABLER0  (GICR_SGI + 0x180u)
#define GICR_IPRIORITYR  (GICR_SGI + 0x400u)
#define GICD_ENABLE_V3   ((1u << 4) | (1u << 1)) /* affinity routing, group 1 */
#define ICC_PMR_EL1      S3_0_C4_C6_0
#define ICC_RPR_EL1      S3_0_C12_C11_3
#define ICC_IAR1_EL1     S3_0_C12_C12_0
#define ICC_EOIR1_EL1    S3_0_C12_C12_1
#define ICC_SGI1R_EL1    S3_0_C12_C11_5
#define ICC_SRE_EL1      S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1  S3_0_C12_C12_7
#define ENABLED_PRIVATE  (0xffffu | 1u << GUEST_PPI_VIRTUAL_TIMER)
#define PRIORITY_DEFAULT 0x80u

/* ID_AA64PFR0_EL1 says it: a CPU interface of system registers. Asked once, because it traps. */
static inline bool gic_is_v3(void)
{
    static uint8_t version;
    if (version == 0) {
        version = (read_register(id_aa64pfr0_el1) >> 24 & 0xf) != 0 ? 3 : 2;
    }
    return version == 3;
}

static inline uint32_t vcpu_index(void)
{
    return (uint32_t)read_register(mpidr_el1) & 0xff;
}

static inline uint64_t gic_redistributor(void)
{
    return GUEST_GICR_BASE + vcpu_index() * GUEST_GICR_SIZE_PER_VCPU;
}

static inline void gic_set_priority(uint32_t intid, uint8_t priority)
{
    uint64_t word = (gic_is_v3() ? gic_redistributor() + GICR_IPRIORITYR : GICD_IPRIORITYR) + (intid & ~3u);
    uint32_t shift = (intid & 3) * 8;
    write32(word, (read32(word) & ~(0xffu << shift)) | (uint32_t)priority << shift);
}

static inline void gic_mask(uint8_t priority)
{
    if (gic_is_v3()) {
        write_register(ICC_PMR_EL1, priority);
    } else {
        write32(GICC_PMR, priority);
    }
}

/* The CPU interface is as after power-on: nothing active, everything masked, no group enabled. */
static inline bool gic_is_fresh(void)
{
    if (gic_is_v3()) {
        return read_register(ICC_RPR_EL1) == 0xff && read_register(ICC_PMR_EL1) == 0 &&
               read_register(ICC_IGRPEN1_EL1) == 0;
    }
    return read32(GICC_RPR) == 0xff && read32(GICC_PMR) == 0 && (read32(GICC_CTLR) & 3) == 0;
}

/* Each vCPU: SGIs and the virtual timer are enabled. */
static inline void gic_start(void)
{
    if (gic_is_v3()) {
        uint64_t redistributor = gic_redistributor();
        write32(GICD_CTLR, GICD_ENABLE_V3);
        write32(redistributor + GICR_WAKER, 0);
        write32(redistributor + GICR_IGROUPR0, ~0u);
        write32(redistributor + GICR_ISENABLER0, ENABLED_PRIVATE);
        write_register(ICC_SRE_EL1, 7);
        write_register(ICC_IGRPEN1_EL1, 1);
    } else {
        write32(GICD_CTLR, 1);
        write32(GICD_ISENABLER0, ENABLED_PRIVATE);
        write32(GICC_CTLR, 1);
    }
    for (uint32_t intid = 0; intid < 32; intid++) {
        gic_set_priority(intid, PRIORITY_DEFAULT);
    }
    gic_mask(0xf8);
}

static inline uint32_t gic_acknowledge(void)
{
    return gic_is_v3() ? (uint32_t)read_register(ICC_IAR1_EL1) : read32(GICC_IAR);
}

static inline void gic_end(uint32_t acknowledged)
{
    if (gic_is_v3()) {
        write_register(ICC_EOIR1_EL1, acknowledged);
    } else {
        write32(GICC_EOIR, acknowledged);
    }
}

/* vcpu: 0..7, by Aff0. */
static inline void gic_send(uint32_t vcpu, uint32_t intid)
{
    __asm__ volatile("dsb ish" : : : "memory");
    if (gic_is_v3()) {
        write_register(ICC_SGI1R_EL1, (uint64_t)intid << 24 | 1ull << vcpu);
    } else {
        write32(GICD_SGIR, 1u << (16 + vcpu) | intid);
    }
}
