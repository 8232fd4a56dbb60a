/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TPM for tests: registers of both interfaces, and of the commands as much as
 * the loader uses. It can be told to misbehave.
 */
#pragma once

#include "support.h"

#include <loader/tpm.h>

#define FAKE_TPM_BASE      0xfed40000ull
#define FAKE_TPM_BUFFER    0xfed40080ull
#define FAKE_TPM_CAPACITY  0xf80u
#define FAKE_TPM_NV        20u
#define FAKE_TPM_MAX_BANKS 10u

/* How the registers misbehave. */
enum fake_fault {
    FAULT_NONE,
    FAULT_NOT_VALID,   /* the access or locality register never becomes valid */
    FAULT_NO_LOCALITY, /* locality 0 is never granted */
    FAULT_NEVER_READY, /* for a command */
    FAULT_BURST_ZERO,  /* for ever */
    FAULT_BURST_ZERO_RECEIVING /* only when the answer is read */,
    FAULT_EXPECTS_NO_MORE, /* too early */
    FAULT_EXPECTS_MORE,    /* after the end */
    FAULT_NO_ANSWER,
    FAULT_ANSWER_CUT,       /* fewer bytes than its header says */
    FAULT_ANSWER_TOO_LONG,  /* more bytes than its header says */
    FAULT_SIZE_HUGE,        /* the header says 0xffffffff */
    FAULT_SIZE_SMALL,       /* the header says 9 */
    FAULT_ERROR_STATUS,     /* command response buffer: the error bit */
    FAULT_NEVER_IDLE,       /* ditto */
    FAULT_BUFFER_ELSEWHERE, /* ditto: the buffer lies in usable memory */
    FAULT_BUFFER_SMALL,     /* ditto: it cannot hold a command */
    FAULT_ALL_ONES,         /* every register reads as all ones */
    FAULT_COUNT,
};

struct fake_nv {
    uint32_t handle; /* 0: none */
    uint32_t attributes, size;
    bool password; /* its password is not empty */
    uint8_t data[64];
};

struct fake_tpm {
    struct tpm_access access;
    uint32_t interface; /* enum hardware_tpm_interface */
    enum fake_fault fault;
    uint64_t time_us;
    /* commands */
    bool started;
    uint32_t commands;      /* that were answered */
    uint32_t patience;      /* how often each is first answered by patience_code */
    uint32_t patience_code; /* TPM_RC_RETRY, if 0 */
    uint32_t asked;
    uint32_t fail_at, fail_code; /* the fail_at-th command (from 1) is answered by a code; 0: none */
    /* Changes an answer before it goes out; may change *size. */
    void (*mangle)(struct fake_tpm *fake, uint32_t command_code, uint8_t *answer, uint32_t *size);
    uint32_t mangled_command, mangled_at; /* for the mangler's use */
    bool owner_password, hierarchy_off, nv_full, nv_forgets, wrong_digests;
    uint32_t bank_count;
    struct {
        uint16_t algorithm;
        uint32_t selected; /* PCRs */
    } banks[FAKE_TPM_MAX_BANKS];
    struct tpm_digest pcrs[FAKE_TPM_MAX_BANKS][24];
    struct fake_nv nv[FAKE_TPM_NV];
    uint32_t random_at_once, random_given; /* bytes that a command gives at most (0: 48), and gave so far */
    /* registers */
    bool locality, idle;
    enum { FAKE_IDLE, FAKE_READY, FAKE_RECEIVING, FAKE_ANSWERING } state;
    uint8_t command[TPM_BUFFER_SIZE], answer[TPM_BUFFER_SIZE + 64];
    uint32_t command_size, answer_size, answer_read;
    uint8_t memory[0x1000]; /* the buffer behind the registers */
};

/* A started TPM with banks SHA-1 (not allocated), SHA-256 and SHA-384. */
void fake_tpm_start(struct fake_tpm *fake, uint32_t interface);
/* As the machine's reset: locks are lifted, PCRs zero. */
void fake_tpm_reset(struct fake_tpm *fake);
/* Hardware information with the ACPI table of this TPM. */
struct hardware_info *fake_tpm_hardware(const struct fake_tpm *fake);
struct fake_nv *fake_tpm_nv(struct fake_tpm *fake, uint32_t handle);
