# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a command costs on a Lustre client: time, processor time, RPC bytes, load."""

import glob
import os
import re
import resource
import signal
import statistics
import subprocess
import time

from devices import Failed

TICKS = os.sysconf("SC_CLK_TCK")

# Threads of a client's kernel modules: RPCs, networks, locks, read-ahead. Servers have ll_ost*,
# ll_mgs* and mdt* besides.
THREADS = re.compile(r"^(ptlrpcd|socknal_|kiblnd_|ldlm_|ll_sa|ll_agl|ll_ping|ll_capa|lnet_|monitor_thread)")

# Where the counters of `lctl get_param osc.*.stats` have been in one version or another.
STATS = ("/sys/kernel/debug/lustre/osc", "/proc/fs/lustre/osc", "/sys/fs/lustre/osc")


class Counters:
    """The client's own. `top` stands for /, `fsname` chooses one of several file systems ("": all). What can't be read is None."""

    def __init__(self, top="/", fsname=""):
        self.top = top
        self.fsname = fsname

    def _stats(self):
        for place in STATS:
            found = glob.glob("%s%s/%s*-OST*-osc-*/stats" % (self.top.rstrip("/"), place, glob.escape(self.fsname)))
            if found:
                return found
        return []

    def rpc_bytes(self):
        """Bytes that RPCs have read and written until now: the sums of all OSCs."""
        sums = {"read_bytes": 0, "write_bytes": 0}
        try:
            paths = self._stats()
            for path in paths:
                with open(path, encoding="ascii") as f:
                    for line in f:
                        words = line.split()
                        # read_bytes  3 samples [bytes] 4096 4194304 8392704 ...: count, unit,
                        # least, most, sum
                        if len(words) >= 7 and words[0] in sums and words[3] == "[bytes]":
                            sums[words[0]] += int(words[6])
        except OSError:
            return None, None
        return (sums["read_bytes"], sums["write_bytes"]) if paths else (None, None)


def kernel_threads_s():
    """Processor time of the client's kernel threads; None where there are none."""
    ticks, some = 0, False
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="ascii", errors="replace") as f:
                text = f.read()
        except OSError:
            continue  # it has ended
        name, rest = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
        if rest[1] == "2" and THREADS.match(name):
            ticks += int(rest[11]) + int(rest[12])
            some = True
    return ticks / TICKS if some else None


def busy_s():
    """Processor time of the whole machine, but for what is idle or waits."""
    with open("/proc/stat", encoding="ascii") as f:
        ticks = [int(n) for n in f.readline().split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / TICKS


def asked_bytes():
    """Bytes that commands which have ended asked to be read and written."""
    with open("/proc/self/io", encoding="ascii") as f:
        numbers = dict(line.split(": ") for line in f.read().splitlines())
    return int(numbers["rchar"]), int(numbers["wchar"])


def _tool_cpu_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _snapshot(counters):
    rpc, asked = counters.rpc_bytes(), asked_bytes()
    return {"cpu_s": _tool_cpu_s(), "kernel_threads_cpu_s": kernel_threads_s(), "machine_cpu_s": busy_s(),
            "rpc_read_bytes": rpc[0], "rpc_written_bytes": rpc[1], "asked_read_bytes": asked[0], "asked_written_bytes": asked[1]}


def _status(command):
    """Its exit status. A signal to us ends it, and what it has started, before we go on."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True) as child:
        try:
            return child.wait()
        except BaseException:
            os.killpg(child.pid, signal.SIGTERM)
            raise


def cost(command, counters):
    """What has not reached the servers when the command ends is in its bytes, not in its time."""
    os.sync()
    load, before, begin = os.getloadavg()[0], _snapshot(counters), time.monotonic()
    status = _status(command)
    seconds = time.monotonic() - begin
    if status:
        raise Failed("%s: exit status %d" % (" ".join(command[:8]), status))
    os.sync()
    after = _snapshot(counters)
    spent = {key: None if after[key] is None or value is None else after[key] - value for key, value in before.items()}
    return {"seconds": seconds, **spent, "load_1min": load}


def median(costs):
    """Of each number; None where one of them isn't known."""
    result = {}
    for key in costs[0]:
        values = [c[key] for c in costs]
        result[key] = None if None in values else statistics.median(values)
    result["all_seconds"] = [c["seconds"] for c in costs]
    return result
