# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,device_irqs_edu,systems/device_irqs/edu.c $(REPORT_SOURCES))
$(call system,device_irqs,$(BUILD)/programs/device_irqs_edu.elf)
