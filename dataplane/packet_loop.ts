/**
 * The Worker's loop: wait for the interface, a socket or a wake, take one batch from each that is ready, again.
 *
 * @module
 */
import { Counter } from "../core/counters.ts";
import { TxQueue } from "../core/packet/tx_queue.ts";
import { PacketMemory } from "../ffi/libc/packet_memory.ts";
import { Poller, WakeListener, WRITABLE } from "../ffi/libc/poll.ts";
import { preferPacketThread } from "../ffi/libc/libc_linux.ts";
import { attachTun, type TunPort } from "../ffi/tun/tun.ts";
import { attachUdpSocket } from "../ffi/udp/udp_socket.ts";
import {
  type Attach,
  type CaptureCommand,
  PEER,
  type SessionEvent,
  SharedState,
  type StreamAttachment,
  type WorkerCommand,
  type WorkerEvent,
  type WorkerInit,
} from "./worker_channel.ts";
import { CommandReader } from "./command_ring.ts";
import { Inbound, type PathSink, type Punt } from "./inbound.ts";
import { MessageBudget } from "./message_budget.ts";
import { Outbound } from "./outbound.ts";
import { PathMtu } from "./path_mtu.ts";
import { EnginePath } from "./path/engine_path.ts";
import type { CarriedPath } from "./path/path.ts";
import { ProbeTimes } from "./path/probe_times.ts";
import { UdpPath } from "./path/udp_path.ts";
import { StreamTurns, Turn } from "./stream_turns.ts";
import type { WorkerSessions } from "./sessions/worker_sessions.ts";

/** Bytes for datagrams of two sockets and a stream, read frames, headers and iovecs, with some to spare. Untouched pages cost nothing. */
const MEMORY_SIZE = 24 << 20;
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
const STREAM = 4;
/** The stream again, while something waits to be written to it. */
const STREAM_OUT = 5;

/** The paths to the peer, and what takes what comes by them. */
interface Peer {
  readonly inbound: Inbound;
  /** What the paths hand to: `inbound`, or a capture before it. */
  sink: PathSink;
  readonly udp: UdpPath;
  readonly engine: EnginePath;
  readonly turns: StreamTurns;
  readonly probes: ProbeTimes;
}

/** The two directions between the interface and the peer; an accessor has no peer, so only sessions use its interface. */
interface Directions {
  readonly tun: TunPort;
  readonly outbound: Outbound;
  readonly peer: Peer | undefined;
}

type Post = (event: WorkerEvent) => void;

/** Runs until told to stop, or until a descriptor dies. */
export async function runPacketLoop(init: WorkerInit, post: Post): Promise<void> {
  preferPacketThread();
  const memory = new PacketMemory(MEMORY_SIZE);
  const directions = await openDirections(init, memory, post);
  const { outbound, peer } = directions;
  using loop = new PacketLoop(init, memory, directions, post);
  post({ kind: "ready" });
  for (;;) {
    const end = loop.spin();
    if (end === "stop") return post({ kind: "stopped" });
    if (end.kind === "capture") {
      await capture(end.isOn, init.capture, memory, directions);
      loop.resume();
      continue;
    }
    if (end.kind !== "attach") return post(end);
    const { WorkerSessions } = await import("./sessions/worker_sessions.ts");
    const postEvent = (event: SessionEvent) => post({ kind: "sessions", event });
    const inbound = peer?.inbound;
    loop.sessions ??= new WorkerSessions({
      memory,
      shared: init.sessions,
      outbound,
      inbound,
      post: postEvent,
    });
    await loop.sessions.attach(end);
    loop.resume();
  }
}

/** Puts the code that captures where packets pass, or takes it away: without a capture it costs nothing. */
async function capture(
  isOn: boolean,
  ring: SharedArrayBuffer,
  { arena }: PacketMemory,
  { outbound, peer, tun }: Directions,
): Promise<void> {
  outbound.tap = undefined;
  outbound.tun = tun;
  if (peer !== undefined) peer.sink = peer.inbound;
  if (!isOn) return;
  const { CapturedInbound, CapturedTun, OutboundTap } = await import("./capture/packet_tap.ts");
  const { CaptureWriter } = await import("./capture/capture_ring.ts");
  const writer = new CaptureWriter(ring);
  if (peer === undefined) outbound.tun = new CapturedTun(tun, arena.u8, writer);
  else {
    outbound.tap = new OutboundTap(writer);
    peer.sink = new CapturedInbound(peer.inbound, writer);
  }
}

async function openDirections(init: WorkerInit, memory: PacketMemory, post: Post): Promise<Directions> {
  const { arena } = memory;
  const shared = new SharedState(init.shared);
  const { counters } = shared;
  const tun = await attachTun(memory, init.tun.descriptor, init.tun.offload, counters.udp);
  const list = new TxQueue(arena, LIST_CAPACITY);
  if (init.udp === undefined) {
    return { tun, outbound: new Outbound(tun, undefined, list, counters.udp), peer: undefined };
  }
  const port = await attachUdpSocket(memory, init.udp, counters.udp);
  const udp = new UdpPath(arena, port, counters.udp);
  udp.isBound = init.udp.connected;
  const engine = new EnginePath(memory, counters.engine);
  const outbound = new Outbound(tun, udp, list, counters.udp);
  outbound.mtu = new PathMtu(memory, tun);
  const probes = new ProbeTimes(
    arena,
    (path, milliseconds) => post({ kind: "round-trip", path, milliseconds }),
  );
  const budget = new MessageBudget(performance.now());
  const punt: Punt = (path, offset, length, fromPeer, message) => {
    if (!budget.take(fromPeer, performance.now()) || !shared.noteMessage()) {
      counters[path][Counter["drop.controlQueueFull"]]++;
      return;
    }
    const source = path === "udp" ? port.messageSource(message) : new Uint8Array();
    post({ kind: "message", path, source, fromPeer, bytes: arena.u8.slice(offset, offset + length) });
  };
  const inbound = new Inbound(init.role, tun, arena.u8, outbound, probes, punt);
  const turns = new StreamTurns(engine, outbound);
  return { tun, outbound, peer: { inbound, sink: inbound, udp, engine, turns, probes } };
}

/** The loop itself, and the commands that change what it does. */
class PacketLoop implements Disposable {
  sessions: WorkerSessions | undefined;
  readonly #outbound: Outbound;
  readonly #peer: Peer | undefined;
  readonly #isConnected: boolean;
  readonly #post: Post;
  readonly #commands: CommandReader;
  readonly #wake: WakeListener;
  readonly #poller: Poller;
  /** Commands were left for after the next batches. */
  #hasCommands = false;
  /** What the poller watches at TUN and STREAM_OUT. */
  #readsTun = false;
  #blocked = -1;
  /** The count of sent packets beyond which the main thread is told; none while Infinity. */
  #toldFrom = Infinity;
  /** The missing parts of the offload that the main thread knows of. */
  #reported = 0;

  constructor(init: WorkerInit, memory: PacketMemory, { outbound, peer }: Directions, post: Post) {
    this.#outbound = outbound;
    this.#peer = peer;
    this.#isConnected = init.udp?.connected === true;
    this.#post = post;
    this.#commands = new CommandReader(init.commands);
    this.#wake = new WakeListener(init.wakeDescriptor);
    const descriptors = [-1, -1, -1, -1, -1, -1];
    descriptors[WAKE] = init.wakeDescriptor;
    descriptors[UDP] = peer?.udp.port.descriptor ?? -1;
    this.#poller = new Poller(memory, descriptors);
  }

  [Symbol.dispose](): void {
    this.#poller[Symbol.dispose]();
    this.#wake[Symbol.dispose]();
    this.#peer?.engine[Symbol.dispose]();
  }

  /** Carries packets until a command needs the caller, or a descriptor dies. */
  spin(): WorkerEvent | Attach | CaptureCommand | "stop" {
    const outbound = this.#outbound;
    const peer = this.#peer;
    const poller = this.#poller;
    const sessions = this.sessions;
    for (;;) {
      if (peer !== undefined) this.#prepare(peer);
      const isBehind = outbound.isBehind && this.#readsTun;
      poller.wait(isBehind || this.#hasCommands ? 0 : WAIT_MILLISECONDS);
      const isAwake = poller.isReady(WAKE);
      if (isAwake) this.#wake.drain();
      if (isAwake || this.#hasCommands) {
        const order = this.#runCommands();
        if (order !== undefined) return order;
      }
      sessions?.tick();
      if (!this.#drain(isBehind || poller.isReady(TUN))) {
        return { kind: "failed", call: "tun", errno: outbound.tun.failure };
      }
      if (peer !== undefined && poller.isReady(UDP) && !peer.udp.drain(peer.sink)) {
        return { kind: "failed", call: "udp", errno: peer.udp.port.failure };
      }
      if (peer !== undefined && this.#toldFrom !== Infinity) this.#tellOfTraffic(peer);
      if (poller.isReady(EXPOSED) && sessions?.drainSocket() === false) this.#pollSessions();
    }
  }

  /** Takes what interface and stream have. False when the interface is gone. */
  #drain(isTunReady: boolean): boolean {
    const peer = this.#peer;
    if (peer === undefined) return !isTunReady || this.#outbound.drain();
    if (this.#poller.isReady(STREAM_OUT)) peer.engine.proceed();
    const turn = peer.turns.take(peer.sink, this.#poller.isReady(STREAM), isTunReady);
    if (turn === Turn.StreamEnded) this.#endStream(peer);
    return turn !== Turn.TunGone;
  }

  #tellOfTraffic({ udp, engine }: Peer): void {
    const sent = Counter["outbound.packets"];
    if (udp.counters[sent] + engine.counters[sent] <= this.#toldFrom) return;
    this.#toldFrom = Infinity;
    this.#post({ kind: "traffic" });
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
    if (this.#peer !== undefined) return;
    // An accessor reads its interface while it has an exposed socket.
    this.#readTun(descriptor >= 0);
    if (descriptor < 0) this.#outbound.isBehind = false;
  }

  #readTun(reads: boolean): void {
    this.#readsTun = reads;
    this.#poller.replace(TUN, reads ? this.#outbound.tun.descriptor : -1);
  }

  /** Watches what can go on: the interface while its packets have somewhere to go, the stream while something waits for it. */
  #prepare({ udp, engine }: Peer): void {
    const { mayRead } = this.#outbound;
    if (mayRead !== this.#readsTun) this.#readTun(mayRead);
    const blocked = engine.blockedDescriptor;
    if (blocked !== this.#blocked) {
      this.#blocked = blocked;
      this.#poller.replace(STREAM_OUT, blocked, WRITABLE);
    }
    const { unsupported } = udp.port;
    if (unsupported === this.#reported) return;
    this.#post({ kind: "unsupported", unsupported: unsupported & ~this.#reported });
    this.#reported = unsupported;
  }

  #endStream(peer: Peer): void {
    const { streamId, end = "the stream ended" } = peer.engine;
    this.#attachStream(peer, undefined);
    this.#post({ kind: "stream-ended", id: streamId, reason: end });
  }

  #attachStream({ engine, udp, inbound }: Peer, stream: StreamAttachment | undefined): void {
    engine.attach(stream);
    this.#poller.replace(STREAM, engine.descriptor);
    // A server's main thread decides; a client goes on where it can.
    if (inbound.role === "client" && this.#outbound.path === engine) this.#outbound.path = udp;
  }

  /** Runs a few commands; returns one that takes more than that. */
  #runCommands(): Attach | CaptureCommand | "stop" | undefined {
    this.#hasCommands = false;
    for (let count = 0; count < COMMANDS_AT_ONCE; count++) {
      const command = this.#commands.next();
      if (command === undefined) return undefined;
      if (command.kind === "stop") return "stop";
      if (command.kind === "capture") return command;
      if (command.kind !== "sessions") {
        if (this.#peer !== undefined) this.#run(this.#peer, command);
      } else if (command.command.kind === "attach") return command.command;
      else {
        this.sessions?.handle(command.command);
        this.#pollSessions();
      }
    }
    this.#hasCommands = true;
    return undefined;
  }

  #run(peer: Peer, command: Exclude<WorkerCommand, { kind: "stop" | "sessions" | "capture" }>): void {
    const { inbound, udp, engine, probes } = peer;
    const outbound = this.#outbound;
    switch (command.kind) {
      case "admit-server":
        udp.isBound = command.isOn;
        return;
      case "ipv6":
        outbound.ipv6IsOn = inbound.ipv6IsOn = command.isOn;
        return;
      case "endpoint":
        udp.isBound = command.socketAddress !== undefined || this.#isConnected;
        return udp.port.setEndpoint(PEER, command.socketAddress ?? new Uint8Array());
      case "stream":
        this.#attachStream(peer, command.stream);
        if (command.stream === undefined) this.#post({ kind: "stream-released" });
        return;
      case "bind-stream":
        engine.isBound = engine.descriptor >= 0;
        return;
      case "stream-message":
        if (!engine.sendMessage(command.bytes)) engine.counters[Counter["drop.sendBufferFull"]]++;
        return;
      case "use-path":
        outbound.path = pathOf(peer, command.path);
        return;
      case "answer-too-long":
        return outbound.mtu?.answerTooLong(command.reports);
      case "large-peer":
        return outbound.mtu?.followPeer(command.peer);
      case "tell-of-traffic":
        this.#toldFrom = command.sent;
        return;
      case "probe":
        return probes.send(pathOf(peer, command.path), outbound.path?.kind === command.path);
    }
  }
}

function pathOf({ udp, engine }: Peer, kind: CarriedPath): UdpPath | EnginePath {
  return kind === "engine" ? engine : udp;
}
