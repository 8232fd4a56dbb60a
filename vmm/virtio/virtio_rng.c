/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/virtio/virtio_rng.h>

#include <vmm/entropy.h>
#include <vmm/hv.h>
#include <vmm/vm.h>

#define PIECE 256u

/* --- The limit: an allowance that grows with time, up to a second's worth --- */

static void refill(struct virtio_rng *rng, uint64_t now)
{
    uint64_t frequency = rng->device.vm->clock.frequency;
    uint64_t bytes = timer_scale(now - rng->refilled, rng->bytes_per_second, frequency);
    if (bytes >= rng->bytes_per_second - rng->allowance) {
        rng->allowance = rng->bytes_per_second;
        rng->refilled = now;
    } else {
        /* Only the time that made whole bytes is used up. */
        rng->allowance += bytes;
        rng->refilled += timer_scale(bytes, frequency, rng->bytes_per_second);
    }
}

/* Bytes of `wanted` that may be given now. */
static uint64_t allowed(struct virtio_rng *rng, uint64_t wanted)
{
    uint64_t most = wanted < RNG_LARGEST ? wanted : RNG_LARGEST;
    if (rng->bytes_per_second == 0) {
        return most;
    }
    refill(rng, hv_now());
    return rng->allowance < most ? rng->allowance : most;
}

/* --- Buffers --- */

/* Fills the chain with up to `size` bytes; how many there are. 0: this machine has no random numbers. */
static uint32_t fill(struct virtio_rng *rng, const struct virtqueue_chain *chain, uint64_t size)
{
    uint8_t piece[PIECE];
    uint64_t done = 0;
    while (done < size) {
        uint64_t part = size - done < PIECE ? size - done : PIECE;
        if (!vmm_entropy(rng->device.vm, piece, part)) {
            break;
        }
        done += virtqueue_chain_write(chain, done, piece, part);
    }
    rng->bytes_given += done;
    return (uint32_t)done;
}

/* Answers one buffer. False: there is none, or nothing to put in it. */
static bool answer(struct virtio_rng *rng, struct virtqueue *queue)
{
    struct virtqueue_chain chain = {.segments = rng->segments, .capacity = RNG_SEGMENTS};
    if (allowed(rng, 1) == 0 || virtqueue_pop(queue, &chain) != VIRTQUEUE_CHAIN) {
        return false;
    }
    if (chain.readable_count != 0) {
        virtio_fail(&rng->device, "a buffer to be read by a device that only gives");
        return false;
    }
    uint32_t given = fill(rng, &chain, allowed(rng, chain.writable_length));
    if (given == 0) {
        return false; /* the buffer is kept: it will never be filled, which is what the driver is to see */
    }
    if (rng->bytes_per_second != 0) {
        rng->allowance -= given;
    }
    virtqueue_push(queue, chain.id, chain.slots, given);
    return true;
}

/* Answers what is there, a queue full at most. If there is more, or nothing may be given yet, the timer goes on. */
static void serve(struct virtio_rng *rng)
{
    struct virtqueue *queue = &rng->device.queues[0];
    uint32_t answered = 0;
    while (answered < RNG_QUEUE_SIZE && answer(rng, queue)) {
        answered++;
    }
    virtqueue_flush(queue);
    if (!virtio_is_live(&rng->device) || !virtqueue_want_notification(queue, true)) {
        return;
    }
    uint64_t wait = 1;
    if (allowed(rng, 1) == 0) {
        wait += timer_scale(rng->device.vm->clock.frequency, 1, rng->bytes_per_second);
    }
    timer_arm(&rng->device.vm->vcpus[0].timers, &rng->timer, hv_now() + wait);
}

static void queue_notified(void *context, uint32_t queue)
{
    (void)queue; /* there is one only */
    serve(context);
}

static void expired(void *context, uint64_t now)
{
    struct virtio_rng *rng = context;
    (void)now;
    if (virtio_is_live(&rng->device)) {
        serve(rng);
    }
}

static void reset(void *context)
{
    struct virtio_rng *rng = context;
    timer_arm(&rng->device.vm->vcpus[0].timers, &rng->timer, 0);
}

static const struct virtio_ops ops = {
    .type = VIRTIO_TYPE_ENTROPY,
    .name = "rng",
    .queue_notified = queue_notified,
    .reset = reset,
};

/* --- Creation --- */

static const char *create(struct vm *vm, const struct vm_device_config *config, struct virtio_device **device)
{
    struct virtio_rng *rng = device_allocate(vm, sizeof(*rng));
    if (rng == NULL) {
        return "configuration: the workspace of the devices is too small";
    }
    rng->bytes_per_second = config->rng.bytes_per_second;
    rng->allowance = rng->bytes_per_second;
    rng->refilled = hv_now();
    rng->timer = (struct timer){.expired = expired, .device = rng};
    virtio_device_init(&rng->device, &ops, rng, vm, config->name, VIRTIO_F_IN_ORDER, NULL, 0);
    if (virtio_add_queue(&rng->device, RNG_QUEUE_SIZE) != 0 || timer_add(&vm->vcpus[0].timers, &rng->timer) != 0) {
        return "no room for a random number device";
    }
    *device = &rng->device;
    return NULL;
}

const struct device_kind virtio_rng_kind = {.kind = VM_DEVICE_RNG, .create = create};
