/**
 * The UDP socket: `openUdpSocket` on the main thread binds or connects it and sends rare messages, `attachUdpSocket`
 * in the data plane's Worker moves datagrams in batches.
 *
 * @module
 */
import type { CounterTable } from "../../core/counters.ts";
import { type Endpoint, toSocketFamily } from "../../core/net/endpoint.ts";
import type { TxQueue } from "../../core/packet/tx_queue.ts";
import { platform } from "../platform.ts";
import type { PacketMemory } from "../libc/packet_memory.ts";

/** An open socket, as the main thread holds it. */
export interface UdpSocket extends Disposable {
  readonly descriptor: number;
  /** The IP version of the socket. */
  readonly family: 4 | 6;
  /** The address and port it is bound to. */
  localEndpoint(): Endpoint;
  /**
   * Sends and receives to and from this endpoint only, from now on; again with another to follow a moved peer. On Linux a
   * socket opened with port 0 gets another port each time.
   *
   * @throws {SystemError}
   */
  connect(peer: Endpoint): void;
  /** Sends one datagram; `to` is undefined on a connected socket. False when the network refused it. */
  send(datagram: Uint8Array<ArrayBuffer>, to?: Endpoint): boolean;
  /** Closes the socket. */
  close(): void;
}

/** A socket as the Worker needs it. */
export interface UdpAttachment {
  readonly descriptor: number;
  /** Connected sockets send without an address, and the kernel drops what comes from others. */
  readonly connected: boolean;
  /** Let the kernel segment and coalesce equal datagrams (Linux UDP_SEGMENT, UDP_GRO). */
  readonly offload: boolean;
}

/** Bits of {@linkcode UdpPort.unsupported}: the kernel does not coalesce received datagrams (UDP_GRO). */
export const NO_GRO = 1;
/** The kernel or the device below does not segment messages (UDP_SEGMENT). */
export const NO_GSO = 2;
/** Some datagrams exceed the path's MTU, so the kernel does not segment them. */
export const EXCEEDS_PMTU = 4;

/** Result of {@linkcode UdpPort.receive}: the socket is gone. */
export const RECEIVE_FAILED = -1;

/** The datagram side of a socket, in the Worker. No method throws or allocates. */
export interface UdpPort {
  readonly descriptor: number;
  /** Names the endpoint of index `index` (see `TxQueue.endpoints`) as the kernel's socket address. */
  setEndpoint(index: number, socketAddress: Uint8Array): void;
  /** Sends the whole list; what cannot be sent is counted. The list's datagrams may be reused afterwards. */
  send(list: TxQueue): void;
  /**
   * Receives what is there, up to a batch.
   *
   * @returns the number of messages received, 0 when nothing is there, or {@linkcode RECEIVE_FAILED}
   */
  receive(): number;
  /** Byte offset of message `message`: one or more datagrams of one sender, back to back. */
  messageOffset(message: number): number;
  /** Bytes of the whole message. */
  messageLength(message: number): number;
  /** Bytes of each datagram of the message but the last, which may be shorter. */
  messageStride(message: number): number;
  /** Whether the message came from the endpoint with this index; always true on a connected socket. */
  messageIsFrom(message: number, index: number): boolean;
  /** A number for the sender's address and port; the same as {@linkcode endpointHash} of the same seed. Not for connected sockets. */
  messageSourceHash(message: number, seed: number): number;
  /** The same for the endpoint with this index, which has one. */
  endpointHash(index: number, seed: number): number;
  /** Copies the sender's socket address. */
  messageSource(message: number): Uint8Array<ArrayBuffer>;
  /** Whether the message was too long for the buffer, so that the kernel truncated it. */
  messageIsTruncated(message: number): boolean;
  /** Offload that the kernel lacks, as bits; none is ever cleared. */
  readonly unsupported: number;
  /** The errno of the last {@linkcode RECEIVE_FAILED}. */
  readonly failure: number;
}

/**
 * Opens a socket bound to `local` (port 0: any).
 *
 * @throws {SystemError} "socket" or "bind"
 */
export async function openUdpSocket(local: Endpoint): Promise<UdpSocket> {
  if (platform.os === "darwin") return (await import("./udp_socket_darwin.ts")).openDarwinUdpSocket(local);
  return (await import("./udp_socket_linux.ts")).openLinuxUdpSocket(local);
}

/** Attaches an open socket to the packet loop of this thread. */
export async function attachUdpSocket(
  memory: PacketMemory,
  attachment: UdpAttachment,
  counters: CounterTable,
): Promise<UdpPort> {
  if (platform.os === "darwin") {
    return new (await import("./udp_port_darwin.ts")).DarwinUdpPort(memory, attachment, counters);
  }
  return new (await import("./udp_port_linux.ts")).LinuxUdpPort(memory, attachment, counters);
}

/**
 * The kernel's form of an endpoint on the running system, and back.
 *
 * @param family the IP version of the socket that it is for
 */
export async function socketAddressCodec(family: 4 | 6): Promise<SocketAddressCodec> {
  const codec = platform.os === "darwin"
    ? (await import("./socket_address_darwin.ts")).darwinSocketAddress
    : (await import("./socket_address_linux.ts")).linuxSocketAddress;
  if (family === 4) return codec;
  return { ...codec, encode: (endpoint) => codec.encode(toSocketFamily(endpoint, family)) };
}

/** Endpoints as `struct sockaddr_in` and `struct sockaddr_in6`. */
export interface SocketAddressCodec {
  /** 16 bytes for IPv4, 28 for IPv6. */
  encode(endpoint: Endpoint): Uint8Array<ArrayBuffer>;
  /** The endpoint, or undefined for another family or too few bytes. An IPv4-mapped address is IPv4. */
  decode(bytes: Uint8Array): Endpoint | undefined;
  /** The socket address without what follows it in its room, as a view. */
  trim(bytes: Uint8Array): Uint8Array;
}
