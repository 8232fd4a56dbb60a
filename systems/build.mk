# SPDX-License-Identifier: BSD-2-Clause
# Complete systems. Each systems/NAME/system.mk calls one of the rules below.

SYSTEM_SEARCH_PATH := $(BUILD)/programs $(BUILD)/guest
# What the tool adds to a system that has a <vm>.
VM_PROGRAMS := $(foreach program,serial_driver console manager vmm,$(BUILD)/programs/$(program).elf)

# $(call system,NAME,FILES): build/systems/NAME/payload.bin from
# systems/NAME/NAME.system and the FILES that it refers to (found by name in
# build/programs, build/guest and build/systems/NAME). System tests may boot it.
define system_rules
$(BUILD)/systems/$(1)/payload.bin: systems/$(1)/$(1).system $(BUILD)/bin/skyscope $(BUILD)/kernel.elf $(2)
	@mkdir -p $$(@D)
	@cp $$< $$(@D)/
	@echo "  PAYLOAD $$@"
	@$(BUILD)/bin/skyscope build --quiet --kernel-image $(BUILD)/kernel.elf \
		$(SYSTEM_SEARCH_PATH:%=--search-path %) --search-path $(BUILD)/systems/$(1) --output $$@ $$<
$(BUILD)/systems/$(1)/$(1).iso: $(BUILD)/systems/$(1)/payload.bin $(BUILD)/loader.elf
	@echo "  ISO $$@"
	@$(BUILD)/bin/skyscope iso --quiet --loader $(BUILD)/loader.elf --output $$@ $$<
SYSTEM_TEST_NEEDS += $(BUILD)/systems/$(1)/payload.bin
endef
system = $(eval $(call system_rules,$(strip $(1)),$(strip $(2))))

# $(call vm_system,NAME,FILES): the same for a system with a <vm>.
vm_system = $(call system,$(1),$(VM_PROGRAMS) $(2))

# How test programs report.
REPORT_SOURCES := systems/common/report.c

include $(wildcard systems/*/system.mk)

ifeq ($(wildcard systems/$(SYSTEM)/$(SYSTEM).system),)
$(error There is no system '$(SYSTEM)'; there are: $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard systems/*/*.system))))))
endif

# build/skyscope.iso is the ISO of SYSTEM, whichever it was before.
$(BUILD)/skyscope.iso: $(BUILD)/systems/$(SYSTEM)/$(SYSTEM).iso FORCE
	@cmp -s $< $@ || cp $< $@
SYSTEM_TEST_NEEDS += $(BUILD)/systems/linux/linux.iso

.PHONY: FORCE
FORCE:
