#!/usr/bin/env python3
"""Feeds a desk for long, and shows whether anything in it grows.

  soak.py BIN [ARTICLES] [--waiting N] [--folders N] [--base DIR] [--idle SECONDS]

ARTICLES (1,000,000) small texts are given to one desk: the first --waiting of them (all) lie in the inbox before it starts,
every other one in one of --folders sub-folders (10,000); the rest is renamed in so that no more than 20,000 wait at a time.
Outputs and done/ are deleted behind the desk, as a consumer does. Prints when the first output came, and for each tenth:
articles a second, CPU milliseconds an article, user and system (a file system without a journal makes the latter grow with
what was deleted within half a minute), resident memory and its share for the near-copy index (by its
bound of 600 bytes a document), descriptors, threads, and ledger bytes a document. At the end the desk is left idle for a
minute with 100,000 files in done/, and its CPU share is printed. Exit status 0 when every article was decided.
"""
import argparse, os, random, shutil, sqlite3, subprocess, sys, tempfile, threading, time

options = argparse.ArgumentParser()
options.add_argument("binary")
options.add_argument("articles", nargs="?", type=int, default=1_000_000)
options.add_argument("--waiting", type=int)
options.add_argument("--folders", type=int, default=10_000)
options.add_argument("--base", default="/var/tmp")
options.add_argument("--idle", type=int, default=60)
options = options.parse_args()
options.binary = os.path.abspath(options.binary)
if not os.access(options.binary, os.X_OK):
    sys.exit(f"{options.binary} is no program: build it with cargo build --release")
total = options.articles
waiting = min(total, total if options.waiting is None else options.waiting)
base = tempfile.mkdtemp(prefix="soak", dir=options.base)
inbox, stage, outbox, state = (f"{base}/{name}" for name in ("inbox", "stage", "outbox", "state"))
done = inbox + "/done"
MOST_WAITING, NEAR_COPY_EVERY, INDEX_BYTES = 20_000, 20, 600
TICKS = os.sysconf("SC_CLK_TCK")
words = sorted({"".join(random.Random(n).choice("bdfgklmnprstvz") + random.Random(n + 1).choice("aeiou")
                        + random.Random(n + 2).choice("blnrst") for n in range(seed, seed + 9, 3))
                for seed in range(40_000)})


def article(number):
    """300 to 1,000 bytes; every 20th is a near-copy of the one before."""
    is_copy = number % NEAR_COPY_EVERY == NEAR_COPY_EVERY - 1
    draw = random.Random(number - is_copy)
    picked = draw.choices(words, k=draw.randint(35, 95))
    if is_copy:
        picked[-3] = "nearly"
    lines = [" ".join(picked[start:start + 12]).capitalize() + "." for start in range(0, len(picked), 12)]
    return " ".join(picked[:5]).capitalize() + "\n\n" + " ".join(lines) + "\n"


def feed(numbers, folder):
    for number in numbers:
        name = f"{number:08}.txt"
        if options.folders and number % 2:
            name = f"site{number // 2 % options.folders:05}/{name}"
            os.makedirs(os.path.dirname(f"{inbox}/{name}"), exist_ok=True)
        path = f"{folder}/{number:08}.txt" if folder != inbox else f"{inbox}/{name}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(article(number))
        if folder != inbox:
            os.rename(path, f"{inbox}/{name}")


def decided():
    try:
        ledger = sqlite3.connect(f"file:{state}/ledger.sqlite?mode=ro", uri=True, timeout=30)
        counts = dict(ledger.execute("SELECT name, value FROM counters").fetchall())
        ledger.close()
        return counts.get("documents", 0) + counts.get("failed", 0)
    except sqlite3.Error:
        return 0


def look(pid):
    """CPU seconds of user and system, resident KiB, highest resident KiB, descriptors, threads."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    with open(f"/proc/{pid}/status") as file:
        status = dict(line.split(":", 1) for line in file)
    kib = lambda key: int(status[key].split()[0])
    descriptors = len(os.listdir(f"/proc/{pid}/fd"))
    return (int(fields[11]) / TICKS, int(fields[12]) / TICKS), kib("VmRSS"), kib("VmHWM"), descriptors, int(fields[17])


def consume(folder, keep, over):
    """Deletes what a consumer has read. The desk is never asked."""
    while not over.is_set():
        left = keep
        for parent, _, names in os.walk(folder):
            for name in names:
                if left > 0 or parent.endswith(".partial"):
                    left -= 1
                    continue
                try:
                    os.unlink(f"{parent}/{name}")
                except FileNotFoundError:
                    pass
        over.wait(2)


for folder in (inbox, stage, done):
    os.mkdir(folder)
print(f"{base}: writing {waiting} files", flush=True)
feed(range(waiting), inbox)
log = open(f"{base}/log", "w")
started = time.monotonic()
desk = subprocess.Popen([options.binary, "run", "--inbox", inbox, "--outbox", outbox, "--state", state],
                        stdout=subprocess.DEVNULL, stderr=log, env=dict(os.environ, COPYDESK__LOG__LEVEL="warn,copydesk::desk::intake=info"))
while not (os.path.isdir(outbox) and any(entry.name.endswith(".json") for entry in os.scandir(outbox))):
    time.sleep(0.005)
print(f"first output after {time.monotonic() - started:.2f} s with {waiting} files waiting", flush=True)
over = threading.Event()
consumers = [threading.Thread(target=consume, args=a) for a in ((outbox, 1000, over), (done, 100_000, over))]
for consumer in consumers:
    consumer.start()
print(f"{'decided':>9} {'art/s':>6} {'user ms':>7} {'sys ms':>7} {'RSS MB':>7} {'peak':>5} {'index ≤':>8} {'fds':>4} {'threads':>7} "
      f"{'ledger B':>8}")
fed, last, since, cpu_before = waiting, 0, started, look(desk.pid)[0]
step = max(total // 10, 1)
while last < total and desk.poll() is None:
    now = decided()
    if fed < total and fed - now < MOST_WAITING:
        upto = min(total, fed + 5_000)
        feed(range(fed, upto), stage)
        fed = upto
    elif now < last + step and now < total:
        time.sleep(0.2)
    if now >= last + step or now >= total:
        cpu, rss, peak, fds, threads = look(desk.pid)
        at = time.monotonic()
        size = sum(os.path.getsize(f"{state}/{name}") for name in os.listdir(state))
        user, system = ((after - before) * 1000 / max(now - last, 1) for before, after in zip(cpu_before, cpu))
        print(f"{now:9} {(now - last) / (at - since):6.0f} {user:7.3f} {system:7.3f} {rss / 1024:7.1f} "
              f"{peak / 1024:5.0f} {now * INDEX_BYTES / 2**20:8.1f} {fds:4} {threads:7} {size / max(now, 1):8.0f}", flush=True)
        last, since, cpu_before = now, at, cpu
over.set()
for consumer in consumers:
    consumer.join()
if desk.poll() is None and options.idle:
    kept = sum(len(names) for _, _, names in os.walk(done))
    for number in range(kept, 100_000):
        with open(f"{done}/old{number:07}.txt", "w") as file:
            file.write("old")
    time.sleep(15)
    before, at = sum(look(desk.pid)[0]), time.monotonic()
    time.sleep(options.idle)
    cpu, rss, peak, fds, threads = look(desk.pid)
    share = (sum(cpu) - before) / (time.monotonic() - at) * 100
    print(f"idle with {max(kept, 100_000)} files in done/ and {options.folders} sub-folders: {share:.2f} % CPU, {rss / 1024:.1f} MB, {fds} descriptors")
desk.terminate()
code = desk.wait()
print(f"exit code {code}, {decided()} of {total} decided, log: {base}/log", flush=True)
if code == 0 and decided() >= total:
    shutil.rmtree(base)
    sys.exit(0)
sys.exit(1)
