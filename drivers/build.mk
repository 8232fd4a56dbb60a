# SPDX-License-Identifier: BSD-2-Clause
# User-mode device drivers: one program each.

SERIAL_UART_x86_64 := drivers/serial/uart_16550.c
SERIAL_UART_aarch64 := drivers/serial/uart_pl011.c
$(call pd_program,serial_driver,drivers/serial/serial_driver.c drivers/serial/arch/@ARCH@/registers.c \
	$(SERIAL_UART_$(ARCH)))

CFLAGS_tests_unit_drivers_uart_16550_test := -Idrivers/serial
$(call unit_test,uart_16550_test,tests/unit/drivers/uart_16550_test.c drivers/serial/uart_16550.c)
CFLAGS_tests_unit_drivers_uart_pl011_test := -Idrivers/serial
$(call unit_test_aarch64,uart_pl011_test,tests/unit/drivers/uart_pl011_test.c drivers/serial/uart_pl011.c)

# The timer service of systems on seL4.
CFLAGS_tests_unit_drivers_timeouts_test := -Idrivers/timer
$(call unit_test,timeouts_test,tests/unit/drivers/timeouts_test.c drivers/timer/timeouts.c)
CFLAGS_tests_unit_drivers_pc_timers_test := -Idrivers/timer/arch/x86_64 -idirafter tests/unit/vmm/sel4_x86_64/include
CFLAGS_drivers_timer_arch_x86_64_pit := -idirafter tests/unit/vmm/sel4_x86_64/include
$(call unit_test,pc_timers_test,tests/unit/drivers/pc_timers_test.c drivers/timer/arch/x86_64/hpet.c \
	drivers/timer/arch/x86_64/pit.c)
