# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,hostile_pd_parent,systems/hostile_pd/parent.c $(REPORT_SOURCES))
$(call pd_program,hostile_pd_attacker,systems/hostile_pd/attacker.c)
$(call pd_program,hostile_pd_innocent,systems/hostile_pd/innocent.c)
$(call system,hostile_pd,$(addprefix $(BUILD)/programs/hostile_pd_,parent.elf attacker.elf innocent.elf))
