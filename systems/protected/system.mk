# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,protected_client,systems/protected/client.c $(REPORT_SOURCES))
$(call pd_program,protected_relay,systems/protected/relay.c)
$(call pd_program,protected_doubler,systems/protected/doubler.c)
$(call system,protected,$(addprefix $(BUILD)/programs/protected_,client.elf relay.elf doubler.elf))
