# SPDX-License-Identifier: BSD-2-Clause
$(call pd_program,hello,systems/hello/hello.c)
$(call system,hello,$(BUILD)/programs/hello.elf)
