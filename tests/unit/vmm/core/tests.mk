# SPDX-License-Identifier: BSD-2-Clause
# Unit tests of the whole VMM on a fake hypervisor. vmm/build.mk includes this file.

VMM_FIXTURE := tests/unit/vmm/core/machine_fixture.c
VMM_TESTS := $(notdir $(basename $(wildcard tests/unit/vmm/core/*_test.c)))
VMM_UNIT_SOURCES := $(VMM_FIXTURE) $(VMM_SOURCES) $(ZYDIS_SOURCES)

$(foreach test,$(VMM_TESTS) machine_fixture,$(eval CFLAGS_tests_unit_vmm_core_$(test) := $(VMM_INCLUDES)))
$(call objects,unit,$(VMM_SOURCES) $(ZYDIS_SOURCES)): | $(DOWNLOAD)/zydis.stamp $(ZYCORE_INCLUDE)/Zycore

# One archive for all of them.
$(BUILD)/unit/libvmm.a: $(call objects,unit,$(VMM_UNIT_SOURCES))
	@mkdir -p $(@D)
	@rm -f $@
	@$(AR) rcs $@ $^

$(foreach test,$(VMM_TESTS),$(call unit_test,vmm_$(test),tests/unit/vmm/core/$(test).c,$(BUILD)/unit/libvmm.a))
$(foreach test,$(VMM_TESTS),$(eval $(BUILD)/unit/vmm_$(test): $(BUILD)/unit/libvmm.a))

# Fuzzing of the same.
$(foreach name,vmm_exits_fuzz vmm_boot_fuzz,$(eval CFLAGS_tests_fuzz_$(name) := $(VMM_INCLUDES)))
$(call objects,fuzz,$(VMM_SOURCES) $(ZYDIS_SOURCES)): | $(DOWNLOAD)/zydis.stamp $(ZYCORE_INCLUDE)/Zycore
$(call fuzz_target,vmm_exits_fuzz,tests/fuzz/vmm_exits_fuzz.c $(VMM_UNIT_SOURCES))
$(call fuzz_target,vmm_boot_fuzz,tests/fuzz/vmm_boot_fuzz.c $(VMM_UNIT_SOURCES))
