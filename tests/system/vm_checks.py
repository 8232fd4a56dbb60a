# SPDX-License-Identifier: BSD-2-Clause
"""What tests of several systems and kernels ask of running Linux VMs."""

import re
import time

from console import BOOT_TIME


def check_manager_knows_its_limits(skyscope, name):
    """On seL4 there is no kernel of ours to ask."""
    skyscope.to_manager()
    for command in ("statistics", "hardware", "log kernel"):
        answer = skyscope.manager(command)
        assert re.search(r"does not give|no log|there is no", answer), answer
    assert skyscope.vm_states() == {name: "running"}


def uptime(skyscope):
    """Seconds of the clock of the Linux guest in front."""
    return float(skyscope.check_shell("cat /proc/uptime").split()[0])


def check_clock(skyscope):
    """The guest's clock goes on, and no faster than ours."""
    start, first = time.monotonic(), uptime(skyscope)
    skyscope.until(lambda: uptime(skyscope) - first >= 3, "three seconds of the guest's", 30)
    assert time.monotonic() - start > 2.5


def check_pause(skyscope, name):
    """The VM goes on where it was; its console is in front afterwards."""
    skyscope.to_manager()
    skyscope.pause(name)
    skyscope.resume(name)
    skyscope.to_shell(0, name)
    assert skyscope.check_shell("guest_check").count("passed") == 3


def reset_while_busy(skyscope, name, boot_time=BOOT_TIME):
    """Resets a VM, whose console is in front, while its guest computes and takes interrupts all the time."""
    last = skyscope.boot_id()
    skyscope.send("while :; do cat /proc/interrupts; done >/dev/null & while :; do :; done &")
    skyscope.to_manager()
    skyscope.manager(f"reset {name}")
    skyscope.expect_new_boot(0, name, last, boot_time)


def check_both_work_at_once(duo):
    """The two VMs of the system duo."""
    duo.to_shell(0, "first")
    duo.send("guest_check > /tmp/check; echo fin''ished $?")
    duo.to_shell(1, "second")
    assert duo.check_shell("guest_check").count("passed") == 3
    duo.to_console(0, "first")
    duo.expect(r"finished (\d+)")
    assert duo.check_shell("cat /tmp/check").count("passed") == 3


def check_one_stops_the_other_goes_on(duo):
    """The first stops; the second's console is in front afterwards."""
    duo.to_manager()
    duo.manager("stop first")
    duo.wait_for_state("first", "stopped")
    assert duo.vm_states()["second"] == "running"
    duo.to_shell(1, "second")
    assert duo.check_shell("guest_check").count("passed") == 3


def check_one_starts_again_the_other_goes_on(duo):
    """The first starts; the second's console is in front before and afterwards."""
    second = duo.boot_id()
    duo.to_manager()
    duo.manager("start first")
    duo.expect_new_boot(0, "first", "")
    duo.to_shell(1, "second")
    assert duo.boot_id() == second
