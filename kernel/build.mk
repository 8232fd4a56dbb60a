# SPDX-License-Identifier: BSD-2-Clause
# The separation kernel: build/kernel.elf.

KERNEL_PORTABLE_SOURCES := $(sort $(wildcard kernel/src/*.c))
KERNEL_ARCH_SOURCES := $(sort $(wildcard kernel/arch/$(ARCH)/*.c kernel/arch/$(ARCH)/*/*.c \
	kernel/arch/$(ARCH)/*.S kernel/arch/$(ARCH)/*/*.S))
KERNEL_SOURCES := $(KERNEL_PORTABLE_SOURCES) $(KERNEL_ARCH_SOURCES) $(BASE_SOURCES)
KERNEL_OBJECTS := $(call objects,kernel,$(KERNEL_SOURCES))
# Indirect branches could be steered by another's predictions: none by jump
# tables, and the few that remain go by a return trampoline.
$(foreach source,$(KERNEL_PORTABLE_SOURCES) $(KERNEL_ARCH_SOURCES),$(eval CFLAGS_$(subst /,_,$(basename $(source))) += \
	-fno-jump-tables -mindirect-branch=thunk-inline -mindirect-branch-register))

KERNEL_LINKER_SCRIPT := kernel/arch/$(ARCH)/kernel.ld

$(BUILD)/kernel.elf: $(KERNEL_OBJECTS) $(KERNEL_LINKER_SCRIPT)
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
		-Wl,--gc-sections -Wl,--fatal-warnings -T $(KERNEL_LINKER_SCRIPT) $(KERNEL_OBJECTS) -o $@
