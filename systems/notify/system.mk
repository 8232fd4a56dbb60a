# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,notify_high,systems/notify/high.c $(REPORT_SOURCES))
$(call pd_program,notify_low,systems/notify/low.c $(REPORT_SOURCES))
$(call system,notify,$(addprefix $(BUILD)/programs/notify_,high.elf low.elf))
