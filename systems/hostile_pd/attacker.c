/* SPDX-License-Identifier: BSD-2-Clause */
/* Tries one thing that a program must not be able to do. The digits at the end of
 * its name say which. */
#include <skyscope.h>
#include <stdint.h>

#include <attacks.h>

static const char constant[] = "constant";

static void stay_for_ever(const char *why)
{
    for (;;) {
        microkit_dbg_puts(why);
    }
}

#include <attacks_arch.h>

static void read_kernel(void)
{
    (void)*(volatile uint64_t *)KERNEL_ADDRESS;
}

static void write_kernel(void)
{
    *(volatile uint64_t *)(KERNEL_ADDRESS + 0x1000) = 0;
}

static void read_all_ones(void)
{
    (void)*(volatile uint8_t *)0xffffffffffffffffull;
}

static void write_own_code(void)
{
    *(volatile uint8_t *)(uintptr_t)write_own_code = 0xc3;
}

static void write_own_constants(void)
{
    *(volatile char *)(uintptr_t)constant = 'C';
}

static void write_below_program(void)
{
    *(volatile uint64_t *)0x1ff000 = 0;
}

static void unknown_system_calls(void)
{
    static const uint64_t numbers[] = {SYSCALL_COUNT, 255,        0x100000000ull, 0xffffffffull,
                                       ~0ull,         1ull << 63, OUTSIDE_ADDRESS};
    static const uint64_t arguments[6] = {0};
    for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (raw_system_call(numbers[i], arguments) != (uint64_t)-SKYSCOPE_NO_SUCH_CALL) {
            stay_for_ever("WRONG an unknown system call did something\n");
        }
    }
}

static uint64_t random_state = 88172645463325252ull;

static uint64_t random_word(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Small, huge, an address, or random bits. */
static uint64_t random_argument(void)
{
    static const uint64_t interesting[] = {KERNEL_ADDRESS, OUTSIDE_ADDRESS, ~0ull, STACK_ADDRESS, 62, 63, 64,
                                           1ull << 63};
    uint64_t choice = random_word() % 4;
    return choice == 0   ? random_word() % 70
           : choice == 1 ? interesting[random_word() % 8]
           : choice == 2 ? 1ull << random_word() % 64
                         : random_word();
}

static void random_system_calls(void)
{
    for (unsigned int i = 0; i < 20000; i++) {
        uint64_t arguments[6];
        for (unsigned int j = 0; j < 6; j++) {
            arguments[j] = random_argument();
        }
        uint64_t number = random_word() % 24;
        bool waits = number == SYSCALL_RECV || number == SYSCALL_REPLY_RECV || number == SYSCALL_SEND_RECV;
        bool writes = number == SYSCALL_DEBUG_WRITE && arguments[1] <= 32;
        if (waits || writes) {
            continue;
        }
        seL4_GetIPCBuffer()->msg[random_word() % 120] = arguments[0];
        (void)raw_system_call(number, arguments);
    }
}

static void storm_of_faults(void)
{
    for (unsigned int i = 0; i < 3000; i++) {
        seL4_Yield();
        *(volatile uint8_t *)STACK_ADDRESS = (uint8_t)i; /* its own stack: allowed */
    }
}

/* --- */

#define FUNCTION(function, expectation) function,
static void (*const attacks[])(void) = {ATTACKS(FUNCTION)};

void init(void)
{
    /* attack_NN */
    unsigned int number = (unsigned int)(microkit_name[7] - '0') * 10 + (unsigned int)(microkit_name[8] - '0');
    if (number < sizeof(attacks) / sizeof(attacks[0])) {
        attacks[number]();
    }
    end_unharmed();
}

void notified(microkit_channel ch)
{
    (void)ch;
}
