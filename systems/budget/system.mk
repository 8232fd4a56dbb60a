# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,budget_counter,systems/budget/counter.c)
$(call pd_program,budget_observer,systems/budget/observer.c $(REPORT_SOURCES))
$(call system,budget,$(addprefix $(BUILD)/programs/budget_,counter.elf observer.elf))
