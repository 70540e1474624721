import { EXIT_OK } from "../cli/exit_status.ts";
import { OperationError, type Problem } from "../core/error.ts";
import { formatAddress } from "../core/net/address.ts";
import type { Endpoint } from "../core/net/endpoint.ts";
import { DataPlane } from "../dataplane/data_plane.ts";
import type { TunDevice } from "../ffi/tun/tun.ts";
import type { UdpSocket } from "../ffi/udp/udp_socket.ts";
import type { Logger } from "../program/log.ts";
import { problemStatus, programStatus } from "../program/status.ts";
import type { InterfaceStatus, ProcessStatus, ProgramStatus } from "../program/status_document.ts";
import { claimSocketPath, serveControlSocket } from "../system/control/control_socket.ts";
import { serveSoon } from "../system/control/serve_soon.ts";
import { FaultMonitor, type FaultRules } from "./fault_monitor.ts";
import { openTunnelDevice, openTunnelSocket } from "../system/interface/tunnel_device.ts";
import { MemoryTrim } from "../system/process/memory_trim.ts";
import { isLack } from "../system/process/runtime_error.ts";
import { SYSTEM_CLOCK } from "../system/process/system_clock.ts";
import { StopSignal } from "../system/process/stop_signal.ts";
import { ReconcileLoop } from "../system/routing/reconcile_loop.ts";
import { platformRouteWatch } from "../system/routing/platform_router.ts";
import type { InterfaceSettings } from "../system/routing/router.ts";

export interface TunnelProgramOptions {
  /** The program's name, as in its status document. */
  readonly program: string;
  readonly control: string;
  readonly offload: boolean;
  readonly log: Logger;
  /** What does not work while the control socket cannot be opened, for the log; besides `status`. */
  readonly lostWithoutControl?: string;
}

/** The part of a status document that is not common to all programs. */
export type OwnStatus<S extends ProgramStatus<string>> = Omit<S, keyof ProgramStatus<string>>;

type StartOptions = Omit<Parameters<DataPlane["start"]>[0], "offload" | "onNotice">;

/**
 * The frame of a running tunnel, which the three programs share: the stop signal, memory trimming, the control socket,
 * the interface, the data plane and the wait for the end. Disposal closes everything in `cleanup`, last opened first.
 */
export class TunnelProgram implements AsyncDisposable {
  /** Its Worker loads while the interface and the socket are opened. */
  readonly dataPlane: DataPlane = new DataPlane();
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly cleanup: AsyncDisposableStack = new AsyncDisposableStack();
  /** The answer to SIGHUP. */
  onHangup: () => void;
  /** Makes the status document, once {@linkcode serveStatus} was called. */
  document: (() => unknown) | undefined;
  readonly #stop: StopSignal;

  constructor(readonly options: TunnelProgramOptions) {
    this.startedAt = SYSTEM_CLOCK.wallClock();
    this.onHangup = () => options.log.info("SIGHUP: nothing to do; SIGTERM stops the program");
    this.#stop = this.cleanup.use(new StopSignal(() => this.onHangup()));
    this.cleanup.use(new MemoryTrim());
  }

  /** @throws {ControlSocketInUse} if another run serves the control socket */
  async claimControlSocket(): Promise<void> {
    try {
      await claimSocketPath(this.options.control, this.options.program);
    } catch (error) {
      // A dead process's socket that cannot be removed at the moment is no other run; `serveStatus` tells of it.
      if (!(error instanceof OperationError && isLack(error.cause))) throw error;
    }
  }

  /** @throws {OperationError} `privilege` when not root, `io` otherwise */
  async openDevice(name: string): Promise<TunDevice> {
    return this.cleanup.use(await openTunnelDevice({ name, offload: this.options.offload }));
  }

  /** @throws {OperationError} `io` */
  async openSocket(local: Endpoint): Promise<UdpSocket> {
    return this.cleanup.use(await openTunnelSocket(local));
  }

  /** @throws {OperationError} `failure` when the Worker cannot start */
  async startDataPlane(options: StartOptions): Promise<void> {
    const { log, offload } = this.options;
    await this.dataPlane.start({ ...options, offload, onNotice: (line) => log.info(line) });
    this.cleanup.defer(() => this.dataPlane.stop());
  }

  /** Repeats `work` after each change of interfaces or routes, and every half minute. See `ReconcileLoop`. */
  async startReconciling(work: () => Promise<number | undefined>): Promise<void> {
    this.cleanup.use(new ReconcileLoop({ work, watch: await platformRouteWatch() }));
  }

  /**
   * Serves the status document on the control socket; later where its file system can hold no socket at the moment.
   *
   * @param status makes the program's own part of the document, at each request and every few seconds
   * @param load loads how faults are derived from it
   * @param documents make further documents, by their paths
   * @throws {ControlSocketInUse} if another run serves it
   * @throws {OperationError} `io` or `privilege`
   */
  async serveStatus<S extends ProgramStatus<string>>(
    status: () => OwnStatus<S>,
    load: () => Promise<FaultRules<Omit<ProcessStatus<string>, "program"> & OwnStatus<S>>>,
    documents: Readonly<Record<string, () => object>> = {},
  ): Promise<AsyncDisposable> {
    const { control, program, lostWithoutControl } = this.options;
    const lost = lostWithoutControl === undefined ? "" : `, but ${lostWithoutControl}`;
    const processFacts = () => programStatus(program, this.startedAt, SYSTEM_CLOCK.wallClock());
    const monitor = this.cleanup.use(
      new FaultMonitor({ facts: () => ({ ...processFacts(), ...status() }), load }),
    );
    const document = this.document = () => {
      const [process, own] = [processFacts(), status()];
      return { ...process, ...monitor.look({ ...process, ...own }), ...own };
    };
    const further = Object.entries(documents).map(([path, make]) => [path, () => ({ program, ...make() })]);
    const options = { documents: Object.fromEntries(further) };
    return this.cleanup.use(
      await serveSoon(
        () => serveControlSocket(control, program, document, options),
        ({ report }) =>
          this.options.log.warn(
            `${report}; it is tried again, until then the tunnel works without it${lost}`,
          ),
      ),
    );
  }

  /**
   * Waits until the program is asked to stop.
   *
   * @param failures reject when the tunnel cannot go on, besides the data plane's own failure
   * @returns the exit status
   */
  async waitForStop(...failures: Promise<never>[]): Promise<number> {
    const signal = await Promise.race([this.#stop.received, this.dataPlane.failure, ...failures]);
    this.options.log.info("stopping", { signal });
    return EXIT_OK;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cleanup.disposeAsync();
  }
}

/** The interface's part of a status document. */
export function interfaceStatus(
  { name, mtu, address, peer, address6, peer6 }: InterfaceSettings,
  fault: Problem | undefined,
): InterfaceStatus {
  return {
    name,
    mtu,
    address: formatAddress(address),
    peer: formatAddress(peer),
    ...address6 === undefined ? {} : { address6: formatAddress(address6) },
    ...peer6 === undefined ? {} : { peer6: formatAddress(peer6) },
    ...problemStatus(fault),
  };
}

/** The local endpoint with any address of the machine and a port that the kernel chooses. */
export function unspecifiedEndpoint(family: 4 | 6): Endpoint {
  return { address: { family, bytes: new Uint8Array(family === 4 ? 4 : 16) }, port: 0 };
}
