/**
 * The server's one client: who it is, when it was heard, and what it is told.
 *
 * Only a heartbeat binds a client: data from an unbound endpoint never does, so no stray datagram can take the tunnel over.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { OnceEach } from "../../program/log_on_change.ts";
import { Bucket } from "../../core/async/token_bucket.ts";
import { type Endpoint, equalEndpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { ControlBudget } from "../../core/protocol/control_budget.ts";
import { encodeControl } from "../../core/protocol/control.ts";
import { type ClientDescription, decodeDescription } from "../../core/protocol/description.ts";
import { CHALLENGE_SECRET_LENGTH, Challenges } from "../../core/protocol/challenge.ts";
import { HEARTBEAT } from "../../core/protocol/datagram.ts";
import { type HeartbeatFault, HeartbeatJudge, type HeartbeatProof } from "../../core/protocol/heartbeat.ts";
import type { SocketAddressCodec, UdpSocket } from "../../ffi/udp/udp_socket.ts";

const log = getLogger("client");

/** Moves of the client that are logged: these at once, then so many a second. */
const MOVES_AT_ONCE = 20;
const MOVES_PER_SECOND = 0.2;

/** Refused heartbeats are logged at most this often, in milliseconds. */
const REFUSAL_INTERVAL = 60_000;

/** How often the first control text is repeated to a client that does not answer it. */
const REPEATED_TEXTS = 3;

/** First and longest pause before a text is repeated to a client that does not say that it has it, in milliseconds. */
const FIRST_REPEAT = 1_000;
const LONGEST_REPEAT = 30_000;

/** What a bound client is known by. */
export interface BoundClient {
  readonly endpoint: Endpoint;
  /** When its last heartbeat came, milliseconds since 1970. */
  readonly lastHeartbeat: number;
  readonly description: ClientDescription | undefined;
}

/** What the link works with. */
export interface ClientLinkSettings {
  /** When this run began, milliseconds since 1970. */
  readonly startedAt: number;
  /** What a client must prove; undefined without a key. */
  readonly proof: HeartbeatProof | undefined;
  /** Whether `demand` is about to be called; what is refused before is counted and not logged. */
  readonly mayDemand: boolean;
  readonly mtu: number;
  readonly socket: Pick<UdpSocket, "send">;
  readonly codec: SocketAddressCodec;
  /** Sends packets to this socket address, and takes packets from it alone. */
  readonly bindPeer: (socketAddress: Uint8Array) => void;
  /** The control text that a newly bound client is sent. */
  readonly controlText: () => string;
  /** A newly bound client has not described itself yet: it may be the original's. */
  readonly onBound: () => void;
  /** The bound client has described itself, for the first time since it was bound. */
  readonly onDescribed: () => void;
  /** The control text of a revision, for a client that described itself: everything. */
  readonly revisionText: (revision: number) => string;
  /** Milliseconds before the first repetition; a second unless a test cannot wait. */
  readonly firstRepeat?: number;
}

/** Learns the client's endpoint and answers its heartbeats. */
export class ClientLink implements Disposable {
  readonly #settings: ClientLinkSettings;
  readonly #challenges = new Challenges(crypto.getRandomValues(new Uint8Array(CHALLENGE_SECRET_LENGTH)));
  /** Whether the last challenge has had no answer yet. */
  #isChallenged = false;
  /** One for each proof, which goes on refusing what it has accepted before. */
  readonly #judges = new Map<HeartbeatProof | undefined, HeartbeatJudge>();
  #judge: HeartbeatJudge;
  #isDecided: boolean;
  #client: BoundClient | undefined;
  #refused = 0;
  #repeatedTexts = 0;
  /** Without a key any program of this machine can move the tunnel back and forth; the log must not grow with that. */
  readonly #moves = new Bucket(MOVES_PER_SECOND, MOVES_AT_ONCE, performance.now());
  readonly #budget = new ControlBudget(performance.now());
  /** Whether a heartbeat from where the client is was proven. */
  #isProven = false;
  #refusalLogged = 0;
  /** Number of what the client is to be told. It begins anywhere: a client may still name that of an earlier run. */
  #revision = Math.floor(Math.random() * 2 ** 30);
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #faults = new OnceEach();

  constructor(settings: ClientLinkSettings) {
    this.#settings = settings;
    this.#judge = this.#judgeOf(settings.proof);
    this.#isDecided = !settings.mayDemand;
  }

  /** The bound client. */
  get client(): BoundClient | undefined {
    return this.#client;
  }

  /** Heartbeats that bound nobody. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Takes a datagram that is no packet.
   *
   * @param source the sender's socket address
   * @param fromPeer whether the bound client sent it
   * @param now milliseconds since 1970
   */
  takeMessage(datagram: Uint8Array, source: Uint8Array, fromPeer: boolean, now: number): void {
    const endpoint = this.#settings.codec.decode(source);
    if (endpoint === undefined) return;
    if (datagram[0] === HEARTBEAT) this.#takeHeartbeat(datagram, endpoint, now);
    else if (fromPeer && this.#client !== undefined) this.#takeDescription(datagram, this.#client);
  }

  /**
   * What the client is to be told has changed: it is sent to the bound one, if there is one.
   *
   * @param change the change alone, for a client that has not described itself and so cannot say what it has
   */
  sendChange(change: string): void {
    this.#revision++;
    if (this.#client === undefined) return;
    if (this.#client.description === undefined) this.#sendTo(this.#client.endpoint, change);
    else this.#sendRevision();
  }

  /** Repeats nothing any more. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Has heartbeats prove something else from now on. A client that is bound stays so until another proves it.
   *
   * @param proof what clients must prove; undefined: nothing
   */
  demand(proof: HeartbeatProof | undefined): void {
    this.#judge = this.#judgeOf(proof);
    this.#isDecided = true;
  }

  #takeHeartbeat(datagram: Uint8Array, endpoint: Endpoint, now: number): void {
    const verdict = this.#judge.judge(datagram, endpoint, now);
    if (verdict.kind === "refuse") return this.#refuse(endpoint, verdict.fault, now);
    if (verdict.kind === "challenge") {
      // A sender that does not answer challenges has not the key, or is a client of 0.1.0.
      if (this.#isChallenged) this.#refuse(endpoint, verdict.fault, now);
      this.#isChallenged = true;
      this.#settings.socket.send(verdict.datagram, endpoint);
      return;
    }
    if (verdict.isAnswer) this.#isChallenged = false;
    const previous = this.#client;
    const isKnown = previous !== undefined && equalEndpoint(previous.endpoint, endpoint);
    this.#client = { endpoint, lastHeartbeat: now, description: isKnown ? previous.description : undefined };
    this.#isProven = verdict.isProven || (isKnown && this.#isProven);
    if (isKnown) return this.#answer(endpoint);
    // An answer to an earlier challenge, sent once more, would take the tunnel back to where it was.
    this.#challenges.end();
    this.#repeatedTexts = 0;
    this[Symbol.dispose]();
    this.#settings.onBound();
    this.#settings.bindPeer(this.#settings.codec.encode(endpoint));
    if (previous === undefined) log.info("client connected", { endpoint: formatEndpoint(endpoint) });
    else if (this.#moves.take(1, performance.now())) {
      log.info("client moved", { from: formatEndpoint(previous.endpoint), to: formatEndpoint(endpoint) });
    }
    this.#sendFirstText(endpoint);
  }

  /** What is not sent now follows with a later answer. */
  #sendFirstText(endpoint: Endpoint): boolean {
    const text = this.#settings.controlText();
    if (!this.#maySend(text)) return false;
    this.#sendTo(endpoint, text);
    return true;
  }

  /** Without a proof anyone may have sent heartbeat and description in another's name, who would get the text. */
  #maySend(text: string): boolean {
    return this.#isProven || this.#budget.take(text.length, performance.now());
  }

  /**
   * Answers a heartbeat. As long as the client has not described itself, its first control text may have been lost, so
   * it is sent a few times more; to the original's client it says the same each time.
   */
  #answer(endpoint: Endpoint): void {
    this.#sendTo(endpoint, "");
    if (this.#client?.description !== undefined || this.#repeatedTexts >= REPEATED_TEXTS) return;
    if (this.#sendFirstText(endpoint)) this.#repeatedTexts++;
  }

  #takeDescription(datagram: Uint8Array, client: BoundClient): void {
    const description = decodeDescription(datagram);
    if (description === undefined) return;
    this.#client = { ...client, description };
    log.debug("client described itself", { version: description.version });
    this.#tellFault(description.firewall?.fault);
    const isNew = client.description === undefined;
    if (isNew) this.#settings.onDescribed();
    if (description.revision === this.#revision) this[Symbol.dispose]();
    else if (isNew || this.#timer === undefined) this.#sendRevision();
  }

  /** Whoever looks at the desktop does not see the client's log. */
  #tellFault(fault: string | undefined): void {
    if (fault === undefined) this.#faults.settle("firewall");
    else if (this.#faults.isNews("firewall", fault)) log.warn(`the client's machine: ${fault}`);
  }

  /** Sends what is in force, and again with growing pauses until the client names its revision. */
  #sendRevision(pause: number = this.#settings.firstRepeat ?? FIRST_REPEAT): void {
    if (this.#client === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#sendRevision(Math.min(2 * pause, LONGEST_REPEAT)), pause);
    const text = this.#settings.revisionText(this.#revision);
    if (this.#maySend(text)) this.#sendTo(this.#client.endpoint, text);
  }

  #judgeOf(proof: HeartbeatProof | undefined): HeartbeatJudge {
    const judge = this.#judges.get(proof) ??
      new HeartbeatJudge(proof, this.#challenges, this.#settings.startedAt);
    this.#judges.set(proof, judge);
    return judge;
  }

  #refuse(endpoint: Endpoint, fault: HeartbeatFault, now: number): void {
    this.#refused++;
    if (!this.#isDecided) return;
    if (this.#refusalLogged !== 0 && now - this.#refusalLogged < REFUSAL_INTERVAL) return;
    this.#refusalLogged = now;
    log.warn(`heartbeat refused; ${remedyFor(fault)}`, {
      endpoint: formatEndpoint(endpoint),
      reason: fault,
      refused: this.#refused,
    });
  }

  #sendTo(endpoint: Endpoint, text: string): void {
    for (const datagram of encodeControl(text, this.#settings.mtu)) {
      if (!this.#settings.socket.send(datagram, endpoint)) {
        log.debug("control not sent", { endpoint: formatEndpoint(endpoint) });
        return;
      }
    }
  }
}

function remedyFor(fault: HeartbeatFault): string {
  return fault === "time" || fault === "replay"
    ? "its sender has no answer to a challenge: a client of version 0.1.0 needs the right time, and a minute " +
      "after each start of the server; anyone else has recorded it"
    : "give the client the same key as the server";
}
