# SPDX-License-Identifier: BSD-2-Clause
# Unit tests of the whole VMM for x86-64 on a fake hypervisor. vmm/build.mk includes this file.

VMM_FIXTURE := tests/unit/vmm/core/machine_fixture.c
VMM_TESTS := $(notdir $(basename $(wildcard tests/unit/vmm/core/*_test.c)))
VMM_UNIT_SOURCES := $(VMM_FIXTURE) $(VMM_SOURCES_x86_64) $(VMM_LIBRARY_x86_64)

$(foreach test,$(VMM_TESTS) machine_fixture,$(eval CFLAGS_tests_unit_vmm_core_$(test) := $(VMM_INCLUDES)))
$(call objects,unit,$(VMM_SOURCES_x86_64) $(ZYDIS_SOURCES)): | $(DOWNLOAD)/zydis.stamp $(ZYCORE_INCLUDE)/Zycore

CFLAGS_tests_unit_vmm_core_packed_image_test += $(LZ4_INCLUDES)
CFLAGS_tests_unit_vmm_core_boot_test += $(LZ4_INCLUDES)
$(call objects,unit,$(addprefix tests/unit/vmm/core/,packed_image_test.c boot_test.c)): | $(LZ4).stamp

# One archive for all of them.
$(HOST_BUILD)/unit/libvmm.a: $(call objects,unit,$(VMM_UNIT_SOURCES))
	@mkdir -p $(@D)
	@rm -f $@
	@$(HOST_AR) rcs $@ $^

$(foreach test,$(VMM_TESTS),$(call unit_test,vmm_$(test),tests/unit/vmm/core/$(test).c,$(HOST_BUILD)/unit/libvmm.a))
$(foreach test,$(VMM_TESTS),$(eval $(HOST_BUILD)/unit/vmm_$(test): $(HOST_BUILD)/unit/libvmm.a))

# Fuzzing of the same.
$(foreach name,vmm_exits_fuzz vmm_boot_fuzz,$(eval CFLAGS_tests_fuzz_$(name) := $(VMM_INCLUDES)))
$(call objects,fuzz,$(VMM_SOURCES_x86_64) $(ZYDIS_SOURCES)): | $(DOWNLOAD)/zydis.stamp $(ZYCORE_INCLUDE)/Zycore
$(call fuzz_target,vmm_exits_fuzz,tests/fuzz/vmm_exits_fuzz.c $(VMM_UNIT_SOURCES))
$(call fuzz_target,vmm_boot_fuzz,tests/fuzz/vmm_boot_fuzz.c $(VMM_UNIT_SOURCES))
CFLAGS_tests_fuzz_packed_image_fuzz := $(VMM_INCLUDES) $(LZ4_INCLUDES)
$(call objects,fuzz,tests/fuzz/packed_image_fuzz.c): | $(LZ4).stamp
$(call fuzz_target,packed_image_fuzz,tests/fuzz/packed_image_fuzz.c vmm/boot/packed_image.c $(LZ4_SOURCES))
