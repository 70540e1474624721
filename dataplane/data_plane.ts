/**
 * The main thread's side of the data plane: starts the Worker, names the peer, reads the counters, stops it.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";
import { errorName } from "../ffi/errno.ts";
import type { TunDevice } from "../ffi/tun.ts";
import type { UdpSocket } from "../ffi/udp_socket.ts";
import { openWake, type Wake } from "../ffi/wake.ts";
import { type Command, type Event, PEER, type Role, SharedState } from "./channel.ts";

/**
 * Starts a Worker that waits for its descriptors. Loading it takes as long as opening the interface and the socket, so it
 * is started before those. It may use FFI and nothing else.
 */
export function spawnWorker(): Worker {
  const permissions = {
    ffi: true,
    read: false,
    write: false,
    net: false,
    env: false,
    run: false,
    sys: false,
  };
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module", deno: { permissions } });
}

/** What a data plane is made of. */
export interface DataPlaneSettings {
  /** From {@linkcode spawnWorker}; the data plane ends it. */
  readonly worker: Worker;
  readonly role: Role;
  readonly tun: TunDevice;
  readonly udp: UdpSocket;
  /** Whether the socket is connected to the peer. */
  readonly connected: boolean;
  /** Let the kernel cut and join datagrams. */
  readonly offload: boolean;
  /** Takes a datagram that is no packet; must not throw. */
  readonly onMessage: (bytes: Uint8Array, source: Uint8Array, fromPeer: boolean) => void;
}

/** A running data plane. */
export class DataPlane {
  readonly #worker: Worker;
  readonly #wake: Wake;
  readonly #shared: SharedState;
  readonly #failed = Promise.withResolvers<never>();
  readonly #stopped = Promise.withResolvers<void>();

  private constructor(worker: Worker, wake: Wake, shared: SharedState) {
    this.#worker = worker;
    this.#wake = wake;
    this.#shared = shared;
    // Whoever awaits `failure` sees it; nobody has to.
    this.#failed.promise.catch(() => {});
  }

  /**
   * Hands the Worker its descriptors and waits until it polls.
   *
   * @throws {OperationError} "failure" when the Worker cannot start
   */
  static async start(settings: DataPlaneSettings): Promise<DataPlane> {
    const shared = SharedState.allocate();
    const wake = openWake();
    const { worker } = settings;
    const plane = new DataPlane(worker, wake, shared);
    const ready = Promise.withResolvers<void>();
    worker.onerror = (event) => {
      event.preventDefault();
      const error = new OperationError("failure", `Cannot run the data plane: ${event.message}`);
      ready.reject(error);
      plane.#failed.reject(error);
      plane.#stopped.resolve();
    };
    worker.onmessage = ({ data }: MessageEvent<Event>) => {
      if (data.kind === "message") {
        shared.noteMessageTaken();
        settings.onMessage(data.bytes, data.source, data.fromPeer);
      } else if (data.kind === "ready") ready.resolve();
      else {
        if (data.kind === "failed") plane.#failed.reject(describeFailure(settings, data.call, data.errno));
        plane.#stopped.resolve();
      }
    };
    worker.postMessage({
      role: settings.role,
      tun: { descriptor: settings.tun.descriptor, offload: settings.tun.offload },
      udp: { descriptor: settings.udp.descriptor, connected: settings.connected, offload: settings.offload },
      wakeDescriptor: wake.descriptor,
      shared: shared.buffer,
    });
    await ready.promise;
    return plane;
  }

  /** The live counters. */
  get counters(): Float64Array {
    return this.#shared.counters;
  }

  /** Rejects when the interface or the socket dies. */
  get failure(): Promise<never> {
    return this.#failed.promise;
  }

  /** Names the endpoint that packets go to and come from; undefined: nobody. */
  bindPeer(socketAddress: Uint8Array | undefined): void {
    this.#command({ kind: "endpoint", index: PEER, socketAddress });
  }

  /** Ends the Worker's loop, then the Worker. The descriptors stay open. */
  async stop(): Promise<void> {
    this.#command({ kind: "stop" });
    await this.#stopped.promise;
    this.#worker.terminate();
    this.#wake.close();
  }

  #command(command: Command): void {
    this.#worker.postMessage(command);
    this.#shared.noteCommand();
    this.#wake.signal();
  }
}

function describeFailure(settings: DataPlaneSettings, side: string, errno: number): OperationError {
  const object = side === "tun" ? `interface ${settings.tun.name}` : "the UDP socket";
  return new OperationError(
    "io",
    `Cannot go on with ${object}: ${errorName(errno)}`,
    side === "tun"
      ? "It was removed from outside; start the program again to create it anew"
      : "Start the program again",
  );
}
