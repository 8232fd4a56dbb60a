/* SPDX-License-Identifier: BSD-2-Clause */
/* Which TPM there is, and how to talk to it. */
#include <loader/tpm.h>

#include <base/format.h>
#include <base/memory.h>

/* Locality 0 of every TPM with registers in memory (PTP 1.05, section 6.3). */
#define TPM_ADDRESS       0xfed40000ull
#define LOCALITY_SIZE     0x1000u
#define INTERFACE_ID      0x30u
#define VENDOR_ID         0xf00u
#define CONTROL_AREA      0x40u
#define INTERFACE_TYPE(i) ((i)&0xfu)

/* Types in the interface identifier (PTP 1.05, table 25). */
enum interface_type { TYPE_FIFO = 0, TYPE_CRB = 1, TYPE_TIS_1_3 = 15 };

/* TCG ACPI Specification 1.4, table 8. */
enum start_method {
    START_ACPI = 2,
    START_FIFO = 6,
    START_CRB = 7,
    START_CRB_ACPI = 8,
    START_CRB_SMC = 11,
    START_FIFO_I2C = 12,
};

bool tpm_fail(struct tpm *tpm, const char *format, ...)
{
    /* The first problem explains the others. */
    if (!tpm->broken) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(tpm->problem, sizeof(tpm->problem), format, arguments);
        va_end(arguments);
        tpm->broken = true;
    }
    return false;
}

bool tpm_wait(const struct tpm *tpm, uint64_t address, uint32_t width, uint32_t mask, uint32_t wanted,
              uint32_t microseconds)
{
    for (uint32_t waited = 0;; waited += TPM_POLL_US) {
        if ((tpm->access->read(tpm->access, address, width) & mask) == wanted) {
            return true;
        }
        if (waited >= microseconds) {
            return false;
        }
        tpm->access->delay(tpm->access, TPM_POLL_US);
    }
}

/* Where no table says anything: a register that only a TPM answers with a vendor's number. */
static void probe(struct tpm *tpm)
{
    if (!tpm->access->reach(tpm->access, TPM_ADDRESS, LOCALITY_SIZE)) {
        return;
    }
    uint32_t vendor = tpm->access->read(tpm->access, TPM_ADDRESS + VENDOR_ID, 4);
    uint32_t type = INTERFACE_TYPE(tpm->access->read(tpm->access, TPM_ADDRESS + INTERFACE_ID, 4));
    if (vendor == 0 || vendor == 0xffffffffu || (vendor & 0xffffu) == 0xffffu) {
        return;
    }
    tpm->base = TPM_ADDRESS;
    tpm->interface = type == TYPE_CRB                            ? HARDWARE_TPM_CRB
                     : type == TYPE_FIFO || type == TYPE_TIS_1_3 ? HARDWARE_TPM_FIFO
                                                                 : HARDWARE_TPM_NONE;
}

static void use_table(struct tpm *tpm, uint32_t start_method, uint64_t control_area)
{
    switch (start_method) {
    case START_FIFO:
        /* Only machines whose TPM is elsewhere tell where (QEMU's for AArch64). */
        tpm->interface = HARDWARE_TPM_FIFO;
        tpm->base = control_area != 0 && control_area % LOCALITY_SIZE == 0 ? control_area : TPM_ADDRESS;
        break;
    case START_CRB:
        /* The table gives the control area, which follows the locality's registers. */
        if (control_area < CONTROL_AREA) {
            (void)tpm_fail(tpm, "the ACPI table TPM2 gives no control area");
            return;
        }
        tpm->interface = HARDWARE_TPM_CRB;
        tpm->base = control_area - CONTROL_AREA;
        break;
    case START_ACPI:
    case START_CRB_ACPI:
        (void)tpm_fail(tpm, "it is started by an ACPI method (start method %u), which the loader cannot run",
                       start_method);
        return;
    case START_CRB_SMC:
    case START_FIFO_I2C:
    default:
        (void)tpm_fail(tpm, "its start method %u is not supported", start_method);
        return;
    }
    if (tpm->base % LOCALITY_SIZE != 0 || !tpm->access->reach(tpm->access, tpm->base, LOCALITY_SIZE)) {
        tpm->interface = HARDWARE_TPM_NONE;
        (void)tpm_fail(tpm, "its registers at 0x%llx cannot be reached", (unsigned long long)tpm->base);
    }
}

bool tpm_open(struct tpm *tpm, const struct tpm_access *access, const struct hardware_info *hardware)
{
    memset(tpm, 0, sizeof(*tpm));
    tpm->access = access;
    if (hardware->tpm_start_method != 0) {
        use_table(tpm, hardware->tpm_start_method, hardware->tpm_control_area);
    } else {
        probe(tpm);
    }
    if (tpm->interface == HARDWARE_TPM_NONE) {
        return tpm_fail(tpm, "there is none");
    }
    bool started = tpm->interface == HARDWARE_TPM_FIFO ? tpm_fifo_start(tpm) : tpm_crb_start(tpm);
    if (!started) {
        return false;
    }
    uint32_t result = tpm_startup(tpm);
    if (result != TPM_OK) {
        (void)tpm_fail(tpm, "it cannot be started: %s", tpm_result_text(tpm, result));
        tpm_close(tpm);
        return false;
    }
    return true;
}

void tpm_close(struct tpm *tpm)
{
    if (tpm->interface == HARDWARE_TPM_FIFO) {
        tpm_fifo_stop(tpm);
    } else if (tpm->interface == HARDWARE_TPM_CRB) {
        tpm_crb_stop(tpm);
    }
    (void)tpm_fail(tpm, "it is closed");
}
