# SPDX-License-Identifier: BSD-2-Clause
# Unit tests and fuzzer of the GIC. vmm/build.mk includes this file.

GIC_TEST_SUPPORT := tests/unit/vmm/gic/gic_machine.c tests/unit/vmm/gic/gic_stream.c \
	vmm/core/bus.c vmm/core/irq.c vmm/core/guest_memory.c $(wildcard vmm/devices/gic*.c)

$(foreach source,$(wildcard tests/unit/vmm/gic/*.c) tests/fuzz/devices_aarch64_fuzz.c,\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(VMM_INCLUDES)))

$(foreach test,$(wildcard tests/unit/vmm/gic/*_test.c),\
	$(call unit_test_aarch64,vmm_$(notdir $(basename $(test))),$(test) $(GIC_TEST_SUPPORT)))

$(call fuzz_target_aarch64,devices_aarch64_fuzz,tests/fuzz/devices_aarch64_fuzz.c $(GIC_TEST_SUPPORT),-lcmocka)
