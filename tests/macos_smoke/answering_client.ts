/**
 * A client without a Docker machine: speaks protocol v1 to a server on loopback, answers echo requests to any address and
 * serves HTTP on port 80 of any, so that a server can be tried where nothing else is.
 *
 * @module
 */
import dgram from "node:dgram";
import { once } from "node:events";
import { encodeDescription } from "../../core/protocol/description.ts";
import { HEARTBEAT } from "../../core/protocol/datagram.ts";
import { checksum, type IpPacket, pseudoHeader, readPacket, writePacket } from "./octets.ts";
import { TcpEcho } from "./tcp_echo.ts";

const HEARTBEAT_INTERVAL = 500;
const DESCRIPTION = encodeDescription({ version: "0.0.0", addresses: [] });

/** The client; it runs until it is disposed of. */
export class AnsweringClient implements AsyncDisposable {
  /** Octets of the largest packet that came, which is one that the kernel made for the interface. */
  largestPacket = 0;
  readonly #socket = dgram.createSocket({ type: "udp4", recvBufferSize: 4 << 20, sendBufferSize: 1 << 20 });
  readonly #connections = new Map<string, TcpEcho>();
  readonly #timer: ReturnType<typeof setInterval>;

  /**
   * @param port the server's, on 127.0.0.1
   * @param mtu of the tunnel
   */
  constructor(readonly port: number, readonly mtu: number) {
    this.#socket.on("message", (datagram) => this.#take(new Uint8Array(datagram)));
    // Nobody listens yet, or any more.
    this.#socket.on("error", () => {});
    const beat = () => this.#send(Uint8Array.of(HEARTBEAT));
    this.#timer = setInterval(beat, HEARTBEAT_INTERVAL);
    beat();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const connection of this.#connections.values()) connection[Symbol.dispose]();
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }

  #send(datagram: Uint8Array): void {
    this.#socket.send(datagram, this.port, "127.0.0.1");
  }

  #take(datagram: Uint8Array): void {
    const packet = readPacket(datagram);
    if (packet !== undefined) {
      this.largestPacket = Math.max(this.largestPacket, datagram.length);
      return this.#answer(packet);
    }
    // A control that names version 2 asks whether this is a client that carries IPv6.
    if (new TextDecoder().decode(datagram.subarray(3)).includes("version 2")) this.#send(DESCRIPTION);
  }

  #answer(packet: IpPacket): void {
    const { version, source, target, protocol, payload } = packet;
    // Echo requests: RFC 792, RFC 4443 section 4.1. The reply differs by its type.
    const [request, reply] = version === 4 ? [8, 0] : [128, 129];
    if (protocol === (version === 4 ? 1 : 58) && payload[0] === request) {
      const answer: IpPacket = {
        version,
        source: target,
        target: source,
        protocol,
        payload: payload.slice(),
      };
      answer.payload.set([reply ?? 0, 0, 0, 0]);
      const pseudo = version === 4 ? new Uint8Array() : pseudoHeader(answer);
      new DataView(answer.payload.buffer).setUint16(2, checksum(pseudo, answer.payload));
      this.#send(writePacket(answer));
    }
    if (protocol === 6) this.#connection(packet).take(payload);
  }

  #connection(packet: IpPacket): TcpEcho {
    const key = [...packet.source, ...packet.target, ...packet.payload.subarray(0, 4)].join();
    const known = this.#connections.get(key);
    if (known !== undefined) return known;
    const own = {
      ...packet,
      payload: packet.payload.slice(),
      source: packet.source.slice(),
      target: packet.target.slice(),
    };
    const connection = new TcpEcho(this.mtu, own, (segment) => this.#send(segment));
    this.#connections.set(key, connection);
    return connection;
  }
}
