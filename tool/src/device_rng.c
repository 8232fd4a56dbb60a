/* SPDX-License-Identifier: BSD-2-Clause */
/* <rng>: random numbers for a VM. */
#include "expand.h"
#include <tool/xml_reader.h>

static void parse(struct system *system, xmlNodePtr node, struct vm_element *vm, struct vm_device *device)
{
    (void)vm;
    struct rng_device *rng = ARENA_NEW(&system->arena, struct rng_device);
    device->details = rng;
    check_empty(system, node);
    if (size_attribute(system, node, "bandwidth", &rng->bytes_per_second) && rng->bytes_per_second == 0) {
        report_error(&system->diagnostics, device->line,
                     "<rng> bandwidth=\"0\" would give nothing; leave it out for no limit, or give bytes per second");
    }
}

static void expand(struct device_expansion *expansion, const struct vm_device *device, struct vm_device_config *config)
{
    (void)expansion;
    const struct rng_device *rng = device->details;
    config->rng.bytes_per_second = rng->bytes_per_second;
}

static const char *const attributes[] = {"name", "bus", "bandwidth", NULL};

const struct vm_device_type rng_device_type = {
    .element = "rng",
    .kind = VM_DEVICE_RNG,
    .workspace = VM_WORKSPACE_RNG,
    .attributes = attributes,
    .parse = parse,
    .expand = expand,
};
