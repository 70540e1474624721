import assert from "node:assert/strict";
import { fileCalls } from "../../ffi/file/open_file.ts";
import { join } from "node:path";
import { writeConfigFile } from "./config_file.ts";
import type { Clock } from "../../core/async/clock.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { watchFile, type WatchOptions } from "./file_watch.ts";

// Opened once for the thread's life, so no test opens it.
fileCalls();

// What users are promised: a change is noticed within a second.
const PROMISED_MS = 1000;
/** A call that has not come after this many milliseconds does not come at all. */
const GIVE_UP_MS = 20_000;

/** Adds up for how long the watch means to wait: a busy machine makes each wait longer, which is not the watch's doing. */
class WaitingClock implements Clock {
  waited = 0;
  now = SYSTEM_CLOCK.now;
  wallClock = SYSTEM_CLOCK.wallClock;

  after(milliseconds: number, callback: () => void): Disposable {
    return SYSTEM_CLOCK.after(milliseconds, () => {
      this.waited += milliseconds;
      callback();
    });
  }
}

/** Counts the calls of a watched file and waits for them. */
class Calls implements Disposable {
  count = 0;
  readonly #clock = new WaitingClock();
  readonly #watch: Disposable;
  #arrived = Promise.withResolvers<void>();

  constructor(path: string, options?: WatchOptions) {
    this.#watch = watchFile(path, () => {
      this.count++;
      this.#arrived.resolve();
      this.#arrived = Promise.withResolvers();
    }, { clock: this.#clock, ...options });
  }

  /** Makes the change and waits for the call, which has to come within the promised time. */
  async after(change: () => Promise<unknown>): Promise<void> {
    const { promise } = this.#arrived;
    await change();
    const changed = this.#clock.waited;
    await comes(promise);
    const took = this.#clock.waited - changed;
    assert(took < PROMISED_MS, `the call came after ${Math.round(took)} ms`);
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }
}

/** Waits for a call; an Error in place of a test that never ends. */
async function comes(call: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const givenUp = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no call came within ${GIVE_UP_MS} ms`)), GIVE_UP_MS);
  });
  try {
    await Promise.race([call, givenUp]);
  } finally {
    clearTimeout(timer);
  }
}

async function inFolder(run: (folder: string, path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "file-watch-" });
  try {
    await run(folder, join(folder, "x.conf"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("each way to save a file is one call", () =>
  inFolder(async (folder, path) => {
    await Deno.writeTextFile(path, "0");
    using calls = new Calls(path);
    const saves: (() => Promise<unknown>)[] = [
      () => Deno.writeTextFile(path, "1"),
      () => Deno.writeTextFile(path, "2"),
      () => Deno.writeTextFile(path, "+", { append: true }),
      () => writeConfigFile(path, "atomic"),
      // vim with backupcopy=no: the old file becomes the backup, a new one is written.
      async () => {
        await Deno.rename(path, `${path}~`);
        await Deno.writeTextFile(path, "vim");
        await Deno.remove(`${path}~`);
      },
      async () => {
        await Deno.truncate(path);
        await Deno.writeTextFile(path, "truncated");
      },
      // sed -i: a copy beside the file takes its place.
      async () => {
        const text = await Deno.readTextFile(path);
        await Deno.writeTextFile(join(folder, "sedA1b2C3"), text.replace("t", "T"));
        await Deno.rename(join(folder, "sedA1b2C3"), path);
      },
      async () => {
        await Deno.writeTextFile(join(folder, "other"), "moved");
        await Deno.rename(join(folder, "other"), path);
      },
    ];
    for (const save of saves) await calls.after(save);
    assert.equal(calls.count, saves.length);
  }));

Deno.test("deleting and making the file again are calls, also when it was not there at first", () =>
  inFolder(async (_folder, path) => {
    using calls = new Calls(path);
    await calls.after(() => Deno.writeTextFile(path, "1"));
    await calls.after(() => Deno.remove(path));
    await calls.after(() => Deno.writeTextFile(path, "1"));
    await calls.after(async () => {
      await Deno.remove(path);
      await Deno.writeTextFile(path, "1");
    });
    assert.equal(calls.count, 4);
  }));

Deno.test("neighbours and readers of the file are no calls", () =>
  inFolder(async (folder, path) => {
    await Deno.writeTextFile(path, "1");
    using calls = new Calls(path, { pollMs: 20 });
    for (let round = 0; round < 20; round++) {
      await Deno.writeTextFile(join(folder, `x.conf${round}`), "1");
      await Deno.readTextFile(path);
    }
    await calls.after(() => Deno.writeTextFile(path, "2"));
    assert.equal(calls.count, 1);
  }));

Deno.test("a file that is written all the time is a call now and then", () =>
  inFolder(async (_folder, path) => {
    using calls = new Calls(path);
    let writing = true;
    const writer = (async () => {
      for (let round = 0; writing; round++) {
        await Deno.writeTextFile(path, String(round));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    await calls.after(() => Promise.resolve());
    await calls.after(() => Promise.resolve());
    writing = false;
    await writer;
  }));

Deno.test("a symbolic link is followed: its target written, the link turned elsewhere", () =>
  inFolder(async (folder, path) => {
    for (const name of ["a", "b"]) {
      await Deno.mkdir(join(folder, name));
      await Deno.writeTextFile(join(folder, name, "target"), "1");
    }
    await Deno.symlink("a/target", path);
    using calls = new Calls(path);
    await calls.after(() => Deno.writeTextFile(join(folder, "a", "target"), "2"));
    const turn = async (target: string) => {
      await Deno.symlink(target, join(folder, "new"));
      await Deno.rename(join(folder, "new"), path);
    };
    await calls.after(() => turn("b/target"));
    await calls.after(() => writeConfigFile(path, "2"));
    await calls.after(() => turn("nowhere"));
    await calls.after(() => turn("a/target"));
    assert.equal(calls.count, 5);
  }));

Deno.test("a link in the middle of a chain is noticed", () =>
  inFolder(async (folder, path) => {
    const [middle, end] = [join(folder, "middle"), join(folder, "end")];
    await Deno.mkdir(middle);
    await Deno.mkdir(end);
    for (const name of ["a", "b"]) await Deno.writeTextFile(join(end, name), "1");
    await Deno.symlink("../end/a", join(middle, "link"));
    await Deno.symlink("middle/link", path);
    using calls = new Calls(path);
    await calls.after(async () => {
      await Deno.symlink("../end/b", join(middle, "new"));
      await Deno.rename(join(middle, "new"), join(middle, "link"));
    });
    await calls.after(() => Deno.writeTextFile(join(end, "b"), "2"));
    assert.equal(calls.count, 2);
  }));

Deno.test("the folder is replaced, taken away and made again", () =>
  inFolder(async (folder) => {
    const inner = join(folder, "etc");
    const path = join(inner, "x.conf");
    using calls = new Calls(path);
    const make = async (at: string, text: string) => {
      await Deno.mkdir(at);
      await Deno.writeTextFile(join(at, "x.conf"), text);
    };
    await calls.after(() => make(inner, "1"));
    await calls.after(async () => {
      await make(join(folder, "new"), "2");
      await Deno.rename(inner, join(folder, "old"));
      await Deno.rename(join(folder, "new"), inner);
    });
    await calls.after(() => Deno.writeTextFile(path, "3"));
    await calls.after(() => Deno.remove(inner, { recursive: true }));
    await calls.after(() => make(inner, "4"));
    await calls.after(() => Deno.writeTextFile(path, "5"));
    assert.equal(calls.count, 6);
  }));

Deno.test("no call comes after closing, and closing twice is fine", () =>
  inFolder(async (_folder, path) => {
    const closed = new Calls(path, { pollMs: 1 });
    using open = new Calls(path);
    closed[Symbol.dispose]();
    await open.after(() => Deno.writeTextFile(path, "1"));
    closed[Symbol.dispose]();
    assert.equal(closed.count, 0);
  }));
