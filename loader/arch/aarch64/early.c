/* SPDX-License-Identifier: BSD-2-Clause */
/* From the entry code, with the MMU off, to the neutral loader. */
#include <loader/machine.h>
#include <loader/main.h>
#include <loader_arch/cpu.h>
#include <loader_arch/entry.h>
#include <loader_arch/registers.h>

void early_main(uint64_t protocol, uint64_t second, uint64_t level)
{
    const struct boot_entry entry = {.first = protocol, .second = second};
    bool host_extensions_only = level == 2 && (read_register(hcr_el2) & HCR_E2H) != 0;
    if (level == 2 && !host_extensions_only) {
        page_tables_start();
        console_find(&entry);
        loader_main(protocol, second);
    }
    console_find(&entry);
    if (level != 2) {
        loader_fail("started at exception level %llu: a hypervisor needs exception level 2 (QEMU: -machine "
                    "virtualization=on)",
                    (unsigned long long)level);
    }
    loader_fail("this processor has no EL2 without host extensions (HCR_EL2.E2H cannot be cleared)");
}
