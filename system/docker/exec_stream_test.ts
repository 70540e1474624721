import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import { openLibc, pick, POSIX } from "../../ffi/libc/libc.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { answer, type FakeConnection, FakeEngine, VERSION } from "../../tests/fakes/engine.ts";
import { EngineClient } from "./engine_client.ts";
import { type ExecStream, inspectExec, openExecStream } from "./exec_stream.ts";

const UPGRADED =
  "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
const RAW = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n";
const COMMAND = ["docker-connector-client", "attach"];

interface Fixture {
  readonly engine: EngineClient;
  readonly fake: FakeEngine;
  /** The bodies of the requests, each behind its target. */
  readonly bodies: string[];
}

/** An Engine whose answer to the start of a command is the test's. */
async function withEngine(
  start: (connection: FakeConnection) => Promise<unknown>,
  body: (fixture: Fixture) => Promise<void>,
  create = answer('{"Id":"e1"}', "201 Created"),
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const bodies: string[] = [];
  try {
    await using fake = new FakeEngine(`${folder}/docker.sock`, async (target, connection) => {
      if (target === "/version") return void await connection.write(answer(VERSION));
      if (target.startsWith("POST")) bodies.push(`${target} ${await connection.body()}`);
      if (target.endsWith("/exec")) await connection.write(create);
      else await start(connection);
    });
    await body({ engine: await EngineClient.connect(fake.path), fake, bodies });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Reads what the stream gives until its end, at most 64 bytes. */
async function readAll({ descriptor }: ExecStream): Promise<string> {
  using libc = openLibc(pick(POSIX, "pollLater", "read"));
  const buffer = new Uint8Array(64);
  let at = 0;
  // poll(2) writes to it on another thread: it must not be garbage meanwhile.
  const entry = new Int32Array([descriptor, 1]);
  for (;;) {
    await libc.symbols.pollLater(entry, 1, 5_000);
    const length = libc.symbols.read(descriptor, buffer.subarray(at), buffer.length - at);
    if (length <= 0) return new TextDecoder().decode(buffer.subarray(0, at));
    at += length;
  }
}

function isFault(pattern: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof OperationError && error.code === "unavailable" && pattern.test(error.report);
}

for (const [status, head] of [["101", UPGRADED], ["200", RAW]] as const) {
  Deno.test(`the stream begins right behind the head of an answer ${status}`, () =>
    withEngine((connection) => connection.write(`${head}first\nsecond`), async ({ engine, bodies }) => {
      const stream = await openExecStream(engine, "a/b", COMMAND);
      try {
        assert.equal(stream.execId, "e1");
        assert.equal(await readAll(stream), "first\nsecond");
      } finally {
        stream.close();
      }
      assert.deepEqual(bodies, [
        'POST /v1.41/containers/a%2Fb/exec {"AttachStdin":true,"AttachStdout":true,"AttachStderr":true,' +
        '"Tty":false,"Cmd":["docker-connector-client","attach"]}',
        'POST /v1.41/exec/e1/start {"Detach":false,"Tty":false}',
      ]);
    }));
}

Deno.test("the start asks for an upgrade of its connection", () =>
  withEngine(async (connection) => {
    assert.match(connection.head, /\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n/);
    await connection.write(UPGRADED);
  }, async ({ engine }) => (await openExecStream(engine, "c", COMMAND)).close()));

Deno.test("what the Engine says against it is in the error, of the container and of the start", async () => {
  const refusal = (words: string) => answer(JSON.stringify({ message: words }), "409 Conflict");
  await withEngine(() => assert.fail("it was started"), async ({ engine }) => {
    const fault = isFault(
      /^Cannot run docker-connector-client in the container: .* answers container c is not running$/,
    );
    await assert.rejects(openExecStream(engine, "c", COMMAND), fault);
  }, refusal("container c is not running"));
  await withEngine((connection) => connection.write(refusal("it is paused")), async ({ engine }) => {
    await assert.rejects(openExecStream(engine, "c", COMMAND), isFault(/answers it is paused$/));
  });
});

for (
  const [what, text, pattern] of [
    ["is no HTTP", "hello\r\n\r\n", /not HTTP/],
    [
      "has a head without an end",
      `HTTP/1.1 101 x\r\n${"a: b\r\n".repeat(99)}${"c".repeat(20_000)}`,
      /does not end/,
    ],
    ["has interim heads without an end", "HTTP/1.1 100 x\r\n\r\n".repeat(2_000), /does not end/],
    ["breaks off in the head", "HTTP/1.1 101 UPGRADED\r\nUpg", /breaks off/],
    ["is empty", "", /breaks off/],
    ["is a page", answer("<p>hello</p>"), /the answer is no stream/],
    ["is an error without an end", `HTTP/1.1 500 x\r\n\r\n${"x".repeat(100_000)}`, /does not end/],
    ["is an error in no words", "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", /answers 503/],
  ] as const
) {
  Deno.test(`an answer that ${what} is a fault and nothing more`, () =>
    withEngine((connection) => connection.write(text), async ({ engine }) => {
      await assert.rejects(openExecStream(engine, "c", COMMAND), isFault(pattern));
    }));
}

Deno.test("an Engine that creates nothing with an id is at fault", () =>
  withEngine(() => assert.fail("it was started"), async ({ engine }) => {
    await assert.rejects(openExecStream(engine, "c", COMMAND), isFault(/the answer names no command/));
  }, answer("{}", "201 Created")));

Deno.test("an answer that does not come is given up after the Engine's time limit", async () => {
  const asked = Promise.withResolvers<void>();
  await withEngine(async (connection) => {
    await connection.write("HTTP/1.1 101 ");
    asked.resolve();
    await connection.untilClosed();
  }, async ({ engine }) => {
    const clock = new FakeClock();
    const opening = openExecStream(engine, "c", COMMAND, undefined, clock);
    const fault = assert.rejects(opening, isFault(/does not answer in time/));
    await asked.promise;
    await clock.advance(engine.limits.timeoutMs);
    await fault;
    assert.equal(clock.nextDue, undefined);
  });
});

Deno.test("the signal gives up a start that is not answered", async () => {
  const asked = Promise.withResolvers<void>();
  const stop = new AbortController();
  await withEngine(async (connection) => {
    asked.resolve();
    await connection.untilClosed();
  }, async ({ engine }) => {
    const opening = openExecStream(engine, "c", COMMAND, stop.signal);
    const given = assert.rejects(opening, (error) => error === stop.signal.reason);
    await asked.promise;
    stop.abort();
    await given;
    await assert.rejects(
      openExecStream(engine, "c", COMMAND, stop.signal),
      (error) => error === stop.signal.reason,
    );
  });
});

Deno.test("an Engine that is gone is at fault", async () => {
  await withEngine(() => assert.fail("it was started"), async ({ engine, fake }) => {
    await Deno.remove(fake.path);
    await assert.rejects(openExecStream(engine, "c", COMMAND), isFault(/nothing listens there/));
  });
});

Deno.test("an Engine that is gone between the two requests is at fault", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await using fake = new FakeEngine(`${folder}/docker.sock`, async (target, connection) => {
      if (target === "/version") return void await connection.write(answer(VERSION));
      await Deno.remove(fake.path);
      await connection.write(answer('{"Id":"e1"}', "201 Created"));
    });
    const engine = await EngineClient.connect(fake.path);
    await assert.rejects(openExecStream(engine, "c", COMMAND), isFault(/nothing listens there/));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (
  const [what, text, state] of [
    ["runs", '{"Running":true,"ExitCode":null}', { isRunning: true, exitCode: undefined }],
    ["runs in Podman", '{"Running":true,"ExitCode":0}', { isRunning: true, exitCode: undefined }],
    ["has ended", '{"Running":false,"ExitCode":127}', { isRunning: false, exitCode: 127 }],
    ["has not begun", '{"Running":false,"ExitCode":null}', { isRunning: false, exitCode: undefined }],
    ["ended in some way", '{"Running":false,"ExitCode":"x"}', { isRunning: false, exitCode: undefined }],
  ] as const
) {
  Deno.test(`the state of a command that ${what}`, () =>
    withEngine((connection) => connection.write(answer(text)), async ({ engine, fake }) => {
      assert.deepEqual(await inspectExec(engine, "e1"), state);
      assert.equal(fake.targets.at(-1), "/v1.41/exec/e1/json");
    }));
}

Deno.test("a command that the Engine does not know has no state, and an answer that is none is a fault", async () => {
  await withEngine((connection) => connection.write(answer("{}", "404 Not Found")), async ({ engine }) => {
    assert.equal(await inspectExec(engine, "e1"), undefined);
  });
  await withEngine((connection) => connection.write(answer("7")), async ({ engine }) => {
    await assert.rejects(inspectExec(engine, "e1"), isFault(/no command's state/));
  });
});
