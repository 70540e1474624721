import { type Endpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import type { HeartbeatMac } from "../../core/protocol/heartbeat.ts";
import type { CarriedPath } from "../../dataplane/path/path.ts";
import type { DataPlane, Message } from "../../dataplane/data_plane.ts";
import type { SocketAddressCodec, UdpSocket } from "../../ffi/udp/udp_socket.ts";
import { type BoundClient, ClientLink, type ClientLinkDeps, type Refusal } from "../tunnel/client_link.ts";

/** Bytes of the longest datagram of a message on the stream: a whole control text. */
const MAX_STREAM_MESSAGE = 65_535;
/** Stands for the stream where an endpoint is asked for. */
const STREAM: Endpoint = { address: { family: 4, bytes: new Uint8Array(4) }, port: 0 };

export interface ClientLinksDeps extends
  Pick<
    ClientLinkDeps,
    "startedAt" | "keyPending" | "mtu" | "controlText" | "revisionText" | "onDescription" | "clock"
  > {
  readonly proof: HeartbeatMac | undefined;
  readonly socket: UdpSocket;
  readonly codec: SocketAddressCodec;
  readonly dataPlane: Pick<DataPlane, "bindPeer" | "bindStream" | "sendOnStream" | "carryIpv6">;
  /** Whether IPv6 is carried once a client has described itself: one of the original carries IPv4 alone. */
  readonly hasIpv6: boolean;
  /** The client may be reached by one more path, or by one path less. */
  readonly onChange: () => void;
  /** The client has to prove a key from now on, and is not reached by this path before. */
  readonly onPathUnbound: (path: CarriedPath) => void;
}

/** The server's links to its client, one for each path that carries datagrams: the client proves itself on each. */
export class ClientLinks implements Disposable {
  readonly #udp: ClientLink;
  #stream: ClientLink | undefined;
  #proof: HeartbeatMac | undefined;
  #keyPending: boolean;
  /** Heartbeats that streams which have ended did not accept. */
  #refusedBefore = 0;
  #lastRefusal: Refusal | undefined;

  constructor(readonly deps: ClientLinksDeps) {
    this.#proof = deps.proof;
    this.#keyPending = deps.keyPending;
    const { dataPlane, socket, codec, mtu } = deps;
    this.#udp = this.#link({
      mtu,
      socket,
      codec,
      bindPeer: (address) => dataPlane.bindPeer(address),
      onUnbound: () => {
        deps.onPathUnbound("udp");
        this.#followIpv6();
      },
    });
  }

  /** The key that clients must prove; undefined: none. */
  get proof(): HeartbeatMac | undefined {
    return this.#proof;
  }

  /** Whether {@linkcode requireKey} is still to be called. */
  get keyPending(): boolean {
    return this.#keyPending;
  }

  /** The client as it has made itself known by datagrams, and over the stream. */
  get udp(): BoundClient | undefined {
    return this.#udp.client;
  }

  get stream(): BoundClient | undefined {
    return this.#stream?.client;
  }

  /** The client, with its description from wherever that came last. */
  get client(): BoundClient | undefined {
    const known = [this.udp, this.stream].filter((client) => client !== undefined);
    return known.find(({ description }) => description !== undefined) ?? known[0];
  }

  /** Heartbeats that were not accepted. */
  get refused(): number {
    return this.#refusedBefore + this.#udp.refused + (this.#stream?.refused ?? 0);
  }

  /** The last heartbeat that was not accepted. */
  get refusal(): Refusal | undefined {
    return this.#lastRefusal;
  }

  handleMessage({ bytes, path, source, fromPeer }: Message, now: number): void {
    const link = path === "udp" ? this.#udp : this.#stream;
    link?.handleMessage(bytes, source, fromPeer, now);
  }

  /** A stream was opened: the one at its other end has to prove itself. */
  openStream(): void {
    this.closeStream();
    const { dataPlane } = this.deps;
    this.#stream = this.#link({
      mtu: MAX_STREAM_MESSAGE,
      socket: {
        send: (datagram) => {
          dataPlane.sendOnStream(datagram);
          return true;
        },
      },
      codec: { decode: () => STREAM, encode: () => new Uint8Array() },
      bindPeer: (address) => {
        if (address !== undefined) dataPlane.bindStream();
      },
      onUnbound: () => this.deps.onPathUnbound("engine"),
      nameOf: (endpoint) => endpoint === STREAM ? "stream through the Engine" : formatEndpoint(endpoint),
    });
  }

  /** The stream has ended. */
  closeStream(): void {
    if (this.#stream === undefined) return;
    this.#refusedBefore += this.#stream.refused;
    this.#stream[Symbol.dispose]();
    this.#stream = undefined;
    this.#followIpv6();
  }

  /** Sends a change of the configuration; see `ClientLink.sendChange`. */
  sendChange(change: string): void {
    this.#udp.sendChange(change);
    this.#stream?.sendChange(change);
  }

  /** Requires another key from now on; undefined: none. */
  requireKey(proof: HeartbeatMac | undefined): void {
    this.#proof = proof;
    this.#keyPending = false;
    this.#udp.requireKey(proof);
    this.#stream?.requireKey(proof);
  }

  [Symbol.dispose](): void {
    this.#udp.end();
    this.#udp[Symbol.dispose]();
    this.#stream?.[Symbol.dispose]();
  }

  #link(
    own: Pick<ClientLinkDeps, "mtu" | "socket" | "codec" | "bindPeer" | "nameOf" | "onUnbound">,
  ): ClientLink {
    return new ClientLink({
      ...this.deps,
      ...own,
      proof: this.#proof,
      keyPending: this.#keyPending,
      onRefused: (refusal) => this.#lastRefusal = refusal,
      onBound: () => this.#followIpv6(),
      onDescribed: () => this.#followIpv6(),
    });
  }

  #followIpv6(): void {
    const { dataPlane, hasIpv6, onChange } = this.deps;
    dataPlane.carryIpv6(hasIpv6 && this.client?.description !== undefined);
    onChange();
  }
}
