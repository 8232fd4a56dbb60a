/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is asked for random numbers, and what the answers count for: of the
 * processor, the firmware and the TPM, whose generators nobody here can look into,
 * half of the bits. The boot loader's seed counts in full: to be that is its only purpose
 * (device tree bindings, /chosen), and who starts the loader is trusted with more.
 * kaslr-seed may have been used already. Time may be predictable to anybody.
 */
#include <loader/entropy.h>

#include <crypto/wipe.h>
#include <loader/log.h>
#include <loader/machine.h>

#define CPU_BYTES      128u
#define TPM_BYTES      64u
#define TIMING_SAMPLES 64u

static void ask_processor(struct entropy *entropy)
{
    uint8_t bytes[CPU_BYTES];
    if (cpu_entropy(bytes, sizeof(bytes))) {
        entropy_add(entropy, HARDWARE_ENTROPY_CPU, bytes, sizeof(bytes), CREDIT_HALF);
        entropy->instruction = true;
    }
    secret_wipe(bytes, sizeof(bytes));
}

static void ask_tpm(struct entropy *entropy, struct tpm *tpm)
{
    uint8_t bytes[TPM_BYTES];
    if (tpm->interface == HARDWARE_TPM_NONE || tpm->broken) {
        return;
    }
    uint32_t result = tpm_random(tpm, bytes, sizeof(bytes));
    if (result == TPM_OK) {
        entropy_add(entropy, HARDWARE_ENTROPY_TPM, bytes, sizeof(bytes), CREDIT_HALF);
    } else {
        log_warning("TPM: it gives no random numbers: %s", tpm_result_text(tpm, result));
    }
    secret_wipe(bytes, sizeof(bytes));
}

/* How long it takes to look at the clock, and how long signatures and hashes took. */
static void add_timing(struct entropy *entropy, const struct hardware_info *hardware)
{
    uint64_t samples[TIMING_SAMPLES + 2];
    for (uint32_t i = 0; i < TIMING_SAMPLES; i++) {
        samples[i] = cycle_counter();
    }
    samples[TIMING_SAMPLES] = hardware->hash_cycles;
    samples[TIMING_SAMPLES + 1] = hardware->verification.signature_cycles;
    entropy_add(entropy, HARDWARE_ENTROPY_TIMING, samples, sizeof(samples), CREDIT_NONE);
}

static void report(const struct hardware_entropy *found)
{
    char names[ENTROPY_TEXT_SIZE];
    entropy_source_names(found->sources, names);
    if (found->credited >= SEED_ENOUGH_BITS) {
        loader_print("loader: random numbers: %u bits, from: %s\n", found->credited, names);
    } else {
        log_warning("no random numbers for programs and guests: %u bits were found (%s), %u are needed",
                    found->credited, names[0] == '\0' ? "nobody has any" : names, SEED_ENOUGH_BITS);
    }
}

void entropy_collect(struct entropy *entropy, struct tpm *tpm, struct hardware_info *hardware)
{
    entropy_start(entropy);
    ask_processor(entropy);
    boot_source_entropy(entropy);
    ask_tpm(entropy, tpm);
    add_timing(entropy, hardware);
    entropy_add(entropy, HARDWARE_ENTROPY_MACHINE, &hardware->wall_clock, sizeof(hardware->wall_clock), CREDIT_NONE);
    entropy_add(entropy, HARDWARE_ENTROPY_MACHINE, hardware->payload_hash, sizeof(hardware->payload_hash), CREDIT_NONE);
    entropy_finish(entropy);
    hardware->entropy = entropy->found;
    report(&entropy->found);
}
