# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,passive_server,systems/passive/server.c $(REPORT_SOURCES))
$(call pd_program,passive_client,systems/passive/client.c $(REPORT_SOURCES))
$(call pd_program,passive_watcher,systems/passive/watcher.c)
$(call system,passive,$(addprefix $(BUILD)/programs/passive_,server.elf client.elf watcher.elf))
