# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,vcpu_check_bystander,systems/vcpu_check/arch/$(ARCH)/bystander.c)
$(call vm_system,vcpu_check,$(GUEST)/vcpu_check.bin $(GUEST)/vcpu_check2.bin $(BUILD)/programs/vcpu_check_bystander.elf)
