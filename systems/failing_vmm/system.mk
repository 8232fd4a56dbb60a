# SPDX-License-Identifier: BSD-2-Clause
# The VMM with a fault in front of it, under the VMM's name in a directory that
# is searched first.

FAILING := $(BUILD)/systems/failing_vmm

$(BUILD)/failing_vmm/main.o: $(BUILD)/pd/vmm/main.o
	@mkdir -p $(@D)
	@$(OBJCOPY) --redefine-sym skyscope_vcpu_exit=vmm_vcpu_exit $< $@
$(BUILD)/lib/failing_vmm_main.a: $(BUILD)/failing_vmm/main.o
	@mkdir -p $(@D)
	@rm -f $@
	@$(AR) rcs $@ $^
$(call pd_program,failing_vmm,systems/failing_vmm/fault.c vmm/hv/skyscope.c,\
	$(BUILD)/lib/failing_vmm_main.a $(BUILD)/lib/libvmm.a)

$(FAILING)/vmm.elf: $(BUILD)/programs/failing_vmm.elf
	@mkdir -p $(@D)
	@cp $< $@
$(FAILING)/payload.unsigned: systems/failing_vmm/failing_vmm.system $(HOST_BUILD)/bin/skyscope $(BUILD)/kernel.elf \
		$(FAILING)/vmm.elf $(VM_PROGRAMS) $(BUILD)/guest/vmlinuz $(BUILD)/guest/initrd.img \
		$(BUILD)/guest/virtio_initrd.img
	@echo "  PAYLOAD $@"
	@$(HOST_BUILD)/bin/skyscope build --quiet --kernel-image $(BUILD)/kernel.elf --search-path $(FAILING) \
		$(SYSTEM_SEARCH_PATH:%=--search-path %) --output $@ $<
$(FAILING)/payload.bin: $(FAILING)/payload.unsigned $(HOST_BUILD)/keys/system.trust
	$(call sign,$<,$@)
SYSTEM_TEST_NEEDS += $(FAILING)/payload.bin
