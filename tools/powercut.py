#!/usr/bin/env python3
"""Cuts the power under a working desk, again and again, and counts what was lost.

  powercut.py BIN [CUTS] [FS] [SEED]   200 cuts on ext4 by default; xfs where mkfs.xfs is; needs root and loop mounts

A file system in a file is mounted, a desk works on it, articles are renamed into its inbox and the inbox is synced; then
the GOINGDOWN ioctl drops all that was not yet durable. It is mounted again, and so on. After each cut every file in the
outbox must be whole; at the end every document fed must be the copy of exactly one record, or lie in failed/ with its
reason, and a second run must change nothing. Exit status 0 when that holds, 77 when this machine cannot do it.
"""
import fcntl, glob, json, os, random, shutil, struct, subprocess, sys, tempfile, time

GOINGDOWN, NO_LOG_FLUSH = 0x8004587D, 2
binary = os.path.abspath(sys.argv[1])
cuts = int(sys.argv[2]) if len(sys.argv) > 2 else 200
kind = sys.argv[3] if len(sys.argv) > 3 else "ext4"
rnd = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 5)
base = tempfile.mkdtemp(prefix="powercut", dir="/var/tmp")
image, disk = base + "/image", base + "/disk"
inbox, stage, outbox, state = (f"{disk}/{name}" for name in ("inbox", "stage", "outbox", "state"))
folders = ["--inbox", inbox, "--outbox", outbox, "--state", state]


class Cannot(Exception):
    pass


def quietly(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except FileNotFoundError:
        raise Cannot(f"there is no {command[0]} here")
    if done.returncode:
        raise Cannot(f"{command[0]}: {done.stderr.decode(errors='replace').strip()}")


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


def cut_power():
    handle = os.open(disk, os.O_RDONLY)
    try:
        fcntl.ioctl(handle, GOINGDOWN, struct.pack("I", NO_LOG_FLUSH))
    except OSError as error:
        raise Cannot(f"{kind} knows no GOINGDOWN: {error}")
    finally:
        os.close(handle)


def batch(turn):
    """What is fed between two cuts, by name: articles, a file of more records than one batch holds, and a failure."""
    first = turn * 100
    files = {f"{n:06}.txt": article(n) for n in range(first, first + 10)}
    if turn % 4 == 0:
        records = [json.dumps({"text": article(first + n)}) for n in range(10, 90)]
        files[f"wire/{first:06}.jsonl"] = "\n".join(records) + "\n"
    files[f"{first:06}.blank.txt"] = " \n"
    return files


def feed(files):
    for at, (name, content) in enumerate(files.items()):
        with open(f"{stage}/{at}", "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    for at, name in enumerate(files):
        os.rename(f"{stage}/{at}", f"{inbox}/{name}")
    sync(inbox)
    sync(f"{inbox}/wire")


def shown():
    return len(glob.glob(outbox + "/*.json"))


def records():
    """Every record of the outbox by its path, `None` for one that is not whole."""
    found = {}
    for path in glob.glob(outbox + "/*.json"):
        try:
            with open(path, encoding="utf-8") as file:
                found[path] = json.load(file)
        except ValueError:
            found[path] = None
    return found


def trial():
    quietly("mount", "-o", "loop", image, disk)
    for folder in (inbox, inbox + "/wire", stage):
        os.mkdir(folder)
    sync(disk)
    documents, failures, partial, reads = [], [], 0, 0
    for turn in range(cuts):
        desk = subprocess.Popen([binary, "run", *folders], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            files = batch(turn)
            feed(files)
            for name, content in files.items():
                if name.endswith(".jsonl"):
                    documents += [f"{name}#{n + 1}" for n in range(content.count("\n"))]
                else:
                    (failures if content.isspace() else documents).append(name)
            # Sometimes while it starts, sometimes deep in the work, however slow the machine is.
            wanted, patience = shown() + rnd.choice([0, 1, 4, 8]), time.monotonic() + 10
            while shown() < wanted and time.monotonic() < patience:
                time.sleep(0.002)
            time.sleep(rnd.random() * rnd.choice([0.01, 0.05, 0.25]))
            cut_power()
        finally:
            desk.kill()
            desk.wait()
        quietly("umount", disk)
        quietly("mount", "-o", "loop", image, disk)
        found = records()
        reads += len(found)
        partial += sum(record is None for record in found.values())
    quietly(binary, "once", *folders)
    settled = records()
    quietly(binary, "once", *folders)
    changed = sum(settled.get(path) != record for path, record in records().items())
    places = {}
    for path, record in settled.items():
        for copy in record["copies"]:
            places.setdefault(copy["path"], set()).add(path)
    unexplained = [name for name in failures if not os.path.exists(f"{inbox}/failed/{name}.error.json")]
    lost = [name for name in documents if name not in places] + unexplained
    twice = [name for name in documents if len(places.get(name, ())) > 1]
    twice += [name for name in failures if len(glob.glob(f"{inbox}/failed/{name[:6]}*.txt")) != 1]
    left = [name for folder in (inbox, inbox + "/wire") for name in os.listdir(folder) if os.path.isfile(f"{folder}/{name}")]
    fed = len(documents) + len(failures)
    print(
        f"{kind}: {cuts} cuts, {fed} fed, LOST {len(lost)}, TWICE {len(twice)}, PARTIAL {partial} of {reads} reads, "
        f"left {len(left)}, changed {changed}"
    )
    for name in (lost + twice + left)[:10]:
        print(f"  {name}: {sorted(places.get(name, ()))}")
    return bool(lost or twice or partial or left or changed)


try:
    os.mkdir(disk)
    with open(image, "wb") as file:
        file.truncate(400 << 20)
    quietly("mkfs." + kind, *(["-F", "-q"] if kind == "ext4" else ["-q"]), image)
    failed = trial()
except Cannot as reason:
    print(f"cannot: {reason}")
    failed = 77
finally:
    if os.path.ismount(disk):
        subprocess.run(["umount", "-l", disk])
    shutil.rmtree(base, ignore_errors=True)
sys.exit(int(failed))
