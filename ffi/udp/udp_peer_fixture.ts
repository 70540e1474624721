/** One end of a UDP conversation, for tests: a socket with its port, memory and counters. */
import assert from "node:assert/strict";
import { COUNTER_BYTES } from "../../core/counters.ts";
import { parseAddress } from "../../core/net/address.ts";
import { type Endpoint, toSocketFamily } from "../../core/net/endpoint.ts";
import { TxQueue } from "../../core/packet/tx_queue.ts";
import { linuxLibc } from "../libc/libc_linux.ts";
import { PacketMemory } from "../libc/packet_memory.ts";
import { Poller } from "../libc/poll.ts";
import { linuxSocketAddress } from "./socket_address.ts";
import { LinuxUdpPort } from "./udp_port_linux.ts";
import type { UdpSocket } from "./udp_socket.ts";
import { openLinuxUdpSocket } from "./udp_socket_linux.ts";

// Opened for the life of the thread, so not in a test, where it would be a leak.
if (Deno.build.os === "linux") linuxLibc();

/** A datagram that arrived. */
export interface Arrival {
  readonly octets: Uint8Array;
  readonly source: Endpoint | undefined;
}

/** The endpoint of this address and port; port 0 is any when bound to, and none when sent to. */
export function endpoint(text: string, port: number): Endpoint {
  const address = parseAddress(text);
  assert.ok(address);
  return { address, port };
}

export class UdpPeer implements Disposable {
  readonly memory = new PacketMemory(16 << 20);
  readonly counters = new Float64Array(COUNTER_BYTES / 8);
  readonly socket: UdpSocket;
  readonly port: LinuxUdpPort;
  readonly list: TxQueue;
  /** How many runs the arrivals came in. */
  runs = 0;
  readonly #data: number;
  readonly #poller: Poller;
  #used = 0;

  constructor(
    options: {
      readonly offload: boolean;
      readonly address?: string;
      readonly connect?: Endpoint;
      readonly clock?: () => number;
    },
  ) {
    this.socket = openLinuxUdpSocket(endpoint(options.address ?? "127.0.0.1", 0));
    if (options.connect) this.socket.connect(options.connect);
    const { descriptor } = this.socket;
    const connected = options.connect !== undefined;
    this.port = new LinuxUdpPort(
      this.memory,
      { descriptor, connected, offload: options.offload },
      this.counters,
      options.clock,
    );
    this.list = new TxQueue(this.memory.arena, 1024);
    this.#data = this.memory.arena.allocate(2 << 20, 64);
    this.#poller = new Poller(this.memory, [descriptor]);
  }

  get endpoint(): Endpoint {
    return this.socket.localEndpoint();
  }

  setEndpoint(index: number, to: Endpoint | undefined): void {
    const { family } = this.socket;
    const bytes = to === undefined ? new Uint8Array() : linuxSocketAddress.encode(toSocketFamily(to, family));
    this.port.setEndpoint(index, bytes);
  }

  /** Puts a datagram on the list, in two pieces if its header has bytes. */
  add(octets: Uint8Array, to = 0, header = 0): void {
    const { u8 } = this.memory.arena;
    const at = this.#data + this.#used;
    u8.set(octets, at);
    this.#used += octets.length;
    if (header > 0) {
      u8.copyWithin(this.list.nextHeader, at, at + header);
      this.list.pushSegment(header, at + header, octets.length - header);
    } else this.list.pushWhole(at, octets.length);
    this.list.endpoints[this.list.count - 1] = to;
  }

  /** Sends the list and empties it. */
  send(): void {
    this.port.send(this.list);
    this.list.clear();
    this.#used = 0;
  }

  /** Waits for datagrams and takes them until there are `count`. */
  receive(count: number): Arrival[] {
    const arrivals: Arrival[] = [];
    this.runs = 0;
    while (arrivals.length < count) {
      this.#poller.wait(2000);
      assert.ok(this.#poller.isReady(0), `${arrivals.length} of ${count} datagrams came`);
      this.receiveReady(arrivals);
    }
    assert.equal(arrivals.length, count);
    return arrivals;
  }

  /** Takes what is there. */
  receiveReady(arrivals: Arrival[] = []): Arrival[] {
    const { port, memory } = this;
    const runs = port.receive();
    assert.ok(runs >= 0);
    this.runs += runs;
    for (let run = 0; run < runs; run++) {
      assert.equal(port.messageIsTruncated(run), false);
      const source = linuxSocketAddress.decode(port.messageSource(run));
      const end = port.messageOffset(run) + port.messageLength(run);
      for (let at = port.messageOffset(run); at < end; at += port.messageStride(run)) {
        const octets = memory.arena.u8.slice(at, Math.min(end, at + port.messageStride(run)));
        arrivals.push({ octets, source });
      }
    }
    return arrivals;
  }

  [Symbol.dispose](): void {
    this.#poller[Symbol.dispose]();
    this.socket.close();
  }
}
