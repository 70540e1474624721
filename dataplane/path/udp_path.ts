import { Counter, type CounterTable } from "../../core/counters.ts";
import type { Arena } from "../../core/memory/arena.ts";
import { TxQueue } from "../../core/packet/tx_queue.ts";
import { PROBE_LENGTH } from "../../core/protocol/probe.ts";
import { RECEIVE_FAILED, type UdpPort } from "../../ffi/udp/udp_socket.ts";
import type { PathSink } from "../inbound.ts";
import { PEER } from "../worker_channel.ts";
import { type Path, UNBOUNDED } from "./path.ts";

/** The path of the original protocol: each packet is a datagram of its own. */
export class UdpPath implements Path {
  readonly kind = "udp";
  readonly takesLarge = false;
  readonly room: number = UNBOUNDED;
  isBound = false;
  readonly #probe: TxQueue;

  /** @param counters of this path */
  constructor(arena: Arena, readonly port: UdpPort, readonly counters: CounterTable) {
    this.#probe = new TxQueue(arena, 1);
  }

  send(list: TxQueue): void {
    this.port.send(list);
  }

  sendProbe(at: number): void {
    const { counters } = this;
    const packets = counters[Counter["outbound.packets"]];
    const bytes = counters[Counter["outbound.bytes"]];
    this.#probe.pushWhole(at, PROBE_LENGTH);
    this.#probe.endpoints[0] = PEER;
    this.port.send(this.#probe);
    this.#probe.clear();
    counters[Counter["outbound.packets"]] = packets;
    counters[Counter["outbound.bytes"]] = bytes;
  }

  /** Hands one batch to `inbound`. False when the socket is gone. */
  drain(inbound: PathSink): boolean {
    const { port } = this;
    const messages = port.receive();
    if (messages === RECEIVE_FAILED) return false;
    let heard = false;
    for (let message = 0; message < messages; message++) {
      const fromPeer = this.isBound && port.messageIsFrom(message, PEER);
      heard ||= fromPeer;
      this.#handleMessage(inbound, message, fromPeer);
    }
    inbound.flush();
    if (heard) this.counters[Counter["inbound.lastHeard"]] = Date.now();
    return true;
  }

  #handleMessage(inbound: PathSink, message: number, fromPeer: boolean): void {
    const { port } = this;
    const start = port.messageOffset(message);
    const end = start + port.messageLength(message);
    const stride = port.messageStride(message);
    if (port.messageIsTruncated(message)) {
      this.counters[Counter["drop.oversize"]]++;
      return;
    }
    // An empty datagram is a message of no bytes.
    if (start === end) inbound.countUnknown(this, fromPeer);
    for (let at = start; at < end; at += stride) {
      inbound.take(this, at, Math.min(stride, end - at), fromPeer, message);
    }
  }
}
