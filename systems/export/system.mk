# SPDX-License-Identifier: BSD-2-Clause
EXPORT_SYSTEM := $(BUILD)/systems/export
# Its private half lies beside it, for the test that opens what the machine exports.
$(EXPORT_SYSTEM)/operator.pub: | $(HOST_BUILD)/bin/skyscope
	@mkdir -p $(@D)
	@rm -f $(@D)/operator.key
	@$(HOST_BUILD)/bin/skyscope keygen --quiet --operator --development $(@D)
$(call vm_system,export,$(GUEST)/hostile_triple_fault.bin $(EXPORT_SYSTEM)/operator.pub)
