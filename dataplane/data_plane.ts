import { type CounterTable, sumCounters } from "../core/counters.ts";
import { OperationError } from "../core/error.ts";
import { errorName } from "../ffi/libc/errno.ts";
import type { TunDevice } from "../ffi/tun/tun.ts";
import type { UdpSocket } from "../ffi/udp/udp_socket.ts";
import { openWaker, type Waker } from "../ffi/libc/poll.ts";
import {
  type LargePeer,
  MAX_SESSIONS,
  type Role,
  type SessionCommand,
  type SessionEvent,
  SharedState,
  type StreamAttachment,
  type TooLongReports,
  type WorkerEvent,
  type WorkerInit,
} from "./worker_channel.ts";
import type { CarriedPath } from "./path/path.ts";
import { allocateCommandRing, CommandWriter } from "./command_ring.ts";
import { CaptureFeed } from "./capture/capture_feed.ts";
import { allocateCaptureRing } from "./capture/capture_ring.ts";
import { SessionMemory } from "./sessions/session_memory.ts";
import { deviceNotices, socketNotices } from "./offload_support.ts";

export interface DataPlaneOptions {
  readonly role: Role;
  readonly tun: TunDevice;
  /** The socket between server and client; an accessor has none. */
  readonly udp?: UdpSocket;
  /** Let the kernel segment and coalesce datagrams. */
  readonly offload: boolean;
  /** Receives a line about a part of the offload that this system lacks; must not throw. */
  readonly onNotice: (text: string) => void;
  /** Receives a datagram that is not a packet; must not throw. */
  readonly onMessage: (message: Message) => void;
}

/** A datagram that is not a packet. */
export type Message = Extract<WorkerEvent, { kind: "message" }>;

const NONE = { import: false, read: false, write: false, net: false, env: false, run: false, sys: false };
/** Permissions of the Worker: the calls of the C library, and nothing else. */
export const WORKER_PERMISSIONS: Deno.PermissionOptionsObject = { ...NONE, ffi: true };

/** The data plane of a program, as its main thread has it. The Worker moves the packets. */
export class DataPlane {
  readonly #worker: Worker;
  readonly #wake: Waker = openWaker();
  readonly #shared = SharedState.allocate();
  readonly #ring = allocateCommandRing();
  /** The memory of {@linkcode SessionMemory}. */
  readonly sessionMemory = SessionMemory.allocate(MAX_SESSIONS).buffer;
  readonly #commands = new CommandWriter(this.#ring, () => this.#wake.signal());
  readonly #captured = allocateCaptureRing();
  /** The packets of the tunnel, for captures. */
  readonly captures: CaptureFeed = new CaptureFeed(
    this.#captured,
    (isOn) => this.#commands.push({ kind: "capture", isOn }),
  );
  readonly #failed = Promise.withResolvers<never>();
  readonly #stopped = Promise.withResolvers<void>();
  #isStopped = false;
  /** Receives events of sessions; must not throw. */
  onSessionEvent: (event: SessionEvent) => void = () => {};
  /** Receives why the stream is of no use any more, when its descriptors may be closed; must not throw. */
  onStreamEnded: (reason: string) => void = () => {};
  /** Receives the round trip of an answered probe, in milliseconds; must not throw. */
  onRoundTrip: (path: CarriedPath, milliseconds: number) => void = () => {};
  /** Receives that packets are sent, as {@linkcode tellOfTraffic} asked; must not throw. */
  onTraffic: () => void = () => {};
  readonly #streamReleased: (() => void)[] = [];
  #streamId = 0;

  /** Starts a Worker. Loading it takes as long as opening the interface and the socket, so it is started before those. */
  constructor() {
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), {
      type: "module",
      deno: { permissions: WORKER_PERMISSIONS },
    });
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#failed.reject(new OperationError("failure", `Cannot run the data plane: ${event.message}`));
      this.#noteStopped();
    };
    // Awaiting `failure` is optional.
    this.#failed.promise.catch(() => {});
  }

  /**
   * Hands the Worker its descriptors and waits until it polls.
   *
   * @throws {OperationError} "failure" when the Worker cannot start
   */
  async start(options: DataPlaneOptions): Promise<void> {
    const ready = Promise.withResolvers<void>();
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerEvent>) => {
      if (data.kind === "message") {
        this.#shared.noteMessageTaken();
        options.onMessage(data);
      } else if (data.kind === "sessions") this.onSessionEvent(data.event);
      else if (data.kind === "round-trip") this.onRoundTrip(data.path, data.milliseconds);
      else if (data.kind === "traffic") this.onTraffic();
      else if (data.kind === "stream-ended") {
        if (data.id === this.#streamId) this.onStreamEnded(data.reason);
      } else if (data.kind === "stream-released") this.#streamReleased.shift()?.();
      else if (data.kind === "unsupported") {
        socketNotices(data.unsupported).forEach((text) => options.onNotice(text));
      } else if (data.kind === "ready") ready.resolve();
      else {
        if (data.kind === "failed") this.#failed.reject(describeFailure(options, data.call, data.errno));
        this.#noteStopped();
      }
    };
    const { role, tun, udp, offload } = options;
    const init: WorkerInit = {
      role,
      tun: { descriptor: tun.descriptor, offload: tun.offload },
      // A client talks to its server alone.
      udp: udp && { descriptor: udp.descriptor, connected: role === "client", offload },
      wakeDescriptor: this.#wake.descriptor,
      shared: this.#shared.buffer,
      sessions: this.sessionMemory,
      capture: this.#captured,
      commands: this.#ring,
    };
    if (offload) deviceNotices(tun.offload).forEach((text) => options.onNotice(text));
    this.#worker.postMessage(init);
    await Promise.race([ready.promise, this.failure]);
  }

  /** The counters of each path; those of `udp` count what belongs to no path, too. */
  get pathCounters(): Readonly<Record<CarriedPath, CounterTable>> {
    return this.#shared.counters;
  }

  /** The counters of all paths together, at this moment. */
  get counters(): CounterTable {
    return sumCounters(this.#shared.counters.udp, this.#shared.counters.engine);
  }

  /** Rejects when the interface or the socket dies. */
  get failure(): Promise<never> {
    return this.#failed.promise;
  }

  /** Sets the endpoint that packets go to and come from; undefined for none. */
  bindPeer(socketAddress: Uint8Array | undefined): void {
    this.#commands.push({ kind: "endpoint", socketAddress });
  }

  /** Lets packets of the connected server pass, or not: it does at the start. Its other messages pass in any case. */
  admitServer(isOn: boolean): void {
    this.#commands.push({ kind: "admit-server", isOn });
  }

  /** Turns IPv6 on or off; it is off at the start. */
  carryIpv6(isOn: boolean): void {
    this.#commands.push({ kind: "ipv6", isOn });
  }

  /** Takes another stream for the engine path; what comes by it before {@linkcode bindStream} is only read for messages. */
  attachStream(stream: Omit<StreamAttachment, "id">): void {
    this.#commands.push({ kind: "stream", stream: { ...stream, id: ++this.#streamId } });
  }

  /** Lets go of the stream; its descriptors may be closed when the promise resolves. */
  async detachStream(): Promise<void> {
    this.#streamId++;
    if (this.#isStopped) return;
    const released = Promise.withResolvers<void>();
    this.#streamReleased.push(released.resolve);
    this.#commands.push({ kind: "stream", stream: undefined });
    await released.promise;
  }

  /** The other end of the stream has proven itself: packets may go and come there. */
  bindStream(): void {
    this.#commands.push({ kind: "bind-stream" });
  }

  /** Sends a message over the stream, as a datagram. */
  sendOnStream(bytes: Uint8Array): void {
    this.#commands.push({ kind: "stream-message", bytes });
  }

  /** Sends packets by this path from now on. */
  usePath(path: CarriedPath): void {
    this.#commands.push({ kind: "use-path", path });
  }

  /** Sends a probe; {@linkcode onRoundTrip} tells of its answer. */
  probe(path: CarriedPath): void {
    this.#commands.push({ kind: "probe", path });
  }

  /** Answers packets from the interface that are longer than the datagrams of a path may be. */
  answerTooLong(reports: TooLongReports): void {
    this.#commands.push({ kind: "answer-too-long", reports });
  }

  /** The server's interface takes longer packets than those behind the client's; undefined: no more. */
  followPeer(peer: LargePeer | undefined): void {
    this.#commands.push({ kind: "large-peer", peer });
  }

  /** Asks for one call of {@linkcode onTraffic}, as soon as the paths together have sent more packets than this. */
  tellOfTraffic(sent: number): void {
    this.#commands.push({ kind: "tell-of-traffic", sent });
  }

  commandSessions(command: SessionCommand): void {
    this.#commands.push({ kind: "sessions", command });
  }

  #noteStopped(): void {
    this.#isStopped = true;
    for (const release of this.#streamReleased.splice(0)) release();
    this.#stopped.resolve();
  }

  /** Ends the Worker's loop, then the Worker. The descriptors stay open. */
  async stop(): Promise<void> {
    this.captures[Symbol.dispose]();
    this.#commands.push({ kind: "stop" });
    await this.#stopped.promise;
    this.#commands[Symbol.dispose]();
    this.#worker.terminate();
    this.#wake.close();
  }
}

function describeFailure({ tun }: DataPlaneOptions, side: string, errno: number): OperationError {
  const [object, remedy] = side === "tun"
    ? [`interface ${tun.name}`, "It was removed from outside; start the program again to create it"]
    : ["the UDP socket", "Start the program again"];
  return new OperationError("io", `Cannot go on with ${object}: ${errorName(errno)}`, remedy);
}
