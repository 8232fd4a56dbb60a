# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,mistakes_parent,systems/mistakes/parent.c $(REPORT_SOURCES))
$(call pd_program,mistakes_mistaken,systems/mistakes/mistaken.c $(REPORT_SOURCES))
$(call pd_program,mistakes_unfinished,systems/mistakes/unfinished.c)
$(call pd_program,mistakes_overflow,systems/mistakes/overflow.c)
$(call system,mistakes,$(addprefix $(BUILD)/programs/mistakes_,parent.elf mistaken.elf unfinished.elf overflow.elf))
