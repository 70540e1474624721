import assert from "node:assert/strict";
import { formatPrefix } from "../../core/net/prefix.ts";
import { OperationError } from "../../core/error.ts";
import {
  answer,
  chunk,
  CHUNKED_HEAD,
  FakeEngine,
  GoodEngine,
  network,
  type Respond,
  VERSION,
} from "../../tests/fakes/engine.ts";
import { EngineClient } from "./engine_client.ts";

/** Runs a test with the path of a socket that does not exist yet. */
async function withSocket(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(`${folder}/docker.sock`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** An Engine whose answer to `GET /networks` is these bytes. */
function networksAnswer(...pieces: readonly string[]): Respond {
  return async (target, connection) => {
    if (target === "/version") await connection.write(answer(VERSION));
    else for (const piece of pieces) if (!await connection.write(piece)) return;
  };
}

async function fault(promise: Promise<unknown>): Promise<OperationError> {
  const error = await promise.then(() => assert.fail("it did not fail"), (error) => error);
  assert.ok(error instanceof OperationError, String(error));
  assert.equal(error.code, "unavailable");
  return error;
}

/** The networks as text, or the fault's message without the path. */
async function outcome(path: string, limits = {}): Promise<string> {
  try {
    const client = await EngineClient.connect(path, limits);
    const { networks } = await client.networks();
    return networks.map(({ name, subnets }) => [name, ...subnets.map(formatPrefix)].join(" ")).join();
  } catch (error) {
    assert.ok(error instanceof OperationError, String(error));
    assert.equal(error.code, "unavailable");
    return error.message.replace(`Cannot use the Docker Engine at ${path}: `, "");
  }
}

const LIST = JSON.stringify([network("web", "172.18.0.0/16", "fd00:1::/64")]);
const WEB = "web 172.18.0.0/16 fd00:1::/64";

Deno.test("the API version is agreed on and the networks are listed with it", () =>
  withSocket(async (path) => {
    await using good = new GoodEngine(path, [network("web", "172.18.0.0/16")]);
    const client = await EngineClient.connect(path);
    assert.deepEqual([client.version, client.api], ["20.10.24", "1.41"]);
    assert.deepEqual((await client.networks()).networks.map(({ name }) => name), ["web"]);
    assert.deepEqual(good.engine.targets, ["/version", "/v1.41/networks"]);
  }));

for (
  const [name, pieces] of Object.entries({
    "of known length": [answer(LIST)],
    "of known length, octet by octet": [...answer(LIST)],
    "in chunks": [CHUNKED_HEAD, chunk(LIST), "0\r\n\r\n"],
    "in chunks of one octet": [CHUNKED_HEAD, ...[...LIST].map(chunk), "0\r\n\r\n"],
    "in chunks with extensions and trailers": [
      CHUNKED_HEAD,
      `${LIST.length.toString(16).toUpperCase()};a=b\r\n${LIST}\r\n`,
      "000;x\r\nDigest: y\r\n\r\n",
    ],
    "up to the end of the connection": [`HTTP/1.0 200 OK\r\nServer: x\r\n\r\n${LIST}`],
    "with bare line feeds": [`HTTP/1.1 200\nContent-Length: ${LIST.length}\n\n${LIST}`],
    "with more bytes after it": [`${answer(LIST)}garbage`],
  })
) {
  Deno.test(`an answer ${name} is read`, () =>
    withSocket(async (path) => {
      await using _engine = new FakeEngine(path, networksAnswer(...pieces));
      assert.equal(await outcome(path), WEB);
    }));
}

for (
  const [name, pieces, expected] of [
    ["nothing", [], "the answer breaks off"],
    ["no HTTP", ["SSH-2.0-OpenSSH_9.6\r\n"], "the answer is not HTTP"],
    ["another version of HTTP", ["HTTP/2 200\r\n\r\n"], "the answer is not HTTP"],
    ["a head without an end", ["HTTP/1.1 200 OK\r\nA: b\r\n"], "the answer breaks off"],
    ["a field without a name", ["HTTP/1.1 200 OK\r\nabc\r\n\r\n"], "a header field is malformed"],
    ["a line of 1 MB", [`HTTP/1.1 200 ${"x".repeat(1 << 20)}`], "a line of the answer does not end"],
    ["endless fields", [`HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(10_000)}`], "the head does not end"],
    ["less than its length", [answer(LIST).slice(0, -5)], "the answer breaks off"],
    ["a length that is none", ["HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"], "the length is malformed"],
    ["a chunk that is none", [CHUNKED_HEAD, "zz\r\n"], "a chunk is malformed"],
    ["a chunk that is too long", [CHUNKED_HEAD, `2\r\n${LIST}\r\n`], "a chunk is malformed"],
    ["chunks without an end", [CHUNKED_HEAD, chunk(LIST)], "the answer breaks off"],
    [
      "an unknown coding",
      ["HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"],
      "the transfer coding is unknown",
    ],
    ["no JSON", [answer("<html>")], "the answer is not JSON"],
    ["half of the JSON", [answer(LIST.slice(0, 20))], "the answer is not JSON"],
    ["another JSON", [answer('{"networks":[]}')], "the answer is no list of networks"],
    [
      "an error with a message",
      [answer('{"message":"no"}', "500 Internal Server Error")],
      "it answers 500: no",
    ],
    ["an error without one", [answer("<html>", "503 Service Unavailable")], "it answers 503"],
    [
      "a redirection",
      ["HTTP/1.1 302 Found\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n"],
      "it answers 302",
    ],
    ["octets at random", [String.fromCharCode(...crypto.getRandomValues(new Uint8Array(999)))], /./],
  ] as const
) {
  Deno.test(`a faulty answer is told: ${name}`, () =>
    withSocket(async (path) => {
      await using _engine = new FakeEngine(path, networksAnswer(...pieces));
      const text = await outcome(path);
      if (typeof expected === "string") assert.equal(text, expected);
      else assert.match(text, expected);
    }));
}

Deno.test("a huge answer is given up once it is larger than allowed", () =>
  withSocket(async (path) => {
    let sent = 0;
    await using _engine = new FakeEngine(path, async (target, connection) => {
      if (target === "/version") return void await connection.write(answer(VERSION));
      await connection.write(CHUNKED_HEAD);
      const piece = chunk(" ".repeat(65_536));
      while (await connection.write(piece)) sent += 65_536;
    });
    assert.equal(await outcome(path, { maxResponseBytes: 1 << 20 }), "the answer has more than 1024 KiB");
    assert.ok(sent < 4 << 20, `${sent} bytes were taken`);
  }));

Deno.test("a slow answer is given up, however steadily it drips", () =>
  withSocket(async (path) => {
    await using _silent = new FakeEngine(path, (_target, connection) => connection.untilClosed());
    assert.equal(await outcome(path, { timeoutMs: 50 }), "it does not answer in time");
    const dripping = `${path}2`;
    await using _dripping = new FakeEngine(dripping, async (target, connection) => {
      if (target === "/version") return void await connection.write(answer(VERSION));
      await connection.write("HTTP/1.1 200 OK\r\n\r\n");
      while (await connection.write(" ")) await new Promise((resolve) => setTimeout(resolve, 5));
    });
    assert.equal(await outcome(dripping, { timeoutMs: 100 }), "it does not answer in time");
  }));

Deno.test("what answers without the words of an Engine is none, and one that is too old is named", () =>
  withSocket(async (path) => {
    let version: unknown = [];
    await using _engine = new FakeEngine(path, async (_target, connection) => {
      await connection.write(answer(JSON.stringify(version)));
    });
    for (version of [[], null, "x", {}, { Version: 1, ApiVersion: "1.41" }]) {
      assert.equal(await outcome(path), "what answers is not a Docker Engine");
    }
    version = { Version: "1.11", ApiVersion: "1.23", MinAPIVersion: "" };
    assert.equal(await outcome(path), "it speaks API 1.23, 1.24 or later is needed");
    version = { Version: "29.0.0", ApiVersion: "1.52", MinAPIVersion: "1.44" };
    assert.equal((await EngineClient.connect(path)).api, "1.44");
  }));

Deno.test("an absent socket, a plain file and a socket without a listener are told", () =>
  withSocket(async (path) => {
    assert.equal(await outcome(path), "nothing listens there");
    await Deno.writeTextFile(path, "");
    assert.equal(await outcome(path), "nothing listens there");
    assert.equal(await outcome(`${path}/x`), "nothing listens there");
    assert.match(await outcome(`/tmp/${"x".repeat(300)}`), /./);
  }));

Deno.test("each change of networks or of the client is an event, until the stream ends", () =>
  withSocket(async (path) => {
    const event = (type: string, action: string) => `{"Type":"${type}","Action":"${action}"}\n`;
    await using engine = new FakeEngine(path, async (target, connection) => {
      if (target === "/version") return void await connection.write(answer(VERSION));
      await connection.write(CHUNKED_HEAD);
      await connection.write(chunk(event("network", "create") + event("network", "connect")));
      await connection.write(chunk(event("image", "tag") + event("container", "start")));
      await connection.write(chunk(event("network", "destroy").slice(0, 10)));
      await connection.write(chunk(event("network", "destroy").slice(10)) + "0\r\n\r\n");
    });
    const client = await EngineClient.connect(path);
    using events = await client.events();
    const changes: string[] = [];
    for await (const { networks, client, container } of events.changes) {
      changes.push(networks ? "networks" : client ? "client" : container ?? "none");
    }
    assert.deepEqual(changes, ["networks", "any", "client", "any", "networks"]);
    const filters = encodeURIComponent('{"type":["network","container","image"]}');
    assert.equal(engine.targets[1], `/v1.41/events?filters=${filters}`);
  }));

Deno.test("a stream of events that breaks off, or a line of it without an end, is a fault", () =>
  withSocket(async (path) => {
    let rest = "{";
    await using _engine = new FakeEngine(path, async (target, connection) => {
      await connection.write(target === "/version" ? answer(VERSION) : CHUNKED_HEAD + chunk(rest));
    });
    const read = async () => {
      const client = await EngineClient.connect(path, { maxEventLength: 1000 });
      using events = await client.events();
      for await (const _ of events.changes) assert.fail("an event");
    };
    assert.match((await fault(read())).message, /the answer breaks off$/);
    rest = "x".repeat(2000);
    assert.match((await fault(read())).message, /a line of the answer does not end$/);
  }));

Deno.test("an exchange ends at once when it is called off", () =>
  withSocket(async (path) => {
    const stop = new AbortController();
    await using _engine = new FakeEngine(path, (_target, connection) => {
      stop.abort();
      return connection.untilClosed();
    });
    await fault(EngineClient.connect(path, { signal: stop.signal }));
  }));
