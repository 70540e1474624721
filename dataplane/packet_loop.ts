/**
 * The Worker's loop: wait for the interface, a socket or a wake, take one batch from each that is ready, again.
 *
 * @module
 */
import { Counter } from "../core/counters.ts";
import { TxQueue } from "../core/packet/tx_queue.ts";
import { PacketMemory } from "../ffi/libc/packet_memory.ts";
import { Poller } from "../ffi/libc/poll.ts";
import { preferPacketThread } from "../ffi/libc/thread_priority.ts";
import { attachTun, type TunPort } from "../ffi/tun/tun.ts";
import { attachUdpSocket, type UdpAttachment, type UdpPort } from "../ffi/udp/udp_socket.ts";
import { WakeListener } from "../ffi/libc/waker.ts";
import {
  type Role,
  SharedState,
  type WorkerCommand,
  type WorkerEvent,
  type WorkerInit,
} from "./worker_channel.ts";
import { CommandReader } from "./command_ring.ts";
import { Inbound } from "./inbound.ts";
import { MessageBudget } from "./message_budget.ts";
import { Outbound } from "./outbound.ts";
import type { Attach } from "./sessions/session_channel.ts";
import type { WorkerSessions, WorkerSessionsDeps } from "./sessions/worker_sessions.ts";

/**
 * Bytes for datagrams of two sockets, read frames, headers and iovecs, with some to spare. Untouched pages
 * cost nothing.
 */
const MEMORY_SIZE = 20 << 20;
/** Datagrams of one batch; the smallest segments the kernel makes (48 bytes) split 64 KiB into 1,365. */
const LIST_CAPACITY = 2048;
/** A wake ends every wait, and none is lost: the descriptor keeps it. This only bounds the harm of a fault. */
const WAIT_MILLISECONDS = 60_000;
/** Commands between two batches: each takes some 20 us, and packets wait meanwhile. */
const COMMANDS_AT_ONCE = 4;

const WAKE = 0;
const TUN = 1;
const UDP = 2;
const EXPOSED = 3;

/** The two directions between the interface and the client or server. */
interface Paths {
  readonly udp: UdpPort;
  readonly outbound: Outbound;
  readonly inbound: Inbound;
}

/** Runs until told to stop, or until a descriptor dies. */
export async function runPacketLoop(
  init: WorkerInit,
  post: (event: WorkerEvent) => void,
  nextAttachment: () => Promise<Attach>,
): Promise<void> {
  preferPacketThread();
  const shared = new SharedState(init.shared);
  const { counters } = shared;
  const memory = new PacketMemory(MEMORY_SIZE);
  const tun = await attachTun(memory, init.tun.descriptor, init.tun.offload, counters);
  const list = new TxQueue(memory.arena, LIST_CAPACITY);
  const paths = init.udp === undefined
    ? undefined
    : await attachPaths(init.role, init.udp, { memory, tun, list, shared, post });
  using loop = new PacketLoop(init, memory, tun, paths, post);
  post({ kind: "ready" });
  for (;;) {
    const end = loop.spin();
    if (end === "stop") return post({ kind: "stopped" });
    if (end !== "attach") return post(end);
    loop.sessions ??= await loadSessions({
      ...{ memory, tun, list, counters, client: paths },
      post: (event) => post({ kind: "sessions", event }),
    });
    await loop.sessions.attach(await nextAttachment());
    loop.resume();
  }
}

/** The parts that both paths work with. */
interface PathDeps {
  readonly memory: PacketMemory;
  readonly tun: TunPort;
  readonly list: TxQueue;
  readonly shared: SharedState;
  readonly post: (event: WorkerEvent) => void;
}

async function attachPaths(
  role: Role,
  attachment: UdpAttachment,
  { memory, tun, list, shared, post }: PathDeps,
): Promise<Paths> {
  const { counters } = shared;
  const { u8 } = memory.arena;
  const udp = await attachUdpSocket(memory, attachment, counters);
  const outbound = new Outbound(tun, udp, list, counters);
  outbound.peerIsBound = attachment.connected;
  const budget = new MessageBudget(performance.now());
  const inbound = new Inbound(role, tun, udp, u8, counters, (offset, length, message, fromPeer) => {
    if (!budget.take(fromPeer, performance.now()) || !shared.noteMessage()) {
      counters[Counter["drop.controlQueueFull"]]++;
      return;
    }
    const bytes = u8.slice(offset, offset + length);
    post({ kind: "message", source: udp.messageSource(message), fromPeer, bytes });
  });
  return { udp, outbound, inbound };
}

async function loadSessions(deps: WorkerSessionsDeps): Promise<WorkerSessions> {
  return new (await import("./sessions/worker_sessions.ts")).WorkerSessions(deps);
}

/** The loop itself, and the commands that change what it does. */
class PacketLoop implements Disposable {
  sessions: WorkerSessions | undefined;
  readonly #init: WorkerInit;
  readonly #tun: TunPort;
  readonly #paths: Paths | undefined;
  readonly #post: (event: WorkerEvent) => void;
  readonly #commands: CommandReader;
  readonly #wake: WakeListener;
  readonly #poller: Poller;
  /** Commands were left for after the next batches. */
  #hasCommands = false;
  /** The missing parts of the offload that the main thread knows of. */
  #reported = 0;

  constructor(
    init: WorkerInit,
    memory: PacketMemory,
    tun: TunPort,
    paths: Paths | undefined,
    post: (event: WorkerEvent) => void,
  ) {
    this.#init = init;
    this.#tun = tun;
    this.#paths = paths;
    this.#post = post;
    this.#commands = new CommandReader(init.commands);
    this.#wake = new WakeListener(init.wakeDescriptor);
    // An accessor reads its interface while it has an exposed socket.
    const descriptors = [-1, -1, -1, -1];
    descriptors[WAKE] = init.wakeDescriptor;
    if (paths !== undefined) {
      descriptors[TUN] = tun.descriptor;
      descriptors[UDP] = paths.udp.descriptor;
    }
    this.#poller = new Poller(memory, descriptors);
  }

  [Symbol.dispose](): void {
    this.#poller[Symbol.dispose]();
    this.#wake[Symbol.dispose]();
  }

  /** Carries packets until a command needs the caller, or a descriptor dies. */
  spin(): WorkerEvent | "attach" | "stop" {
    const paths = this.#paths;
    const poller = this.#poller;
    const sessions = this.sessions;
    for (;;) {
      if (paths !== undefined) this.#reportUnsupported(paths.udp.unsupported);
      const isBehind = paths?.outbound.isBehind === true || sessions?.isBehind === true;
      poller.wait(isBehind || this.#hasCommands ? 0 : WAIT_MILLISECONDS);
      const isAwake = poller.isReady(WAKE);
      if (isAwake) this.#wake.drain();
      if (isAwake || this.#hasCommands) {
        const order = this.#runCommands();
        if (order !== undefined) return order;
      }
      sessions?.tick();
      if (isBehind || poller.isReady(TUN)) {
        const isThere = paths === undefined ? sessions?.drainInterface() : paths.outbound.drain();
        if (isThere === false) return { kind: "failed", call: "tun", errno: this.#tun.failure };
      }
      if (paths !== undefined && poller.isReady(UDP) && !paths.inbound.drain()) {
        return { kind: "failed", call: "udp", errno: paths.udp.failure };
      }
      if (poller.isReady(EXPOSED) && sessions?.drainSocket() === false) this.#pollSessions();
    }
  }

  /** Prepares the next spin, after a socket was attached. */
  resume(): void {
    this.#pollSessions();
    // More commands may have come with the same wake.
    this.#hasCommands = true;
  }

  #pollSessions(): void {
    const descriptor = this.sessions?.descriptor ?? -1;
    this.#poller.replace(EXPOSED, descriptor);
    if (this.#paths === undefined) this.#poller.replace(TUN, descriptor < 0 ? -1 : this.#tun.descriptor);
  }

  #reportUnsupported(unsupported: number): void {
    if (unsupported === this.#reported) return;
    this.#post({ kind: "unsupported", unsupported: unsupported & ~this.#reported });
    this.#reported = unsupported;
  }

  /** Runs a few commands; returns one that takes more than that. */
  #runCommands(): "attach" | "stop" | undefined {
    this.#hasCommands = false;
    for (let count = 0; count < COMMANDS_AT_ONCE; count++) {
      const command = this.#commands.next();
      if (command === undefined) return undefined;
      if (command.kind === "attach" || command.kind === "stop") return command.kind;
      this.#run(command);
    }
    this.#hasCommands = true;
    return undefined;
  }

  #run(command: WorkerCommand): void {
    const paths = this.#paths;
    if (command.kind === "sessions") {
      this.sessions?.handle(command.command);
      this.#pollSessions();
    } else if (paths === undefined) return;
    else if (command.kind === "ipv6") paths.outbound.ipv6IsOn = paths.inbound.ipv6IsOn = command.isOn;
    else if (command.kind === "endpoint") {
      paths.outbound.peerIsBound = command.socketAddress !== undefined || this.#init.udp?.connected === true;
      paths.udp.setEndpoint(command.index, command.socketAddress ?? new Uint8Array());
    }
  }
}
