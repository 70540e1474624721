import assert from "node:assert/strict";
import { formatAddress } from "../../core/net/address.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import { platform } from "../../ffi/platform.ts";
import { openUdpSocket } from "../../ffi/udp/udp_socket.ts";
import { address } from "../../tests/literals.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { DatagramSockets } from "./datagram_sockets.ts";

const ignore = platform.os !== "linux";
const [HERE, THERE] = [address("127.0.0.1"), address("127.0.0.2")];

/** Sockets whose datagrams a test waits for. */
class Scene implements AsyncDisposable {
  readonly received: string[] = [];
  #awaited = { count: 0, ...Promise.withResolvers<void>() };
  readonly sockets = new DatagramSockets({
    onDatagram: (local, bytes, source) => {
      this.received.push(`${formatAddress(local)} ${bytes.length} from ${formatAddress(source.address)}`);
      if (this.received.length >= this.#awaited.count) this.#awaited.resolve();
    },
    maximum: 4,
    clock: SYSTEM_CLOCK,
  });

  /** Resolves once so many have come. */
  async count(count: number): Promise<void> {
    if (this.received.length >= count) return;
    this.#awaited = { count, ...Promise.withResolvers<void>() };
    await this.#awaited.promise;
  }

  endpoint(at: number): Endpoint {
    return this.sockets.endpoints[at] ?? assert.fail("no such socket");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sockets[Symbol.asyncDispose]();
  }
}

/** Opens once what stays open for the thread's life, so that no test does. */
async function openLibraries(): Promise<void> {
  await using scene = new Scene();
  await scene.sockets.use([HERE]);
  scene.sockets.send(HERE, new Uint8Array(1), scene.endpoint(0));
  await scene.count(1);
}

if (!ignore) await openLibraries();

Deno.test({
  name: "each address has a socket of its own, and what comes says to which (needs Linux)",
  ignore,
  fn: async () => {
    await using scene = new Scene();
    await scene.sockets.use([HERE, THERE, address("192.0.2.1")]);
    assert.equal(scene.sockets.endpoints.length, 2, "192.0.2.1 is not this machine's");
    using sender = await openUdpSocket({ address: HERE, port: 0 });
    sender.send(new Uint8Array(3), scene.endpoint(0));
    await scene.count(1);
    sender.send(new Uint8Array(3), scene.endpoint(1));
    await scene.count(2);
    assert.deepEqual(scene.received, ["127.0.0.1 3 from 127.0.0.1", "127.0.0.2 3 from 127.0.0.1"]);
    assert.ok(scene.sockets.send(THERE, new Uint8Array(2), scene.endpoint(0)));
    await scene.count(3);
    assert.equal(scene.received[2], "127.0.0.1 2 from 127.0.0.2");
    assert.equal(scene.sockets.send(address("127.0.0.9"), new Uint8Array(2), scene.endpoint(0)), false);
  },
});

Deno.test({
  name: "an address that is left is listened at no more, one that stays keeps its port (needs Linux)",
  ignore,
  fn: async () => {
    await using scene = new Scene();
    await scene.sockets.use([HERE, THERE]);
    const [kept, left] = [scene.endpoint(0), scene.endpoint(1)];
    await scene.sockets.use([HERE]);
    assert.deepEqual(scene.sockets.endpoints, [kept]);
    using sender = await openUdpSocket({ address: HERE, port: 0 });
    sender.send(new Uint8Array(1), left);
    sender.send(new Uint8Array(2), kept);
    await scene.count(1);
    assert.deepEqual(scene.received, ["127.0.0.1 2 from 127.0.0.1"]);
  },
});

Deno.test({
  name: "a flood of long datagrams is read in pieces, each cut, and the end waits for none (needs Linux)",
  ignore,
  fn: async () => {
    await using scene = new Scene();
    await scene.sockets.use([HERE]);
    using sender = await openUdpSocket({ address: THERE, port: 0 });
    for (let count = 0; count < 200; count++) sender.send(new Uint8Array(1400), scene.endpoint(0));
    await scene.count(100);
    assert.ok(scene.received.every((each) => each === "127.0.0.1 5 from 127.0.0.2"));
  },
});
