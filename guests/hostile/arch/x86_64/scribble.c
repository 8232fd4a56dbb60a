/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes to all of guest-physical space, to all I/O ports and to all
 * model-specific registers, and tries the instructions that belong to the
 * hypervisor. It does so for ever, with other values in each round.
 */
#include "hostile.h"

#include "../../scribble.h"

#define PAGE_PRESENT  1ull
#define PAGE_WRITABLE 2ull
#define PAGE_LARGE    0x80ull

/* --- Memory --- */

static uint64_t level4[512] __attribute__((aligned(4096)));
static uint64_t level3[512] __attribute__((aligned(4096)));
static uint64_t level2[4][512] __attribute__((aligned(4096)));
static uint64_t mapped_size;

/* Maps as much of guest-physical space as page tables can name: 512 GiB with
 * pages of 1 GiB where the processor has them, else 4 GiB. */
static void map_everything(void)
{
    uint32_t eax = 0x80000001u, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    const bool gigabyte_pages = (edx >> 26 & 1) != 0;
    for (uint64_t i = 0; i < 512 && gigabyte_pages; i++) {
        level3[i] = i * GIB | PAGE_LARGE | PAGE_WRITABLE | PAGE_PRESENT;
    }
    for (uint64_t i = 0; i < 4 && !gigabyte_pages; i++) {
        for (uint64_t j = 0; j < 512; j++) {
            level2[i][j] = i * GIB | j * 2 * MIB | PAGE_LARGE | PAGE_WRITABLE | PAGE_PRESENT;
        }
        level3[i] = (uintptr_t)level2[i] | PAGE_WRITABLE | PAGE_PRESENT;
    }
    level4[0] = (uintptr_t)level3 | PAGE_WRITABLE | PAGE_PRESENT;
    mapped_size = gigabyte_pages ? 512 * GIB : 4 * GIB;
    __asm__ volatile("movq %0, %%cr3" : : "r"(level4) : "memory");
}

/* Writes and reads in the ways that instructions have. */
static void write8(uint64_t address, uint64_t value)
{
    __asm__ volatile("movb %b1, (%0)" : : "r"(address), "q"(value) : "memory");
}

static void write16(uint64_t address, uint64_t value)
{
    __asm__ volatile("movw %w1, (%0)" : : "r"(address), "r"(value) : "memory");
}

static void write32(uint64_t address, uint64_t value)
{
    __asm__ volatile("movl %k1, (%0)" : : "r"(address), "r"(value) : "memory");
}

static void write64(uint64_t address, uint64_t value)
{
    __asm__ volatile("movq %1, (%0)" : : "r"(address), "r"(value) : "memory");
}

static void exchange(uint64_t address, uint64_t value)
{
    __asm__ volatile("xchgl %k1, (%0)" : "+r"(address), "+r"(value) : : "memory");
}

static void add(uint64_t address, uint64_t value)
{
    __asm__ volatile("lock addq %1, (%0)" : : "r"(address), "r"(value) : "memory");
}

static void fill(uint64_t address, uint64_t value)
{
    uint64_t count = 16;
    __asm__ volatile("rep stosl" : "+D"(address), "+c"(count) : "a"(value) : "memory");
}

static void copy_within(uint64_t address, uint64_t value)
{
    uint64_t from = address + (value & 0xff8), count = 4;
    __asm__ volatile("rep movsq" : "+D"(address), "+S"(from), "+c"(count) : : "memory");
}

static void compare_exchange_16(uint64_t address, uint64_t value)
{
    uint64_t low = value, high = value;
    __asm__ volatile("lock cmpxchg16b (%2)"
                     : "+a"(low), "+d"(high)
                     : "r"(address & ~15ull), "b"(value), "c"(value)
                     : "memory", "cc");
}

static void push_there(uint64_t address, uint64_t value)
{
    __asm__ volatile("movq %%rsp, %%rax\n\tmovq %0, %%rsp\n\tpushq %1\n\tmovq %%rax, %%rsp"
                     :
                     : "r"(address + 8), "r"(value)
                     : "rax", "memory");
}

static void execute_there(uint64_t address, uint64_t value)
{
    (void)value;
    __asm__ volatile("call *%0"
                     :
                     : "r"(address)
                     : "memory", "rax", "rcx", "rdx", "rbx", "rsi", "rdi", "r8", "r9", "r10", "r11");
}

static void write_somehow(uint64_t address)
{
    static void (*const ways[])(uint64_t, uint64_t) = {
        write8, write16, write32, write64, exchange, add, fill, copy_within, compare_exchange_16, push_there,
    };
    if (address + 4096 > (uintptr_t)image_start && address < (uintptr_t)image_end) {
        return; /* only what it needs to go on */
    }
    try(ways[random_number() % (sizeof(ways) / sizeof(ways[0]))], address, random_number());
}

static void scribble_memory(void)
{
    for (uint64_t address = 0; address < 64 * MIB; address += 4 * KIB) {
        write_somehow(address + (random_number() & 0xff8));
    }
    for (uint64_t address = 64 * MIB; address < 4 * GIB; address += MIB) {
        write_somehow(address + (random_number() & 0xff8));
    }
    for (uint64_t address = 4 * GIB; address < mapped_size; address += GIB / 4) {
        write_somehow(address);
    }
    /* Across page borders, above RAM. */
    for (uint64_t address = 0xfebff000; address < 0xfef01000; address += 4 * KIB) {
        write_somehow(address - 3);
    }
    for (uint64_t address = 0xfec00000; address < 0xfec01000; address += 16) {
        try(write32, address, random_number());
    }
    for (uint64_t address = 0xfed00000; address < 0xfed01000; address += 16) {
        try(write32, address, random_number());
    }
    try(execute_there, 0xfec00000, 0);
    try(execute_there, 0xd0000000, 0);
    report("memory");
}

/* The local APIC's registers, the command register with every delivery mode
 * but those that stop this processor (INIT, start-up). */
static void scribble_apic(void)
{
    for (uint64_t offset = 0; offset < 0x1000; offset += 16) {
        uint64_t value = random_number();
        if (offset == 0x300 && ((value >> 8 & 7) == 5 || (value >> 8 & 7) == 6)) {
            value &= ~0x700ull;
        }
        try(write32, 0xfee00000 + offset, value);
        try(write8, 0xfee00001 + offset, value);
    }
    report("local APIC");
}

/* --- Ports --- */

static void port_out8(uint64_t port, uint64_t value)
{
    __asm__ volatile("outb %b0, %w1" : : "a"(value), "d"(port));
}

static void port_out16(uint64_t port, uint64_t value)
{
    __asm__ volatile("outw %w0, %w1" : : "a"(value), "d"(port));
}

static void port_out32(uint64_t port, uint64_t value)
{
    __asm__ volatile("outl %k0, %w1" : : "a"(value), "d"(port));
}

static void port_in(uint64_t port, uint64_t value)
{
    __asm__ volatile("inl %w1, %k0" : "+a"(value) : "d"(port));
}

static void port_out_string(uint64_t port, uint64_t value)
{
    uint64_t from = (uintptr_t)image_start, count = value % 16;
    __asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(port) : "memory");
}

static void port_in_string(uint64_t port, uint64_t value)
{
    static uint32_t buffer[16];
    uint64_t to = (uintptr_t)buffer, count = value % 16;
    __asm__ volatile("rep insl" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}

/* String output from, and input to, memory that is not there. */
static void port_string_nowhere(uint64_t port, uint64_t value)
{
    uint64_t address = value % mapped_size, count = 3;
    __asm__ volatile("rep outsl" : "+S"(address), "+c"(count) : "d"(port) : "memory");
    address = value % mapped_size;
    count = 3;
    __asm__ volatile("rep insw" : "+D"(address), "+c"(count) : "d"(port) : "memory");
}

/* Ports that reset or power off the machine when the right bit is written. */
static bool ends_the_machine(uint64_t port)
{
    static const uint16_t ports[] = {0x64, 0x92, 0x604, 0x605, 0xcf9};
    for (unsigned int i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        if (port <= ports[i] && port + 4 > ports[i]) {
            return true;
        }
    }
    return false;
}

static void write_port_somehow(uint64_t port)
{
    static void (*const ways[])(uint64_t, uint64_t) = {
        port_out8, port_out16, port_out32, port_in, port_out_string, port_in_string, port_string_nowhere,
    };
    try(ways[random_number() % (sizeof(ways) / sizeof(ways[0]))], port, random_number());
}

static void scribble_ports(void)
{
    for (uint64_t port = 0; port < 0x10000; port++) {
        /* Its reports are to be readable, and it has more to do. */
        if (!ends_the_machine(port) && !(port + 4 > COM1 && port < COM1 + 8)) {
            write_port_somehow(port);
        }
    }
    report("I/O ports");
}

/* What it left out before: its own console, and the ends of the machine. */
static void scribble_last_ports(void)
{
    for (unsigned int i = 0; i < 500; i++) {
        write_port_somehow(COM1 + random_number() % 8);
    }
    print("\r\n");
    for (unsigned int i = 0; i < 50; i++) {
        for (uint64_t port = 0; port < 0x1000; port++) {
            if (ends_the_machine(port)) {
                write_port_somehow(port);
            }
        }
    }
}

/* --- Model-specific and control registers, instructions --- */

static void read_msr(uint64_t index, uint64_t value)
{
    (void)value;
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"((uint32_t)index));
}

static void write_msr(uint64_t index, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"((uint32_t)index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static void scribble_msrs(void)
{
    static const struct {
        uint32_t first, count;
    } ranges[] = {
        {0, 0x1400}, {0x40000000, 0x200}, {0x4b564d00, 0x10}, {0xc0000000, 0x1000}, {0xc0010000, 0x1000},
    };
    for (unsigned int r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++) {
        for (uint32_t i = 0; i < ranges[r].count; i++) {
            const uint32_t index = ranges[r].first + i;
            try(read_msr, index, 0);
            try(write_msr, index, random_number());
            try(write_msr, index, ~0ull);
            try(write_msr, index, 0);
        }
    }
    for (unsigned int i = 0; i < 1000; i++) {
        try(write_msr, random_number(), random_number());
    }
    report("model-specific registers");
}

static void write_cr0(uint64_t value, uint64_t unused)
{
    (void)unused;
    __asm__ volatile("movq %0, %%cr0" : : "r"(value | 0x80000001ull));
}

static void write_cr4(uint64_t value, uint64_t unused)
{
    (void)unused;
    __asm__ volatile("movq %0, %%cr4" : : "r"(value));
}

/* CR8 is left out: QEMU 7.2 aborts when a guest writes it while a virtual
 * interrupt waits (its helper calls cpu_interrupt() without the lock). */

static void write_xcr(uint64_t index, uint64_t value)
{
    __asm__ volatile("xsetbv" : : "c"((uint32_t)index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static void write_debug_registers(uint64_t value, uint64_t unused)
{
    (void)unused;
    __asm__ volatile("movq %0, %%dr0\n\tmovq %0, %%dr6\n\tmovq %1, %%dr7" : : "r"(value), "r"(value & 0x55ull));
}

#define INSTRUCTION(name, text)                                                                                        \
    static void name(uint64_t a, uint64_t b)                                                                           \
    {                                                                                                                  \
        __asm__ volatile(text : "+a"(a), "+c"(b) : : "rdx", "rbx", "memory");                                          \
    }
INSTRUCTION(do_vmrun, "vmrun")
INSTRUCTION(do_vmload, "vmload")
INSTRUCTION(do_vmsave, "vmsave")
INSTRUCTION(do_vmmcall, "vmmcall")
INSTRUCTION(do_vmcall, "vmcall")
INSTRUCTION(do_stgi, "stgi")
INSTRUCTION(do_clgi, "clgi")
INSTRUCTION(do_skinit, "skinit")
INSTRUCTION(do_invlpga, "invlpga")
INSTRUCTION(do_cpuid, "cpuid")
INSTRUCTION(do_rdpmc, "rdpmc")
INSTRUCTION(do_monitor, "xorl %%edx, %%edx\n\tmonitor")
INSTRUCTION(do_invd, "invd")
INSTRUCTION(do_wbinvd, "wbinvd")
INSTRUCTION(do_rdtscp, "rdtscp")
INSTRUCTION(do_rsm, "rsm")
INSTRUCTION(do_vmxoff, "vmxoff")
INSTRUCTION(do_undefined, "ud2")
INSTRUCTION(do_interrupt_2, "int $2")
INSTRUCTION(do_breakpoint, "int3")

static void scribble_processor(void)
{
    static void (*const instructions[])(uint64_t, uint64_t) = {
        do_vmrun,  do_vmload,  do_vmsave,  do_vmmcall,   do_vmcall,      do_stgi,       do_clgi,
        do_skinit, do_cpuid,   do_rdpmc,   do_invd,      do_wbinvd,      do_rdtscp,     do_rsm,
        do_vmxoff, do_monitor, do_invlpga, do_undefined, do_interrupt_2, do_breakpoint,
    };
    uint64_t cr0, cr4;
    __asm__ volatile("movq %%cr0, %0\n\tmovq %%cr4, %1" : "=r"(cr0), "=r"(cr4));
    for (unsigned int i = 0; i < 2000; i++) {
        try(instructions[random_number() % (sizeof(instructions) / sizeof(instructions[0]))], random_number(),
            random_number());
    }
    for (unsigned int i = 0; i < 64; i++) {
        try(write_cr0, random_number(), 0);
        try(write_cr0, cr0 ^ 1ull << i, 0);
        try(write_cr4, cr4 ^ 1ull << i, 0);
        try(write_cr4, random_number() | 0x20, 0);
        try(write_xcr, 0, random_number());
        try(write_xcr, 0, 1ull << i);
        try(write_xcr, random_number(), random_number());
        try(write_debug_registers, random_number(), 0);
        try(write_cr0, cr0, 0);
        try(write_cr4, cr4, 0);
    }
    try(write_debug_registers, 0, 0);
    report("processor");
}

void guest_main(void)
{
    map_everything();
    for (uint64_t round = 1;; round++) {
        print("hostile: scribbling, round ");
        print_number(round);
        print("\r\n");
        scribble_memory();
        scribble_msrs();
        scribble_ports();
        scribble_apic();
        /* From here on it may well end itself; it is restarted then. */
        scribble_processor();
        scribble_last_ports();
    }
}
