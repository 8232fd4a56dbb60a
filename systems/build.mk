# SPDX-License-Identifier: BSD-2-Clause
# Complete systems. Each systems/NAME/system.mk calls one of the rules below.

SYSTEM_SEARCH_PATH := $(BUILD)/programs $(BUILD)/guest
# What the tool adds to a system that has a <vm>.
VM_PROGRAMS := $(foreach program,serial_driver console manager storage switch vmm,$(BUILD)/programs/$(program).elf)

# --- Keys ---

# KEYS=DIRECTORY: your own keys (skyscope keygen), with KEYS_PASSPHRASE_FILE=FILE unless the passphrase is to be
# asked for. Without it: development keys, made when first needed, which are no secret.
KEYS ?= $(HOST_BUILD)/keys/development
KEYS_PASSPHRASE_FILE ?=
ifeq ($(wildcard $(KEYS)/system.trust),)
ifneq ($(KEYS),$(HOST_BUILD)/keys/development)
$(error There is no trust anchor in $(KEYS); make keys: $(HOST_BUILD)/bin/skyscope keygen $(KEYS))
endif
endif

# Once made they stay, whatever becomes of the tool.
$(HOST_BUILD)/keys/development/system.trust: | $(HOST_BUILD)/bin/skyscope
	@echo "  KEYS $(@D)"
	@rm -rf $(@D)
	@$(HOST_BUILD)/bin/skyscope keygen --quiet --development $(@D)
# The trust anchor of KEYS, whichever it was before.
$(HOST_BUILD)/keys/system.trust: $(KEYS)/system.trust FORCE
	@mkdir -p $(@D)
	@cmp -s $< $@ || cp $< $@

# $(call sign,PAYLOAD,SIGNED): a command.
sign = @echo "  SIGN $2" && $(HOST_BUILD)/bin/skyscope sign --quiet --keys $(KEYS) \
	$(if $(KEYS_PASSPHRASE_FILE),--passphrase-file $(KEYS_PASSPHRASE_FILE)) --output $2 $1

# The loader that trusts these keys.
$(LOADER): $(LOADER_TEMPLATE) $(HOST_BUILD)/keys/system.trust $(HOST_BUILD)/bin/skyscope
	@echo "  TRUST $@"
	@$(HOST_BUILD)/bin/skyscope provision --quiet --trust $(HOST_BUILD)/keys/system.trust --output $@ $<

# --- Systems ---

# systems/NAME/NAME.system describes the system for all architectures, NAME.ARCH.system for
# one; a system that has neither does not exist for ARCH.
system_file = $(firstword $(wildcard systems/$(1)/$(1).$(ARCH).system systems/$(1)/$(1).system))
SYSTEMS := $(foreach name,$(sort $(notdir $(patsubst %/,%,$(dir $(wildcard systems/*/system.mk))))),\
	$(if $(call system_file,$(name)),$(name)))

# $(call system,NAME,FILES): build/systems/NAME/payload.bin, signed, from
# system's file and the FILES that it refers to (found by name in
# build/programs, build/guest and build/systems/NAME). System tests may boot it.
define system_rules
$(BUILD)/systems/$(1)/payload.unsigned: $(call system_file,$(1)) $(HOST_BUILD)/bin/skyscope $(BUILD)/kernel.elf $(2)
	@mkdir -p $$(@D)
	@cp $$< $$(@D)/$(1).system
	@echo "  PAYLOAD $$@"
	@$(HOST_BUILD)/bin/skyscope build --quiet --kernel-image $(BUILD)/kernel.elf \
		$(SYSTEM_SEARCH_PATH:%=--search-path %) --search-path $(BUILD)/systems/$(1) --search-path $$(<D) \
		--output $$@ $$(if $$(filter $(1).system,$$(<F)),$$<,$$(@D)/$(1).system)
$(BUILD)/systems/$(1)/payload.bin: $(BUILD)/systems/$(1)/payload.unsigned $(HOST_BUILD)/keys/system.trust
	$$(call sign,$$<,$$@)
$(BUILD)/systems/$(1)/$(1).iso: $(BUILD)/systems/$(1)/payload.bin $(LOADER)
	@echo "  ISO $$@"
	@$(HOST_BUILD)/bin/skyscope iso --quiet --loader $(LOADER) --output $$@ $$<
SYSTEM_TEST_NEEDS += $(BUILD)/systems/$(1)/payload.bin
endef
system = $(eval $(call system_rules,$(strip $(1)),$(strip $(2))))

# $(call vm_system,NAME,FILES): the same for a system with a <vm>.
vm_system = $(call system,$(1),$(VM_PROGRAMS) $(2))

# How test programs report; what they know of the processor: <processor.h>.
REPORT_SOURCES := systems/common/report.c
$(foreach source,$(wildcard systems/*/*.c),$(eval CFLAGS_$(subst /,_,$(basename $(source))) += \
	-Isystems/common/arch/@ARCH@ -I$(dir $(source))arch/@ARCH@))

include $(SYSTEMS:%=systems/%/system.mk)

ifeq ($(filter $(SYSTEM),$(SYSTEMS)),)
$(error There is no system '$(SYSTEM)' for $(ARCH); there are: $(SYSTEMS))
endif

# build/skyscope.iso is the ISO of SYSTEM, whichever it was before.
$(BUILD)/skyscope.iso: $(BUILD)/systems/$(SYSTEM)/$(SYSTEM).iso FORCE
	@cmp -s $< $@ || cp $< $@
SYSTEM_TEST_NEEDS += $(BUILD)/systems/linux/linux.iso

.PHONY: FORCE
FORCE:
