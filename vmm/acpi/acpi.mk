# SPDX-License-Identifier: BSD-2-Clause
# The DSDT: ASL to AML (iasl) to the bytes of a C array. vmm/build.mk includes this file.

DSDT_BYTES := $(HOST_BUILD)/acpi/dsdt_bytes.inc
LINT_NEEDS += $(DSDT_BYTES)

$(HOST_BUILD)/acpi/dsdt.aml: vmm/acpi/dsdt.asl vmm/include/vmm/devices/pc_map.h
	@mkdir -p $(@D)
	@echo "  ASL $<"
	@iasl -ve -we -I vmm/include/vmm/devices -p $(basename $@) $< > $@.log || { cat $@.log >&2; exit 1; }

$(DSDT_BYTES): $(HOST_BUILD)/acpi/dsdt.aml
	@od -An -v -tx1 $< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g' > $@

CFLAGS_vmm_acpi_dsdt := -I$(HOST_BUILD)/acpi
$(foreach kind,pd host unit fuzz,$(call objects,$(kind),vmm/acpi/dsdt.c)): $(DSDT_BYTES)
