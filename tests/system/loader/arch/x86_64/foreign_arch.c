/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiboot 2 as a kernel sees it. */
#include "../../foreign.h"

#include <stddef.h>

#define COM1     0x3f8
#define APIC_MSR 0x1b

/* Kept by foreign_entry. */
extern struct {
    uint32_t magic, information, cr0, cr4, flags, efer, code_segment;
} foreign_found;
extern const uint8_t foreign_start[], foreign_end[];

static uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void foreign_put(char c)
{
    while ((in8(COM1 + 5) & 0x20) == 0) {
    }
    __asm__ volatile("outb %0, %1" : : "a"(c), "Nd"((uint16_t)COM1));
}

void foreign_check_entry(void)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(APIC_MSR));
    print("cr0 %08x cr4 %08x flags %08x efer %08x apic %08x", foreign_found.cr0, foreign_found.cr4, foreign_found.flags,
          foreign_found.efer, low);
    check(foreign_found.magic == 0x36d76289, "EAX is Multiboot 2's magic number");
    check((foreign_found.cr0 & 0xe0000001) == 1, "protected mode, no paging, caches on");
    check(foreign_found.cr4 == 0 && foreign_found.efer == 0, "no extensions");
    check((foreign_found.flags & 0x20700) == 0, "flags VM, DF, IF, TF");
    check((low & 0xc00) == 0x800, "the local APIC is in its old mode");
    check((in8(0x21) & in8(0xa1)) == 0xff, "the i8259s are masked");
}

static uint32_t u32(const uint8_t *at)
{
    return *(const uint32_t *)(const void *)at;
}

static unsigned long long u64(const uint8_t *at)
{
    return *(const uint64_t *)(const void *)at;
}

static bool apart(uint64_t address, uint64_t size)
{
    return address + size <= (uintptr_t)foreign_start || address >= (uintptr_t)foreign_end;
}

static void report_module(const uint8_t *tag)
{
    uint64_t start = u32(tag + 8), end = u32(tag + 12);
    check(start % 4096 == 0 && start >= (uintptr_t)foreign_end && end > start, "the module lies above the kernel");
    print("module 0x%llx %llu \"%s\" sum %016llx", (unsigned long long)start, (unsigned long long)(end - start),
          (const char *)tag + 16, (unsigned long long)foreign_sum((const uint8_t *)(uintptr_t)start, end - start));
}

static void report_tag(const uint8_t *tag, uint32_t size)
{
    switch (u32(tag)) {
    case 1:
        print("command line \"%s\"", (const char *)tag + 8);
        break;
    case 2:
        print("boot loader \"%s\"", (const char *)tag + 8);
        break;
    case 3:
        report_module(tag);
        break;
    case 4:
        print("lower %u KiB, upper %u KiB", u32(tag + 8), u32(tag + 12));
        break;
    case 6:
        for (uint32_t at = 16; at + 24 <= size; at += u32(tag + 8)) {
            print("memory 0x%llx 0x%llx %u", u64(tag + at), u64(tag + at + 8), u32(tag + at + 16));
        }
        break;
    case 8:
        print("framebuffer 0x%llx %ux%ux%u pitch %u type %u, red at %u of %u", u64(tag + 8), u32(tag + 20),
              u32(tag + 24), tag[28], u32(tag + 16), tag[29], tag[29] == 1 ? tag[32] : 0, tag[29] == 1 ? tag[33] : 0);
        break;
    case 14:
    case 15:
        print("rsdp %u bytes \"%.8s\" revision %u", size - 8, (const char *)tag + 8, tag[8 + 15]);
        break;
    default:
        print("tag %u", u32(tag));
        break;
    }
}

void foreign_report(void)
{
    const uint8_t *information = (const uint8_t *)(uintptr_t)foreign_found.information;
    uint32_t total = u32(information);
    check(foreign_found.information % 8 == 0 && apart(foreign_found.information, total),
          "the boot information lies apart from the kernel");
    for (uint32_t at = 8; at + 8 <= total && u32(information + at) != 0; at += (u32(information + at + 4) + 7) & ~7u) {
        report_tag(information + at, u32(information + at + 4));
    }
}
