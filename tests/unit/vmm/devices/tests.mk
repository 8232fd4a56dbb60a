# SPDX-License-Identifier: BSD-2-Clause
# Unit tests and fuzzer of a PC's device models (those of an Arm machine have directories of their own). vmm/build.mk includes this file.

DEVICE_SOURCES := $(VMM_DEVICE_SOURCES_x86_64) $(addprefix vmm/pci/, pci_device.c pci_host.c pci_port.c pci_slot.c)
DEVICE_TEST_SUPPORT := tests/unit/vmm/devices/pc.c tests/unit/vmm/devices/op_stream.c vmm/core/bus.c vmm/core/irq.c vmm/core/timer.c

$(foreach source,$(wildcard tests/unit/vmm/devices/*.c) tests/fuzz/devices_fuzz.c,\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(VMM_INCLUDES)))

$(foreach test,$(wildcard tests/unit/vmm/devices/*_test.c),\
	$(call unit_test,vmm_$(notdir $(basename $(test))),$(test) $(DEVICE_TEST_SUPPORT) $(DEVICE_SOURCES)))

$(call fuzz_target,devices_fuzz,tests/fuzz/devices_fuzz.c $(DEVICE_TEST_SUPPORT) $(DEVICE_SOURCES),-lcmocka)
