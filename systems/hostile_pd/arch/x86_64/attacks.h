/* SPDX-License-Identifier: BSD-2-Clause */
/* What the attackers try, by the number in their names, and what must come of it. */
#pragma once

#include <stdbool.h>

#include <microkit.h>

/* Expectation: an exception of that vector, or a memory fault. Attackers that end
 * unharmed say so with UD2, vector 6. */
#define MEMORY_FAULT 100
/* Vector 12; an emulator may say 13. */
#define STACK_FAULT  101
/* Vector 13; QEMU before 9.1 reads the stack as the kernel would, which SMAP forbids. */
#define BAD_RETURN   102
#define SURVIVES     6

/* ATTACK(function, expectation), in the order of the numbers. */
#define ATTACKS(ATTACK)                                                                                                \
    ATTACK(halt, 13)                                                                                                   \
    ATTACK(disable_interrupts, 13)                                                                                     \
    ATTACK(read_control_register, 13)                                                                                  \
    ATTACK(write_control_register, 13)                                                                                 \
    ATTACK(read_msr, 13)                                                                                               \
    ATTACK(write_msr, 13)                                                                                              \
    ATTACK(use_port, 13)                                                                                               \
    ATTACK(load_gdt, 13)                                                                                               \
    ATTACK(load_idt, 13)                                                                                               \
    ATTACK(load_task, 13)                                                                                              \
    ATTACK(invalidate_page, 13)                                                                                        \
    ATTACK(write_debug_register, 13)                                                                                   \
    ATTACK(return_from_system_call, 13)                                                                                \
    ATTACK(swap_gs, 13)                                                                                                \
    ATTACK(run_guest, 13)                                                                                              \
    ATTACK(set_xcr, 13)                                                                                                \
    ATTACK(software_interrupt, 13)                                                                                     \
    ATTACK(software_nmi, 13)                                                                                           \
    ATTACK(software_double_fault, 13)                                                                                  \
    ATTACK(bad_segment, 13)                                                                                            \
    ATTACK(far_return_to_kernel_segment, BAD_RETURN)                                                                   \
    ATTACK(interrupt_return_to_kernel_segment, BAD_RETURN)                                                             \
    ATTACK(breakpoint, 3)                                                                                              \
    ATTACK(divide_by_zero, 0)                                                                                          \
    ATTACK(invalid_instruction, 6)                                                                                     \
    ATTACK(jump_to_non_canonical, 13)                                                                                  \
    ATTACK(read_non_canonical, 13)                                                                                     \
    ATTACK(push_to_non_canonical, STACK_FAULT)                                                                         \
    ATTACK(read_kernel, MEMORY_FAULT)                                                                                  \
    ATTACK(write_kernel, MEMORY_FAULT)                                                                                 \
    ATTACK(jump_to_kernel, MEMORY_FAULT)                                                                               \
    ATTACK(read_all_ones, MEMORY_FAULT)                                                                                \
    ATTACK(write_own_code, MEMORY_FAULT)                                                                               \
    ATTACK(write_own_constants, MEMORY_FAULT)                                                                          \
    ATTACK(run_data, MEMORY_FAULT)                                                                                     \
    ATTACK(run_stack, MEMORY_FAULT)                                                                                    \
    ATTACK(exhaust_stack, MEMORY_FAULT)                                                                                \
    ATTACK(write_below_program, MEMORY_FAULT)                                                                          \
    ATTACK(fault_with_bad_stack, MEMORY_FAULT)                                                                         \
    ATTACK(system_call_with_bad_stack, SURVIVES)                                                                       \
    ATTACK(system_call_with_flags, SURVIVES)                                                                           \
    ATTACK(single_step, 1)                                                                                             \
    ATTACK(single_step_a_system_call, 1)                                                                               \
    ATTACK(unknown_system_calls, SURVIVES)                                                                             \
    ATTACK(random_system_calls, SURVIVES)                                                                              \
    ATTACK(write_segment_bases, SURVIVES)                                                                              \
    ATTACK(interrupt_flag_by_popf, SURVIVES)                                                                           \
    ATTACK(storm_of_faults, SURVIVES)

static inline bool attack_ended_as_expected(unsigned int expectation, microkit_msginfo info)
{
    bool memory_fault = microkit_msginfo_get_label(info) == seL4_Fault_VMFault;
    bool exception = microkit_msginfo_get_label(info) == seL4_Fault_UserException;
    seL4_Word vector = exception ? microkit_mr_get(seL4_UserException_Number) : 0;
    switch (expectation) {
    case MEMORY_FAULT:
        return memory_fault;
    case STACK_FAULT:
        return exception && (vector == 12 || vector == 13);
    case BAD_RETURN:
        return memory_fault || (exception && vector == 13);
    default:
        return exception && vector == expectation;
    }
}
