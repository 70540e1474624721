import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { UdpProxy } from "./udp_proxy.ts";

const HOST = "127.0.0.1";

async function bound(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, HOST);
  await once(socket, "listening");
  return socket;
}

/** Sends a text and returns the answer. */
async function ask(socket: Socket, port: number, text: string): Promise<string> {
  const answer = once(socket, "message");
  socket.send(text, port, HOST);
  const [message] = await answer;
  return String(message);
}

/** A proxy to a target that answers with the port from which it was asked, and the text. */
async function open(mayConnect = () => true) {
  const target = await bound();
  target.on("message", (message, { port }) => target.send(`${port} ${message}`, port, HOST));
  const proxy = await UdpProxy.open({
    hostname: HOST,
    listenPort: 0,
    target: { host: HOST, port: target.address().port },
    mayConnect,
    slots: { take: () => true, release: () => {} },
    onTarget: () => {},
  }, SYSTEM_CLOCK);
  return {
    proxy,
    listenPort: proxy.socket.address().port,
    [Symbol.dispose]() {
      proxy[Symbol.dispose]();
      target.close();
    },
  };
}

Deno.test("each source has a flow of its own, and its answers come back to it", async () => {
  using scene = await open();
  const [first, second] = [await bound(), await bound()];
  const a = await ask(first, scene.listenPort, "one");
  const b = await ask(second, scene.listenPort, "two");
  assert.match(a, /^\d+ one$/);
  assert.match(b, /^\d+ two$/);
  assert.notEqual(a.split(" ")[0], b.split(" ")[0]);
  assert.equal((await ask(first, scene.listenPort, "three")).split(" ")[0], a.split(" ")[0]);
  assert.equal(scene.proxy.flows, 2);
  first.close();
  second.close();
});

Deno.test("a source that may not send has no flow", async () => {
  using scene = await open(() => false);
  const client = await bound();
  client.send("x", scene.listenPort, HOST);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(scene.proxy.flows, 0);
  client.close();
});

Deno.test("a port that is taken is told", async () => {
  using scene = await open();
  await assert.rejects(
    UdpProxy.open({ ...scene.proxy.deps, listenPort: scene.listenPort }, SYSTEM_CLOCK),
    /Cannot listen on UDP port \d+ of 127\.0\.0\.1: /,
  );
});
