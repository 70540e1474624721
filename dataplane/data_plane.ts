import { OperationError } from "../core/error.ts";
import { errorName } from "../ffi/libc/errno.ts";
import type { TunDevice } from "../ffi/tun/tun.ts";
import type { UdpSocket } from "../ffi/udp/udp_socket.ts";
import { openWaker, type Waker } from "../ffi/libc/poll.ts";
import {
  MAX_SESSIONS,
  type Role,
  type SessionCommand,
  type SessionEvent,
  SharedState,
  type WorkerEvent,
  type WorkerInit,
} from "./worker_channel.ts";
import { allocateCommandRing, CommandWriter } from "./command_ring.ts";
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
  readonly onMessage: (bytes: Uint8Array, source: Uint8Array, fromPeer: boolean) => void;
}

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
  readonly #failed = Promise.withResolvers<never>();
  readonly #stopped = Promise.withResolvers<void>();
  /** Receives events of sessions; must not throw. */
  onSessionEvent: (event: SessionEvent) => void = () => {};

  /** Starts a Worker. Loading it takes as long as opening the interface and the socket, so it is started before those. */
  constructor() {
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), {
      type: "module",
      deno: { permissions: WORKER_PERMISSIONS },
    });
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#failed.reject(new OperationError("failure", `Cannot run the data plane: ${event.message}`));
      this.#stopped.resolve();
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
        options.onMessage(data.bytes, data.source, data.fromPeer);
      } else if (data.kind === "sessions") this.onSessionEvent(data.event);
      else if (data.kind === "unsupported") {
        socketNotices(data.unsupported).forEach((text) => options.onNotice(text));
      } else if (data.kind === "ready") ready.resolve();
      else {
        if (data.kind === "failed") this.#failed.reject(describeFailure(options, data.call, data.errno));
        this.#stopped.resolve();
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
      commands: this.#ring,
    };
    if (offload) deviceNotices(tun.offload).forEach((text) => options.onNotice(text));
    this.#worker.postMessage(init);
    await Promise.race([ready.promise, this.failure]);
  }

  get counters(): Float64Array {
    return this.#shared.counters;
  }

  /** Rejects when the interface or the socket dies. */
  get failure(): Promise<never> {
    return this.#failed.promise;
  }

  /** Sets the endpoint that packets go to and come from; undefined for none. */
  bindPeer(socketAddress: Uint8Array | undefined): void {
    this.#commands.push({ kind: "endpoint", socketAddress });
  }

  /** Turns IPv6 on or off; it is off at the start. */
  carryIpv6(isOn: boolean): void {
    this.#commands.push({ kind: "ipv6", isOn });
  }

  commandSessions(command: SessionCommand): void {
    this.#commands.push({ kind: "sessions", command });
  }

  /** Ends the Worker's loop, then the Worker. The descriptors stay open. */
  async stop(): Promise<void> {
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
