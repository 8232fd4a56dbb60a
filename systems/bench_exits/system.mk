# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,bench_exits,$(GUEST)/bench_exits.bin)
