/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/virtio/virtio_balloon.h>

#include <stddef.h>

#include <base/memory.h>

#include <vmm/hv.h>
#include <vmm/vm.h>

#define QUEUES     4u
#define PIECE      256u /* page numbers looked at together */
#define STATISTICS 32u  /* entries that are looked at */
#define ENTRY_SIZE 10u  /* le16 tag, le64 value */

/* §5.5.6.3 */
enum statistic {
    STATISTIC_FREE = 4,
    STATISTIC_TOTAL = 5,
    STATISTIC_AVAILABLE = 6,
};

/* --- To the manager --- */

static void publish(struct virtio_balloon *balloon)
{
    struct vm_control *control = balloon->device.vm->control;
    if (control != NULL) {
        control->status.memory.wanted = balloon->ram - (uint64_t)balloon->config.pages * BALLOON_PAGE;
        control->status.memory.given_up = (uint64_t)balloon->config.actual * BALLOON_PAGE;
        control->status.memory.reported = balloon->reported;
    }
}

static void answer(struct virtio_balloon *balloon)
{
    publish(balloon);
    if (balloon->answer_owed) {
        balloon->answer_owed = false;
        timer_arm(&balloon->device.vm->vcpus[0].timers, &balloon->timer, 0);
        vm_control_answer(balloon->device.vm, VM_RESULT_DONE);
    }
}

static void expired(void *context, uint64_t now)
{
    (void)now;
    answer(context);
}

void virtio_balloon_request(struct virtio_balloon *balloon, uint64_t bytes)
{
    struct vm *vm = balloon->device.vm;
    if (bytes != UINT64_MAX) {
        uint64_t kept = bytes < balloon->ram ? bytes : balloon->ram;
        balloon->config.pages = (uint32_t)((balloon->ram - kept) / BALLOON_PAGE);
        virtio_config_changed(&balloon->device);
    }
    balloon->answer_owed = true;
    if (!balloon->statistics_held || vm->state != VM_STATE_RUNNING || !virtio_is_live(&balloon->device)) {
        answer(balloon); /* with what is known */
        return;
    }
    struct virtqueue *queue = &balloon->device.queues[BALLOON_QUEUE_STATISTICS];
    balloon->statistics_held = false;
    virtqueue_push(queue, balloon->statistics_id, balloon->statistics_slots, 0);
    virtqueue_flush(queue);
    uint64_t patience = timer_scale(vm->clock.frequency, BALLOON_PATIENCE_MILLISECONDS, 1000);
    timer_arm(&vm->vcpus[0].timers, &balloon->timer, hv_now() + patience);
}

/* --- From the guest --- */

static void zero_page(struct virtio_balloon *balloon, uint32_t number)
{
    if (!guest_zero(&balloon->device.vm->memory, GPA((uint64_t)number * BALLOON_PAGE), BALLOON_PAGE)) {
        log_guest_error(balloon->device.vm, &balloon->device.limit, balloon->device.name,
                        "page 0x%x is no memory that could be given up", number);
    }
}

static void inflate(struct virtio_balloon *balloon, const struct virtqueue_chain *chain)
{
    uint32_t numbers[PIECE];
    uint64_t offset = 0, length;
    if (chain->readable_length > balloon->ram / BALLOON_PAGE * sizeof(numbers[0])) {
        log_guest_error(balloon->device.vm, &balloon->device.limit, balloon->device.name,
                        "%llu bytes of page numbers, more than there are pages: ignored",
                        (unsigned long long)chain->readable_length);
        return;
    }
    while ((length = virtqueue_chain_read(chain, offset, numbers, sizeof(numbers))) != 0) {
        for (uint32_t i = 0; i < length / sizeof(numbers[0]); i++) {
            zero_page(balloon, numbers[i]);
        }
        balloon->turn_pages += length / sizeof(numbers[0]);
        offset += length;
    }
}

static void take_statistics(struct virtio_balloon *balloon, const struct virtqueue_chain *chain)
{
    struct vm_control *control = balloon->device.vm->control;
    uint8_t entry[ENTRY_SIZE];
    for (uint32_t i = 0; i < STATISTICS; i++) {
        uint64_t value;
        if (virtqueue_chain_read(chain, i * ENTRY_SIZE, entry, ENTRY_SIZE) != ENTRY_SIZE || control == NULL) {
            break;
        }
        memcpy(&value, entry + 2, sizeof(value));
        switch (entry[0] | entry[1] << 8) {
        case STATISTIC_FREE:
            control->status.memory.free = value;
            break;
        case STATISTIC_TOTAL:
            control->status.memory.total = value;
            break;
        case STATISTIC_AVAILABLE:
            control->status.memory.available = value;
            break;
        default:
            break;
        }
    }
    balloon->statistics_held = true;
    balloon->statistics_id = chain->id;
    balloon->statistics_slots = chain->slots;
}

/* What a queue is for: drivers and other devices count only those whose features were negotiated. */
static uint32_t role_of(const struct virtio_balloon *balloon, uint32_t index)
{
    bool statistics = virtio_has(&balloon->device, VIRTIO_BALLOON_F_STATS_VQ);
    return index == BALLOON_QUEUE_STATISTICS && !statistics ? (uint32_t)BALLOON_QUEUE_REPORTING : index;
}

static void take_chain(struct virtio_balloon *balloon, uint32_t index, const struct virtqueue_chain *chain)
{
    uint32_t role = role_of(balloon, index);
    if (role == BALLOON_QUEUE_STATISTICS) {
        if (balloon->statistics_held) { /* the driver gave another without getting this one back */
            virtqueue_push(&balloon->device.queues[index], balloon->statistics_id, balloon->statistics_slots, 0);
        }
        take_statistics(balloon, chain);
        answer(balloon);
        return;
    }
    if (role == BALLOON_QUEUE_INFLATE) {
        inflate(balloon, chain);
    } else if (role == BALLOON_QUEUE_REPORTING) {
        balloon->reported += chain->writable_length;
    }
    virtqueue_push(&balloon->device.queues[index], chain->id, chain->slots, 0);
}

static bool turn_is_over(const struct virtio_balloon *balloon)
{
    return balloon->turn_pages >= BALLOON_TURN_PAGES;
}

static void queue_notified(void *context, uint32_t index)
{
    struct virtio_balloon *balloon = context;
    struct virtqueue *queue = &balloon->device.queues[index];
    struct virtqueue_chain chain = {.segments = balloon->segments, .capacity = BALLOON_QUEUE_SIZE};
    balloon->turn_pages = 0;
    do {
        virtqueue_want_notification(queue, false);
        while (!turn_is_over(balloon) && virtqueue_pop(queue, &chain) == VIRTQUEUE_CHAIN) {
            take_chain(balloon, index, &chain);
        }
    } while (!turn_is_over(balloon) && virtqueue_want_notification(queue, true));
    virtqueue_flush(queue);
    if (turn_is_over(balloon)) {
        timer_arm(&balloon->device.vm->vcpus[0].timers, &balloon->next_turn, hv_now() + 1);
    }
    publish(balloon);
}

static void next_turn(void *context, uint64_t now)
{
    (void)now;
    queue_notified(context, BALLOON_QUEUE_INFLATE);
}

static void config_written(void *context, uint32_t offset, uint32_t width, uint64_t value)
{
    struct virtio_balloon *balloon = context;
    if (offset == offsetof(struct virtio_balloon_config, actual) && width == sizeof(balloon->config.actual)) {
        balloon->config.actual = (uint32_t)value;
        publish(balloon);
    }
}

static void reset(void *context)
{
    struct virtio_balloon *balloon = context;
    struct vm_control *control = balloon->device.vm->control;
    balloon->statistics_held = false;
    balloon->config.actual = 0;
    balloon->reported = 0;
    timer_arm(&balloon->device.vm->vcpus[0].timers, &balloon->next_turn, 0);
    if (control != NULL) { /* what the guest said before is not true of it any more */
        control->status.memory.total = 0;
        control->status.memory.free = 0;
        control->status.memory.available = 0;
    }
    answer(balloon);
}

static void queue_reset(void *context, uint32_t queue)
{
    struct virtio_balloon *balloon = context;
    if (queue == BALLOON_QUEUE_STATISTICS) {
        balloon->statistics_held = false;
    }
}

static const struct virtio_ops ops = {
    .type = VIRTIO_TYPE_BALLOON,
    .name = "balloon",
    .queue_notified = queue_notified,
    .reset = reset,
    .queue_reset = queue_reset,
    .config_written = config_written,
};

const char *virtio_balloon_init(struct virtio_balloon *balloon, struct vm *vm, const struct vm_device_config *config)
{
    memset(balloon, 0, sizeof(*balloon));
    balloon->ram = guest_memory_size(&vm->memory);
    if (vm->balloon != NULL) {
        return "configuration: two balloons";
    }
    virtio_device_init(&balloon->device, &ops, balloon, vm, config->name,
                       VIRTIO_BALLOON_F_STATS_VQ | VIRTIO_BALLOON_F_DEFLATE_ON_OOM | VIRTIO_BALLOON_F_REPORTING,
                       &balloon->config, sizeof(balloon->config));
    for (uint32_t i = 0; i < QUEUES; i++) {
        if (virtio_add_queue(&balloon->device, BALLOON_QUEUE_SIZE) != 0) {
            return "no room for the balloon's queues";
        }
    }
    balloon->timer = (struct timer){.expired = expired, .device = balloon};
    balloon->next_turn = (struct timer){.expired = next_turn, .device = balloon};
    if (timer_add(&vm->vcpus[0].timers, &balloon->timer) != 0 ||
        timer_add(&vm->vcpus[0].timers, &balloon->next_turn) != 0) {
        return "no room for the balloon's timers";
    }
    vm->balloon = balloon;
    return NULL;
}

static const char *create(struct vm *vm, const struct vm_device_config *config, struct virtio_device **device)
{
    _Static_assert(sizeof(struct virtio_balloon) <= VM_WORKSPACE_BALLOON, "it has to fit");
    struct virtio_balloon *balloon = device_allocate(vm, sizeof(*balloon));
    if (balloon == NULL) {
        return "configuration: the workspace of the devices is too small";
    }
    *device = &balloon->device;
    return virtio_balloon_init(balloon, vm, config);
}

const struct device_kind virtio_balloon_kind = {.kind = VM_DEVICE_BALLOON, .create = create};
