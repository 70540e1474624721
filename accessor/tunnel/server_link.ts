/**
 * The accessor's side of the tunnel's control: keeps a session with the server, asks whether it is still there, takes what it tells.
 *
 * The server answers the byte 01 with its login reply (docs/internals/protocol.md), which serves as a heartbeat: it shows that the server is
 * there, keeps address translations on the way alive, tells the server where we have moved, and brings what has changed.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { LogOnChange } from "../../program/log_on_change.ts";
import { HeartbeatTimer } from "../../core/tunnel/heartbeat_timer.ts";
import { type Endpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { formatHostPort, type HostPort } from "../../core/net/host_port.ts";
import { LOGIN, type Login, LoginAssembler, loginFault, parseLogin } from "../../core/token/login.ts";
import type { SessionLimits } from "../../core/wireguard/limits.ts";
import type { Peer } from "../../core/wireguard/peer.ts";
import type { SessionController } from "../../dataplane/sessions/session_controller.ts";
import { SleepClock } from "../../ffi/libc/sleep_clock.ts";
import type { EndpointResolver } from "./endpoint_resolver.ts";
import { ServerSession } from "./server_session.ts";
import { SLOT } from "./slot.ts";

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

/** The collaborators of the link. */
export interface ServerLinkDeps {
  readonly remote: HostPort;
  readonly peer: Peer;
  readonly plane: Pick<
    SessionController,
    "installKeys" | "expireKeys" | "sealAndSend" | "traffic" | "endpoint" | "decode"
  >;
  readonly socket: {
    send(datagram: Uint8Array<ArrayBuffer>, to: Endpoint): boolean;
  };
  readonly finder: EndpointResolver;
  /** Takes a complete login that differs from the last one. */
  readonly onLogin: (login: Login) => void;
  /** Shorter in tests. */
  readonly limits?: SessionLimits;
}

/** The link to one server. */
export class ServerLink implements Disposable {
  readonly #parts: ServerLinkDeps;
  readonly #session: ServerSession;
  readonly #clock = new HeartbeatTimer(INTERVAL, performance.now());
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
  #clockSkew = clockSkew();
  readonly #sleep = new SleepClock();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  #malformed = 0;

  constructor(parts: ServerLinkDeps) {
    this.#parts = parts;
    this.#session = new ServerSession({
      peer: parts.peer,
      plane: parts.plane,
      resolve: (attempt) => this.#resolve(attempt),
      send: (message, to) => this.#send(message, to),
      onEstablished: () => this.#noteReady(),
      ...parts.limits === undefined ? {} : { limits: parts.limits },
    });
  }

  /** Begins the first handshake. */
  start(): void {
    this.#session.handshakeNeeded(performance.now());
    this.#tick();
  }

  /** Whether there is a session, and the server was heard lately. */
  get isUp(): boolean {
    return this.#wasUp && !this.#clock.isSilent && this.#session.canSend(performance.now());
  }

  /** Where the server is, or is looked for. */
  get endpoint(): Endpoint | undefined {
    return this.#parts.plane.endpoint(SLOT) ?? this.#target;
  }

  /** Whole seconds since the server was last heard; null if it never was. */
  get lastHeardSeconds(): number | null {
    return secondsSince(this.#parts.plane.traffic(SLOT).receivedAt);
  }

  /** Whole seconds since the last handshake; null before the first. */
  get handshakeSeconds(): number | null {
    return secondsSince(this.#session.handshakeAt ?? -Infinity);
  }

  /** Texts of the server that could not be understood. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Takes a datagram that belongs to no session. */
  takeDatagram(bytes: Uint8Array<ArrayBuffer>, source: Uint8Array<ArrayBuffer>): void {
    const from = this.#parts.plane.decode(source);
    if (from === undefined || this.#isClosed) return;
    const reason = this.#session.handleDatagram(bytes, source, from, performance.now());
    if (reason !== undefined) log.debug("handshake refused", { endpoint: formatEndpoint(from), reason });
    this.#schedule();
  }

  /** Takes an authentic text of the server that is no packet. */
  takeText(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed) return;
    this.#noteHeard(performance.now());
    const text = parseLogin(bytes);
    if (text === undefined) {
      this.#malformed++;
      if (this.#said.changed("text", "malformed")) log.warn("a text of the server is not understood");
      return;
    }
    const login = this.#assembler.push(text);
    if (login === undefined) return;
    const fault = loginFault(login);
    if (fault !== undefined) {
      if (this.#said.changed("text", fault)) log.warn(fault);
      return;
    }
    this.#isLoginStale = false;
    const words = JSON.stringify(login, (_key, value) => ArrayBuffer.isView(value) ? String(value) : value);
    if (words === this.#login) return;
    this.#login = words;
    this.#parts.onLogin(login);
  }

  /** A packet waits for keys. */
  takeWanted(): void {
    if (this.#isClosed) return;
    this.#session.handshakeNeeded(performance.now());
    this.#tick();
  }

  /** The first message by keys of a handshake that the server began. */
  takeConfirmed(localIndex: number): void {
    if (!this.#isClosed) this.#session.keyConfirmed(localIndex, performance.now());
  }

  /** The machine's networks have changed: lets the server know at once where we are. */
  noteNetworkChange(): void {
    if (!this.#isClosed && this.#session.canSend(performance.now())) this.#ask();
  }

  /** Ends the session. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#sleep[Symbol.dispose]();
    this.#session.close();
  }

  #tick(): void {
    if (this.#isClosed) return;
    const now = performance.now();
    this.#noteSleep(now);
    const { receivedAt, sentAt, dataSentAt } = this.#parts.plane.traffic(SLOT);
    this.#doubtSince = dataSentAt > receivedAt ? Math.min(this.#doubtSince, now) : Infinity;
    const isDoubtful = now - this.#doubtSince >= DOUBT;
    if (isDoubtful) this.#doubtSince = Infinity;
    if (isDoubtful || now >= this.#clock.nextDeadline) {
      this.#beat(now, receivedAt > this.#lastHeard, sentAt > this.#lastSent);
    } else if (receivedAt > this.#lastHeard) this.#noteHeard(now);
    this.#lastHeard = receivedAt;
    this.#lastSent = sentAt;
    this.#session.tick(now);
    const isWaiting = this.#isLoginStale || this.#assembler.isIncomplete;
    if (isWaiting && this.#session.canSend(now) && now - this.#askedAt >= LOGIN_PATIENCE) this.#ask();
    this.#schedule();
  }

  #beat(now: number, received: boolean, sent: boolean): void {
    if (received) this.#noteHeard(now);
    const due = this.#clock.tick(now, received, sent);
    if (due.heartbeat && this.#session.canSend(now)) this.#ask();
    if (this.#clock.isSilent && this.#wasUp && !this.#isDown) {
      this.#isDown = true;
      log.warn("server is unreachable; searching for it", { host: formatHostPort(this.#parts.remote) });
    }
    if (due.lookup) this.#session.handshakeNeeded(now);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const now = performance.now();
    const isWaiting = this.#isLoginStale && this.#session.canSend(now);
    const next = Math.min(
      this.#session.nextDeadline,
      this.#clock.nextDeadline,
      isWaiting ? this.#askedAt + LOGIN_PATIENCE : Infinity,
      now + MAX_PAUSE,
    );
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, next - now));
  }

  #ask(): void {
    this.#askedAt = performance.now();
    this.#parts.plane.sealAndSend(SLOT, Uint8Array.of(LOGIN));
  }

  #noteReady(): void {
    const now = performance.now();
    this.#noteHeard(now);
    // The server tells it by itself; it is asked for if that gets lost.
    this.#isLoginStale = true;
    this.#askedAt = now;
    log.debug("handshake complete", { endpoint: this.#endpointText });
    if (!this.#wasUp) log.info("connected", { endpoint: this.#endpointText });
    this.#wasUp = true;
  }

  #noteHeard(now: number): void {
    this.#clock.onReceive(now);
    if (!this.#isDown) return;
    this.#isDown = false;
    log.info("server answers again", { endpoint: this.#endpointText });
  }

  /** Keys have aged and addresses changed while nothing ran, and neither clock of ours counted that. */
  #noteSleep(now: number): void {
    const asleep = this.#sleep.take();
    if (asleep > 0) this.#session.slept(asleep);
    const skew = clockSkew();
    const slept = skew - this.#clockSkew;
    this.#clockSkew = skew;
    if (slept < SLEEP) return;
    log.info("system clock jumped (woke from sleep?); reconnecting", { seconds: Math.round(slept / 1000) });
    this.#session.handshakeNeeded(now);
  }

  async #resolve(attempt: number): Promise<Endpoint | undefined> {
    const { finder, plane, remote } = this.#parts;
    if (attempt > 1) this.#sayUnanswered(attempt - 1);
    const current = plane.endpoint(SLOT);
    const isAlive = this.#wasUp && !this.#clock.isSilent;
    const place = await finder.find(attempt, current, isAlive);
    if (finder.fault === undefined) this.#said.clear("name");
    else if (this.#said.changed("name", finder.fault)) log.warn(finder.fault);
    if (place === undefined && finder.fault === undefined && this.#said.changed("name", "family")) {
      log.warn(
        `Cannot reach ${formatHostPort(remote)}: it has IPv6 addresses only. Start the accessor again`,
      );
    }
    this.#target = place ?? this.#target;
    return place;
  }

  /** Nobody who lacks a token's keys is told whether there is such a token, so these causes look the same from here. */
  #sayUnanswered(attempts: number): void {
    if (this.#wasUp || this.#isRefused || attempts % ATTEMPTS_BETWEEN_LINES !== 1) return;
    log.warn(
      `No answer from ${
        formatHostPort(this.#parts.remote)
      }. Check the token, the address and port, that the server has an ` +
        "expose line, and the firewalls on the way; trying again every 5 s",
      { endpoint: this.#endpointText },
    );
  }

  #send(message: Uint8Array<ArrayBuffer>, to: Endpoint): void {
    this.#isRefused = !this.#parts.socket.send(message, to);
    if (!this.#isRefused) {
      this.#said.clear("send");
      return;
    }
    const words = `Cannot reach ${formatEndpoint(to)}: the network is unreachable. ` +
      "Check this machine's network connection; trying again every 5 s";
    if (this.#said.changed("send", words)) log.warn(words);
  }

  get #endpointText(): string {
    return this.endpoint === undefined ? "unknown" : formatEndpoint(this.endpoint);
  }
}

/** How far the clock of the day is ahead of the one that stands still while the machine sleeps, in milliseconds. */
function clockSkew(): number {
  return Date.now() - performance.now();
}

function secondsSince(time: number): number | null {
  return time === -Infinity ? null : Math.max(0, Math.floor((performance.now() - time) / 1000));
}
