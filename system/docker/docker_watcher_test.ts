import assert from "node:assert/strict";
import {
  answer,
  chunk,
  CHUNKED_HEAD,
  FakeEngine,
  GoodEngine,
  network,
  VERSION,
} from "../../tests/fakes/engine.ts";
import { DockerWatcher, type WatchOptions } from "./docker_watcher.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { connectDocker } from "./search/connect_docker.ts";

/** What the listener is told, line by line, each awaited in its order. */
class Told {
  readonly #lines: string[] = [];
  #news = Promise.withResolvers<void>();

  add(line: string): void {
    this.#lines.push(line);
    this.#news.resolve();
  }

  /** The next line; those that are not wanted are passed over. */
  async next(isWanted: (line: string) => boolean = () => true): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line === undefined) {
        this.#news = Promise.withResolvers<void>();
        await this.#news.promise;
      } else if (isWanted(line)) return line;
    }
  }
}

/** Runs a test with a watcher of a socket that nobody listens on yet. */
async function withFollower(
  options: Partial<WatchOptions>,
  body: (path: string, told: Told, watcher: DockerWatcher) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/docker.sock`;
  const told = new Told();
  const watcher = new DockerWatcher({
    sockets: () => Promise.resolve({ paths: [path] }),
    connect: connectDocker,
    debounceMs: 1,
    pollMs: 5,
    ...options,
  }, {
    onConnected: ({ version }) => told.add(`found ${version}`),
    onNetworks: ({ networks }) => Promise.resolve(told.add(networks.map(({ name }) => name).join(" "))),
    onClientChange: () => told.add("client"),
    onContainerChange: (id) => told.add(`container ${id.slice(0, 4)}`),
    onDisconnected: (fault) => told.add(`lost: ${fault.message.replaceAll(path, "SOCKET")}`),
  });
  try {
    await body(path, told, watcher);
  } finally {
    await watcher[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
}

const ABSENT = "lost: Cannot use the Docker Engine at SOCKET: nothing listens there";

Deno.test("networks are listed when the Engine is found and after each change", () =>
  withFollower({ pause: () => 60_000 }, async (path, told, watcher) => {
    assert.equal(await told.next(), ABSENT);
    assert.equal(watcher.state.engine, undefined);
    // The pause is a minute, so it is the new socket that ends the wait.
    await using engine = new GoodEngine(path, [network("a", "10.0.0.0/24")]);
    assert.equal(await told.next((line) => line !== ABSENT), "found 20.10.24");
    assert.equal(await told.next(), "a");
    await engine.change([network("a", "10.0.0.0/24"), network("b", "10.0.1.0/24")]);
    assert.equal(await told.next(), "a b");
    await engine.change([]);
    assert.equal(await told.next(), "");
    assert.deepEqual(watcher.state.networks, []);
    assert.equal(watcher.state.fault, undefined);
  }));

Deno.test("an Engine that is replaced is followed again, whatever changed meanwhile", () =>
  withFollower({ pause: () => 100 }, async (path, told, watcher) => {
    assert.equal(await told.next(), ABSENT);
    for (const name of ["first", "second", "third"]) {
      await using _engine = new GoodEngine(path, [network(name, "10.0.0.0/24")]);
      assert.equal(await told.next((line) => !line.startsWith("lost")), "found 20.10.24");
      assert.equal(await told.next(), name);
      assert.deepEqual(watcher.state.networks.map((network) => network.name), [name]);
    }
    assert.match(await told.next(), /^lost: /);
    assert.equal(watcher.state.engine, undefined);
    assert.deepEqual(watcher.state.networks.map(({ name }) => name), ["third"], "what was known stays");
  }));

Deno.test("the pauses grow while nobody listens and start again after the Engine was found", async () => {
  const failures: number[] = [];
  const pause = (count: number) => {
    failures.push(count);
    return 1;
  };
  await withFollower({ pause }, async (path, told) => {
    for (let count = 0; count < 4; count++) assert.equal(await told.next(), ABSENT);
    await (async () => {
      await using _engine = new GoodEngine(path);
      await told.next((line) => line === "found 20.10.24");
    })();
    const before = failures.length;
    await told.next((line) => line.startsWith("lost"));
    await told.next((line) => line === ABSENT);
    assert.deepEqual(failures.slice(0, 3), [1, 2, 3]);
    assert.equal(failures[before], 1);
  });
});

/** The clock, of which a test skips parts, and the waits that were asked of it. */
function skippingClock() {
  const waits: number[] = [];
  const clock = {
    ...SYSTEM_CLOCK,
    skippedMs: 0,
    now: () => SYSTEM_CLOCK.now() + clock.skippedMs,
    after: (milliseconds: number, callback: () => void) => {
      waits.push(milliseconds);
      return SYSTEM_CLOCK.after(milliseconds, callback);
    },
  };
  return { clock, waits };
}

const LONG = { pause: () => 60_000, pollMs: 60_000 };

Deno.test("an Engine that starts again is found at once, however long the pauses are", () => {
  const { clock } = skippingClock();
  return withFollower({ ...LONG, clock }, async (path, told) => {
    await (async () => {
      await using _first = new GoodEngine(path);
      await told.next((line) => line === "");
      clock.skippedMs += 2_000;
    })();
    await told.next((line) => line === ABSENT);
    await using _second = new GoodEngine(path);
    assert.equal(await told.next((line) => !line.startsWith("lost")), "found 20.10.24");
  });
});

Deno.test("a lost Engine is tried again soon where its socket stays the same", () => {
  const { clock } = skippingClock();
  const results = [true, false, false, true];
  const connect: WatchOptions["connect"] = (search, signal) =>
    results.shift() === true ? connectDocker(search, signal) : connectDocker({ paths: [] }, signal);
  return withFollower({ ...LONG, clock, connect }, async (path, told) => {
    await using engine = new GoodEngine(path);
    await told.next((line) => line === "");
    clock.skippedMs += 2_000;
    await engine.change("nonsense");
    await told.next((line) => line.startsWith("lost"));
    engine.networks = [];
    assert.equal(await told.next((line) => !line.startsWith("lost")), "found 20.10.24");
    assert.deepEqual(results, []);
  });
});

for (const [name, heldMs, lostMs] of [["at once", 0, 0], ["half a minute ago", 2_000, 31_000]] as const) {
  Deno.test(`an Engine that was lost ${name} is looked for as seldom as any`, () => {
    const { clock, waits } = skippingClock();
    return withFollower({ ...LONG, clock }, async (path, told) => {
      await using engine = new GoodEngine(path);
      await told.next((line) => line === "");
      clock.skippedMs += heldMs;
      await engine.change("nonsense");
      await told.next((line) => line.startsWith("lost"));
      if (lostMs === 0) return assert.ok(await isAwaited(waits), waits.join());
      clock.skippedMs += lostMs;
      await told.next((line) => line.startsWith("lost"));
      assert.ok(await isAwaited(waits), waits.join());
    });
  });
}

/** Whether the whole pause is waited for. */
async function isAwaited(waits: readonly number[]): Promise<boolean> {
  const isLong = (milliseconds: number) => milliseconds > 50_000;
  for (let turn = 0; turn < 100 && !waits.some(isLong); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return waits.some(isLong);
}

Deno.test("it is told apart whether nobody listens or no Engine answers", async () => {
  const told: boolean[] = [];
  const second = Promise.withResolvers<void>();
  const pause = (_failures: number, isListening: boolean) => {
    if (told.push(isListening) >= 2 && isListening) second.resolve();
    return 1;
  };
  await withFollower({ pause }, async (path, lines) => {
    assert.equal(await lines.next(), ABSENT);
    await using _silent = new FakeEngine(path, () => Promise.resolve());
    await second.promise;
    assert.equal(told[0], false);
  });
});

Deno.test("networks are listed now and then without an event", () =>
  withFollower({ refreshMs: 10 }, async (path, told) => {
    await using engine = new GoodEngine(path, [network("a", "10.0.0.0/24")]);
    await told.next((line) => line === "a");
    engine.networks = [network("b", "10.0.0.0/24")];
    await told.next((line) => line === "b");
  }));

Deno.test("an event whose time differs from the Engine's answers has the networks listed again, once", () =>
  withFollower({ refreshMs: 3_600_000 }, async (path, told, watcher) => {
    const event = (time: number) => chunk(`${JSON.stringify({ Type: "container", Action: "top", time })}\n`);
    const doubted = Promise.withResolvers<void>();
    const dated = (text: string) => text.replace("\r\n", `\r\nDate: ${new Date().toUTCString()}\r\n`);
    await using fake = new FakeEngine(path, async (target, connection) => {
      if (target === "/version") await connection.write(dated(answer(VERSION)));
      else if (target.endsWith("/networks")) await connection.write(dated(answer("[]")));
      else {
        await connection.write(dated(CHUNKED_HEAD));
        await doubted.promise;
        const now = Math.floor(Date.now() / 1000);
        for (const time of [now, now - 600, now - 600]) await connection.write(event(time));
        await connection.untilClosed();
      }
    });
    await told.next((line) => line === "");
    assert.equal(watcher.state.engine?.clock.aheadMs, 0);
    doubted.resolve();
    await told.next((line) => line === "");
    assert.equal(fake.targets.filter((target) => target.endsWith("/networks")).length, 2);
  }));

Deno.test("an Engine that lists nonsense is lost, and found once it has come to its senses", () =>
  withFollower({ pause: () => 5 }, async (path, told) => {
    await using engine = new GoodEngine(path, [network("a", "10.0.0.0/24")]);
    await told.next((line) => line === "a");
    await engine.change("nonsense");
    assert.match(await told.next(), /^lost: .*: the answer is no list of networks$/);
    engine.networks = [network("b", "10.0.0.0/24")];
    assert.equal(await told.next((line) => !line.startsWith("lost")), "found 20.10.24");
    assert.equal(await told.next(), "b");
  }));

Deno.test("it ends at once while the search for sockets hangs", async () => {
  const begun = Promise.withResolvers<void>();
  const sockets = () => {
    begun.resolve();
    return new Promise<never>(() => {});
  };
  await withFollower({ sockets, searchTimeoutMs: 3_600_000 }, async () => await begun.promise);
});

Deno.test("a search that hangs is told and not begun again", async () => {
  let searches = 0;
  const sockets = () => {
    searches++;
    return new Promise<never>(() => {});
  };
  await withFollower({ sockets, searchTimeoutMs: 1, pause: () => 1 }, async (_path, told) => {
    const words = "lost: Cannot find the Docker Engine: the folders where its socket may be do not answer";
    for (let round = 0; round < 3; round++) assert.equal(await told.next(), words);
  });
  assert.equal(searches, 1);
});

/** Two Engines, and a search whose context is first the one, then the other. */
async function withTwoEngines(
  body: (paths: readonly string[], choose: (context: string) => void, told: Told) => Promise<void>,
): Promise<void> {
  let context = "";
  const sockets = () => Promise.resolve({ paths: [context, `${context}-usual`], context });
  await withFollower({ sockets, refreshMs: 5, pause: () => 1 }, async (path, told) => {
    const paths = [`${path}.one`, `${path}.two`];
    await body(paths, (chosen) => context = chosen, told);
  });
}

Deno.test("another context that comes into use is followed, once its Engine answers", () =>
  withTwoEngines(async ([one = "", two = ""], choose, told) => {
    choose(one);
    await using _first = new GoodEngine(one, [network("one", "10.0.0.0/24")]);
    await told.next((line) => line === "one");
    // Nobody listens there yet, so the first is followed on.
    choose(two);
    await told.next();
    assert.equal(await told.next(), "one");
    await using _second = new GoodEngine(two, [network("two", "10.0.1.0/24")]);
    const lost = await told.next((line) => line !== "one");
    assert.match(
      lost,
      /^lost: Cannot stay with the Docker Engine at .*\.one: another Docker context is in use now$/,
    );
    assert.equal(await told.next(), "found 20.10.24");
    assert.equal(await told.next(), "two");
  }));

Deno.test("it ends at once while it waits for the next attempt", () =>
  withFollower({ pause: () => 60_000, pollMs: 60_000 }, async (_path, told) => {
    assert.equal(await told.next(), ABSENT);
  }));
