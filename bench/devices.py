# SPDX-License-Identifier: LGPL-2.1-or-later
"""For the measurements: real devices in images, a volume on them, and the numbers around it. As root."""

import json
import mmap
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get("BUILD_DIR", os.path.join(TOP, "build")))
SIZE_MIB = int(os.environ.get("SIZE_MIB", "1024"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
MIB = 1 << 20


class Failed(Exception):
    pass


def run(*command):
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    if done.returncode:
        raise Failed("%s: exit status %d" % (" ".join(command), done.returncode))
    return done.stdout


def say(text):
    print(text, file=sys.stderr, flush=True)


def drop_caches():
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
        f.write("3")


def touch_memory(mib):
    """Memory that a virtual machine uses for the first time is slow to come; whoever is first must not pay for the others."""
    with mmap.mmap(-1, mib * MIB) as memory:
        for offset in range(0, mib * MIB, 4096):
            memory[offset] = 1


def random_file(path):
    with open("/dev/urandom", "rb", buffering=0) as random, open(path, "wb") as f:
        for _ in range(SIZE_MIB):
            f.write(random.read(MIB))


def timed(go):
    os.sync()
    start = time.monotonic()
    go()
    return time.monotonic() - start


def summary(times):
    return {"median": statistics.median(times), "best": min(times), "all": times}


class Devices:
    """File systems in images below one directory, what is served there, and the lovfs volume at mnt."""

    def __init__(self, base):
        self.base = base
        self.mnt = os.path.join(base, "lovfs")
        self.daemons = []

    def device(self, name, kind, options=(), files=5):
        """One with room for so many of the files that are measured."""
        where = os.path.join(self.base, name)
        image = where + ".img"
        os.mkdir(where)
        with open(image, "wb") as f:
            f.truncate((files * SIZE_MIB + 1024) * MIB)
        run("mkfs." + kind, "-q", *options, image)
        run("mount", "-o", "loop", image, where)
        return where

    def serve(self, mount_point, *command):
        os.mkdir(mount_point)
        daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.daemons.append(daemon)
        for _ in range(200):
            if os.path.ismount(mount_point):
                return
            if daemon.poll() is not None:
                break
            time.sleep(0.05)
        raise Failed("%s doesn't serve %s" % (command[0], mount_point))

    def moved(self):
        return json.loads(run("lov", "stats", "--json", self.mnt))[0]

    def close(self):
        for daemon in self.daemons:
            if daemon.poll() is None:
                daemon.send_signal(signal.SIGTERM)
        for daemon in self.daemons:
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
        # What is left, by force.
        subprocess.run([os.path.join(TOP, "t", "mount", "cleanup"), self.base], check=False)


def table(rows, left):
    """The first row is the head; columns in `left` stand left."""
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    for row in [rows[0], tuple("-" * w for w in widths), *rows[1:]]:
        cells = [c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())


def main(doc, make, measure, show):
    """The bench's exit status. make(base) gives its Devices, measure(devices) the results, show(results) prints them."""
    name = "bench/" + os.path.basename(sys.argv[0])
    if len(sys.argv) > 2 or (len(sys.argv) == 2 and sys.argv[1] != "--json"):
        print(doc, file=sys.stderr)
        return 2
    if os.geteuid() != 0:
        print("%s: needs root, for images of its own" % name, file=sys.stderr)
        return 1
    os.environ["PATH"] = ":".join(
        [os.path.join(BUILD, "src", d) for d in ("lovfsd", "cli")] + [os.environ["PATH"], "/usr/sbin", "/sbin"])
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, lambda *_: sys.exit(1))
    devices = make(os.path.realpath(tempfile.mkdtemp(prefix="lovfs-bench.")))
    try:
        results = measure(devices)
        if len(sys.argv) == 2:
            print(json.dumps(results, indent=2))
        else:
            show(results)
    except (Failed, OSError) as e:
        print("%s: %s" % (name, e), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        devices.close()
    return 0
