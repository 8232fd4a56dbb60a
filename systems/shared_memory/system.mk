# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,shared_memory_writer,systems/shared_memory/writer.c $(REPORT_SOURCES))
$(call pd_program,shared_memory_reader,systems/shared_memory/reader.c $(REPORT_SOURCES))
$(BUILD)/systems/shared_memory/shared_memory_prefill.txt: systems/shared_memory/prefill.txt
	@mkdir -p $(@D)
	@cp $< $@
$(call system,shared_memory,$(BUILD)/systems/shared_memory/shared_memory_prefill.txt \
	$(addprefix $(BUILD)/programs/shared_memory_,writer.elf reader.elf))
