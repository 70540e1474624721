import { type Clock, sleep } from "../../core/async/clock.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import { SystemError } from "../../ffi/libc/errno.ts";
import { receiveDatagram } from "../../ffi/udp/receive_datagram_linux.ts";
import { openUdpSocket, type UdpSocket } from "../../ffi/udp/udp_socket.ts";
import { DescriptorWait } from "../../ffi/unix/descriptor_wait.ts";

/** Datagrams of one socket that are handled before anything else has a turn; after so many there is a pause. */
const MAX_BATCH = 32;
/** Milliseconds of that pause: a flood takes no more than a part of the time. */
const FLOOD_PAUSE_MS = 20;

/** Collaborators. */
export interface DatagramSocketsDeps {
  /** Handles a datagram that came to an address; must not throw. */
  readonly onDatagram: (local: IpAddress, bytes: Uint8Array, source: Endpoint) => void;
  /** Bytes of the longest datagram that is meant; of a longer one this much is handed over, and one more. */
  readonly maximum: number;
  readonly clock: Clock;
}

/** UDP sockets for rare messages, each bound to one address of this machine and a port that the kernel chooses. Linux only. */
export class DatagramSockets implements AsyncDisposable {
  readonly #sockets = new Map<string, { readonly address: IpAddress; readonly socket: UdpSocket }>();
  readonly #wait = new DescriptorWait();
  #ended: Promise<void> | undefined;
  #work: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(readonly deps: DatagramSocketsDeps) {}

  /** Where each socket is bound. */
  get endpoints(): Endpoint[] {
    return [...this.#sockets.values()].map(({ socket }) => socket.localEndpoint());
  }

  /** Listens on these addresses and no others; one that is not this machine's is left out. */
  use(addresses: readonly IpAddress[]): Promise<void> {
    return this.#work = this.#work.then(() => this.#use(addresses));
  }

  async #use(addresses: readonly IpAddress[]): Promise<void> {
    const wanted = new Map(addresses.map((address) => [formatAddress(address), address]));
    for (const [key, { socket }] of this.#sockets) {
      if (wanted.has(key)) continue;
      this.#sockets.delete(key);
      socket.close();
    }
    for (const [key, address] of wanted) {
      if (this.#sockets.has(key) || this.#isClosed) continue;
      const socket = await openOn(address);
      if (socket === undefined) continue;
      if (this.#isClosed) socket.close();
      else this.#sockets.set(key, { address, socket });
    }
    this.#wait.interrupt();
    if (this.#sockets.size > 0 && !this.#isClosed) this.#ended ??= this.#serve();
  }

  /** Sends from an address; false where there is no such socket, or the network refused it. */
  send(from: IpAddress, datagram: Uint8Array<ArrayBuffer>, to: Endpoint): boolean {
    return this.#sockets.get(formatAddress(from))?.socket.send(datagram, to) ?? false;
  }

  async #serve(): Promise<void> {
    while (!this.#isClosed) {
      const open = [...this.#sockets.values()];
      const ready = await this.#wait.ready(open.map(({ socket }) => socket.descriptor));
      if (this.#isClosed) return;
      const isFlood = open.filter((each, at) =>
        ready?.[at] === true && this.#drain(each.address, each.socket)
      );
      // Without an answer the kernel could not wait.
      if (isFlood.length > 0 || ready === undefined) await sleep(FLOOD_PAUSE_MS, this.deps.clock);
    }
  }

  /** Whether there may be more. */
  #drain(address: IpAddress, socket: UdpSocket): boolean {
    const { onDatagram, maximum } = this.deps;
    for (let count = 0; count < MAX_BATCH; count++) {
      // A handler, or what ran during the wait, may have closed it, and its number may be another file's.
      if (this.#sockets.get(formatAddress(address))?.socket !== socket) return false;
      const received = receiveDatagram(socket.descriptor, maximum + 1);
      if (received === undefined) return false;
      onDatagram(address, received.bytes, received.source);
    }
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#wait[Symbol.dispose]();
    for (const { socket } of this.#sockets.values()) socket.close();
    this.#sockets.clear();
    await this.#ended;
  }
}

async function openOn(address: IpAddress): Promise<UdpSocket | undefined> {
  try {
    return await openUdpSocket({ address, port: 0 });
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}
