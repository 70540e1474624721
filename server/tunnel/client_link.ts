import { Backoff } from "../../core/async/backoff.ts";
import type { Clock } from "../../core/async/clock.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { TokenBucket } from "../../core/async/token_bucket.ts";
import { type Endpoint, equalEndpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { ControlBudget, encodeControl } from "../../core/protocol/control.ts";
import { type ClientDescription, decodeDescription } from "../../core/protocol/description.ts";
import { CHALLENGE_SECRET_LENGTH, Challenges } from "../../core/protocol/challenge.ts";
import { HEARTBEAT, KEYED_HEARTBEAT_LENGTH } from "../../core/protocol/datagram.ts";
import { type HeartbeatMac, HeartbeatVerifier } from "../../core/protocol/heartbeat.ts";
import { encodeAnswer, encodeEnd } from "../../core/protocol/server_proof.ts";
import type { HeartbeatFault } from "../../core/protocol/heartbeat_fault.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { SocketAddressCodec, UdpSocket } from "../../ffi/udp/udp_socket.ts";

const log = getLogger("client");

/** Moves of the client that are logged: a burst, then a number a second. */
const MAX_MOVES = 20;
const MOVES_PER_SECOND = 0.2;

/** Milliseconds between two log lines about refused heartbeats. */
const REFUSAL_INTERVAL_MS = 60_000;

/** How often the first control text is repeated with the next heartbeats of a client that does not describe itself. */
const MAX_REPEATED_TEXTS = 3;
/** Milliseconds between two texts after that: the client at that endpoint may have been started again. */
const REPEAT_MS = 30_000;

/** The pauses before a revision is sent again to a client that does not confirm it. Jitter keeps it off the heartbeats' beat. */
const RESEND = { firstMs: 1_000, maxMs: 30_000, jitter: 0.1 } as const;

export interface BoundClient {
  readonly endpoint: Endpoint;
  /** When its last heartbeat came, milliseconds since 1970. */
  readonly lastHeartbeat: number;
  readonly description: ClientDescription | undefined;
}

/** A heartbeat that was not accepted. */
export interface Refusal {
  /** Its sender, in words. */
  readonly endpoint: string;
  readonly reason: HeartbeatFault;
  /** When, milliseconds since 1970. */
  readonly at: number;
  /** Milliseconds that its sender's clock is ahead, for the reason "time". */
  readonly clockMs: number | undefined;
}

export interface ClientLinkDeps {
  /** When this run began, milliseconds since 1970. */
  readonly startedAt: number;
  /** The key that clients must prove; undefined without one. */
  readonly proof: HeartbeatMac | undefined;
  /** Whether `requireKey` is still to be called; until then nobody is bound: it may turn out that the sender has to prove a key. */
  readonly keyPending: boolean;
  readonly mtu: number;
  readonly socket: Pick<UdpSocket, "send">;
  readonly codec: Pick<SocketAddressCodec, "encode" | "decode">;
  /** What the log calls an endpoint; as an address and a port where nothing is given. */
  readonly nameOf?: (endpoint: Endpoint) => string;
  /** Sends packets to this socket address, and accepts packets from no other; undefined: to and from nobody. */
  readonly bindPeer: (socketAddress: Uint8Array | undefined) => void;
  /** The control text that a newly bound client is sent. */
  readonly controlText: () => string;
  /** A heartbeat was not accepted. */
  readonly onRefused?: (refusal: Refusal) => void;
  /** A newly bound client has not described itself yet: it may be the original's. */
  readonly onBound: () => void;
  /** The bound client has to prove a key from now on, and is bound no longer. */
  readonly onUnbound?: () => void;
  /** The bound client has described itself, for the first time since it was bound. */
  readonly onDescribed: () => void;
  /** The bound client has described itself, now or again. */
  readonly onDescription?: (description: ClientDescription) => void;
  /** The full control text of a revision, for a client that described itself. */
  readonly revisionText: (revision: number, description: ClientDescription | undefined) => string;
  readonly clock?: Clock;
  /** A number from 0 to below 1. */
  readonly random?: () => number;
  /** Fills bytes with random ones that nobody can predict. */
  readonly fillRandom?: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array;
}

/**
 * The server's one client: binds its endpoint, answers its heartbeats, and sends it its control texts.
 *
 * Only a heartbeat binds a client. Data from another endpoint never does, so no stray datagram can take the tunnel
 * over.
 */
export class ClientLink implements Disposable {
  readonly #clock: Clock;
  readonly #challenges: Challenges;
  /** Whether the last challenge has had no answer yet. */
  #isChallenged = false;
  /** One for each key: it goes on refusing what it accepted before. */
  readonly #verifiers = new Map<HeartbeatMac | undefined, HeartbeatVerifier>();
  #verifier: HeartbeatVerifier;
  #isDecided: boolean;
  #client: BoundClient | undefined;
  /** Heartbeats that did not bind their sender. */
  refused = 0;
  #repeatedTexts = 0;
  #textAt = -Infinity;
  /** Without a key any program of this machine can move the tunnel back and forth; the log must not grow with that. */
  readonly #moves: TokenBucket;
  readonly #budget: ControlBudget;
  /** The key that a heartbeat from the client's endpoint proved last, and by which bytes; undefined: none. */
  #proven: { readonly proof: HeartbeatMac; readonly by: Uint8Array } | undefined;
  #refusalLoggedAt = -Infinity;
  /** Number of the client's configuration. The first is random: a client may still name one of an earlier run. */
  #revision: number;
  readonly #backoff: Backoff;
  #resend: Disposable | undefined;
  readonly #faults = new LogOnChange();
  readonly #nameOf: (endpoint: Endpoint) => string;

  constructor(readonly deps: ClientLinkDeps) {
    const {
      clock = SYSTEM_CLOCK,
      random = Math.random,
      fillRandom = (bytes) => crypto.getRandomValues(bytes),
      nameOf = formatEndpoint,
    } = deps;
    this.#nameOf = nameOf;
    this.#clock = clock;
    this.#challenges = new Challenges(fillRandom(new Uint8Array(CHALLENGE_SECRET_LENGTH)));
    this.#moves = new TokenBucket(MOVES_PER_SECOND, MAX_MOVES, clock.now());
    this.#budget = new ControlBudget(clock.now());
    this.#revision = Math.floor(random() * 2 ** 30);
    this.#backoff = new Backoff({ ...RESEND, random });
    this.#verifier = this.#verifierOf(deps.proof);
    this.#isDecided = !deps.keyPending;
  }

  get client(): BoundClient | undefined {
    return this.#client;
  }

  /**
   * Handles a datagram that is not a packet.
   *
   * @param source the sender's socket address
   * @param fromPeer whether the bound client sent it
   * @param now milliseconds since 1970
   */
  handleMessage(datagram: Uint8Array, source: Uint8Array, fromPeer: boolean, now: number): void {
    const endpoint = this.deps.codec.decode(source);
    if (endpoint === undefined) return;
    if (datagram[0] === HEARTBEAT) this.#handleHeartbeat(datagram, endpoint, now);
    else if (fromPeer && this.#client !== undefined) this.#handleDescription(datagram, this.#client);
  }

  /**
   * Sends a change of the configuration to the bound client.
   *
   * @param change the change alone, for a client that has not described itself and so cannot confirm a revision
   */
  sendChange(change: string): void {
    this.#revision++;
    if (this.#client === undefined) return;
    if (this.#client.description === undefined) this.#sendTo(this.#client.endpoint, change);
    else this.#startSending();
  }

  /** Ends the repetitions. */
  [Symbol.dispose](): void {
    this.#resend?.[Symbol.dispose]();
    this.#resend = undefined;
  }

  /**
   * Requires another key from now on. A client that has not proven it is bound no longer: it may be any program.
   *
   * @param proof the key that clients must prove; undefined: none
   */
  requireKey(proof: HeartbeatMac | undefined): void {
    this.#verifier = this.#verifierOf(proof);
    this.#isDecided = true;
    if (proof === undefined || this.#client === undefined || this.#proven?.proof === proof) return;
    log.info("client has to prove the key", { endpoint: this.#nameOf(this.#client.endpoint) });
    this[Symbol.dispose]();
    this.#client = this.#proven = undefined;
    this.deps.bindPeer(undefined);
    this.deps.onUnbound?.();
  }

  /** Tells a client that trusts this server that it ends: whatever takes its place has nothing of that trust. */
  end(): void {
    if (this.#client === undefined || this.#proven === undefined) return;
    const { proof, by } = this.#proven;
    this.deps.socket.send(encodeEnd(proof, by), this.#client.endpoint);
  }

  #handleHeartbeat(datagram: Uint8Array, endpoint: Endpoint, now: number): void {
    if (!this.#isDecided) return;
    const verdict = this.#verifier.verify(datagram, endpoint, now);
    if (verdict.kind === "refuse") return this.#refuse(endpoint, verdict.fault, now);
    if (verdict.kind === "challenge") {
      // A sender that does not answer challenges lacks the key, or is a client of 0.1.0.
      if (this.#isChallenged) this.#refuse(endpoint, verdict.fault, now, verdict.clockMs);
      this.#isChallenged = true;
      this.deps.socket.send(verdict.datagram, endpoint);
      return;
    }
    if (verdict.isAnswer) this.#isChallenged = false;
    const previous = this.#client;
    const isKnown = previous !== undefined && equalEndpoint(previous.endpoint, endpoint);
    this.#client = { endpoint, lastHeartbeat: now, description: isKnown ? previous.description : undefined };
    const { proof } = this.#verifier;
    const { proven: by } = verdict;
    this.#proven = proof === undefined || by === undefined ? undefined : { proof, by };
    if (isKnown) return this.#answer(endpoint);
    // An answer to an earlier challenge, sent once more, would take the tunnel back to where it was.
    this.#challenges.invalidate();
    this.#repeatedTexts = 0;
    this[Symbol.dispose]();
    this.deps.onBound();
    this.deps.bindPeer(this.deps.codec.encode(endpoint));
    if (previous === undefined) log.info("client connected", { endpoint: this.#nameOf(endpoint) });
    else if (this.#moves.take(1, this.#clock.now())) {
      log.info("client moved", { from: this.#nameOf(previous.endpoint), to: this.#nameOf(endpoint) });
    }
    if (this.#proven === undefined && datagram.length === KEYED_HEARTBEAT_LENGTH) this.#warnOfKey(endpoint);
    // The client takes nothing from a server that has not proven itself.
    if (this.#proven !== undefined) this.#sendAnswer(endpoint);
    this.#sendWithinBudget(endpoint, this.deps.controlText());
  }

  /**
   * Sends a text if the budget allows it; otherwise it follows later. Without a key anyone can send a heartbeat and a
   * description under a false address, and the text would go there.
   */
  #sendWithinBudget(endpoint: Endpoint, text: string): boolean {
    const now = this.#clock.now();
    if (this.#proven === undefined && !this.#budget.take(text.length, now)) return false;
    this.#textAt = now;
    this.#sendTo(endpoint, text);
    return true;
  }

  /**
   * Answers a heartbeat. Until the client describes itself, its first control text may have been lost, so it is sent a
   * few times more, then now and then; a client of v1 only reads the same again.
   */
  #answer(endpoint: Endpoint): void {
    this.#sendAnswer(endpoint);
    if (this.#client?.description !== undefined) return;
    const isDue = this.#clock.now() - this.#textAt >= REPEAT_MS;
    if (this.#repeatedTexts >= MAX_REPEATED_TEXTS && !isDue) return;
    if (this.#sendWithinBudget(endpoint, this.deps.controlText())) this.#repeatedTexts++;
  }

  /** A client with a key takes nothing from a server that has none, so all looks well here and no packet passes. */
  #warnOfKey(endpoint: Endpoint): void {
    const words = "the client proves a key and this server has none, so the client takes nothing from it; " +
      "give both the same key, or neither";
    if (this.#faults.changed("key", words)) log.warn(words, { endpoint: this.#nameOf(endpoint) });
  }

  /** Answers a heartbeat, and proves the key by it where the heartbeat did. */
  #sendAnswer(endpoint: Endpoint): void {
    if (this.#proven === undefined) return this.#sendTo(endpoint, "");
    const { proof, by } = this.#proven;
    this.deps.socket.send(encodeAnswer(proof, by), endpoint);
  }

  #handleDescription(datagram: Uint8Array, client: BoundClient): void {
    const description = decodeDescription(datagram);
    if (description === undefined) return;
    this.#client = { ...client, description };
    log.debug("client capabilities received", { version: description.version });
    // A user of the desktop does not see the client's own log.
    const fault = description.firewall?.fault;
    if (fault === undefined) this.#faults.clear("firewall");
    else if (this.#faults.changed("firewall", fault)) log.warn(`the client's machine: ${fault}`);
    const isNew = client.description === undefined;
    if (isNew) this.deps.onDescribed();
    this.deps.onDescription?.(description);
    if (description.revision === this.#revision) this[Symbol.dispose]();
    else if (isNew || this.#resend === undefined) this.#startSending();
  }

  #startSending(): void {
    this.#backoff.reset();
    this.#sendRevision();
  }

  /** Sends the current revision, and again with growing pauses until the client names it. */
  #sendRevision(): void {
    if (this.#client === undefined) return;
    this[Symbol.dispose]();
    this.#resend = this.#clock.after(this.#backoff.next(), () => this.#sendRevision());
    const { endpoint, description } = this.#client;
    this.#sendWithinBudget(endpoint, this.deps.revisionText(this.#revision, description));
  }

  #verifierOf(proof: HeartbeatMac | undefined): HeartbeatVerifier {
    const verifier = this.#verifiers.get(proof) ??
      new HeartbeatVerifier(proof, this.#challenges, this.deps.startedAt);
    this.#verifiers.set(proof, verifier);
    return verifier;
  }

  #refuse(endpoint: Endpoint, fault: HeartbeatFault, now: number, clockMs?: number): void {
    this.refused++;
    const isClock = fault === "time" && clockMs !== undefined;
    this.deps.onRefused?.({
      endpoint: this.#nameOf(endpoint),
      reason: fault,
      at: now,
      clockMs: isClock ? clockMs : undefined,
    });
    if (now - this.#refusalLoggedAt < REFUSAL_INTERVAL_MS) return;
    this.#refusalLoggedAt = now;
    const remedy = fault === "time" || fault === "replay"
      ? "its sender has no answer to a challenge: a client of version 0.1.0 needs the right time, and a minute " +
        "after each start of the server; anyone else has recorded it"
      : "give the client the same key as the server";
    log.warn(`heartbeat refused; ${remedy}`, {
      endpoint: this.#nameOf(endpoint),
      reason: fault,
      refused: this.refused,
    });
  }

  #sendTo(endpoint: Endpoint, text: string): void {
    for (const datagram of encodeControl(text, this.deps.mtu)) {
      if (!this.deps.socket.send(datagram, endpoint)) {
        log.debug("control not sent", { endpoint: this.#nameOf(endpoint) });
        return;
      }
    }
  }
}
