/* SPDX-License-Identifier: BSD-2-Clause */
/* The GIC's registers that tests access, by the names of the architecture specification: places and offsets. */
#pragma once

#include <skyscope/guest_aarch64.h>

#define GICD(offset)  (GUEST_GICD_BASE + (offset))
/* A redistributor's first and second page. */
#define GICR(vcpu)    (GUEST_GICR_BASE + (vcpu)*GUEST_GICR_SIZE_PER_VCPU)
#define PRIVATE(vcpu) (GICR(vcpu) + 0x10000)

/* Of the distributor; from IGROUPR to ICFGR, but for ITARGETSR, of a redistributor's second page as well. */
#define CTLR       0x000
#define TYPER      0x004
#define IGROUPR    0x080
#define ISENABLER  0x100
#define ICENABLER  0x180
#define ISPENDR    0x200
#define ICPENDR    0x280
#define ISACTIVER  0x300
#define ICACTIVER  0x380
#define IPRIORITYR 0x400
#define ITARGETSR  0x800
#define ICFGR      0xc00
#define SGIR       0xf00
#define CPENDSGIR  0xf10
#define SPENDSGIR  0xf20
#define IROUTER    0x6000

/* Of a redistributor's first page. */
#define GICR_TYPER     0x008
#define GICR_WAKER     0x014
#define GICR_PROPBASER 0x070
#define GICR_PENDBASER 0x078
