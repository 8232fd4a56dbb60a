# SPDX-License-Identifier: BSD-2-Clause
# Unit tests of the whole VMM for AArch64 on a fake hypervisor, and of its devices. vmm/build.mk includes this file.

ARM_VMM_FIXTURE := tests/unit/vmm/aarch64/arm_fixture.c
ARM_VMM_TESTS := $(notdir $(basename $(wildcard tests/unit/vmm/aarch64/*_test.c)))
ARM_VMM_UNIT_SOURCES := $(ARM_VMM_FIXTURE) $(VMM_SOURCES_aarch64) $(VMM_LIBRARY_aarch64)

$(foreach test,$(ARM_VMM_TESTS) arm_fixture arm_boot_fixture,$(eval CFLAGS_tests_unit_vmm_aarch64_$(test) := $(VMM_INCLUDES) $(LIBFDT_INCLUDES) $(LZ4_INCLUDES)))

$(foreach kind,unit_aarch64 fuzz_aarch64,$(eval $(call objects,$(kind),\
	$(ARM_VMM_FIXTURE) $(addprefix tests/unit/vmm/aarch64/,$(addsuffix .c,$(ARM_VMM_TESTS)))): | $(LIBFDT_STAMP)))

# One archive for all of them.
$(HOST_BUILD)/unit_aarch64/libvmm.a: $(call objects,unit_aarch64,$(ARM_VMM_UNIT_SOURCES) \
	tests/unit/vmm/aarch64/arm_boot_fixture.c)
	@mkdir -p $(@D)
	@rm -f $@
	@$(HOST_AR) rcs $@ $^

$(foreach test,$(ARM_VMM_TESTS),$(call unit_test_aarch64,vmm_$(test),tests/unit/vmm/aarch64/$(test).c,\
	$(HOST_BUILD)/unit_aarch64/libvmm.a))
$(foreach test,$(ARM_VMM_TESTS),$(eval $(HOST_BUILD)/unit_aarch64/vmm_$(test): $(HOST_BUILD)/unit_aarch64/libvmm.a))

# Fuzzing of the same.
$(foreach name,vmm_arm_exits_fuzz vmm_arm_boot_fuzz,$(eval CFLAGS_tests_fuzz_$(name) := $(VMM_INCLUDES)))
$(call fuzz_target_aarch64,vmm_arm_exits_fuzz,tests/fuzz/vmm_arm_exits_fuzz.c $(ARM_VMM_UNIT_SOURCES))
$(call fuzz_target_aarch64,vmm_arm_boot_fuzz,tests/fuzz/vmm_arm_boot_fuzz.c $(ARM_VMM_UNIT_SOURCES))
