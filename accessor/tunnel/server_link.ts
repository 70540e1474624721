import { getLogger, LogOnChange } from "../../program/log.ts";
import { type Problem, reportOf } from "../../core/error.ts";
import type { Clock } from "../../core/async/clock.ts";
import { HeartbeatTimer } from "../../core/tunnel/heartbeat_timer.ts";
import { type Endpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { LOGIN, type Login, LoginAssembler, loginFault, parseLogin } from "../../core/token/login.ts";
import type { Peer } from "../../core/wireguard/peer.ts";
import { ACCESSOR_SLOT } from "../../dataplane/worker_channel.ts";
import type { SessionController } from "../../dataplane/sessions/session_controller.ts";
import { SleepClock } from "../../ffi/libc/sleep_clock.ts";
import type { UdpSocket } from "../../ffi/udp/udp_socket.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { EndpointResolver } from "./endpoint_resolver.ts";
import { ServerSession } from "./server_session.ts";

const log = getLogger("accessor");

/** Milliseconds between heartbeats of an idle tunnel. */
const INTERVAL = 10_000;
/** The longest time between two looks at the data plane: what it sent and received starts timers of some seconds. */
const MAX_PAUSE = 1_000;
/** Data that nothing comes back for lets us ask after so many milliseconds, however idle the tunnel was before. */
const DOUBT = 2_000;
/** After so many milliseconds without the login reply it is asked for. */
const LOGIN_PATIENCE = 500;
/** The clock has gone on without the program by so many milliseconds: the machine was asleep. */
const SLEEP = 10_000;
/** Attempts in a row without an answer between two lines of the log: 120 of some 5 s are ten minutes. */
const ATTEMPTS_BETWEEN_LINES = 120;

export interface ServerLinkDeps {
  /** The server as the user named it. */
  readonly host: string;
  readonly peer: Peer;
  readonly plane: Pick<
    SessionController,
    "installKeys" | "expireKeys" | "sealAndSend" | "traffic" | "endpoint" | "decode"
  >;
  readonly socket: Pick<UdpSocket, "send">;
  readonly finder: EndpointResolver;
  /** Takes a complete login that differs from the last one. */
  readonly onLogin: (login: Login) => void;
  readonly clock?: Clock;
}

/**
 * The accessor's side of the tunnel's control: keeps a session with the server, asks whether it is still there, takes what it
 * tells.
 *
 * The server answers the byte 01 with its login reply (docs/internals/protocol.md), which serves as a heartbeat: it shows that
 * the server is there, keeps address translations on the way alive, tells the server where we have moved, and brings what has
 * changed.
 */
export class ServerLink implements Disposable {
  /** Texts of the server that could not be understood. */
  malformed = 0;
  /** Why the server cannot be looked for; undefined where it can. */
  readonly faults: Record<"unknown-name" | "no-network", Problem | undefined> = {
    "unknown-name": undefined,
    "no-network": undefined,
  };
  readonly #clock: Clock;
  readonly #session: ServerSession;
  readonly #heartbeat: HeartbeatTimer;
  readonly #sleep = new SleepClock();
  readonly #assembler = new LoginAssembler();
  readonly #said = new LogOnChange();
  #login = "";
  #isLoginStale = true;
  #askedAt = -Infinity;
  #wasUp = false;
  #isDown = false;
  /** The network did not take the last initiation. */
  #isRefused = false;
  /** Since when data that was sent has had no answer. */
  #doubtSince = Infinity;
  #lastHeard = -Infinity;
  #lastSent = -Infinity;
  #target: Endpoint | undefined;
  #skew: number;
  #timer: Disposable | undefined;
  #isClosed = false;

  constructor(readonly deps: ServerLinkDeps) {
    const { peer, plane, clock = SYSTEM_CLOCK } = deps;
    this.#clock = clock;
    this.#skew = this.#clockSkew;
    this.#heartbeat = new HeartbeatTimer(INTERVAL, clock.now());
    this.#session = new ServerSession({
      peer,
      plane,
      clock,
      resolve: (attempt) => this.#resolve(attempt),
      send: (message, to) => this.#send(message, to),
      onEstablished: () => this.#noteReady(),
    });
  }

  /** Whether there is a session, and the server was heard lately. */
  get isUp(): boolean {
    return this.#wasUp && !this.#heartbeat.isSilent && this.#canSend;
  }

  /** Where the server is, or is looked for. */
  get endpoint(): Endpoint | undefined {
    return this.deps.plane.endpoint(ACCESSOR_SLOT) ?? this.#target;
  }

  /** Whole seconds since the server was last heard; null if it never was. */
  get lastHeardSeconds(): number | null {
    return this.#secondsSince(this.deps.plane.traffic(ACCESSOR_SLOT).receivedAt);
  }

  /** Whole seconds since the last handshake; null before the first. */
  get handshakeSeconds(): number | null {
    return this.#secondsSince(this.#session.handshakeAt ?? -Infinity);
  }

  /** Takes a datagram that belongs to no session. */
  takeDatagram(bytes: Uint8Array<ArrayBuffer>, source: Uint8Array<ArrayBuffer>): void {
    const from = this.deps.plane.decode(source);
    if (from === undefined || this.#isClosed) return;
    const reason = this.#session.handleDatagram(bytes, source, from, this.#clock.now());
    if (reason !== undefined) log.debug("handshake refused", { endpoint: formatEndpoint(from), reason });
    this.#schedule();
  }

  /** Takes an authentic text of the server that is no packet. */
  takeText(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed) return;
    this.#noteHeard(this.#clock.now());
    const text = parseLogin(bytes);
    if (text === undefined) {
      this.malformed++;
      return this.#warnOnce("text", "a text of the server is not understood");
    }
    const login = this.#assembler.push(text);
    if (login === undefined) return;
    const fault = loginFault(login);
    if (fault !== undefined) return this.#warnOnce("text", fault);
    this.#isLoginStale = false;
    const words = JSON.stringify(login, (_key, value) => ArrayBuffer.isView(value) ? String(value) : value);
    if (words === this.#login) return;
    this.#login = words;
    this.deps.onLogin(login);
  }

  /** A packet waits for keys, or the program starts. */
  takeWanted(): void {
    if (this.#isClosed) return;
    this.#session.handshakeNeeded(this.#clock.now());
    this.#tick();
  }

  /** The first message by keys of a handshake that the server began. */
  takeConfirmed(localIndex: number): void {
    if (!this.#isClosed) this.#session.keyConfirmed(localIndex, this.#clock.now());
  }

  /** The machine's networks have changed: lets the server know at once where we are. */
  noteNetworkChange(): void {
    if (!this.#isClosed && this.#canSend) this.#ask();
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    this.#sleep[Symbol.dispose]();
    this.#session.close();
  }

  #tick(): void {
    if (this.#isClosed) return;
    const now = this.#clock.now();
    this.#noteSleep(now);
    const { receivedAt, sentAt, dataSentAt } = this.deps.plane.traffic(ACCESSOR_SLOT);
    this.#doubtSince = dataSentAt > receivedAt ? Math.min(this.#doubtSince, now) : Infinity;
    const isDoubtful = now - this.#doubtSince >= DOUBT;
    if (isDoubtful) this.#doubtSince = Infinity;
    const isDue = isDoubtful || now >= this.#heartbeat.nextDeadline;
    const received = receivedAt > this.#lastHeard;
    if (received) this.#noteHeard(now);
    if (isDue) this.#beat(now, received, sentAt > this.#lastSent);
    this.#lastHeard = receivedAt;
    this.#lastSent = sentAt;
    this.#session.tick(now);
    const isWaiting = this.#isLoginStale || this.#assembler.isIncomplete;
    if (isWaiting && this.#canSend && now - this.#askedAt >= LOGIN_PATIENCE) this.#ask();
    this.#schedule();
  }

  #beat(now: number, received: boolean, sent: boolean): void {
    const due = this.#heartbeat.tick(now, received, sent);
    if (due.heartbeat && this.#canSend) this.#ask();
    if (this.#heartbeat.isSilent && this.#wasUp && !this.#isDown) {
      this.#isDown = true;
      log.warn("server is unreachable; searching for it", { host: this.deps.host });
    }
    if (due.lookup) this.#session.handshakeNeeded(now);
  }

  #schedule(): void {
    this.#timer?.[Symbol.dispose]();
    if (this.#isClosed) return;
    const now = this.#clock.now();
    const next = Math.min(
      this.#session.nextDeadline,
      this.#heartbeat.nextDeadline,
      this.#isLoginStale && this.#canSend ? this.#askedAt + LOGIN_PATIENCE : Infinity,
      now + MAX_PAUSE,
    );
    this.#timer = this.#clock.after(Math.max(1, next - now), () => this.#tick());
  }

  #ask(): void {
    this.#askedAt = this.#clock.now();
    this.deps.plane.sealAndSend(ACCESSOR_SLOT, Uint8Array.of(LOGIN));
  }

  #noteReady(): void {
    const now = this.#clock.now();
    this.#noteHeard(now);
    // The server tells it by itself; it is asked for if that gets lost.
    this.#isLoginStale = true;
    this.#askedAt = now;
    log.debug("handshake complete", { endpoint: this.#endpointText });
    if (!this.#wasUp) log.info("connected", { endpoint: this.#endpointText });
    this.#wasUp = true;
  }

  #noteHeard(now: number): void {
    this.#heartbeat.onReceive(now);
    if (!this.#isDown) return;
    this.#isDown = false;
    log.info("server answers again", { endpoint: this.#endpointText });
  }

  /** Keys have aged and addresses changed while nothing ran, and neither clock of ours counted that. */
  #noteSleep(now: number): void {
    const asleep = this.#sleep.take();
    if (asleep > 0) this.#session.slept(asleep);
    const skew = this.#clockSkew;
    const slept = skew - this.#skew;
    this.#skew = skew;
    if (slept < SLEEP) return;
    log.info("system clock jumped (woke from sleep?); reconnecting", { seconds: Math.round(slept / 1000) });
    this.#session.handshakeNeeded(now);
  }

  async #resolve(attempt: number): Promise<Endpoint | undefined> {
    const { finder, plane, host } = this.deps;
    if (attempt % ATTEMPTS_BETWEEN_LINES === 2 && !this.#wasUp && !this.#isRefused) {
      // Nobody who lacks a token's keys is told whether there is such a token, so these causes look the same from here.
      log.warn(
        `No answer from ${host}. Check the token, the address and port, that the server has an ` +
          "expose line, and the firewalls on the way; trying again every 5 s",
        { endpoint: this.#endpointText },
      );
    }
    const isAlive = this.#wasUp && !this.#heartbeat.isSilent;
    const place = await finder.find(attempt, plane.endpoint(ACCESSOR_SLOT), isAlive);
    const unreachable = {
      message: `Cannot reach ${host}: it has IPv6 addresses only`,
      remedy: "Start the accessor again",
    };
    this.#note("unknown-name", finder.fault ?? (place === undefined ? unreachable : undefined));
    this.#target = place ?? this.#target;
    return place;
  }

  #send(message: Uint8Array<ArrayBuffer>, to: Endpoint): void {
    this.#isRefused = !this.deps.socket.send(message, to);
    const refusal = {
      message: `Cannot reach ${formatEndpoint(to)}: the network is unreachable`,
      remedy: "Check this machine's network connection; trying again every 5 s",
    };
    this.#note("no-network", this.#isRefused ? refusal : undefined);
  }

  #note(cause: keyof ServerLink["faults"], fault: Problem | undefined): void {
    this.faults[cause] = fault;
    this.#warnOnce(cause, fault && reportOf(fault));
  }

  /** Logs a fault of a subject unless it is the last one; undefined: the subject is in order. */
  #warnOnce(subject: string, fault: string | undefined): void {
    if (fault === undefined) this.#said.clear(subject);
    else if (this.#said.changed(subject, fault)) log.warn(fault);
  }

  get #canSend(): boolean {
    return this.#session.canSend(this.#clock.now());
  }

  get #endpointText(): string {
    return this.endpoint === undefined ? "unknown" : formatEndpoint(this.endpoint);
  }

  /** How far the clock of the day is ahead of the one that stands still while the machine sleeps, in milliseconds. */
  get #clockSkew(): number {
    return this.#clock.wallClock() - this.#clock.now();
  }

  #secondsSince(time: number): number | null {
    return time === -Infinity ? null : Math.max(0, Math.floor((this.#clock.now() - time) / 1000));
  }
}
