/* SPDX-License-Identifier: BSD-2-Clause */
/* Status, features, configuration space, queues of a virtio device, as transports drive them. */
#include "virtio_machine.h"

#include <string.h>

#define FEATURE_A (1ull << 0)
#define FEATURE_B (1ull << 1)
#define FEATURE_C (1ull << 50)
#define ACK       VIRTIO_STATUS_ACKNOWLEDGE
#define DRIVER    VIRTIO_STATUS_DRIVER
#define OK        VIRTIO_STATUS_FEATURES_OK
#define RUN       VIRTIO_STATUS_DRIVER_OK

struct fixture {
    struct virtio_machine machine;
    struct virtio_device device;
    uint32_t starts, resets, queue_resets, notified, config_writes;
    bool refuse;
    uint8_t config[12];
};

static struct fixture fixture;

static bool accept_features(void *context, uint64_t features)
{
    (void)features;
    return !((struct fixture *)context)->refuse;
}

static void start(void *context)
{
    ((struct fixture *)context)->starts++;
}

static void notified(void *context, uint32_t queue)
{
    assert_true(queue < 2);
    ((struct fixture *)context)->notified++;
}

static void reset(void *context)
{
    ((struct fixture *)context)->resets++;
}

static void queue_reset(void *context, uint32_t queue)
{
    assert_int_equal(queue, 1);
    ((struct fixture *)context)->queue_resets++;
}

static void config_written(void *context, uint32_t offset, uint32_t width, uint64_t value)
{
    assert_true(offset + width <= sizeof(fixture.config));
    memcpy(((struct fixture *)context)->config + offset, &value, width);
    fixture.config_writes++;
}

static const struct virtio_ops ops = {.type = 4,
                                      .name = "toy",
                                      .accept_features = accept_features,
                                      .start = start,
                                      .queue_notified = notified,
                                      .reset = reset,
                                      .queue_reset = queue_reset,
                                      .config_written = config_written};

static int setup(void **state)
{
    memset(&fixture, 0, sizeof(fixture));
    machine_create(&fixture.machine);
    for (uint32_t i = 0; i < sizeof(fixture.config); i++) {
        fixture.config[i] = (uint8_t)(0xa0 + i);
    }
    virtio_device_init(&fixture.device, &ops, &fixture, &fixture.machine.vm, "toy0", FEATURE_A | FEATURE_C,
                       fixture.config, sizeof(fixture.config));
    assert_int_equal(virtio_add_queue(&fixture.device, 16), 0);
    assert_int_equal(virtio_add_queue(&fixture.device, 1024), 0);
    machine_attach(&fixture.machine, &fixture.device);
    *state = &fixture.device;
    return 0;
}

static void impossible_queues(void **state)
{
    struct virtio_device *device = *state;
    assert_int_equal(virtio_add_queue(device, 0), -1);
    assert_int_equal(virtio_add_queue(device, 24), -1);
    assert_int_equal(virtio_add_queue(device, 2048), -1);
    for (uint32_t i = 2; i < VIRTIO_MAX_QUEUES; i++) {
        assert_int_equal(virtio_add_queue(device, 1), 0);
    }
    assert_int_equal(virtio_add_queue(device, 1), -1);
    assert_null(virtio_queue(device, VIRTIO_MAX_QUEUES));
    assert_null(virtio_queue(device, UINT32_MAX));
}

static void features_are_offered_and_taken(void **state)
{
    struct virtio_device *device = *state;
    uint64_t offered = virtio_read_features(device, 0) | (uint64_t)virtio_read_features(device, 1) << 32;
    assert_int_equal(offered, VIRTIO_COMMON_FEATURES | FEATURE_A | FEATURE_C);
    assert_int_equal(virtio_read_features(device, 2), 0);
    assert_int_equal(virtio_read_features(device, UINT32_MAX), 0);

    driver_negotiate(device, VIRTIO_F_VERSION_1 | FEATURE_C);
    assert_int_equal(device->status, ACK | DRIVER | OK);
    assert_true(virtio_has(device, FEATURE_C));
    assert_false(virtio_has(device, FEATURE_A));
    virtio_write_features(device, 0, (uint32_t)FEATURE_A); /* too late */
    assert_false(virtio_has(device, FEATURE_A));

    virtio_write_status(device, 0);
    assert_int_equal(device->status, 0);
    assert_int_equal(device->features, 0);
}

static void features_that_do_not_do(void **state)
{
    struct virtio_device *device = *state;
    driver_negotiate(device, VIRTIO_F_VERSION_1 | FEATURE_B); /* not offered */
    assert_int_equal(device->status, ACK | DRIVER);
    driver_negotiate(device, FEATURE_A); /* without VERSION_1 */
    assert_int_equal(device->status, ACK | DRIVER);
    fixture.refuse = true;
    driver_negotiate(device, VIRTIO_F_VERSION_1);
    assert_int_equal(device->status, ACK | DRIVER);
    fixture.refuse = false;
    virtio_write_features(device, 2, 1); /* bit 64 */
    virtio_write_status(device, ACK | DRIVER | OK);
    assert_int_equal(device->status, ACK | DRIVER);
    driver_negotiate(device, VIRTIO_F_VERSION_1);
    assert_int_equal(device->status, ACK | DRIVER | OK);
    assert_false(device->broken);
}

static void status_goes_one_way(void **state)
{
    struct virtio_device *device = *state;
    virtio_write_status(device, OK); /* who drives it? */
    assert_int_equal(device->status, 0);
    virtio_write_status(device, ACK);
    virtio_write_status(device, DRIVER); /* ACKNOWLEDGE stays */
    assert_int_equal(device->status, ACK | DRIVER);
    virtio_write_status(device, 0x30 | VIRTIO_STATUS_NEEDS_RESET); /* not the driver's to set */
    assert_int_equal(device->status, ACK | DRIVER);
    virtio_write_status(device, ACK | DRIVER | RUN); /* before FEATURES_OK */
    assert_int_equal(fixture.starts, 0);
    assert_true(device->broken);
    assert_int_equal(device->status, ACK | DRIVER | VIRTIO_STATUS_NEEDS_RESET);
    virtio_write_status(device, 0);
    assert_int_equal(device->status, 0);
    assert_false(device->broken);

    driver_start(&fixture.machine, device, VIRTIO_F_VERSION_1, 16);
    assert_int_equal(fixture.starts, 1);
    assert_int_equal(device->status, ACK | DRIVER | OK | RUN);
    virtio_write_status(device, ACK | DRIVER | OK | RUN);
    assert_int_equal(fixture.starts, 1);
    assert_true(virtio_is_live(device));
    virtio_write_status(device, ACK | DRIVER | OK | RUN | VIRTIO_STATUS_FAILED);
    assert_int_equal(device->status, ACK | DRIVER | OK | RUN | VIRTIO_STATUS_FAILED);
}

static void failing(void **state)
{
    struct virtio_device *device = *state;
    driver_start(&fixture.machine, device, VIRTIO_F_VERSION_1, 16);
    virtio_fail(device, "request %u of nonsense", 7);
    assert_string_equal(machine_last_error(), "request 7 of nonsense; it needs a reset");
    assert_int_equal(fixture.machine.config_interrupts, 1);
    assert_false(virtio_is_live(device));
    virtio_fail(device, "once more");
    assert_int_equal(fixture.machine.config_interrupts, 1);
    virtio_notify(device, 0);
    assert_int_equal(fixture.notified, 0);
    driver_start(&fixture.machine, device, VIRTIO_F_VERSION_1, 16);
    virtio_notify(device, 0);
    assert_int_equal(fixture.notified, 1);
}

static void configuration_space(void **state)
{
    struct virtio_device *device = *state;
    assert_int_equal(virtio_read_config(device, 0, 1), 0xa0);
    assert_int_equal(virtio_read_config(device, 1, 2), 0xa2a1);
    assert_int_equal(virtio_read_config(device, 4, 8), 0xabaaa9a8a7a6a5a4);
    assert_int_equal(virtio_read_config(device, 8, 8), 0xabaaa9a8); /* nothing behind the end */
    assert_int_equal(virtio_read_config(device, 11, 4), 0xab);
    assert_int_equal(virtio_read_config(device, 12, 4), 0);
    assert_int_equal(virtio_read_config(device, UINT32_MAX, 8), 0);
    virtio_write_config(device, 8, 4, 0x11223344);
    assert_int_equal(virtio_read_config(device, 8, 4), 0x11223344);
    virtio_write_config(device, 9, 4, 0);
    virtio_write_config(device, 12, 1, 0);
    virtio_write_config(device, UINT32_MAX, 8, 0);
    assert_int_equal(fixture.config_writes, 1);
    uint32_t generation = device->config_generation;
    virtio_config_changed(device);
    assert_true(device->config_generation != generation);
    assert_int_equal(fixture.machine.config_interrupts, 0); /* nobody drives it */
    driver_start(&fixture.machine, device, VIRTIO_F_VERSION_1, 16);
    virtio_config_changed(device);
    assert_int_equal(fixture.machine.config_interrupts, 1);
}

static void queues(void **state)
{
    struct virtio_device *device = *state;
    virtio_enable_queue(device, 0); /* before FEATURES_OK */
    assert_true(device->broken);
    driver_start(&fixture.machine, device, VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET, 16);
    virtio_notify(device, 2);
    virtio_notify(device, UINT32_MAX);
    assert_int_equal(device->stray_notifications, 2);
    virtio_reset_queue(device, 1);
    assert_int_equal(fixture.queue_resets, 1);
    virtio_reset_queue(device, 1); /* is not enabled */
    virtio_reset_queue(device, 9);
    assert_int_equal(fixture.queue_resets, 1);
    virtio_notify(device, 1);
    assert_int_equal(device->stray_notifications, 3);
    virtio_notify(device, 0);
    assert_int_equal(fixture.notified, 1);
    assert_false(device->broken);
}

static void legacy_interface(void **state)
{
    struct virtio_device *device = *state;
    virtio_write_status(device, 0);
    virtio_set_legacy(device);
    assert_int_equal(virtio_legacy_features(device),
                     (VIRTIO_COMMON_FEATURES | FEATURE_A | VIRTIO_F_ANY_LAYOUT) & UINT32_MAX);
    virtio_write_status(device, ACK | DRIVER);
    /* A queue before the features, and used before DRIVER_OK: old drivers do so. */
    driver_start_queue(&fixture.machine, device, 0, 16);
    assert_true(device->queues[0].enabled);
    assert_false(device->queues[0].event_index);
    virtio_write_features(device, 0, (uint32_t)(FEATURE_A | FEATURE_B | VIRTIO_F_EVENT_IDX));
    virtio_write_features(device, 1, UINT32_MAX);
    assert_int_equal(device->features, FEATURE_A | VIRTIO_F_EVENT_IDX);
    assert_true(device->queues[0].event_index);
    virtio_notify(device, 0);
    assert_int_equal(fixture.notified, 1);
    virtio_write_status(device, ACK | DRIVER | OK | RUN); /* knows no FEATURES_OK */
    assert_int_equal(device->status, ACK | DRIVER | RUN);
    assert_int_equal(fixture.starts, 1);
    virtio_fail(device, "nonsense");
    assert_int_equal(device->status, ACK | DRIVER | RUN);
    assert_false(virtio_is_live(device));
    virtio_write_status(device, 0);
    assert_false(device->legacy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(impossible_queues, setup),
        cmocka_unit_test_setup(features_are_offered_and_taken, setup),
        cmocka_unit_test_setup(features_that_do_not_do, setup),
        cmocka_unit_test_setup(status_goes_one_way, setup),
        cmocka_unit_test_setup(failing, setup),
        cmocka_unit_test_setup(configuration_space, setup),
        cmocka_unit_test_setup(queues, setup),
        cmocka_unit_test_setup(legacy_interface, setup),
    };
    return cmocka_run_group_tests_name("virtio", tests, NULL, NULL);
}
