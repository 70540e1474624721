/**
 * One exposed socket: its place in the data plane, and the sessions that are made by it.
 *
 * ```
 * Worker -> datagram -> handshake message -> Handshakes   -> session, response
 *                    -> login in clear    -> LegacySessions
 *        -> text of a session, keys wanted, keys confirmed -> TokenSessions
 * ```
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import type { Expose } from "../../core/config/config.ts";
import { tunnelAddresses } from "../../core/config/virtual_network.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import { classifyMessage, NOT_WIREGUARD } from "../../core/wireguard/message.ts";
import type { DataPlane } from "../../dataplane/data_plane.ts";
import { MAX_SESSIONS } from "../../dataplane/sessions/session_channel.ts";
import { SessionController } from "../../dataplane/sessions/session_controller.ts";
import { type SocketAddressCodec, socketAddressCodec, type UdpSocket } from "../../ffi/udp/udp_socket.ts";
import { SleepClock } from "../../ffi/libc/sleep_clock.ts";
import { openTunnelSocket } from "../../system/interface/tunnel_device.ts";
import { Handshakes } from "./handshakes.ts";
import { TokenIndex } from "./legacy_logins.ts";
import { LegacySessions } from "./legacy_sessions.ts";
import { exposedPrefixes } from "./exposed_prefixes.ts";
import { LoginTexts, type SharingConfig } from "./login_texts.ts";
import { SlotPool } from "./slot_pool.ts";
import type { TokenPeers } from "./token_peers.ts";
import { TokenSessions } from "./token_sessions.ts";

const log = getLogger("sharing");

/** Milliseconds between two looks at the sessions; the shortest time that counts in one is 5 s. */
const TICK = 500;

/** The collaborators of a listener. */
export interface ListenerDeps {
  readonly dataPlane: DataPlane;
  readonly peers: TokenPeers;
  /** Let the kernel cut and join datagrams. */
  readonly offload: boolean;
}

/** An open exposed socket. */
export class ExposedListener implements AsyncDisposable {
  readonly sessions: TokenSessions;
  readonly legacy: LegacySessions;
  readonly handshakes: Handshakes;
  readonly #tokens = new TokenIndex();
  readonly #texts: LoginTexts;
  #config: SharingConfig;
  #ticking: ReturnType<typeof setInterval> | undefined;
  readonly #sleep = new SleepClock();

  private constructor(
    /** Where it was asked to listen. */
    readonly endpoint: Endpoint,
    readonly socket: UdpSocket,
    readonly plane: SessionController,
    readonly codec: SocketAddressCodec,
    peers: TokenPeers,
    config: SharingConfig,
  ) {
    this.#config = config;
    this.#texts = new LoginTexts(config);
    const pool = new SlotPool(MAX_SESSIONS);
    const send = (message: Uint8Array<ArrayBuffer>, to: Endpoint) => void socket.send(message, to);
    const onFirst = () => this.#keepTicking();
    this.sessions = new TokenSessions({
      plane,
      pool,
      send,
      onFirst,
      encode: (endpoint) => codec.encode(endpoint),
      texts: (address) => this.#texts.texts(address),
      addressOf: (token) => this.#config.tokens.find(({ name }) => name === token)?.address,
    });
    this.legacy = new LegacySessions({
      plane,
      pool,
      send,
      onFirst,
      tokens: this.#tokens,
      reply: (address) => this.#texts.wholeText(address),
      evictOther: (token) => this.sessions.releaseTo(token, performance.now()),
    });
    this.handshakes = new Handshakes({
      peers,
      send,
      indices: this.sessions.indices,
      hasRoom: ({ token }) => this.sessions.has(token) || this.legacy.has(token) || pool.hasFree,
      sessionOf: (of, source) => {
        this.legacy.end(of.token);
        return this.sessions.sessionOf(of, source);
      },
    }, performance.now());
  }

  /**
   * Opens the socket and hands it to the data plane.
   *
   * @throws {OperationError} "io" or "failure"
   */
  static async open(
    { endpoint, legacy }: Expose,
    config: SharingConfig,
    { dataPlane, peers, offload }: ListenerDeps,
  ): Promise<ExposedListener> {
    const socket = await openTunnelSocket(endpoint);
    try {
      // The Worker may speak before there is somebody to listen.
      const late: { listener?: ExposedListener } = {};
      const plane = await SessionController.attach(dataPlane, {
        socket,
        offload,
        slots: MAX_SESSIONS,
        onDatagram: (bytes, source) => late.listener?.takeDatagram(bytes, source),
        onText: (slot, text) => late.listener?.sessions.handleText(slot, text, performance.now()),
        onWanted: (slot) => late.listener?.sessions.handshakeNeeded(slot, performance.now()),
        onConfirmed: (slot, localIndex) =>
          late.listener?.sessions.keyConfirmed(slot, localIndex, performance.now()),
        onNotice: (line) => log.info(line),
      });
      const listener = late.listener = new ExposedListener(
        endpoint,
        socket,
        plane,
        await socketAddressCodec(socket.family),
        peers,
        config,
      );
      listener.apply(config, legacy);
      return listener;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Applies a configuration: tokens, exposed networks, what is answered. */
  apply(config: SharingConfig, legacy: boolean): void {
    const now = performance.now();
    const told = (of: SharingConfig) => this.#texts.describe(of);
    const isNews = told(config) !== told(this.#config);
    this.#config = config;
    const { client, server } = tunnelAddresses(config.addr);
    this.plane.setLocalResponder({
      ownAddress: server,
      clientAddress: client,
      virtualNetwork: config.addr,
      answerEcho: config.pong,
      legacy,
    });
    this.plane.setExposedRoutes(exposedPrefixes(config));
    this.#tokens.update(legacy ? config.tokens : []);
    this.sessions.update(config.tokens, now);
    this.legacy.update(config.tokens, legacy);
    if (!isNews) return;
    this.#texts.update(config);
    this.sessions.notifyAll();
    this.legacy.notifyAll();
  }

  /** Rejects when the socket dies. */
  get failure(): Promise<never> {
    return this.plane.failure;
  }

  /** Ends all sessions and closes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#ticking);
    this.#ticking = undefined;
    // When the whole data plane has failed, its failure is reported elsewhere.
    await this.plane.detach().catch(() => {});
    this.#sleep[Symbol.dispose]();
    this.socket.close();
  }

  /** Takes a datagram that is of no session; nothing of it has been checked. */
  takeDatagram(bytes: Uint8Array<ArrayBuffer>, source: Uint8Array<ArrayBuffer>): void {
    const from = this.codec.decode(source);
    if (from === undefined) return;
    const now = performance.now();
    if (classifyMessage(bytes, 0, bytes.length) === NOT_WIREGUARD) this.legacy.take(bytes, source, from, now);
    else this.handshakes.handle(bytes, source, from, now);
  }

  /** Time passes for sessions only while there are some. */
  #keepTicking(): void {
    if (this.#ticking === undefined) this.#sleep.take();
    this.#ticking ??= setInterval(() => {
      const now = performance.now();
      const slept = this.#sleep.take();
      if (slept > 0) this.sessions.slept(slept);
      this.sessions.tick(now);
      this.legacy.tick(now);
      if (this.sessions.count + this.legacy.count > 0) return;
      clearInterval(this.#ticking);
      this.#ticking = undefined;
    }, TICK);
  }
}
