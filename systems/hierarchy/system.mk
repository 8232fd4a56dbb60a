# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,hierarchy_parent,systems/hierarchy/parent.c $(REPORT_SOURCES))
$(call pd_program,hierarchy_crasher,systems/hierarchy/crasher.c $(REPORT_SOURCES))
$(call pd_program,hierarchy_worker,systems/hierarchy/worker.c)
$(call pd_program,hierarchy_starter,systems/hierarchy/starter.c)
$(call system,hierarchy,$(addprefix $(BUILD)/programs/hierarchy_,parent.elf crasher.elf worker.elf starter.elf))
