# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,timer,systems/timer/timer.c $(REPORT_SOURCES))
$(call system,timer,$(BUILD)/programs/timer.elf)
