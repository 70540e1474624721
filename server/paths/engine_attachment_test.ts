import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import { configureLog } from "../../program/log.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import type { ExecState, ExecStream } from "../../system/docker/exec_stream.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { EngineAttachment } from "./engine_attachment.ts";

/** One call of `open`. */
interface Attempt {
  readonly at: number;
  readonly container: string;
  readonly signal: AbortSignal | undefined;
  readonly answer: PromiseWithResolvers<ExecStream>;
}

/** An attachment over an Engine that the test plays, in virtual time. */
class Scene implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly attempts: Attempt[] = [];
  /** What was called and closed, in its order. */
  readonly steps: string[] = [];
  readonly lines: string[] = [];
  /** What opens meet, if not the test's own answer. */
  opens: "by hand" | "at once" | "refused" = "at once";
  exitCode: number | undefined;
  /** What the next closings wait for. */
  release: Promise<void> = Promise.resolve();
  /** Chance. */
  random = 0;
  readonly attachment = new EngineAttachment({
    onOpened: ({ execId }) => void this.steps.push(`opened ${execId}`),
    onClosing: ({ execId }) => {
      this.steps.push(`closing ${execId}`);
      return this.release;
    },
    open: (_engine, container, command, signal) => {
      assert.deepEqual(command, ["docker-connector-client", "attach"]);
      const attempt = {
        at: this.clock.now(),
        container,
        signal,
        answer: Promise.withResolvers<ExecStream>(),
      };
      this.attempts.push(attempt);
      if (this.opens === "at once") attempt.answer.resolve(this.stream(`e${this.attempts.length}`));
      if (this.opens === "refused") {
        attempt.answer.reject(new OperationError("unavailable", "Cannot run it: no"));
      }
      return attempt.answer.promise;
    },
    inspect: () => Promise.resolve<ExecState>({ isRunning: false, exitCode: this.exitCode }),
    clock: this.clock,
    random: () => this.random,
  });

  constructor() {
    const write = (line: string) => void this.lines.push(line.replace(/^\S+ /, "").trim());
    configureLog({ level: "info", format: "text", color: false, write });
  }

  stream(execId: string): ExecStream {
    return { descriptor: -1, execId, close: () => void this.steps.push(`closed ${execId}`) };
  }

  /** Names a container of the only Engine. */
  async set(id: string | undefined, engine: EngineClient = ENGINE): Promise<void> {
    this.attachment.setContainer(id === undefined ? undefined : { engine, id });
    await this.settle();
  }

  async lose(reason = "the stream has ended"): Promise<void> {
    this.attachment.lost(reason);
    await this.settle();
  }

  /** Lets time pass. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.clock.now() + milliseconds;
    for (let due = this.clock.nextDue; due !== undefined && due <= end; due = this.clock.nextDue) {
      await this.clock.advance(due - this.clock.now());
      await this.settle();
    }
    await this.clock.advance(end - this.clock.now());
  }

  /** Lets everything happen that can happen at this time. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  /** Times between the attempts. */
  get pauses(): number[] {
    return this.attempts.slice(1).map(({ at }, index) => at - (this.attempts[index]?.at ?? 0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.attachment[Symbol.asyncDispose]();
    configureLog({ level: "error", format: "text", color: false, write: () => {} });
    assert.equal(this.clock.nextDue, undefined, "a timer is left");
  }
}

const ENGINE = {} as EngineClient;

Deno.test("without a container it is off; with one a stream is opened, and closed when the container is gone", async () => {
  await using scene = new Scene();
  assert.deepEqual(scene.attachment.status, { state: "off" });
  await scene.set("c");
  await scene.set("c");
  assert.deepEqual(scene.attachment.status, { state: "open" });
  await scene.set(undefined);
  assert.deepEqual(scene.attachment.status, { state: "off" });
  assert.deepEqual(scene.steps, ["opened e1", "closing e1", "closed e1"]);
  await scene.pass(100_000);
  assert.equal(scene.attempts.length, 1);
});

Deno.test("a lost stream is opened again at once, then with pauses that double up to 10 s", async () => {
  await using scene = new Scene();
  await scene.set("c");
  const pauses = [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000];
  for (const pause of pauses) {
    await scene.lose();
    if (pause > 0) {
      const fault = "Cannot use the engine path: the stream has ended";
      assert.deepEqual(scene.attachment.status, { state: "connecting", fault });
    }
    await scene.pass(pause);
    assert.deepEqual(scene.attachment.status, { state: "open" });
  }
  assert.deepEqual(scene.pauses, pauses);
});

Deno.test("a stream that has held for 10 s is followed as the first one, no sooner", async () => {
  await using scene = new Scene();
  await scene.set("c");
  for (const [held, pauses] of [[0, [0, 100]], [9_999, [200, 400]], [10_000, [0, 100]]] as const) {
    await scene.pass(held);
    for (const pause of pauses) {
      const before = scene.attempts.length;
      await scene.lose();
      if (pause > 0) await scene.pass(pause - 1);
      assert.equal(scene.attempts.length, before + (pause === 0 ? 1 : 0), `${held} ${pause}`);
      await scene.pass(Math.min(pause, 1));
      assert.equal(scene.attempts.length, before + 1, `${held} ${pause}`);
    }
  }
});

Deno.test("opens that fail are tried again with pauses, from which chance takes up to half", async () => {
  for (
    const [random, pauses] of [
      [0, [100, 200, 400, 800, 1600, 2000, 2000]],
      [0.5, [75, 150, 300, 600, 1200, 1500, 1500]],
    ] as const
  ) {
    await using scene = new Scene();
    scene.random = random;
    scene.opens = "refused";
    await scene.set("c");
    await scene.pass(pauses.reduce((sum, pause) => sum + pause, 0));
    assert.deepEqual(scene.pauses, pauses);
    assert.deepEqual(scene.attachment.status, { state: "connecting", fault: "Cannot run it: no" });
    assert.deepEqual(scene.lines, ["warn  path: Cannot run it: no; it is tried again"]);
  }
});

Deno.test("a client that knows no attach is asked every 60 s, which is logged once", async () => {
  await using scene = new Scene();
  scene.exitCode = 64;
  await scene.set("c");
  for (let count = 0; count < 3; count++) {
    await scene.lose();
    assert.equal(scene.attachment.status.state, "unavailable");
    assert.match(scene.attachment.status.fault ?? "", /is too old for it$/);
    assert.equal(scene.attachment.status.remedy, "Update the image of the client");
    await scene.pass(60_000);
  }
  assert.deepEqual(scene.pauses, [60_000, 60_000, 60_000]);
  assert.deepEqual(scene.lines, [
    "warn  path: Cannot use the engine path: the client in the container is too old for it. " +
    "Update the image of the client; it is tried again",
  ]);
});

for (const exitCode of [126, 127]) {
  Deno.test(`a container that answers ${exitCode} four times is asked every 60 s, which is logged once`, async () => {
    await using scene = new Scene();
    scene.exitCode = exitCode;
    await scene.set("c");
    const pauses = [100, 200, 400, 60_000, 60_000, 60_000];
    for (const pause of pauses) {
      await scene.lose();
      assert.equal(scene.attachment.status.state, pause === 60_000 ? "unavailable" : "connecting");
      assert.match(
        scene.attachment.status.fault ?? "",
        /no client that can attach$/,
      );
      assert.equal(scene.attachment.status.remedy, "Update the image of the client");
      await scene.pass(pause);
    }
    assert.deepEqual(scene.pauses, pauses);
    assert.equal(scene.lines.length, 1, scene.lines.join("\n"));
  });
}

Deno.test("a container whose client has attached is not given up for what the Engine says while it restarts", async () => {
  await using scene = new Scene();
  await scene.set("c");
  await scene.pass(10_000);
  await scene.lose();
  scene.exitCode = 126;
  for (let count = 0; count < 8; count++) {
    await scene.lose();
    assert.equal(scene.attachment.status.state, "connecting");
    await scene.pass(10_000 - 1);
  }
});

Deno.test("another container is asked at once, whatever the last one could not do, and is logged by itself", async () => {
  await using scene = new Scene();
  scene.exitCode = 64;
  for (const container of ["old", "older"]) {
    await scene.set(container);
    await scene.lose();
    assert.equal(scene.attachment.status.state, "unavailable");
  }
  await scene.set("new");
  assert.deepEqual(scene.attachment.status, { state: "open" });
  assert.deepEqual(scene.attempts.map(({ container }) => container), ["old", "older", "new"]);
  assert.deepEqual(scene.pauses, [0, 0]);
  assert.equal(scene.lines.length, 2);
});

Deno.test("a container in which no client runs yet is asked as after any loss", async () => {
  await using scene = new Scene();
  scene.exitCode = 69;
  await scene.set("c");
  await scene.lose();
  await scene.lose();
  assert.deepEqual(scene.attachment.status, {
    state: "connecting",
    fault: "Cannot use the engine path: no client runs in the container",
    remedy: "Look at the log of its container",
  });
  await scene.pass(100);
  assert.deepEqual(scene.pauses, [0, 100]);
});

Deno.test("a container that is gone while its stream is being opened gets it closed, unseen", async () => {
  await using scene = new Scene();
  scene.opens = "by hand";
  await scene.set("first");
  assert.deepEqual(scene.attachment.status, { state: "connecting" });
  await scene.set("second");
  const [first] = scene.attempts;
  assert.equal(first?.signal?.aborted, true);
  first.answer.resolve(scene.stream("late"));
  await scene.settle();
  scene.attempts[1]?.answer.resolve(scene.stream("new"));
  await scene.settle();
  assert.deepEqual(scene.steps, ["closed late", "opened new"]);
  assert.deepEqual(scene.attachment.status, { state: "open" });
});

Deno.test("an open that fails because its container is gone is no fault", async () => {
  await using scene = new Scene();
  scene.opens = "by hand";
  await scene.set("c");
  await scene.set(undefined);
  scene.attempts[0]?.answer.reject(scene.attempts[0].signal?.reason);
  await scene.pass(100_000);
  assert.deepEqual(scene.attachment.status, { state: "off" });
  assert.deepEqual([scene.attempts.length, scene.lines], [1, []]);
});

Deno.test("containers that come and go at once leave the last one", async () => {
  await using scene = new Scene();
  for (const id of ["a", undefined, "b", "a", undefined, "c"]) {
    scene.attachment.setContainer(id === undefined ? undefined : { engine: ENGINE, id });
  }
  await scene.settle();
  assert.deepEqual(scene.steps.filter((step) => step.startsWith("opened")).length, 1);
  assert.equal(scene.attempts.at(-1)?.container, "c");
  assert.deepEqual(scene.attachment.status, { state: "open" });
});

Deno.test("the same container of an Engine that was lost gets a new stream", async () => {
  await using scene = new Scene();
  await scene.set("c");
  await scene.set("c", {} as EngineClient);
  assert.deepEqual(scene.steps, ["opened e1", "closing e1", "closed e1", "opened e2"]);
});

Deno.test("a descriptor is closed, and the next stream opened, only when the last one was let go", async () => {
  await using scene = new Scene();
  const release = Promise.withResolvers<void>();
  scene.release = release.promise;
  await scene.set("c");
  await scene.lose();
  assert.deepEqual(scene.steps, ["opened e1", "closing e1"]);
  await scene.set("d");
  assert.equal(scene.attempts.length, 1);
  release.resolve();
  await scene.settle();
  assert.deepEqual(scene.steps, ["opened e1", "closing e1", "closed e1", "opened e2"]);
});

Deno.test("the loss of a stream that is closed already, and of one while none is open, is none", async () => {
  await using scene = new Scene();
  await scene.lose();
  await scene.set("c");
  scene.attachment.lost("it is long gone", scene.stream("e0"));
  await scene.settle();
  assert.deepEqual(scene.attachment.status, { state: "open" });
  assert.deepEqual(scene.steps, ["opened e1"]);
});

Deno.test("what happens is logged once: open when it has held, and lost", async () => {
  await using scene = new Scene();
  await scene.set("c");
  for (let round = 0; round < 2; round++) {
    await scene.pass(10_000);
    for (const reason of ["the stream has ended", "a frame is malformed", "the stream has ended"]) {
      await scene.lose(reason);
      await scene.pass(1_000);
    }
  }
  await scene.pass(10_000);
  const open = "info  path: the engine path is open";
  const lost = "warn  path: Cannot use the engine path: the stream has ended; it is tried again";
  assert.deepEqual(scene.lines, [open, lost, open, lost, open]);
});

Deno.test("an Engine that is gone is not logged here", async () => {
  await using scene = new Scene();
  scene.opens = "by hand";
  await scene.set("c");
  const cause = new Deno.errors.ConnectionRefused();
  scene.attempts[0]?.answer.reject(new OperationError("unavailable", "Cannot use it: gone", "", { cause }));
  await scene.settle();
  assert.equal(scene.attachment.status.fault, "Cannot use it: gone");
  assert.deepEqual(scene.lines, []);
});

Deno.test("an owner that cannot take a stream gets it closed, and later another", async () => {
  const clock = new FakeClock();
  const steps: string[] = [];
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
  await using attachment = new EngineAttachment({
    onOpened: () => {
      steps.push("opened");
      if (steps.length === 1) throw new TypeError("no worker");
    },
    onClosing: () => void steps.push("closing"),
    open: () => Promise.resolve({ descriptor: -1, execId: "e", close: () => void steps.push("closed") }),
    inspect: () => Promise.reject(new OperationError("unavailable", "Cannot ask")),
    clock,
  });
  attachment.setContainer({ engine: ENGINE, id: "c" });
  await settle();
  attachment.lost("the stream has ended");
  await settle();
  assert.equal(attachment.status.fault, "Cannot use the engine path: the stream has ended");
  assert.deepEqual(steps, ["opened", "closing", "closed", "opened", "closing", "closed"]);
});

Deno.test("disposal closes the stream, ends a pause, and nothing comes after it", async () => {
  for (const opens of ["at once", "refused"] as const) {
    const scene = new Scene();
    scene.opens = opens;
    await scene.set("c");
    await scene[Symbol.asyncDispose]();
    await scene.set("d");
    assert.deepEqual(scene.attachment.status, { state: "off" });
    assert.equal(scene.attempts.length, 1);
    assert.deepEqual(scene.steps, opens === "at once" ? ["opened e1", "closing e1", "closed e1"] : []);
  }
});
