# SPDX-License-Identifier: BSD-2-Clause
# The VMM: a library, and a protection domain's program around it.

VMM_DEVICE_SOURCES := $(wildcard vmm/devices/*.c vmm/pci/*.c vmm/acpi/*.c)
VMM_CORE_SOURCES := $(addprefix vmm/core/, bus.c console.c control.c guest_memory.c irq.c log.c timer.c vcpu.c vm.c)
VMM_ARCH_SOURCES := $(addprefix vmm/arch/$(ARCH)/, alu.c control_register.c cpuid.c cpuid_policy.c decode.c emulate.c \
	event.c execution.c exit.c fetch.c memory.c memory_exit.c msr.c pc.c port_io.c reset.c string.c walk.c)
VMM_BOOT_SOURCES := $(addprefix vmm/boot/, boot.c flat.c linux_x86.c x86_layout.c)
VMM_SOURCES := $(VMM_CORE_SOURCES) $(VMM_ARCH_SOURCES) $(VMM_BOOT_SOURCES) $(VMM_DEVICE_SOURCES)

VMM_INCLUDES := -Ivmm/include -Ivmm/arch/$(ARCH)/include

# --- Zydis: decoding only, without a C library ---

ZYDIS := $(DOWNLOAD)/zydis
ZYDIS_SOURCES := $(addprefix $(ZYDIS)/src/, Decoder.c DecoderData.c Register.c SharedData.c Zydis.c)
# Zycore's headers come with libzycore-dev; nothing else of /usr/include is seen.
ZYCORE_INCLUDE := $(BUILD)/zycore
ZYDIS_FLAGS := -I$(ZYDIS)/include -isystem $(ZYCORE_INCLUDE) -DZYAN_NO_LIBC -DZYDIS_STATIC_BUILD \
	-DZYCORE_STATIC_BUILD -DZYDIS_DISABLE_FORMATTER -DZYDIS_DISABLE_ENCODER -DZYDIS_DISABLE_AVX512 -DZYDIS_DISABLE_KNC

$(ZYCORE_INCLUDE)/Zycore:
	@mkdir -p $(@D)
	@ln -sfn /usr/include/Zycore $@

$(ZYDIS_SOURCES): | $(DOWNLOAD)/zydis.stamp ;

$(foreach source,$(ZYDIS_SOURCES),\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := -w -fno-stack-protector -I$(ZYDIS)/src $(ZYDIS_FLAGS) \
	-include vmm/arch/$(ARCH)/include/vmm/arch/zydis_memory.h))
$(foreach source,$(VMM_SOURCES) vmm/main.c vmm/hv/skyscope.c,\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(VMM_INCLUDES)))
CFLAGS_vmm_arch_$(ARCH)_decode := $(VMM_INCLUDES) -isystem $(ZYDIS)/include $(ZYDIS_FLAGS)

include $(wildcard vmm/devices/*.mk vmm/pci/*.mk vmm/acpi/*.mk)

# --- Library and program ---

VMM_LIBRARY_OBJECTS := $(call objects,pd,$(VMM_SOURCES) $(ZYDIS_SOURCES))
$(VMM_LIBRARY_OBJECTS): | $(DOWNLOAD)/zydis.stamp $(ZYCORE_INCLUDE)/Zycore
LINT_NEEDS += $(DOWNLOAD)/zydis.stamp $(ZYCORE_INCLUDE)/Zycore

$(BUILD)/lib/libvmm.a: $(VMM_LIBRARY_OBJECTS)
	@mkdir -p $(@D)
	@echo "  AR  $@"
	@rm -f $@
	@$(AR) rcs $@ $^

$(call pd_program,vmm,vmm/main.c vmm/hv/skyscope.c,$(BUILD)/lib/libvmm.a)
include $(wildcard tests/unit/vmm/*/tests.mk)
