/**
 * One exposed socket: its place in the data plane, and the sessions that are made by it.
 *
 * ```
 * Worker -> datagram -> handshake message -> Handshakes   -> session, response
 *                    -> login in clear    -> LegacyLogins -> session, reply
 *        -> text of a session, keys wanted, keys confirmed -> TokenSession
 * ```
 *
 * @module
 */
import type { Clock } from "../../core/async/clock.ts";
import type { Expose } from "../../core/config/config.ts";
import { tunnelAddresses } from "../../core/config/virtual_network.ts";
import { dropsByReason } from "../../core/counters.ts";
import { formatAddress } from "../../core/net/address.ts";
import { type Endpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { classifyMessage, NOT_WIREGUARD } from "../../core/wireguard/message.ts";
import { MAX_SESSIONS } from "../../dataplane/worker_channel.ts";
import { SessionController } from "../../dataplane/sessions/session_controller.ts";
import { SleepClock } from "../../ffi/libc/sleep_clock.ts";
import { type SocketAddressCodec, socketAddressCodec, type UdpSocket } from "../../ffi/udp/udp_socket.ts";
import { getLogger } from "../../program/log.ts";
import { openTunnelSocket } from "../../system/interface/tunnel_device.ts";
import type { AccessorStatus, SharingStatus } from "../status/status_document.ts";
import { Handshakes } from "./handshakes.ts";
import { LegacyLogins } from "./legacy_logins.ts";
import { exposedPrefixes, LoginTexts, type SharingConfig } from "./login_texts.ts";
import { type AccessorSession, SessionTable } from "./session_table.ts";
import type { SharingDeps } from "./sharing.ts";
import type { TokenPeers } from "./token_peers.ts";
import { TokenSession } from "./token_session.ts";

const log = getLogger("sharing");

/** Milliseconds between two looks at the sessions; the shortest time that counts in one is 5 s. */
const TICK = 500;

export type ListenerDeps = Required<SharingDeps> & { readonly peers: TokenPeers };

/** An open exposed socket. */
export class ExposedListener implements AsyncDisposable {
  readonly #sessions: SessionTable;
  readonly #legacy: LegacyLogins;
  readonly #handshakes: Handshakes;
  readonly #texts: LoginTexts;
  readonly #sleep = new SleepClock();
  /** Datagrams of the server itself, which only show that the port is open (port_look.ts). */
  ownDatagrams = 0;
  #ticking: Disposable | undefined;

  private constructor(
    /** Where it was asked to listen. */
    readonly endpoint: Endpoint,
    readonly socket: UdpSocket,
    readonly plane: SessionController,
    readonly codec: SocketAddressCodec,
    readonly clock: Clock,
    peers: TokenPeers,
    config: SharingConfig,
  ) {
    const texts = this.#texts = new LoginTexts(config);
    const onFirst = () => this.#keepTicking();
    const sessions = this.#sessions = new SessionTable({ plane, slots: MAX_SESSIONS, onFirst });
    const send = (message: Uint8Array<ArrayBuffer>, to: Endpoint) => void socket.send(message, to);
    const fillRandom = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);
    this.#legacy = new LegacyLogins({ plane, sessions, send, texts });
    this.#handshakes = new Handshakes({ plane, sessions, send, peers, clock, codec, texts, fillRandom });
  }

  /**
   * Opens the socket and hands it to the data plane.
   *
   * @throws {OperationError} "io" or "failure"
   */
  static async open(
    { endpoint, legacy }: Expose,
    config: SharingConfig,
    { dataPlane, peers, offload, clock }: ListenerDeps,
  ): Promise<ExposedListener> {
    const socket = await openTunnelSocket(endpoint);
    // The Worker may speak before there is somebody to listen.
    let listener: ExposedListener | undefined;
    try {
      const plane = await SessionController.attach(dataPlane, {
        socket,
        offload,
        slots: MAX_SESSIONS,
        onDatagram: (bytes, source) => listener?.takeDatagram(bytes, source),
        onText: (slot, text) => listener?.sessionAt(slot)?.handleText(text, clock.now()),
        onWanted: (slot) => listener?.sessionAt(slot)?.wantKeys(clock.now()),
        onConfirmed: (slot, localIndex) => listener?.sessionAt(slot)?.keyConfirmed(localIndex, clock.now()),
        onNotice: (line) => log.info(line),
      });
      const codec = socketAddressCodec(socket.family);
      listener = new ExposedListener(endpoint, socket, plane, codec, clock, peers, config);
      listener.apply(config, legacy);
      return listener;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Applies a configuration: tokens, exposed networks, what is answered. */
  apply(config: SharingConfig, legacy: boolean): void {
    const { client, server } = tunnelAddresses(config.addr);
    this.plane.setLocalResponder({
      ownAddress: server,
      clientAddress: client,
      virtualNetwork: config.addr,
      answerEcho: config.pong,
      legacy,
    });
    this.plane.setExposedRoutes(exposedPrefixes(config));
    this.#legacy.update(config.tokens, legacy);
    this.#sessions.update(config.tokens, legacy, this.clock.now());
    if (!this.#texts.update(config)) return;
    for (const session of this.#sessions.all) session.notify();
  }

  /** What `status` shows of the socket and its sessions: those without encryption come last. */
  get status(): Pick<SharingStatus, "listen" | "legacy" | "cipher" | "sessions" | "handshakes" | "drops"> {
    const drops = dropsByReason(this.plane.counters);
    const { answered, unknown, refused, cookies, shed } = this.#handshakes.counts;
    const { isOn, malformed, refusals } = this.#legacy;
    const sessions = this.#sessions.all.sort((a, b) => Number(a.isLegacy) - Number(b.isLegacy));
    return {
      listen: formatEndpoint(this.socket.localEndpoint()),
      legacy: isOn,
      cipher: this.plane.backend,
      sessions: sessions.map((session) => this.#statusOf(session)),
      handshakes: answered,
      drops: {
        ...drops,
        malformed: Math.max(0, (drops["malformed"] ?? 0) + malformed - this.ownDatagrams),
        unknownToken: unknown,
        handshakeRefused: refused,
        handshakeRateLimited: (drops["handshakeRateLimited"] ?? 0) + shed,
        cookieSent: cookies,
        loginRefused: refusals.count,
      },
    };
  }

  /** Ends all sessions and closes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ticking?.[Symbol.dispose]();
    // When the whole data plane has failed, its failure is reported elsewhere.
    await this.plane.detach().catch(() => {});
    this.#sleep[Symbol.dispose]();
    this.socket.close();
  }

  sessionAt(slot: number): TokenSession | undefined {
    const session = this.#sessions.at(slot);
    return session instanceof TokenSession ? session : undefined;
  }

  /** Takes a datagram that is of no session; nothing of it has been checked. */
  takeDatagram(bytes: Uint8Array<ArrayBuffer>, source: Uint8Array<ArrayBuffer>): void {
    const from = this.codec.decode(source);
    if (from === undefined) return;
    const now = this.clock.now();
    const isWireGuard = classifyMessage(bytes, 0, bytes.length) !== NOT_WIREGUARD;
    if (isWireGuard) this.#handshakes.handle(bytes, source, from, now);
    else this.#legacy.take(bytes, source, from, now);
  }

  /** Time passes for sessions only while there are some. */
  #keepTicking(): void {
    if (this.#ticking !== undefined) return;
    this.#sleep.take();
    this.#ticking = this.clock.after(TICK, () => this.#tick());
  }

  #tick(): void {
    const now = this.clock.now();
    const slept = this.#sleep.take();
    for (const session of this.#sessions.all) {
      if (slept > 0) session.slept?.(slept);
      session.tick(now);
    }
    this.#ticking = this.#sessions.size > 0 ? this.clock.after(TICK, () => this.#tick()) : undefined;
  }

  #statusOf({ slot, address, isLegacy, handshakeAt }: AccessorSession): AccessorStatus {
    const facts = this.plane.stats(slot);
    const endpoint = this.plane.endpoint(slot);
    return {
      address: formatAddress(address),
      legacy: isLegacy,
      endpoint: endpoint === undefined ? null : formatEndpoint(endpoint),
      lastHandshakeSeconds: handshakeAt === undefined
        ? null
        : Math.floor((this.clock.now() - handshakeAt) / 1000),
      received: { packets: facts.receivedPackets, bytes: facts.receivedBytes },
      sent: { packets: facts.sentPackets, bytes: facts.sentBytes },
      dropped: facts.dropped,
    };
  }
}
