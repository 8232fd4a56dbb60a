# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,device_dma_edu,systems/device_dma/edu.c $(REPORT_SOURCES))
$(call system,device_dma,$(BUILD)/programs/device_dma_edu.elf)
