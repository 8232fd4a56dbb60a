# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,two_cpus_parent,systems/two_cpus/parent.c $(REPORT_SOURCES))
$(call pd_program,two_cpus_spinner,systems/two_cpus/spinner.c)
$(call pd_program,two_cpus_echo,systems/two_cpus/echo.c)
$(call system,two_cpus,$(addprefix $(BUILD)/programs/two_cpus_,parent.elf spinner.elf echo.elf))
