/**
 * A server's data plane in `mac`, and a session with it that a test speaks datagram by datagram from `vm`.
 *
 * @module
 */
import type { CipherChoice } from "../../ffi/aead/load_cipher.ts";
import type { Network } from "./network.ts";
import { SessionEnd, type SessionReport } from "./session_end.ts";
import { ACCESSOR_VIRTUAL_ADDRESS, EXPOSED_PORT, makeKey, SESSION } from "./session_pair.ts";
import { type Direction, openMessage, sealMessage } from "./transport_message.ts";
import { CLIENT_VIRTUAL_ADDRESS, SERVER_PORT, SERVER_VIRTUAL_ADDRESS } from "./tunnel.ts";
import { UdpPeer } from "./udp_peer.ts";
import { waitUntil } from "./wait.ts";

/** The only route that the session may use. */
export const EXPOSED_ROUTE = "172.20.0.0/16";

/** The server, the session's socket and the client's. Disposal ends them. */
export class HandSession implements AsyncDisposable {
  /** The counter of the next message. */
  counter = 0;
  #toServer: Direction = { key: "", index: 0 };
  #fromServer: Direction = { key: "", index: 0 };
  #indices = 7;

  private constructor(
    readonly network: Network,
    readonly server: SessionEnd,
    /** Where the session speaks from. */
    readonly peer: UdpPeer,
    /** What the server takes for its client. */
    readonly client: UdpPeer,
    readonly clientEndpoint: string,
  ) {}

  /** Starts it, with keys that wait for the first message. */
  static async start(network: Network, cipher: CipherChoice = "auto"): Promise<HandSession> {
    await using stack = new AsyncDisposableStack();
    const { mac, vm, vmAddress, macAddress } = network;
    const tun = "connector0";
    const server = stack.use(await SessionEnd.start(mac, { role: "server", tun, offload: true }));
    await mac.ip("link", "set", tun, "mtu", "1400", "up");
    await mac.ip("addr", "add", `${SERVER_VIRTUAL_ADDRESS}/24`, "dev", tun);
    const peer = stack.use(await UdpPeer.open(vm));
    const client = stack.use(await UdpPeer.open(vm, 2600));
    const clientEndpoint = `${vmAddress}:2600`;
    await server.step({ do: "attach", port: EXPOSED_PORT, slots: 1024, cipher });
    await server.step({ do: "session", slot: SESSION, address: ACCESSOR_VIRTUAL_ADDRESS });
    await server.step({ do: "routes", prefixes: [EXPOSED_ROUTE] });
    const session = new HandSession(network, server, peer, client, clientEndpoint);
    await session.answers({});
    await session.renew();
    // The client's port is told apart by its number, so its packets can be sent without a hello.
    await client.send(macAddress, SERVER_PORT, "00");
    stack.move();
    return session;
  }

  /** What the server answers by itself. */
  async answers(changes: { readonly pong?: boolean; readonly legacy?: boolean }): Promise<void> {
    await this.server.step({
      ...{ do: "answers", ownAddress: SERVER_VIRTUAL_ADDRESS, clientAddress: CLIENT_VIRTUAL_ADDRESS },
      ...{ pong: false, legacy: false, ...changes },
    });
  }

  /** Installs new keys at the server, as after a handshake that the session's other end began. */
  async renew(
    limits: { readonly rejectAfterMessages?: number; readonly rejectAfterTime?: number } = {},
  ): Promise<number> {
    this.#toServer = { key: makeKey(), index: this.#indices++ };
    this.#fromServer = { key: makeKey(), index: 0x7fff_0000 + this.#indices };
    this.counter = 0;
    await this.server.step({
      ...{ do: "keys", slot: SESSION, initiator: false, limits },
      ...{ send: this.#fromServer.key, receive: this.#toServer.key },
      ...{ localIndex: this.#toServer.index, remoteIndex: this.#fromServer.index },
    });
    return this.#toServer.index;
  }

  /** The next message with this text, or one with another counter. */
  seal(text: string, counter: number | bigint = this.counter++): string {
    return sealMessage(this.#toServer, counter, text);
  }

  /** Sends a datagram to the exposed socket, from the session's socket unless from another. */
  async send(hex: string, from: UdpPeer = this.peer): Promise<void> {
    await from.send(this.network.macAddress, EXPOSED_PORT, hex);
  }

  /** Sends a packet of the session. */
  async sendPacket(packet: string): Promise<void> {
    await this.send(this.seal(packet));
  }

  /** Sends a datagram of the client. */
  async sendAsClient(packet: string): Promise<void> {
    await this.client.send(this.network.macAddress, SERVER_PORT, packet);
  }

  /** The text of the next message from the server, with its padding. */
  async receive(at: UdpPeer = this.peer): Promise<string> {
    const { hex } = await at.receive(/^04000000/);
    return openMessage(this.#fromServer, hex).text;
  }

  /** Waits until a counter has risen by so much since a report. */
  async waitForCount(name: string, before: SessionReport, by = 1): Promise<void> {
    const start = before.counters[name] ?? 0;
    let seen: SessionReport = before;
    await waitUntil(`${name} is ${start} + ${by}`, async () => {
      seen = await this.server.report(SESSION);
      return (seen.counters[name] ?? 0) >= start + by;
    }).catch((error) => {
      throw new Error(`${error.message}: ${JSON.stringify(seen.counters)}`);
    });
    const rise = (seen.counters[name] ?? 0) - start;
    if (rise !== by) throw new Error(`${name} rose by ${rise}, not ${by}`);
  }

  /** The session's report. */
  async report(): Promise<SessionReport> {
    return await this.server.report(SESSION);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.peer[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}
