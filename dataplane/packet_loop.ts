/**
 * The Worker's loop: wait for the interface, a socket or a wake, take one batch from each that is ready, again.
 *
 * @module
 */
import { Counter } from "../core/counters.ts";
import { TxQueue } from "../core/packet/tx_queue.ts";
import { PacketMemory } from "../ffi/libc/packet_memory.ts";
import { Poller, WakeListener } from "../ffi/libc/poll.ts";
import { preferPacketThread } from "../ffi/libc/libc_linux.ts";
import { attachTun } from "../ffi/tun/tun.ts";
import { attachUdpSocket } from "../ffi/udp/udp_socket.ts";
import {
  type Attach,
  PEER,
  type SessionEvent,
  SharedState,
  type WorkerCommand,
  type WorkerEvent,
  type WorkerInit,
} from "./worker_channel.ts";
import { CommandReader } from "./command_ring.ts";
import { Inbound } from "./inbound.ts";
import { MessageBudget } from "./message_budget.ts";
import { Outbound } from "./outbound.ts";
import type { WorkerSessions } from "./sessions/worker_sessions.ts";

/** Bytes for datagrams of two sockets, read frames, headers and iovecs, with some to spare. Untouched pages cost nothing. */
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

/** The two directions between the interface and the peer; an accessor has no peer, so only sessions use its interface. */
interface Paths {
  readonly outbound: Outbound;
  readonly inbound: Inbound | undefined;
}

type Post = (event: WorkerEvent) => void;

/** Runs until told to stop, or until a descriptor dies. */
export async function runPacketLoop(init: WorkerInit, post: Post): Promise<void> {
  preferPacketThread();
  const memory = new PacketMemory(MEMORY_SIZE);
  const paths = await openPaths(init, memory, post);
  using loop = new PacketLoop(init, memory, paths, post);
  post({ kind: "ready" });
  for (;;) {
    const end = loop.spin();
    if (end === "stop") return post({ kind: "stopped" });
    if (end.kind !== "attach") return post(end);
    const { WorkerSessions } = await import("./sessions/worker_sessions.ts");
    const postEvent = (event: SessionEvent) => post({ kind: "sessions", event });
    loop.sessions ??= new WorkerSessions({ memory, shared: init.sessions, ...paths, post: postEvent });
    await loop.sessions.attach(end);
    loop.resume();
  }
}

async function openPaths(init: WorkerInit, memory: PacketMemory, post: Post): Promise<Paths> {
  const shared = new SharedState(init.shared);
  const { counters } = shared;
  const tun = await attachTun(memory, init.tun.descriptor, init.tun.offload, counters);
  const list = new TxQueue(memory.arena, LIST_CAPACITY);
  if (init.udp === undefined) {
    return { outbound: new Outbound(tun, undefined, list, counters), inbound: undefined };
  }
  const udp = await attachUdpSocket(memory, init.udp, counters);
  const outbound = new Outbound(tun, udp, list, counters);
  outbound.peerIsBound = init.udp.connected;
  const { u8 } = memory.arena;
  const budget = new MessageBudget(performance.now());
  const inbound = new Inbound(init.role, tun, udp, u8, counters, (offset, length, message, fromPeer) => {
    if (!budget.take(fromPeer, performance.now()) || !shared.noteMessage()) {
      counters[Counter["drop.controlQueueFull"]]++;
      return;
    }
    const bytes = u8.slice(offset, offset + length);
    post({ kind: "message", source: udp.messageSource(message), fromPeer, bytes });
  });
  return { outbound, inbound };
}

/** The loop itself, and the commands that change what it does. */
class PacketLoop implements Disposable {
  sessions: WorkerSessions | undefined;
  readonly #outbound: Outbound;
  readonly #inbound: Inbound | undefined;
  readonly #isConnected: boolean;
  readonly #post: Post;
  readonly #commands: CommandReader;
  readonly #wake: WakeListener;
  readonly #poller: Poller;
  /** Commands were left for after the next batches. */
  #hasCommands = false;
  /** The missing parts of the offload that the main thread knows of. */
  #reported = 0;

  constructor(init: WorkerInit, memory: PacketMemory, { outbound, inbound }: Paths, post: Post) {
    this.#outbound = outbound;
    this.#inbound = inbound;
    this.#isConnected = init.udp?.connected === true;
    this.#post = post;
    this.#commands = new CommandReader(init.commands);
    this.#wake = new WakeListener(init.wakeDescriptor);
    const descriptors = [-1, -1, -1, -1];
    descriptors[WAKE] = init.wakeDescriptor;
    if (inbound !== undefined) {
      descriptors[TUN] = outbound.tun.descriptor;
      descriptors[UDP] = inbound.udp.descriptor;
    }
    this.#poller = new Poller(memory, descriptors);
  }

  [Symbol.dispose](): void {
    this.#poller[Symbol.dispose]();
    this.#wake[Symbol.dispose]();
  }

  /** Carries packets until a command needs the caller, or a descriptor dies. */
  spin(): WorkerEvent | Attach | "stop" {
    const outbound = this.#outbound;
    const inbound = this.#inbound;
    const poller = this.#poller;
    const sessions = this.sessions;
    for (;;) {
      if (inbound !== undefined) this.#reportUnsupported(inbound.udp.unsupported);
      poller.wait(outbound.isBehind || this.#hasCommands ? 0 : WAIT_MILLISECONDS);
      const isAwake = poller.isReady(WAKE);
      if (isAwake) this.#wake.drain();
      if (isAwake || this.#hasCommands) {
        const order = this.#runCommands();
        if (order !== undefined) return order;
      }
      sessions?.tick();
      if ((outbound.isBehind || poller.isReady(TUN)) && !outbound.drain()) {
        return { kind: "failed", call: "tun", errno: outbound.tun.failure };
      }
      if (inbound !== undefined && poller.isReady(UDP) && !inbound.drain()) {
        return { kind: "failed", call: "udp", errno: inbound.udp.failure };
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
    if (this.#inbound !== undefined) return;
    // An accessor reads its interface while it has an exposed socket.
    this.#poller.replace(TUN, descriptor < 0 ? -1 : this.#outbound.tun.descriptor);
    if (descriptor < 0) this.#outbound.isBehind = false;
  }

  #reportUnsupported(unsupported: number): void {
    if (unsupported === this.#reported) return;
    this.#post({ kind: "unsupported", unsupported: unsupported & ~this.#reported });
    this.#reported = unsupported;
  }

  /** Runs a few commands; returns one that takes more than that. */
  #runCommands(): Attach | "stop" | undefined {
    this.#hasCommands = false;
    for (let count = 0; count < COMMANDS_AT_ONCE; count++) {
      const command = this.#commands.next();
      if (command === undefined) return undefined;
      if (command.kind === "stop") return "stop";
      if (command.kind !== "sessions") this.#run(command);
      else if (command.command.kind === "attach") return command.command;
      else {
        this.sessions?.handle(command.command);
        this.#pollSessions();
      }
    }
    this.#hasCommands = true;
    return undefined;
  }

  #run(command: Extract<WorkerCommand, { kind: "ipv6" | "endpoint" }>): void {
    const outbound = this.#outbound;
    const inbound = this.#inbound;
    if (inbound === undefined) return;
    if (command.kind === "ipv6") outbound.ipv6IsOn = inbound.ipv6IsOn = command.isOn;
    else {
      outbound.peerIsBound = command.socketAddress !== undefined || this.#isConnected;
      inbound.udp.setEndpoint(PEER, command.socketAddress ?? new Uint8Array());
    }
  }
}
