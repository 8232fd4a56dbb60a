# SPDX-License-Identifier: BSD-2-Clause
STRESS_PROGRAMS := watchdog controller echo storm crasher client server backend spinner pinger flooder
$(foreach program,$(STRESS_PROGRAMS),\
	$(call pd_program,stress_$(program),systems/stress/$(program).c $(REPORT_SOURCES)))
$(call system,stress,$(STRESS_PROGRAMS:%=$(BUILD)/programs/stress_%.elf))
