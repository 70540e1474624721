import type { Clock } from "../../core/async/clock.ts";
import { OperationError } from "../../core/error.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { HeartbeatTimer } from "../../core/tunnel/heartbeat_timer.ts";
import { CandidateSelector, type ServerCandidate } from "../../core/tunnel/candidate_selector.ts";
import { equalAddress } from "../../core/net/address.ts";
import { type Endpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { parsePrefix, type Prefix } from "../../core/net/prefix.ts";
import {
  CONTROL_VERSION,
  ControlAssembler,
  type ControlCommand,
  parseControl,
} from "../../core/protocol/control.ts";
import { answerChallenge, isChallenge } from "../../core/protocol/challenge.ts";
import { type DirectTerms, parseDirect } from "../../core/protocol/direct_command.ts";
import { type ClientDescription, encodeDescription } from "../../core/protocol/description.ts";
import { CONTROL } from "../../core/protocol/datagram.ts";
import { encodeHeartbeat, type HeartbeatMac, provenBytes } from "../../core/protocol/heartbeat.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { UdpSocket } from "../../ffi/udp/udp_socket.ts";
import { ServerTrust } from "./server_trust.ts";

const log = getLogger("server");

/** The longest time at a candidate that does not answer, where there are several, in milliseconds. */
const MAX_STAY_MS = 4_000;

/** Milliseconds after which the description is sent again, in case one was lost. */
const DESCRIPTION_PERIOD_MS = 30_000;

export interface ServerLinkDeps {
  readonly port: number;
  readonly heartbeatMs: number;
  /** Proves the key; undefined without one. */
  readonly proof: HeartbeatMac | undefined;
  /** The description for a server of version 2; the link adds the revision. */
  readonly description: () => ClientDescription;
  /** Bytes of the largest datagram. */
  readonly mtu: number;
  /** Connected to the server; follows it when it moves. */
  readonly socket: Pick<UdpSocket, "family" | "connect" | "send">;
  /** The candidate that the socket is connected to at first. */
  readonly candidate: ServerCandidate;
  /** The candidates of this moment, the most likely first. */
  readonly gatherCandidates: () => Promise<readonly ServerCandidate[]>;
  /** Whether any host may be the server; otherwise all candidates are addresses of the host that was named. */
  readonly anyHost: boolean;
  /** Handles the commands of each control text that has any; returns how many of them it could not understand. */
  readonly onCommands: (commands: readonly ControlCommand[]) => number;
  /** Applies the virtual IPv6 network that the server named, or none. */
  readonly onIpv6: (addr6: Prefix | undefined) => void;
  /** Takes how long packets the server's interface takes on the engine path, in bytes; undefined: it cuts them itself. */
  readonly onEngineMtu: (mtu: number | undefined) => void;
  /** Applies what the server says of the direct path; undefined: it does not offer it. */
  readonly onDirect?: (terms: DirectTerms | undefined) => void;
  /** The server has fallen silent; where this is not given, it is searched for. */
  readonly onSilent?: () => void;
  /**
   * Takes packets from the server and sends packets there, or no longer. Where this is given and there is a key, the server has
   * to prove it: another program may have taken its address and port.
   */
  readonly onTrust?: (isTrusted: boolean) => void;
  /** Whether the server is reached by another path meanwhile, so that it is there and has not been restarted. */
  readonly isReachedOtherwise?: () => boolean;
  /** Packets received and sent so far. */
  readonly traffic: () => { readonly received: number; readonly sent: number };
  readonly clock?: Clock;
}

/** Keeps the tunnel to the server alive: sends heartbeats, takes its control texts, and looks for it again while it is silent. */
export class ServerLink implements Disposable {
  /** Heartbeats since the start. */
  readonly heartbeats = { sent: 0, answered: 0 };
  /** Messages that were not used, by reason. */
  readonly drops = { strayMessage: 0, unknownCommand: 0 };
  readonly #clock: Clock;
  readonly #heartbeat: HeartbeatTimer;
  readonly #assembler = new ControlAssembler();
  readonly #selector: CandidateSelector;
  #candidate: ServerCandidate;
  #tickTimer: Disposable | undefined;
  #traffic = { received: 0, sent: 0 };
  #lastHeartbeatTime = 0;
  #heartbeatAt = -Infinity;
  /** Whether the last heartbeat has had neither an answer nor a challenge. */
  #mayAnswer = false;
  /** Whether anything has come from the server. */
  #wasHeard = false;
  /** Whether the server answers heartbeats, which one of v1 does not. */
  #answers = false;
  #wasSilent = false;
  #isClosed = false;
  /** Whether the server reads descriptions, which one of v1 does not. */
  #takesDescriptions = false;
  #revision: number | undefined;
  #engineMtu: number | undefined;
  /** The last description that was sent. */
  #described: string | undefined;
  readonly #trust: ServerTrust;
  readonly #faults = new LogOnChange();
  #describedAt = 0;
  /** Why the last look-up found no address for the named host; undefined when it found one. */
  lookUpFault: OperationError | undefined;

  constructor(readonly deps: ServerLinkDeps) {
    const { candidate, anyHost, heartbeatMs, clock = SYSTEM_CLOCK } = deps;
    this.#clock = clock;
    this.#candidate = candidate;
    this.#selector = new CandidateSelector(anyHost);
    this.#trust = new ServerTrust({ clock, heartbeatMs, proof: deps.proof, onTrust: deps.onTrust });
    this.#heartbeat = new HeartbeatTimer(heartbeatMs, clock.now(), anyHost ? MAX_STAY_MS : undefined);
  }

  /** Where the server is. */
  get endpoint(): Endpoint {
    return { address: this.#candidate.address, port: this.deps.port };
  }

  /** The name that led there. */
  get host(): string {
    return this.#candidate.host;
  }

  /** Whether the server is reachable: it answers, or it is one that never answers and something came from it. */
  get isUp(): boolean {
    return this.#trust.isTrusted && this.#wasHeard && !(this.#answers && this.#heartbeat.isSilent);
  }

  /** Sends the first heartbeat and goes on by itself. */
  start(): void {
    this.#tick();
  }

  /**
   * This machine's interfaces, addresses or routes have changed. Asks the server at once whether it is still there, and no more
   * from an address that this machine has lost.
   *
   * @param isAddressLost whether the socket sends from such a one
   */
  onNetworkChange(isAddressLost: boolean): void {
    if (this.#isClosed || this.#tickTimer === undefined) return;
    if (isAddressLost) this.#takeNewPort();
    // What has come before does not tell that the tunnel still works.
    const traffic = this.deps.traffic();
    if (traffic.received !== this.#traffic.received) this.#onReceive();
    this.#traffic = traffic;
    this.#heartbeat.onNetworkChange(this.#clock.now());
    this.#schedule();
  }

  /** Handles a datagram of the server that is not a packet. */
  handleMessage(datagram: Uint8Array): void {
    if (this.#isClosed) return;
    if (isChallenge(datagram)) return this.#handleChallenge(datagram);
    if (this.#trust.take(datagram) === "end") return this.#onEnd();
    if (!this.#trust.isTrusted) return this.#refuse(datagram);
    this.#faults.clear("proof");
    this.#onReceive();
    this.#schedule();
    const assembly = this.#assembler.push(datagram);
    if (assembly.kind === "stray") this.drops.strayMessage++;
    if (assembly.kind !== "text") return;
    if (assembly.text === "") {
      this.#answers = true;
      this.#mayAnswer = false;
      this.heartbeats.answered++;
    }
    const commands = parseControl(assembly.text);
    const isFull = commands[0]?.name === "version";
    // A full text has a revision or none; a revision of another server does not count.
    if (isFull) this.#revision = this.#engineMtu = undefined;
    for (const command of commands) this.#handleCommand(command);
    if (this.#revision !== undefined) this.deps.onEngineMtu(this.#engineMtu);
    const isDirect = commands.some(({ name }) => name === "direct");
    if (isFull && this.#revision !== undefined && !isDirect) this.deps.onDirect?.(undefined);
    if (commands.length > 0) this.drops.unknownCommand += this.deps.onCommands(commands);
    // Last, because it confirms the whole text.
    if (isFull) this.describe();
  }

  /** The server may have ended without a word: it has to prove the key once more before anything is taken from it. */
  doubt(): void {
    if (!this.#trust.isRequired || this.#isClosed) return;
    // An answer that is still under way may be the last of one that has ended.
    this.#trust.revoke();
    this.#onEnd();
    this.#sendHeartbeat();
  }

  /** Describes the client to a server that takes descriptions. */
  describe(): void {
    if (!this.#takesDescriptions || !this.#trust.isTrusted || this.#isClosed) return;
    const description = this.deps.description();
    this.#described = JSON.stringify(description);
    this.#describedAt = this.#clock.now();
    const revised = this.#revision === undefined ? description : { ...description, revision: this.#revision };
    this.deps.socket.send(encodeDescription(revised, this.deps.mtu));
  }

  /** Describes the client if the description differs from the last one. */
  describeIfChanged(): void {
    if (JSON.stringify(this.deps.description()) !== this.#described) this.describe();
  }

  /** Ends all sending. A look-up that is still under way changes nothing. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#tickTimer?.[Symbol.dispose]();
  }

  /** Carries out a command of docs/internals/protocol.md, or counts it. */
  #handleCommand({ name, words }: ControlCommand): void {
    const [word = "", ...rest] = words;
    switch (name) {
      // These say something only together: see onCommands.
      case "connect":
      case "disconnect":
      case "dns":
      case "host":
      case "https":
      case "certificate":
      case "web":
        return;
      case "version":
        this.#answers = true;
        this.#takesDescriptions = Number(word) >= CONTROL_VERSION;
        return;
      case "revision":
        if (rest.length > 0 || !/^\d{1,10}$/.test(word)) break;
        this.#revision = Number(word);
        return;
      case "engine-mtu":
        if (rest.length > 0 || !isPacketLength(word)) break;
        this.#engineMtu = Number(word);
        return;
      case "addr6": {
        const addr6 = parsePrefix(word);
        const isSound = word === "off" || (addr6?.address.family === 6 && addr6.length <= 126);
        if (rest.length > 0 || !isSound) break;
        return this.deps.onIpv6(addr6);
      }
      case "direct": {
        const direct = parseDirect(words);
        if (direct === undefined) break;
        return this.deps.onDirect?.(direct.terms);
      }
    }
    this.drops.unknownCommand++;
  }

  /** The server has ended. The next one that answers has to prove itself, the same or another. */
  #onEnd(): void {
    this.#heartbeat.hasten(this.#clock.now());
    this.#schedule();
  }

  #refuse(datagram: Uint8Array): void {
    this.drops.strayMessage++;
    // Only what a server says to a heartbeat: anything else may be left over from one that has ended.
    if (datagram[0] !== CONTROL || !this.#faults.changed("proof", UNPROVEN)) return;
    log.warn(UNPROVEN, { host: this.host, endpoint: formatEndpoint(this.endpoint) });
  }

  #onReceive(): void {
    this.#wasHeard = true;
    this.#heartbeat.onReceive(this.#clock.now());
    this.#selector.onReceive(this.#candidate);
    if (!this.#wasSilent) return;
    this.#wasSilent = false;
    log.info("server answers again", { host: this.host, endpoint: formatEndpoint(this.endpoint) });
  }

  #tick(): void {
    const traffic = this.deps.traffic();
    const received = traffic.received !== this.#traffic.received;
    const sent = traffic.sent !== this.#traffic.sent;
    this.#traffic = traffic;
    if (received) this.#onReceive();
    this.#trust.check();
    const due = this.#heartbeat.tick(this.#clock.now(), received, sent);
    if (due.lookup) this.#takeNewPort();
    if (due.heartbeat || this.#isUnknown || this.#trust.isDue) this.#sendHeartbeat();
    if (this.#clock.now() - this.#describedAt >= DESCRIPTION_PERIOD_MS) this.describe();
    if (this.#heartbeat.isSilent && this.#answers && !this.#wasSilent) {
      this.#wasSilent = true;
      if (this.deps.onSilent !== undefined) this.deps.onSilent();
      else log.warn("server is unreachable; searching for it", { host: this.host });
    }
    if (due.lookup) this.#lookUp();
    this.#schedule();
  }

  /**
   * Whether the server may take this client for an earlier one at the same endpoint, whose packets go on: the first heartbeat was
   * lost. Traffic alone would never tell it.
   */
  get #isUnknown(): boolean {
    return !this.#takesDescriptions && this.#clock.now() - this.#heartbeatAt >= this.deps.heartbeatMs;
  }

  #schedule(): void {
    this.#tickTimer?.[Symbol.dispose]();
    const wait = Math.max(0, this.#heartbeat.nextDeadline - this.#clock.now());
    this.#tickTimer = this.#clock.after(wait, () => this.#tick());
  }

  /**
   * Sends from another port from now on. The network of Docker Desktop never again passes what comes from a port that was
   * silent for a minute, such as while the desktop slept (docker/for-mac issue 7555).
   */
  #takeNewPort(): void {
    try {
      this.deps.socket.connect(this.endpoint);
    } catch (error) {
      log.debug("cannot take a new port", { reason: error instanceof Error ? error.message : String(error) });
    }
  }

  #sendHeartbeat(): void {
    this.#heartbeatAt = this.#clock.now();
    // The server accepts no time twice, so the times go on where the clock stands still or was set back a little.
    this.#lastHeartbeatTime = Math.max(this.#clock.wallClock(), this.#lastHeartbeatTime + 1);
    const heartbeat = encodeHeartbeat(this.deps.proof, this.#lastHeartbeatTime);
    this.deps.socket.send(heartbeat);
    this.#trust.expect(provenBytes(heartbeat));
    this.#mayAnswer = true;
    this.heartbeats.sent++;
  }

  /**
   * Answers one challenge for each heartbeat. It does not count as received: the tunnel is bound only once the server has
   * answered the proof.
   */
  #handleChallenge(datagram: Uint8Array): void {
    const { proof, socket } = this.deps;
    if (proof === undefined || !this.#mayAnswer) {
      this.drops.strayMessage++;
      return;
    }
    this.#mayAnswer = false;
    const answer = answerChallenge(proof, datagram);
    socket.send(answer);
    this.#trust.expect(provenBytes(answer));
  }

  async #lookUp(): Promise<void> {
    const { port, socket, anyHost, isReachedOtherwise = () => false } = this.deps;
    try {
      const candidates = await this.deps.gatherCandidates();
      this.lookUpFault = undefined;
      const found = candidates.filter(({ address }) => address.family === socket.family);
      const next = this.#isClosed
        ? undefined
        : this.#selector.next(found, this.#candidate, isReachedOtherwise());
      if (next === undefined) return;
      const from = formatEndpoint(this.endpoint);
      try {
        socket.connect({ address: next.address, port });
      } catch (error) {
        // A connect that fails, such as where no route leads, leaves the socket without a peer: nothing could be sent.
        socket.connect(this.endpoint);
        throw error;
      }
      if (!equalAddress(next.address, this.#candidate.address)) {
        // Another machine than the one that has proven the key.
        this.#trust.revoke();
      }
      this.#candidate = next;
      const to = formatEndpoint(this.endpoint);
      if (anyHost) log.info("searching for the server", { host: next.host, endpoint: to });
      else log.info("server moved", { from, to });
      this.#sendHeartbeat();
    } catch (error) {
      if (error instanceof OperationError) this.lookUpFault = error;
      log.debug("look-up failed", { reason: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** What the log says of a server that answers and is not trusted. */
const UNPROVEN =
  "the server does not prove the key, so nothing is taken from it; give it the same key as this client";

/** Whether a word is the length of an IP packet: from what each IPv4 host takes to the longest (RFC 791 section 3.1). */
function isPacketLength(word: string): boolean {
  return /^\d{3,5}$/.test(word) && Number(word) >= 576 && Number(word) <= 65_535;
}
