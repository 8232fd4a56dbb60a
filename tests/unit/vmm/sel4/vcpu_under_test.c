/* SPDX-License-Identifier: BSD-2-Clause */
/* The same file is compiled for the target with an SDK's headers; here with the fake ones. */
#include "../../../../vmm/hv/sel4/vcpu_aarch64.c"
