/**
 * The client's server: finds it by name, sends heartbeats, puts control texts together, and looks the name up again when the
 * server is silent.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { OnceEach } from "../../program/log_on_change.ts";
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
import type { UdpSocket } from "../../ffi/udp/udp_socket.ts";

const log = getLogger("server");

/** Commands of the original (docs/protocol.md) that this client does not carry out. */
const IDLE_COMMANDS: ReadonlySet<string> = new Set(["dns", "host"]);

/** Milliseconds that a place which does not answer is stayed with, where there are several. */
const LONGEST_STAY = 4_000;

/** Milliseconds after which the description is sent again, should one have been lost. */
const DESCRIPTION_PERIOD = 30_000;

/** What the link works with. */
export interface ServerLinkDeps {
  readonly port: number;
  readonly heartbeatMs: number;
  /** Proves the key; undefined without one. */
  readonly proof: HeartbeatMac | undefined;
  /** What is told to a server of version 2; the link adds the revision. */
  readonly description: () => ClientDescription;
  /** Octets of the largest datagram. */
  readonly mtu: number;
  /** Connected to the server; follows it when it moves. */
  readonly socket: Pick<UdpSocket, "family" | "connect" | "send">;
  /** Where the socket is connected to at first. */
  readonly place: ServerCandidate;
  /** The places that the server may be at now, the most likely first. */
  readonly gatherCandidates: () => Promise<readonly ServerCandidate[]>;
  /** Whether any of the places may have the server; otherwise all are the one host that was named. */
  readonly isSearch: boolean;
  /** Told of the commands of each control text that has any; says how many of them it could not understand. */
  readonly onCommands: (commands: readonly ControlCommand[]) => number;
  /** Puts the virtual IPv6 network in force that the server named, or none. */
  readonly onIpv6: (addr6: Prefix | undefined) => void;
  /** Packets received and sent so far. */
  readonly traffic: () => { readonly received: number; readonly sent: number };
}

/** Keeps the tunnel's other end known and alive. */
export class ServerLink implements Disposable {
  readonly #settings: ServerLinkDeps;
  readonly #clock: HeartbeatTimer;
  readonly #assembler = new ControlAssembler();
  readonly #selector: CandidateSelector;
  #place: ServerCandidate;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #traffic = { received: 0, sent: 0 };
  #lastHeartbeatTime = 0;
  /** Whether the last heartbeat had no answer yet, nor a challenge. */
  #mayAnswer = false;
  #sent = 0;
  #answered = 0;
  #lastHeard: number | undefined;
  /** The server has shown that it answers heartbeats, which the original's does not. */
  #answers = false;
  #wasSilent = false;
  #isClosed = false;
  /** The server takes descriptions, as the original's does not. */
  #takesDescriptions = false;
  #revision: number | undefined;
  /** The last description that was sent. */
  #described: string | undefined;
  #describedAt = 0;
  #strayMessages = 0;
  #unknownCommands = 0;
  readonly #idleCommands = new OnceEach();

  constructor(settings: ServerLinkDeps) {
    this.#settings = settings;
    this.#place = settings.place;
    this.#selector = new CandidateSelector(settings.isSearch);
    const longestPause = settings.isSearch ? LONGEST_STAY : undefined;
    this.#clock = new HeartbeatTimer(settings.heartbeatMs, performance.now(), longestPause);
  }

  /** Where the server is. */
  get endpoint(): Endpoint {
    return { address: this.#place.address, port: this.#settings.port };
  }

  /** The name that led there. */
  get host(): string {
    return this.#place.host;
  }

  /** Heartbeats since the start. */
  get heartbeats(): { readonly sent: number; readonly answered: number } {
    return { sent: this.#sent, answered: this.#answered };
  }

  /** Messages that were not used, by reason. */
  get drops(): { readonly strayMessage: number; readonly unknownCommand: number } {
    return { strayMessage: this.#strayMessages, unknownCommand: this.#unknownCommands };
  }

  /** When a message or packet was last noticed, milliseconds since 1970. */
  get lastHeard(): number | undefined {
    return this.#lastHeard;
  }

  /** A server that answers is up while it does; one that never does is up once it was heard. */
  get isUp(): boolean {
    return this.#lastHeard !== undefined && !(this.#answers && this.#clock.isSilent);
  }

  /** Sends the first heartbeat and goes on by itself. */
  start(): void {
    this.#tick();
  }

  /** Takes a datagram of the server that is no packet. */
  takeMessage(datagram: Uint8Array): void {
    if (this.#isClosed) return;
    if (isChallenge(datagram)) return this.#takeChallenge(datagram);
    this.#noteHeard();
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
    // A text that says everything has a revision or none; what another server numbered does not count.
    if (commands[0]?.name === "version") this.#revision = undefined;
    for (const command of commands) this.#takeCommand(command);
    if (commands.length > 0) this.#unknownCommands += this.#settings.onCommands(commands);
    // Last, because it says that all of the text was taken.
    if (commands[0]?.name === "version" && this.#takesDescriptions) this.describe();
  }

  /** Describes the client to a server that takes descriptions. */
  describe(): void {
    if (!this.#takesDescriptions || this.#isClosed) return;
    const description = this.#settings.description();
    this.#described = JSON.stringify(description);
    this.#describedAt = performance.now();
    const revision = this.#revision === undefined ? {} : { revision: this.#revision };
    this.#settings.socket.send(encodeDescription({ ...description, ...revision }, this.#settings.mtu));
  }

  /** Does the same if the description differs from the last one. */
  describeIfChanged(): void {
    if (JSON.stringify(this.#settings.description()) !== this.#described) this.describe();
  }

  /** Sends nothing any more; a look-up that is still under way changes nothing. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #takeCommand(command: ControlCommand): void {
    if (command.name === "connect" || command.name === "disconnect") return;
    if (command.name === "addr6") return this.#takeIpv6(command);
    if (command.name === "revision") return this.#takeRevision(command);
    if (command.name !== "version") return this.#passOver(command);
    this.#answers = true;
    this.#takesDescriptions = Number(command.words[0]) >= CONTROL_VERSION;
  }

  #takeRevision(command: ControlCommand): void {
    const [word = "", ...rest] = command.words;
    if (rest.length > 0 || !/^\d{1,10}$/.test(word)) return this.#passOver(command);
    this.#revision = Number(word);
  }

  #takeIpv6(command: ControlCommand): void {
    const [word = "", ...rest] = command.words;
    const addr6 = parsePrefix(word);
    const isSound = rest.length === 0 &&
      (word === "off" || (addr6?.address.family === 6 && addr6.length <= 126));
    if (isSound) this.#settings.onIpv6(addr6);
    else this.#passOver(command);
  }

  /** Counts a command that is not carried out; the known ones are logged, once until their words change. */
  #passOver({ name, words }: ControlCommand): void {
    if (!IDLE_COMMANDS.has(name)) this.#unknownCommands++;
    else if (this.#idleCommands.isNews(name, words.join(" "))) {
      log.warn("control command without effect in this version", { command: name, words: words.join(" ") });
    }
  }

  #noteHeard(): void {
    this.#lastHeard = Date.now();
    this.#clock.onReceive(performance.now());
    this.#selector.onReceive(this.#place);
    if (!this.#wasSilent) return;
    this.#wasSilent = false;
    log.info("server answers again", { host: this.host, endpoint: formatEndpoint(this.endpoint) });
  }

  #tick(): void {
    const traffic = this.#settings.traffic();
    const received = traffic.received !== this.#traffic.received;
    const sent = traffic.sent !== this.#traffic.sent;
    this.#traffic = traffic;
    if (received) this.#noteHeard();
    const due = this.#clock.tick(performance.now(), received, sent);
    if (due.heartbeat) this.#sendHeartbeat();
    if (performance.now() - this.#describedAt >= DESCRIPTION_PERIOD) this.describe();
    if (this.#clock.isSilent && this.#answers && !this.#wasSilent) {
      this.#wasSilent = true;
      log.warn("server is silent; looking for it", { host: this.host });
    }
    if (due.lookup) this.#lookUp();
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, this.#clock.nextDeadline - performance.now()));
  }

  #sendHeartbeat(): void {
    // The server takes no time twice, so a clock that stands still or was set back a little counts on.
    this.#lastHeartbeatTime = Math.max(Date.now(), this.#lastHeartbeatTime + 1);
    this.#settings.socket.send(encodeHeartbeat(this.#settings.proof, this.#lastHeartbeatTime));
    this.#mayAnswer = true;
    this.#sent++;
  }

  /**
   * Answers one challenge for each heartbeat. That the server was heard shows its answer to the proof, which follows at once: only
   * then is the tunnel bound.
   */
  #takeChallenge(datagram: Uint8Array): void {
    const { proof, socket } = this.#settings;
    if (proof === undefined || !this.#mayAnswer) {
      this.#strayMessages++;
      return;
    }
    this.#mayAnswer = false;
    socket.send(answerChallenge(proof, datagram));
  }

  async #lookUp(): Promise<void> {
    const { port, socket } = this.#settings;
    try {
      const places = await this.#settings.gatherCandidates();
      const found = places.filter(({ address }) => address.family === socket.family);
      const next = this.#isClosed ? undefined : this.#selector.next(found, this.#place);
      if (next === undefined) return;
      const endpoint = { address: next.address, port };
      socket.connect(endpoint);
      const from = formatEndpoint(this.endpoint);
      this.#place = next;
      if (this.#settings.isSearch) {
        log.info("looking for the server", { host: next.host, endpoint: formatEndpoint(endpoint) });
      } else log.info("server moved", { from, to: formatEndpoint(endpoint) });
      this.#sendHeartbeat();
    } catch (error) {
      log.debug("look-up failed", { fault: error instanceof Error ? error.message : String(error) });
    }
  }
}
