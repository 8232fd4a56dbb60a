# SPDX-License-Identifier: BSD-2-Clause
$(call system,bench_pd,$(BUILD)/programs/bench_sender.elf $(BUILD)/programs/bench_receiver.elf $(BUILD)/programs/bench_server.elf)
