/**
 * The client's server: sends it heartbeats, assembles its control texts, and looks for it again while it is silent.
 *
 * @module
 */
import type { Clock } from "../../core/async/clock.ts";
import { getLogger } from "../../program/log.ts";
import { LogOnChange } from "../../program/log_on_change.ts";
import { HeartbeatTimer } from "../../core/tunnel/heartbeat_timer.ts";
import { CandidateSelector, type ServerCandidate } from "../../core/tunnel/candidate_selector.ts";
import { type Endpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { parsePrefix, type Prefix } from "../../core/net/prefix.ts";
import {
  CONTROL_VERSION,
  ControlAssembler,
  type ControlCommand,
  parseControl,
} from "../../core/protocol/control.ts";
import { answerChallenge, isChallenge } from "../../core/protocol/challenge.ts";
import { type ClientDescription, encodeDescription } from "../../core/protocol/description.ts";
import { encodeHeartbeat, type HeartbeatMac } from "../../core/protocol/heartbeat.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { UdpSocket } from "../../ffi/udp/udp_socket.ts";

const log = getLogger("server");

/** Commands of v1 (docs/internals/protocol.md) that this client does not carry out. */
const IGNORED_COMMANDS: ReadonlySet<string> = new Set(["dns", "host"]);

/** The longest time at a candidate that does not answer, where there are several, in milliseconds. */
const MAX_STAY_MS = 4_000;

/** Milliseconds after which the description is sent again, in case one was lost. */
const DESCRIPTION_PERIOD_MS = 30_000;

/** What a {@linkcode ServerLink} works with. */
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
  /** Packets received and sent so far. */
  readonly traffic: () => { readonly received: number; readonly sent: number };
  readonly clock?: Clock;
}

/** Finds the tunnel's server and keeps the tunnel to it alive. */
export class ServerLink implements Disposable {
  readonly #deps: ServerLinkDeps;
  readonly #clock: Clock;
  readonly #heartbeat: HeartbeatTimer;
  readonly #assembler = new ControlAssembler();
  readonly #selector: CandidateSelector;
  #candidate: ServerCandidate;
  #tickTimer: Disposable | undefined;
  #traffic = { received: 0, sent: 0 };
  #lastHeartbeatTime = 0;
  /** Whether the last heartbeat has had neither an answer nor a challenge. */
  #mayAnswer = false;
  #sent = 0;
  #answered = 0;
  #lastHeard: number | undefined;
  /** Whether the server answers heartbeats, which one of v1 does not. */
  #answers = false;
  #wasSilent = false;
  #isClosed = false;
  /** Whether the server reads descriptions, which one of v1 does not. */
  #takesDescriptions = false;
  #revision: number | undefined;
  /** The last description that was sent. */
  #described: string | undefined;
  #describedAt = 0;
  #strayMessages = 0;
  #unknownCommands = 0;
  readonly #ignoredCommands = new LogOnChange();

  constructor(deps: ServerLinkDeps) {
    const { candidate, anyHost, heartbeatMs, clock = SYSTEM_CLOCK } = deps;
    this.#deps = deps;
    this.#clock = clock;
    this.#candidate = candidate;
    this.#selector = new CandidateSelector(anyHost);
    this.#heartbeat = new HeartbeatTimer(heartbeatMs, clock.now(), anyHost ? MAX_STAY_MS : undefined);
  }

  /** Where the server is. */
  get endpoint(): Endpoint {
    return { address: this.#candidate.address, port: this.#deps.port };
  }

  /** The name that led there. */
  get host(): string {
    return this.#candidate.host;
  }

  /** Heartbeats since the start. */
  get heartbeats(): { readonly sent: number; readonly answered: number } {
    return { sent: this.#sent, answered: this.#answered };
  }

  /** Messages that were not used, by reason. */
  get drops(): { readonly strayMessage: number; readonly unknownCommand: number } {
    return { strayMessage: this.#strayMessages, unknownCommand: this.#unknownCommands };
  }

  /** When a message or packet last came, milliseconds since 1970. */
  get lastHeard(): number | undefined {
    return this.#lastHeard;
  }

  /** Whether the server is reachable: it answers, or it is one that never answers and something came from it. */
  get isUp(): boolean {
    return this.#lastHeard !== undefined && !(this.#answers && this.#heartbeat.isSilent);
  }

  /** Sends the first heartbeat and goes on by itself. */
  start(): void {
    this.#tick();
  }

  /** Handles a datagram of the server that is not a packet. */
  handleMessage(datagram: Uint8Array): void {
    if (this.#isClosed) return;
    if (isChallenge(datagram)) return this.#handleChallenge(datagram);
    this.#onReceive();
    this.#schedule();
    const assembly = this.#assembler.push(datagram);
    if (assembly.kind === "stray") this.#strayMessages++;
    if (assembly.kind !== "text") return;
    if (assembly.text === "") {
      this.#answers = true;
      this.#mayAnswer = false;
      this.#answered++;
    }
    const commands = parseControl(assembly.text);
    // A full text has a revision or none; a revision of another server does not count.
    if (commands[0]?.name === "version") this.#revision = undefined;
    for (const command of commands) this.#handleCommand(command);
    if (commands.length > 0) this.#unknownCommands += this.#deps.onCommands(commands);
    // Last, because it confirms the whole text.
    if (commands[0]?.name === "version" && this.#takesDescriptions) this.describe();
  }

  /** Describes the client to a server that takes descriptions. */
  describe(): void {
    if (!this.#takesDescriptions || this.#isClosed) return;
    const description = this.#deps.description();
    this.#described = JSON.stringify(description);
    this.#describedAt = this.#clock.now();
    const revision = this.#revision === undefined ? {} : { revision: this.#revision };
    this.#deps.socket.send(encodeDescription({ ...description, ...revision }, this.#deps.mtu));
  }

  /** Describes the client if the description differs from the last one. */
  describeIfChanged(): void {
    if (JSON.stringify(this.#deps.description()) !== this.#described) this.describe();
  }

  /** Ends all sending. A look-up that is still under way changes nothing. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#tickTimer?.[Symbol.dispose]();
  }

  #handleCommand(command: ControlCommand): void {
    if (command.name === "connect" || command.name === "disconnect") return;
    if (command.name === "addr6") return this.#handleIpv6(command);
    if (command.name === "revision") return this.#handleRevision(command);
    if (command.name !== "version") return this.#ignoreCommand(command);
    this.#answers = true;
    this.#takesDescriptions = Number(command.words[0]) >= CONTROL_VERSION;
  }

  #handleRevision(command: ControlCommand): void {
    const [word = "", ...rest] = command.words;
    if (rest.length > 0 || !/^\d{1,10}$/.test(word)) return this.#ignoreCommand(command);
    this.#revision = Number(word);
  }

  #handleIpv6(command: ControlCommand): void {
    const [word = "", ...rest] = command.words;
    const addr6 = parsePrefix(word);
    const isSound = rest.length === 0 &&
      (word === "off" || (addr6?.address.family === 6 && addr6.length <= 126));
    if (isSound) this.#deps.onIpv6(addr6);
    else this.#ignoreCommand(command);
  }

  /** Counts a command that is not carried out. Known ones are logged, once until their words change. */
  #ignoreCommand({ name, words }: ControlCommand): void {
    if (!IGNORED_COMMANDS.has(name)) this.#unknownCommands++;
    else if (this.#ignoredCommands.changed(name, words.join(" "))) {
      log.warn("control command without effect in this version", { command: name, words: words.join(" ") });
    }
  }

  #onReceive(): void {
    this.#lastHeard = this.#clock.wallClock();
    this.#heartbeat.onReceive(this.#clock.now());
    this.#selector.onReceive(this.#candidate);
    if (!this.#wasSilent) return;
    this.#wasSilent = false;
    log.info("server answers again", { host: this.host, endpoint: formatEndpoint(this.endpoint) });
  }

  #tick(): void {
    const traffic = this.#deps.traffic();
    const received = traffic.received !== this.#traffic.received;
    const sent = traffic.sent !== this.#traffic.sent;
    this.#traffic = traffic;
    if (received) this.#onReceive();
    const due = this.#heartbeat.tick(this.#clock.now(), received, sent);
    if (due.lookup) this.#takeNewPort();
    if (due.heartbeat) this.#sendHeartbeat();
    if (this.#clock.now() - this.#describedAt >= DESCRIPTION_PERIOD_MS) this.describe();
    if (this.#heartbeat.isSilent && this.#answers && !this.#wasSilent) {
      this.#wasSilent = true;
      log.warn("server is unreachable; searching for it", { host: this.host });
    }
    if (due.lookup) this.#lookUp();
    this.#schedule();
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
      this.#deps.socket.connect(this.endpoint);
    } catch (error) {
      log.debug("cannot take a new port", { reason: error instanceof Error ? error.message : String(error) });
    }
  }

  #sendHeartbeat(): void {
    // The server accepts no time twice, so the times go on where the clock stands still or was set back a little.
    this.#lastHeartbeatTime = Math.max(this.#clock.wallClock(), this.#lastHeartbeatTime + 1);
    this.#deps.socket.send(encodeHeartbeat(this.#deps.proof, this.#lastHeartbeatTime));
    this.#mayAnswer = true;
    this.#sent++;
  }

  /**
   * Answers one challenge for each heartbeat. It does not count as received: the tunnel is bound only once the server has
   * answered the proof.
   */
  #handleChallenge(datagram: Uint8Array): void {
    const { proof, socket } = this.#deps;
    if (proof === undefined || !this.#mayAnswer) {
      this.#strayMessages++;
      return;
    }
    this.#mayAnswer = false;
    socket.send(answerChallenge(proof, datagram));
  }

  async #lookUp(): Promise<void> {
    const { port, socket } = this.#deps;
    try {
      const candidates = await this.#deps.gatherCandidates();
      const found = candidates.filter(({ address }) => address.family === socket.family);
      const next = this.#isClosed ? undefined : this.#selector.next(found, this.#candidate);
      if (next === undefined) return;
      const endpoint = { address: next.address, port };
      socket.connect(endpoint);
      const from = formatEndpoint(this.endpoint);
      this.#candidate = next;
      if (this.#deps.anyHost) {
        log.info("searching for the server", { host: next.host, endpoint: formatEndpoint(endpoint) });
      } else log.info("server moved", { from, to: formatEndpoint(endpoint) });
      this.#sendHeartbeat();
    } catch (error) {
      log.debug("look-up failed", { reason: error instanceof Error ? error.message : String(error) });
    }
  }
}
