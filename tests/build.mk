# SPDX-License-Identifier: BSD-2-Clause
# Unit tests of base/, and what all system tests share. The other rooms' unit
# tests are listed in their own build.mk.

CFLAGS_tests_unit_base_memory_test := -Itests/unit/base/@ARCH@
$(call unit_test,base_memory,tests/unit/base/memory_test.c)
$(call unit_test_aarch64,base_memory,tests/unit/base/memory_test.c)
$(call unit_test,base_format,tests/unit/base/format_test.c)

include tests/interop/build.mk
