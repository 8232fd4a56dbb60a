/* SPDX-License-Identifier: BSD-2-Clause */
/* What firmware leaves in CMOS RAM: the IBM PC AT's layout, with the bytes that later firmware added. */
#include <vmm/devices/mc146818.h>

enum {
    CMOS_EQUIPMENT = 0x14,
    CMOS_BASE_KIB = 0x15,     /* word */
    CMOS_EXTENDED_KIB = 0x17, /* word: above 1 MiB, at most 63 MiB */
    CMOS_CHECKSUM_FIRST = 0x10,
    CMOS_CHECKSUM_LAST = 0x2d,
    CMOS_CHECKSUM = 0x2e, /* big-endian word */
    CMOS_EXTENDED_KIB_POST = 0x30,
    CMOS_ABOVE_16M_64KIB = 0x34, /* word: below 4 GiB, above 16 MiB */
    CMOS_ABOVE_4G_64KIB = 0x5b,  /* three bytes */
    CMOS_MORE_PROCESSORS = 0x5f, /* processors - 1 */
};

static void put_word(struct mc146818 *rtc, uint32_t index, uint64_t value, uint64_t limit)
{
    if (value > limit) {
        value = limit;
    }
    rtc->ram[index] = (uint8_t)value;
    rtc->ram[index + 1] = (uint8_t)(value >> 8);
}

void mc146818_describe_machine(struct mc146818 *rtc, uint64_t below_4g, uint64_t above_4g, uint32_t processors)
{
    const uint64_t mib = 1ull << 20;
    uint64_t extended = below_4g > mib ? (below_4g - mib) >> 10 : 0;
    uint64_t above_16m = below_4g > 16 * mib ? (below_4g - 16 * mib) >> 16 : 0;
    rtc->ram[CMOS_EQUIPMENT] = 0x06; /* coprocessor, PS/2-style pointing device port; no display, no floppy */
    put_word(rtc, CMOS_BASE_KIB, 640, 640);
    put_word(rtc, CMOS_EXTENDED_KIB, extended, 63 * 1024);
    put_word(rtc, CMOS_EXTENDED_KIB_POST, extended, 63 * 1024);
    put_word(rtc, CMOS_ABOVE_16M_64KIB, above_16m, 0xffff);
    uint64_t above = above_4g >> 16 > 0xffffff ? 0xffffff : above_4g >> 16;
    put_word(rtc, CMOS_ABOVE_4G_64KIB, above & 0xffff, 0xffff);
    rtc->ram[CMOS_ABOVE_4G_64KIB + 2] = (uint8_t)(above >> 16);
    rtc->ram[CMOS_MORE_PROCESSORS] = processors != 0 ? (uint8_t)(processors - 1) : 0;
    uint32_t sum = 0;
    for (uint32_t i = CMOS_CHECKSUM_FIRST; i <= CMOS_CHECKSUM_LAST; i++) {
        sum += rtc->ram[i];
    }
    rtc->ram[CMOS_CHECKSUM] = (uint8_t)(sum >> 8);
    rtc->ram[CMOS_CHECKSUM + 1] = (uint8_t)sum;
}
