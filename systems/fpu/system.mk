# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,fpu_user,systems/fpu/user.c $(REPORT_SOURCES))
$(call pd_program,fpu_without,systems/fpu/without.c)
$(call pd_program,fpu_parent,systems/fpu/parent.c $(REPORT_SOURCES))
$(call system,fpu,$(addprefix $(BUILD)/programs/fpu_,user.elf without.elf parent.elf))
