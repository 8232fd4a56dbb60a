# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,ioport_irq_pit,systems/ioport_irq/pit.c $(REPORT_SOURCES))
$(call pd_program,ioport_irq_outside,systems/ioport_irq/outside.c)
$(call system,ioport_irq,$(addprefix $(BUILD)/programs/ioport_irq_,pit.elf outside.elf))
