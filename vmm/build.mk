# SPDX-License-Identifier: BSD-2-Clause
# The VMM: a library, and a protection domain's program around it.

VMM_CORE_SOURCES := $(sort $(wildcard vmm/core/*.c vmm/virtio/*.c vmm/fs/*.c) $(filter-out vmm/pci/pci_mechanism1.c,$(wildcard vmm/pci/*.c)))

# The chips of a PC, and those of an Arm machine.
VMM_DEVICE_SOURCES_aarch64 := $(sort $(wildcard vmm/devices/pl*.c vmm/devices/gic*.c))
VMM_DEVICE_SOURCES_x86_64 := $(sort $(filter-out $(VMM_DEVICE_SOURCES_aarch64),$(wildcard vmm/devices/*.c)) \
	vmm/pci/pci_mechanism1.c $(wildcard vmm/acpi/*.c))

VMM_BOOT_SOURCES_x86_64 := $(addprefix vmm/boot/, boot.c flat.c packed_image.c linux_x86.c x86_layout.c)
VMM_BOOT_SOURCES_aarch64 := $(addprefix vmm/boot/, boot.c flat.c packed_image.c) $(sort $(wildcard vmm/boot/*arm64*.c))

# VMM_SOURCES_x86_64, VMM_SOURCES_aarch64: all but main() and what calls the kernel.
$(foreach a,x86_64 aarch64,$(eval VMM_ARCH_SOURCES_$a := $(sort $(wildcard vmm/arch/$a/*.c))) \
	$(eval VMM_SOURCES_$a := $(VMM_CORE_SOURCES) $(VMM_ARCH_SOURCES_$a) $(VMM_BOOT_SOURCES_$a) $(VMM_DEVICE_SOURCES_$a)))
VMM_SOURCES := $(VMM_SOURCES_$(ARCH))

VMM_INCLUDES := -Ivmm/include -Ivmm/arch/@ARCH@/include

# --- Zydis: decoding of x86 instructions only, without a C library ---

ZYDIS := $(DOWNLOAD)/zydis
ZYDIS_SOURCES := $(addprefix $(ZYDIS)/src/, Decoder.c DecoderData.c Register.c SharedData.c Zydis.c)
# Zycore's headers come with libzycore-dev; nothing else of /usr/include is seen.
ZYCORE_INCLUDE := $(HOST_BUILD)/zycore
ZYDIS_FLAGS := -I$(ZYDIS)/include -isystem $(ZYCORE_INCLUDE) -DZYAN_NO_LIBC -DZYDIS_STATIC_BUILD \
	-DZYCORE_STATIC_BUILD -DZYDIS_DISABLE_FORMATTER -DZYDIS_DISABLE_ENCODER -DZYDIS_DISABLE_AVX512 -DZYDIS_DISABLE_KNC

$(ZYCORE_INCLUDE)/Zycore:
	@mkdir -p $(@D)
	@ln -sfn /usr/include/Zycore $@

$(ZYDIS_SOURCES): | $(DOWNLOAD)/zydis.stamp ;

$(foreach source,$(ZYDIS_SOURCES),\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := -w -fno-stack-protector -I$(ZYDIS)/src $(ZYDIS_FLAGS) \
	-include vmm/arch/x86_64/include/vmm/arch/zydis_memory.h))
# --- LZ4: unpacking of guests' images only, without a C library ---

LZ4 := $(DOWNLOAD)/lz4
LZ4_SOURCES := $(LZ4)/lib/lz4.c
LZ4_INCLUDES := -isystem $(LZ4)/lib
# It copies by words of any alignment, which an Arm processor with its MMU on takes.
LZ4_ALIGNMENT_aarch64 := -mno-strict-align
CFLAGS_$(subst /,_,$(basename $(LZ4_SOURCES))) = -w -O3 -fno-stack-protector $(LZ4_INCLUDES) -DLZ4_FREESTANDING=1 -D_LIBC_LIMITS_H_ \
	-DLZ4_memcpy=__builtin_memcpy -DLZ4_memmove=__builtin_memmove -DLZ4_memset=__builtin_memset \
	$(if $(filter $(BUILD)/pd/% $(BUILD)/sel4/%,$@),$(LZ4_ALIGNMENT_$(ARCH)))
$(LZ4_SOURCES): | $(LZ4).stamp ;
$(foreach k,pd unit fuzz unit_aarch64 fuzz_aarch64,$(eval $(call objects,$k,vmm/boot/packed_image.c): | $(LZ4).stamp))
LINT_NEEDS += $(LZ4).stamp

$(foreach source,$(sort $(VMM_SOURCES_x86_64) $(VMM_SOURCES_aarch64)) vmm/main.c vmm/hv/skyscope.c,\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(VMM_INCLUDES)))
$(foreach source,$(wildcard vmm/boot/*arm64*.c),\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) += $(LIBFDT_INCLUDES)) \
	$(foreach kind,pd unit_aarch64 fuzz_aarch64,$(eval $(call objects,$(kind),$(source)): | $(LIBFDT_STAMP))))
CFLAGS_vmm_boot_packed_image := $(VMM_INCLUDES) $(LZ4_INCLUDES)
CFLAGS_vmm_arch_x86_64_decode := $(VMM_INCLUDES) -isystem $(ZYDIS)/include $(ZYDIS_FLAGS)

include $(wildcard vmm/devices/*.mk vmm/pci/*.mk vmm/acpi/*.mk vmm/fs/*.mk)

# --- Library and program ---

VMM_LIBRARY_x86_64 := $(ZYDIS_SOURCES) $(LZ4_SOURCES)
VMM_LIBRARY_aarch64 := $(LIBFDT_SOURCES) $(LZ4_SOURCES)
VMM_LIBRARY_OBJECTS := $(call objects,pd,$(VMM_SOURCES) $(VMM_LIBRARY_$(ARCH)))
ifeq ($(ARCH),x86_64)
$(VMM_LIBRARY_OBJECTS): | $(DOWNLOAD)/zydis.stamp $(ZYCORE_INCLUDE)/Zycore
endif
LINT_NEEDS += $(DOWNLOAD)/zydis.stamp $(ZYCORE_INCLUDE)/Zycore

$(BUILD)/lib/libvmm.a: $(VMM_LIBRARY_OBJECTS)
	@mkdir -p $(@D)
	@echo "  AR  $@"
	@rm -f $@
	@$(AR) rcs $@ $^

$(call pd_program,vmm,vmm/main.c vmm/hv/skyscope.c,$(BUILD)/lib/libvmm.a)
include $(wildcard tests/unit/vmm/*/tests.mk)
