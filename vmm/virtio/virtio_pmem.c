/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/virtio/virtio_pmem.h>

#include <stddef.h>

#include <base/memory.h>

#include <vmm/vm.h>

#define REQUEST_FLUSH 0u
#define ANSWER_DONE   0u
#define ANSWER_FAILED 1u
#define ALIGNMENT     0x200000u

/* False if there is no room for the answer. */
static bool answer(const struct virtqueue_chain *chain)
{
    uint32_t request;
    bool whole = virtqueue_chain_read(chain, 0, &request, sizeof(request)) == sizeof(request);
    uint32_t status = whole && request == REQUEST_FLUSH ? ANSWER_DONE : ANSWER_FAILED;
    return virtqueue_chain_write(chain, 0, &status, sizeof(status)) == sizeof(status);
}

static void queue_notified(void *context, uint32_t index)
{
    struct virtio_pmem *pmem = context;
    struct virtqueue *queue = &pmem->device.queues[index];
    struct virtqueue_chain chain = {.segments = pmem->segments, .capacity = PMEM_SEGMENTS};
    do {
        virtqueue_want_notification(queue, false);
        while (virtqueue_pop(queue, &chain) == VIRTQUEUE_CHAIN) {
            if (!answer(&chain)) {
                virtio_fail(&pmem->device, "a request without room for its answer");
                return;
            }
            virtqueue_push(queue, chain.id, chain.slots, sizeof(uint32_t));
        }
    } while (virtqueue_want_notification(queue, true));
    virtqueue_flush(queue);
}

static void reset(void *context)
{
    (void)context; /* it keeps nothing */
}

static const struct virtio_ops ops = {
    .type = VIRTIO_TYPE_PMEM,
    .name = "pmem",
    .queue_notified = queue_notified,
    .reset = reset,
};

/* --- Accesses that the hardware does not carry out: writes, and reads of instructions that are emulated --- */

static uint64_t content_read(void *context, uint64_t offset, uint32_t width)
{
    const struct virtio_pmem *pmem = context;
    uint64_t value = 0;
    memcpy(&value, pmem->content + offset, width); /* within the range, as the bus says */
    return value;
}

static void content_write(void *context, uint64_t offset, uint32_t width, uint64_t value)
{
    struct virtio_pmem *pmem = context;
    (void)width;
    (void)value;
    log_guest_error(pmem->device.vm, &pmem->device.limit, pmem->device.name,
                    "a write to 0x%llx of an image, which is read-only, is lost", (unsigned long long)offset);
}

static const struct bus_ops content_ops = {.read = content_read, .write = content_write};

const char *virtio_pmem_init(struct virtio_pmem *pmem, struct vm *vm, const struct vm_device_config *config)
{
    memset(pmem, 0, sizeof(*pmem));
    pmem->config = (struct virtio_pmem_config){.start = config->pmem.gpa, .size = config->pmem.size};
    pmem->content = (const uint8_t *)(uintptr_t)config->pmem.address;
    uint64_t end = pmem->config.start + pmem->config.size;
    if (pmem->content == NULL || pmem->config.size == 0 || (pmem->config.start | pmem->config.size) % ALIGNMENT != 0 ||
        end < pmem->config.start) {
        return "configuration: bad place of an image in memory";
    }
    for (uint32_t i = 0; i < vm->memory.count; i++) {
        const struct vm_ram_range *range = &vm->memory.ranges[i];
        if (pmem->config.start < range->gpa + range->size && range->gpa < end) {
            return "configuration: an image in memory where RAM is";
        }
    }
    virtio_device_init(&pmem->device, &ops, pmem, vm, config->name, VIRTIO_F_IN_ORDER, &pmem->config,
                       sizeof(pmem->config));
    if (virtio_add_queue(&pmem->device, PMEM_QUEUE_SIZE) != 0 ||
        bus_register(&vm->memory_bus, pmem->config.start, pmem->config.size, &content_ops, pmem, "image") != 0 ||
        !guest_add_image(&vm->memory, GPA(pmem->config.start), pmem->content, pmem->config.size)) {
        return "no room for an image";
    }
    return NULL;
}

static const char *create(struct vm *vm, const struct vm_device_config *config, struct virtio_device **device)
{
    _Static_assert(sizeof(struct virtio_pmem) <= VM_WORKSPACE_PMEM, "it has to fit");
    struct virtio_pmem *pmem = device_allocate(vm, sizeof(*pmem));
    if (pmem == NULL) {
        return "configuration: the workspace of the devices is too small";
    }
    *device = &pmem->device;
    return virtio_pmem_init(pmem, vm, config);
}

const struct device_kind virtio_pmem_kind = {.kind = VM_DEVICE_PMEM, .create = create};
