# SPDX-License-Identifier: BSD-2-Clause
EXPORT_SYSTEM := $(BUILD)/systems/export
# Its private half lies beside it, for the test that opens what the machine exports.
$(EXPORT_SYSTEM)/operator.pub: | $(HOST_BUILD)/bin/skyscope
	@mkdir -p $(@D)
	@rm -f $(@D)/operator.key
	@$(HOST_BUILD)/bin/skyscope keygen --quiet --operator --development $(@D)
# A guest that ends by itself.
EXPORT_GUEST_x86_64 := hostile_triple_fault
EXPORT_GUEST_aarch64 := hostile_power_off
$(call vm_system,export,$(GUEST)/$(EXPORT_GUEST_$(ARCH)).bin $(EXPORT_SYSTEM)/operator.pub)
