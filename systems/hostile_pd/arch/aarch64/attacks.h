/* SPDX-License-Identifier: BSD-2-Clause */
/* What the attackers try, by the number in their names, and what must come of it. */
#pragma once

#include <stdbool.h>

#include <microkit.h>

/* Expectation: an exception of that class (ESR_ELx.EC), or a memory fault. Attackers
 * that end unharmed say so with a BRK of their own. */
#define MEMORY_FAULT 100
/* Class 0 or 0x18: either is right for a register or instruction that is not EL0's. */
#define UNDEFINED    101
#define SURVIVES     102
#define UNHARMED     0x5afe
/* Class 0x26, or, in QEMU, which does not check the stack pointer, unharmed. */
#define STACK_FAULT  103

/* ATTACK(function, expectation), in the order of the numbers. */
#define ATTACKS(ATTACK)                                                                                                \
    ATTACK(hypercall, UNDEFINED)                                                                                       \
    ATTACK(secure_monitor_call, UNDEFINED)                                                                             \
    ATTACK(exception_return, UNDEFINED)                                                                                \
    ATTACK(mask_interrupts, UNDEFINED)                                                                                 \
    ATTACK(select_stack, UNDEFINED)                                                                                    \
    ATTACK(read_current_level, UNDEFINED)                                                                              \
    ATTACK(read_identification, UNDEFINED)                                                                             \
    ATTACK(write_system_control, UNDEFINED)                                                                            \
    ATTACK(write_translation_base, UNDEFINED)                                                                          \
    ATTACK(write_vectors, UNDEFINED)                                                                                   \
    ATTACK(write_coprocessor_access, UNDEFINED)                                                                        \
    ATTACK(write_read_only_thread_register, UNDEFINED)                                                                 \
    ATTACK(write_hypervisor_control, UNDEFINED)                                                                        \
    ATTACK(write_stage_2_base, UNDEFINED)                                                                              \
    ATTACK(write_hypervisor_vectors, UNDEFINED)                                                                        \
    ATTACK(write_counter_offset, UNDEFINED)                                                                            \
    ATTACK(write_virtual_timer, UNDEFINED)                                                                             \
    ATTACK(write_physical_timer, UNDEFINED)                                                                            \
    ATTACK(write_debug_control, UNDEFINED)                                                                             \
    ATTACK(read_performance_counter, UNDEFINED)                                                                        \
    ATTACK(acknowledge_interrupt, UNDEFINED)                                                                           \
    ATTACK(send_interrupts, UNDEFINED)                                                                                 \
    ATTACK(invalidate_translations, UNDEFINED)                                                                         \
    ATTACK(invalidate_cache_by_set, UNDEFINED)                                                                         \
    ATTACK(invalidate_cache_line, UNDEFINED)                                                                           \
    ATTACK(breakpoint, 0x3c)                                                                                           \
    ATTACK(invalid_instruction, 0)                                                                                     \
    ATTACK(jump_to_outside, MEMORY_FAULT)                                                                              \
    ATTACK(jump_to_kernel, MEMORY_FAULT)                                                                               \
    ATTACK(jump_between_instructions, 0x22)                                                                            \
    ATTACK(push_on_misaligned_stack, STACK_FAULT)                                                                      \
    ATTACK(read_kernel, MEMORY_FAULT)                                                                                  \
    ATTACK(write_kernel, MEMORY_FAULT)                                                                                 \
    ATTACK(read_all_ones, MEMORY_FAULT)                                                                                \
    ATTACK(write_own_code, MEMORY_FAULT)                                                                               \
    ATTACK(write_own_constants, MEMORY_FAULT)                                                                          \
    ATTACK(run_data, MEMORY_FAULT)                                                                                     \
    ATTACK(run_stack, MEMORY_FAULT)                                                                                    \
    ATTACK(exhaust_stack, MEMORY_FAULT)                                                                                \
    ATTACK(write_below_program, MEMORY_FAULT)                                                                          \
    ATTACK(write_across_the_end_of_the_stack, MEMORY_FAULT)                                                            \
    ATTACK(fault_with_bad_stack, MEMORY_FAULT)                                                                         \
    ATTACK(system_call_with_bad_stack, SURVIVES)                                                                       \
    ATTACK(system_call_with_immediate, SURVIVES)                                                                       \
    ATTACK(unknown_system_calls, SURVIVES)                                                                             \
    ATTACK(random_system_calls, SURVIVES)                                                                              \
    ATTACK(write_thread_register, SURVIVES)                                                                            \
    ATTACK(storm_of_faults, SURVIVES)

static inline bool attack_ended_as_expected(unsigned int expectation, microkit_msginfo info)
{
    if (microkit_msginfo_get_label(info) != seL4_Fault_UserException) {
        return expectation == MEMORY_FAULT && microkit_msginfo_get_label(info) == seL4_Fault_VMFault;
    }
    const seL4_Word syndrome = microkit_mr_get(seL4_UserException_Number);
    const seL4_Word exception_class = syndrome >> 26 & 0x3f;
    const bool unharmed = exception_class == 0x3c && (syndrome & 0xffff) == UNHARMED;
    switch (expectation) {
    case UNDEFINED:
        return exception_class == 0 || exception_class == 0x18;
    case SURVIVES:
        return unharmed;
    case STACK_FAULT:
        return unharmed || exception_class == 0x26;
    default:
        return exception_class == expectation && !unharmed;
    }
}
