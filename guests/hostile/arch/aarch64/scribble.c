/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes to all of guest-physical space, to the interrupt controller, to all system
 * registers, and calls the firmware with nonsense. It does so for ever, with other
 * values in each round.
 */
#include "hostile.h"

#include "../../scribble.h"

/* --- Memory --- */

#define BLOCK    1ull /* descriptor of 1 GiB, at level 1 */
#define TABLE    3ull /* descriptor of a table, at level 0 */
#define ACCESSED (1ull << 10)
#define SHARED   (3ull << 8)

/* 48 bits of address: level 0, then 512 GiB by blocks, and 512 GiB far above. */
static uint64_t level0[512] __attribute__((aligned(4096)));
static uint64_t low[512] __attribute__((aligned(4096)));
static uint64_t high[512] __attribute__((aligned(4096)));

#define HIGH (64 * 512 * GIB)

/* Maps as much of guest-physical space as can be written to, as ordinary memory:
 * then unaligned and exclusive accesses work, too. */
static void map_everything(void)
{
    for (uint64_t i = 0; i < 512; i++) {
        low[i] = i * GIB | ACCESSED | SHARED | BLOCK;
        high[i] = (HIGH + i * GIB) | ACCESSED | SHARED | BLOCK;
    }
    level0[0] = (uintptr_t)low | TABLE;
    level0[HIGH / (512 * GIB)] = (uintptr_t)high | TABLE;
    uint64_t control;
    __asm__ volatile("mrs %0, sctlr_el1" : "=r"(control));
    __asm__ volatile("msr mair_el1, %0\n\t"
                     "msr tcr_el1, %1\n\t"
                     "msr ttbr0_el1, %2\n\t"
                     "dsb sy\n\tisb\n\ttlbi vmalle1\n\tdsb sy\n\tisb\n\t"
                     "msr sctlr_el1, %3\n\tisb"
                     :
                     /* Normal memory; 48 bits, write-back walks, no upper half; MMU and caches on. */
                     : "r"(0xffull), "r"(0x5ull << 32 | 1ull << 23 | 0x3500 | 16), "r"(level0),
                       "r"(control | 1u << 12 | 1u << 2 | 1u)
                     : "memory");
}

/* Writes and reads in the ways that instructions have. */
#define ACCESS(name, text)                                                                                             \
    static void name(uint64_t address, uint64_t value)                                                                 \
    {                                                                                                                  \
        __asm__ volatile(text : "+r"(address), "+r"(value) : : "memory", "x9", "x10", "cc");                           \
    }
ACCESS(write8, "strb %w1, [%0]")
ACCESS(write16, "strh %w1, [%0]")
ACCESS(write32, "str %w1, [%0]")
ACCESS(write64, "str %1, [%0]")
ACCESS(read8_signed, "ldrsb %1, [%0]")
ACCESS(read32_signed, "ldrsw %1, [%0]")
ACCESS(write_unaligned, "str %1, [%0, #3]!")
ACCESS(write_pair, "stp %1, %0, [%0]")
ACCESS(read_pair, "ldp x9, x10, [%0]")
ACCESS(write_back, "str %1, [%0], #8")
ACCESS(write_vector, ".arch_extension simd\n\tmov v0.d[0], %1\n\tstr q0, [%0]")
ACCESS(read_vector_pair, ".arch_extension simd\n\tldp q0, q1, [%0]")
ACCESS(exclusive, "1: ldxr x9, [%0]\n\teor x9, x9, %1\n\tstxr w10, x9, [%0]")
ACCESS(exclusive_pair, "ldxp x9, x10, [%0]\n\tstxp w9, %1, x10, [%0]")
ACCESS(acquire, "ldar w9, [%0]\n\tstlr w9, [%0]")
ACCESS(add, ".arch_extension lse\n\tldadd %1, x9, [%0]")
ACCESS(swap, ".arch_extension lse\n\tswp %w1, w9, [%0]")
ACCESS(compare, ".arch_extension lse\n\tcas %1, %0, [%0]")
ACCESS(zero_line, "dc zva, %0")
ACCESS(clean_line, "dc civac, %0\n\tic ivau, %0")
ACCESS(prefetch, "prfm pldl1keep, [%0]")
ACCESS(push_there, "mov x9, sp\n\tmov sp, %0\n\tstr %1, [sp, #-16]!\n\tmov sp, x9")
ACCESS(execute_there, "mov x9, x30\n\tblr %0\n\tmov x30, x9")

static void write_somehow(uint64_t address)
{
    static void (*const ways[])(uint64_t, uint64_t) = {
        write8,          write16,        write32,   write64,    read8_signed, read32_signed,
        write_unaligned, write_pair,     read_pair, write_back, write_vector, read_vector_pair,
        exclusive,       exclusive_pair, acquire,   add,        swap,         compare,
        zero_line,       clean_line,     prefetch,  push_there,
    };
    if (address + 4096 > (uintptr_t)image_start && address < (uintptr_t)image_end + 4096) {
        return; /* only what it needs to go on */
    }
    if (address + 4096 > GUEST_UART_BASE && address < GUEST_UART_BASE + 4096) {
        return; /* its reports are to be readable */
    }
    try(ways[random_number() % (sizeof(ways) / sizeof(ways[0]))], address, random_number());
}

static void scribble_range(uint64_t start, uint64_t end, uint64_t step)
{
    for (uint64_t address = start; address < end; address += step) {
        write_somehow(address + (random_number() & 0xff8));
    }
}

static void scribble_memory(void)
{
    scribble_range(0, 0x08000000, MIB);
    scribble_range(0x08000000, 0x10000000, 64 * KIB); /* devices */
    scribble_range(0x09000000, 0x09040000, 4 * KIB);
    scribble_range(GUEST_VIRTIO_MMIO_BASE, GUEST_VIRTIO_MMIO_BASE + 32 * GUEST_VIRTIO_MMIO_SIZE, 64);
    scribble_range(GUEST_PCI_MEMORY_BASE, GUEST_RAM_BASE, MIB);
    scribble_range(GUEST_RAM_BASE, GUEST_RAM_BASE + 64 * MIB, 4 * KIB);
    scribble_range(GUEST_RAM_BASE + 64 * MIB, 4 * GIB, 4 * MIB);
    scribble_range(4 * GIB, 512 * GIB, GIB / 4);
    scribble_range(HIGH, HIGH + 512 * GIB, 8 * GIB);
    /* The other devices of the machine: clock, power button. */
    for (uint64_t offset = 0; offset < 0x1000; offset += 4) {
        try(write32, GUEST_RTC_BASE + offset, random_number());
        try(write32, GUEST_POWER_BASE + offset, random_number());
    }
    /* Across page borders, at the ends of what is there. */
    try(write_unaligned, GUEST_GICD_BASE - 4, random_number());
    try(write_unaligned, GUEST_RTC_BASE - 5, random_number());
    try(write_pair, GUEST_RAM_BASE - 8, random_number());
    try(read_vector_pair, GUEST_RAM_BASE - 16, 0);
    try(execute_there, GUEST_GICD_BASE, 0);
    try(execute_there, GUEST_PCI_MEMORY_BASE, 0);
    try(execute_there, HIGH, 0);
    report("memory");
}

/* --- Interrupt controller --- */

static void scribble_registers(uint64_t base, uint64_t size)
{
    for (uint64_t offset = 0; offset < size; offset += 4) {
        try(write32, base + offset, random_number());
    }
    for (unsigned int i = 0; i < 2000; i++) {
        try(write64, base + random_number() % size / 8 * 8, random_number());
        try(write8, base + random_number() % size, random_number());
    }
}

static void scribble_interrupt_controller(void)
{
    scribble_registers(GUEST_GICD_BASE, GUEST_GICD_SIZE);
    scribble_registers(GUEST_GICC_BASE, 0x2000);
    scribble_registers(GUEST_GICR_BASE, GUEST_GICR_SIZE_PER_VCPU + 0x1000);
    scribble_registers(GUEST_ITS_BASE, GUEST_ITS_SIZE / 2 + 0x1000);
    report("interrupt controller");
}

/* --- System registers --- */

#define ENCODING(op0, op1, crn, crm, op2)                                                                              \
    ((uint32_t)(op0) << 19 | (uint32_t)(op1) << 16 | (uint32_t)(crn) << 12 | (uint32_t)(crm) << 8 |                    \
     (uint32_t)(op2) << 5)
#define MSR    0xd5000000u
#define MRS    0xd5200000u
#define RETURN 0xd65f03c0u

/* The instruction under trial, and a return. */
static uint32_t code[2] __attribute__((aligned(64)));

static void run_code(uint64_t unused, uint64_t value)
{
    (void)unused;
    register uint64_t x1 __asm__("x1") = value;
    __asm__ volatile("mov x9, x30\n\tblr %1\n\tmov x30, x9" : "+r"(x1) : "r"(code) : "memory", "x9", "x30", "cc");
}

static void try_code(uint32_t instruction, uint64_t value)
{
    code[0] = instruction;
    code[1] = RETURN;
    __asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" : : "r"(code) : "memory");
    try(run_code, 0, value);
}

/* What it needs to go on, and what would write to its own memory. */
static bool is_needed(uint32_t encoding)
{
    static const uint32_t needed[] = {
        ENCODING(3, 0, 1, 0, 0),  /* SCTLR_EL1 */
        ENCODING(3, 0, 2, 0, 0),  /* TTBR0_EL1 */
        ENCODING(3, 0, 2, 0, 2),  /* TCR_EL1 */
        ENCODING(3, 0, 10, 2, 0), /* MAIR_EL1 */
        ENCODING(3, 0, 12, 0, 0), /* VBAR_EL1 */
        ENCODING(3, 0, 4, 1, 0),  /* SP_EL0 */
        ENCODING(3, 0, 4, 2, 0),  /* SPSel */
        ENCODING(2, 0, 0, 2, 2),  /* MDSCR_EL1: would single-step for ever */
        ENCODING(1, 3, 7, 4, 1),  /* DC ZVA, and its like with tags */
        ENCODING(1, 3, 7, 4, 3),  ENCODING(1, 3, 7, 4, 4),
    };
    for (unsigned int i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (encoding == needed[i]) {
            return true;
        }
    }
    return false;
}

static void scribble_system_registers(void)
{
    for (uint32_t op0 = 1; op0 < 4; op0++) {
        for (uint32_t rest = 0; rest < 1u << 14; rest++) {
            const uint32_t encoding = op0 << 19 | rest << 5;
            if (is_needed(encoding)) {
                continue;
            }
            if (op0 != 1) {
                try_code(MRS | encoding | 1, 0);
            }
            try_code(MSR | encoding | 1, random_number());
            if (op0 == 3) {
                try_code(MSR | encoding | 1, 0);
            }
        }
    }
    report("system registers");
}

/* --- Calls --- */

#define PSCI_SYSTEM_OFF   0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

static void call(uint64_t function, uint64_t value)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = value;
    register uint64_t x2 __asm__("x2") = random_number();
    register uint64_t x3 __asm__("x3") = random_number();
    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
}

static void secure_call(uint64_t function, uint64_t value)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = value;
    __asm__ volatile("smc #0" : "+r"(x0), "+r"(x1) : : "x2", "x3", "memory");
}

/* Ends or suspends the caller: for later. */
static bool ends_the_machine(uint64_t function)
{
    const uint32_t number = (uint32_t)function & 0x1f;
    return (function & 0xbfffffe0) == 0x84000000 &&
           (number == 1 || number == 2 || number == 8 || number == 9 || number == 12 || number == 14 || number == 18);
}

static void scribble_calls(void)
{
    static const uint64_t families[] = {0x80000000, 0x84000000, 0xc4000000, 0x86000000, 0xc6000000, 0x85000000, 0};
    for (unsigned int i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        for (uint64_t number = 0; number < 64; number++) {
            if (!ends_the_machine(families[i] + number)) {
                try(call, families[i] + number, random_number());
                try(secure_call, families[i] + number, random_number());
            }
        }
    }
    for (unsigned int i = 0; i < 2000; i++) {
        const uint64_t function = random_number();
        if (!ends_the_machine(function)) {
            try(call, function, random_number());
        }
    }
    for (uint32_t immediate = 0; immediate < 0x10000; immediate += 257) {
        static const uint32_t instructions[] = {0xd4000001, 0xd4000002, 0xd4000003, 0xd4200000,
                                                0xd4400000, 0xd4a00001, 0xd4a00002, 0xd4a00003};
        for (unsigned int i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
            code[0] = instructions[i] | immediate << 5;
            if (instructions[i] != 0xd4000002) { /* HVC takes X0 for the function's number, whatever that is now */
                try_code(code[0], random_number());
            }
        }
    }
    report("calls");
}

/* What it left out before: its own console, and the ends of the machine. */
static void scribble_last(void)
{
    for (unsigned int i = 0; i < 2000; i++) {
        try(write32, GUEST_UART_BASE + 4 + random_number() % 0xffc / 4 * 4, random_number());
    }
    print("\r\nhostile: last words\r\n");
    try(call, random_number() % 2 == 0 ? PSCI_SYSTEM_RESET : PSCI_SYSTEM_OFF, random_number());
}

void guest_main(void)
{
    for (uint64_t round = 1;; round++) {
        print("hostile: scribbling, round ");
        print_number(round);
        print("\r\n");
        if (round == 1) {
            map_everything();
        }
        scribble_memory();
        scribble_interrupt_controller();
        scribble_calls();
        scribble_system_registers();
        scribble_last();
    }
}
