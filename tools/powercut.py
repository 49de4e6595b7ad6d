#!/usr/bin/env python3
"""Cuts the power under a working desk, again and again, and counts what was lost.

  powercut.py BIN [CUTS] [FS]          200 cuts on ext4 by default; xfs where mkfs.xfs is; needs root and loop mounts

A file system in a file is mounted, a desk works on it, articles are renamed into its inbox and the inbox is synced; then
the GOINGDOWN ioctl drops all that was not yet durable. It is mounted again, and so on. At the end every article fed must be
the copy of exactly one record. Exit status 0 when that holds.
"""
import fcntl, glob, json, os, random, shutil, struct, subprocess, sys, tempfile, time

GOINGDOWN, NO_LOG_FLUSH = 0x8004587D, 2
binary = os.path.abspath(sys.argv[1])
cuts = int(sys.argv[2]) if len(sys.argv) > 2 else 200
kind = sys.argv[3] if len(sys.argv) > 3 else "ext4"
rnd = random.Random(5)
base = tempfile.mkdtemp(prefix="powercut", dir="/var/tmp")
image, disk = base + "/image", base + "/disk"
inbox, stage, outbox, state = (f"{disk}/{name}" for name in ("inbox", "stage", "outbox", "state"))
folders = ["--inbox", inbox, "--outbox", outbox, "--state", state]


def quietly(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def sync(path):
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def article(number):
    """Every tenth is a near-copy of the one before."""
    words = random.Random(number - (number % 10 == 9))
    syllables = ["ba", "re", "mi", "to", "lu", "sa", "ne", "vi", "do", "ku"]
    sentence = lambda n: " ".join("".join(words.choice(syllables) for _ in range(3)) for _ in range(n)).capitalize()
    text = sentence(6) + "\n\n" + "\n\n".join(". ".join(sentence(12) for _ in range(5)) + "." for _ in range(4)) + "\n"
    return text.replace("ba", "bo", 2) if number % 10 == 9 else text


os.mkdir(disk)
with open(image, "wb") as file:
    file.truncate(400 << 20)
quietly("mkfs." + kind, *(["-F", "-q"] if kind == "ext4" else ["-q"]), image)
quietly("mount", "-o", "loop", image, disk)
os.mkdir(inbox)
os.mkdir(stage)
fed = []
for _ in range(cuts):
    desk = subprocess.Popen([binary, "run", *folders], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    batch = [f"{len(fed) + n:06}.txt" for n in range(12)]
    for name in batch:
        with open(f"{stage}/{name}", "w", encoding="utf-8") as file:
            file.write(article(int(name[:6])))
            file.flush()
            os.fsync(file.fileno())
    for name in batch:
        os.rename(f"{stage}/{name}", f"{inbox}/{name}")
    sync(inbox)
    fed += batch
    time.sleep(rnd.random() * 0.25)
    handle = os.open(disk, os.O_RDONLY)
    fcntl.ioctl(handle, GOINGDOWN, struct.pack("I", NO_LOG_FLUSH))
    os.close(handle)
    desk.kill()
    desk.wait()
    quietly("umount", disk)
    quietly("mount", "-o", "loop", image, disk)
quietly(binary, "once", *folders)
places = {}
for path in glob.glob(outbox + "/*.json"):
    with open(path, encoding="utf-8") as file:
        for copy in json.load(file)["copies"]:
            places.setdefault(copy["path"], set()).add(path)
lost = [name for name in fed if name not in places]
twice = [name for name in fed if len(places.get(name, ())) > 1]
left = [name for name in os.listdir(inbox) if os.path.isfile(f"{inbox}/{name}")]
print(f"{kind}: {cuts} cuts, {len(fed)} fed, LOST {len(lost)}, TWICE {len(twice)}, left {len(left)}")
quietly("umount", disk)
shutil.rmtree(base)
sys.exit(bool(lost or twice or left))
