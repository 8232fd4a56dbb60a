/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor, PCI access, exceptions. */
#include <base/memory.h>
#include <loader/log.h>
#include <loader/machine.h>
#include <loader/pci.h>
#include <loader_arch/cpu.h>
#include <loader_arch/delay.h>
#include <loader_arch/exceptions.h>

void caches_clean(uint64_t address, uint64_t size)
{
    (void)address; /* the caches of PCs are coherent with everything */
    (void)size;
}

void memory_clear(uint64_t address, uint64_t size)
{
    memset((void *)(uintptr_t)address, 0, size);
}

uint64_t cycle_counter(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

void machine_halt(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

/* --- Vector registers (Intel SDM volume 1, section 13.3) --- */

#define CPUID_XSAVE_AND_AVX (1u << 26 | 1u << 28)                 /* leaf 1 ECX */
#define CR4_VECTORS         (1ull << 9 | 1ull << 10 | 1ull << 18) /* OSFXSR, OSXMMEXCPT, OSXSAVE */
#define XCR0_X87            1u
#define XCR0_X87_SSE_AVX    7u

static uint64_t read_cr4(void)
{
    uint64_t value;
    __asm__ volatile("movq %%cr4, %0" : "=r"(value));
    return value;
}

static void write_cr4(uint64_t value)
{
    __asm__ volatile("movq %0, %%cr4" : : "r"(value) : "memory");
}

static void write_xcr0(uint32_t value)
{
    __asm__ volatile("xsetbv" : : "a"(value), "d"(0), "c"(0) : "memory");
}

void vectors_enable(void)
{
    if ((read_cpuid(1).ecx & CPUID_XSAVE_AND_AVX) == CPUID_XSAVE_AND_AVX) {
        write_cr4(read_cr4() | CR4_VECTORS);
        write_xcr0(XCR0_X87_SSE_AVX);
    }
}

void vectors_disable(void)
{
    if ((read_cr4() & CR4_VECTORS) != 0) {
        write_xcr0(XCR0_X87);
        write_cr4(read_cr4() & ~CR4_VECTORS);
    }
}

/* --- Reset --- */

#define RESET_CONTROL        0xcf9 /* of PC chipsets */
#define RESET_HARD           0x02
#define RESET_NOW            0x06
#define KEYBOARD_CONTROLLER  0x64
#define KEYBOARD_PULSE_RESET 0xfe
#define RESET_TIME           100000u /* microseconds until the next way is tried */

/* ACPI 6.4, section 4.8.3.6. */
static void reset_by_acpi(const struct hardware_register *reset)
{
    if (reset->valid == 0) {
        return;
    }
    if (reset->space == 1 && reset->address <= 0xffff) {
        out8((uint16_t)reset->address, reset->value);
    } else if (reset->space == 0 && page_tables_reach(reset->address, 1)) {
        *(volatile uint8_t *)(uintptr_t)reset->address = reset->value;
    }
    delay_microseconds(RESET_TIME);
}

void machine_restart(const struct hardware_info *hardware, uint32_t seconds)
{
    delay_start(hardware);
    for (uint32_t i = 0; i < seconds; i++) {
        delay_microseconds(1000000);
    }
    reset_by_acpi(&hardware->arch.reset);
    out8(RESET_CONTROL, RESET_HARD);
    delay_microseconds(RESET_TIME);
    out8(RESET_CONTROL, RESET_NOW);
    delay_microseconds(RESET_TIME);
    out8(KEYBOARD_CONTROLLER, KEYBOARD_PULSE_RESET);
    delay_microseconds(RESET_TIME);
    machine_halt();
}

void cpu_identify(struct hardware_info *hardware)
{
    struct cpuid leaf = read_cpuid(0);
    memcpy(hardware->cpu_vendor, &leaf.ebx, 4);
    memcpy(hardware->cpu_vendor + 4, &leaf.edx, 4);
    memcpy(hardware->cpu_vendor + 8, &leaf.ecx, 4);
    hardware->cpu_signature = read_cpuid(1).eax;
    if (read_cpuid(0x80000000).eax >= 0x80000004) {
        for (uint32_t i = 0; i < 3; i++) {
            leaf = read_cpuid(0x80000002 + i);
            memcpy(hardware->cpu_brand + i * sizeof(leaf), &leaf, sizeof(leaf));
        }
    }
}

/* --- PCI --- */

#define PCI_CONFIG_ADDRESS 0xcf8
#define PCI_CONFIG_DATA    0xcfc

static uint32_t port_read(const struct pci_access *access, uint32_t address, uint32_t offset, uint32_t width)
{
    (void)access;
    out32(PCI_CONFIG_ADDRESS, 0x80000000u | address << 8 | (offset & 0xfc));
    uint16_t port = (uint16_t)(PCI_CONFIG_DATA + (offset & 3));
    return width == 1 ? in8(port) : width == 2 ? in16(port) : in32(port);
}

static void port_write(const struct pci_access *access, uint32_t address, uint32_t offset, uint32_t width,
                       uint32_t value)
{
    (void)access;
    out32(PCI_CONFIG_ADDRESS, 0x80000000u | address << 8 | (offset & 0xfc));
    uint16_t port = (uint16_t)(PCI_CONFIG_DATA + (offset & 3));
    if (width == 1) {
        out8(port, (uint8_t)value);
    } else if (width == 2) {
        out16(port, (uint16_t)value);
    } else {
        out32(port, value);
    }
}

void pci_scan_without_ecam(struct hardware_info *hardware)
{
    struct pci_access access = {.read = port_read, .write = port_write, .first_bus = 0, .last_bus = 255};
    pci_scan(&access, hardware);
}

/* --- Exceptions --- */

struct interrupt_gate {
    uint16_t offset_low, selector;
    uint16_t attributes, offset_middle;
    uint32_t offset_high, reserved;
};

extern const char exception_stubs[];
#define STUB_SIZE       16u
#define EXCEPTIONS      32u
#define GATE_INTERRUPT  0x8e00u
#define SELECTOR_CODE64 0x08u

static struct interrupt_gate gates[EXCEPTIONS];

void exceptions_start(void)
{
    for (uint32_t i = 0; i < EXCEPTIONS; i++) {
        uintptr_t stub = (uintptr_t)exception_stubs + i * STUB_SIZE;
        gates[i] = (struct interrupt_gate){.offset_low = (uint16_t)stub,
                                           .selector = SELECTOR_CODE64,
                                           .attributes = GATE_INTERRUPT,
                                           .offset_middle = (uint16_t)(stub >> 16),
                                           .offset_high = (uint32_t)((uint64_t)stub >> 32)};
    }
    exceptions_load();
}

void exceptions_load(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {.limit = sizeof(gates) - 1, .base = (uintptr_t)gates};
    __asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

void exception_report(uint64_t vector, uint64_t error_code, uint64_t rip, uint64_t cr2)
{
    loader_fail("exception %llu (error code 0x%llx) at 0x%llx, CR2 0x%llx: a bug in the loader or broken hardware",
                (unsigned long long)vector, (unsigned long long)error_code, (unsigned long long)rip,
                (unsigned long long)cr2);
}
