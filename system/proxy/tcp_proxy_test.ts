import assert from "node:assert/strict";
import { closeQuietly } from "./connect.ts";
import { type ProxyDeps, TcpProxy } from "./tcp_proxy.ts";

const HOST = "127.0.0.1";

/** A proxy on the loopback to a server that handles each connection so. */
function open(handle: (connection: Deno.TcpConn) => Promise<void>, options: Partial<ProxyDeps> = {}) {
  const server = Deno.listen({ hostname: HOST, port: 0 });
  const handling: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const connection of server) {
      handling.push(handle(connection).catch(() => {}).finally(() => closeQuietly(connection)));
    }
  })();
  const probe = Deno.listen({ hostname: HOST, port: 0 });
  const listenPort = probe.addr.port;
  probe.close();
  const faults: (string | undefined)[] = [];
  const slots = { taken: 0, most: 0 };
  const proxy = new TcpProxy({
    hostname: HOST,
    listenPort,
    target: { host: HOST, port: server.addr.port },
    mayConnect: () => true,
    slots: {
      take: () => {
        slots.most = Math.max(slots.most, ++slots.taken);
        return true;
      },
      release: () => slots.taken--,
    },
    onTarget: (fault) => faults.push(fault),
    ...options,
  });
  return {
    proxy,
    faults,
    slots,
    connect: () => Deno.connect({ hostname: HOST, port: listenPort }),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      server.close();
      await accepting;
      await Promise.all(handling);
    },
  };
}

async function readAll(connection: Deno.TcpConn): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) return text;
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
}

const write = (connection: Deno.TcpConn, text: string) => connection.write(new TextEncoder().encode(text));

Deno.test("the end of one direction is passed on and leaves the other open", async () => {
  await using scene = open(async (connection) => {
    const asked = await readAll(connection);
    await write(connection, `all of ${asked}`);
  });
  using client = await scene.connect();
  await write(client, "the question");
  await client.closeWrite();
  assert.equal(await readAll(client), "all of the question");
  assert.deepEqual(scene.faults, [undefined]);
});

Deno.test("a thousand connections at a time are carried, and none is left", async () => {
  const opened = Promise.withResolvers<void>();
  let count = 0;
  await using scene = open(async (connection) => {
    if (++count === 1_000) opened.resolve();
    await opened.promise;
    await connection.write(new Uint8Array([1]));
  });
  const clients: Deno.TcpConn[] = [];
  // The kernel's queue of a listener has room for some hundreds that were not taken yet.
  while (clients.length < 1_000) {
    clients.push(...await Promise.all(Array.from({ length: 100 }, () => scene.connect())));
    while (scene.slots.taken < clients.length) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const answers = await Promise.all(clients.map((client) => readAll(client)));
  assert.ok(answers.every((answer) => answer === "\x01"));
  assert.equal(scene.slots.most, 1_000);
  for (const client of clients) client.close();
  await scene.proxy[Symbol.asyncDispose]();
  while (scene.slots.taken > 0) await new Promise((resolve) => setTimeout(resolve, 1));
});

Deno.test("a receiver that does not read holds its sender up", async () => {
  const release = Promise.withResolvers<void>();
  let received = 0;
  const total = 64 * 1024 * 1024;
  await using scene = open(async (connection) => {
    await release.promise;
    const buffer = new Uint8Array(1 << 20);
    for (;;) {
      const read = await connection.read(buffer);
      if (read === null) return;
      received += read;
    }
  });
  using client = await scene.connect();
  let sent = 0;
  let last = performance.now();
  const sending = (async () => {
    const chunk = new Uint8Array(1 << 16);
    while (sent < total) {
      sent += await client.write(chunk.subarray(0, Math.min(chunk.length, total - sent)));
      last = performance.now();
    }
    await client.closeWrite();
  })();
  // It stands still once the buffers of the kernel are full.
  while (performance.now() - last < 500) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(sent < total, `${sent} bytes were taken although nobody reads`);
  release.resolve();
  await sending;
  assert.equal(await readAll(client), "");
  assert.equal(received, total);
});

Deno.test("a target that is down closes the connection at once, with the reason", async () => {
  await using scene = open(() => Promise.resolve(), { target: { host: HOST, port: 1 } });
  using client = await scene.connect();
  assert.equal(await readAll(client).catch(() => ""), "");
  assert.equal(scene.faults.length, 1);
  assert.match(scene.faults[0] ?? "", /refused/);
});

Deno.test("who may not connect, or finds no slot, is closed without a connection to the target", async () => {
  for (
    const refusing of [{ mayConnect: () => false }, { slots: { take: () => false, release: assert.fail } }]
  ) {
    await using scene = open(() => assert.fail("the target was asked"), refusing);
    using client = await scene.connect();
    assert.equal(await readAll(client).catch(() => ""), "");
    assert.deepEqual(scene.faults, []);
  }
});

Deno.test("its end closes its connections, and a port that is taken is told", async () => {
  await using scene = open((connection) => readAll(connection).then(() => {}));
  using client = await scene.connect();
  await write(client, "x");
  assert.throws(
    () => new TcpProxy(scene.proxy.deps),
    /Cannot listen on TCP port \d+ of 127\.0\.0\.1: .*in use/,
  );
  await scene.proxy[Symbol.asyncDispose]();
  assert.equal(await readAll(client).catch(() => ""), "");
});
