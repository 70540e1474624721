import type { Config } from "../../core/config/config.ts";
import type { Fault } from "../../core/faults/fault_table.ts";
import { parsePrefix } from "../../core/net/prefix.ts";
import { probedNetworks } from "../../core/reachability/probed_network.ts";
import { routedSubnets } from "../../core/reachability/routed_subnets.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { InterfaceSettings } from "../../system/routing/router.ts";
import type { RunningContainers } from "../docker/running_containers.ts";
import type { Paths } from "../paths/paths.ts";
import type { RouteController } from "../routing/route_controller.ts";
import type { LazySharing } from "../sharing/lazy_sharing.ts";
import type { DockerStatus } from "../status/status_document.ts";
import type { Reachability } from "./reachability.ts";

/** Milliseconds after the start of the tunnel before which its code is not loaded: the start is measured. */
const START_MS = 2_000;

/** Collaborators. */
export interface WatchDeps {
  readonly docker: Config["docker"];
  readonly settings: InterfaceSettings;
  /** Bytes of the largest packet that the interface takes now. */
  readonly mtu: () => number;
  readonly sharing: Pick<LazySharing, "status" | "noteOwn">;
  readonly routeController: Pick<RouteController, "subnets" | "status">;
  readonly paths: Pick<Paths, "used" | "client" | "leave" | "reopen" | "sendChange" | "onSwitched">;
  readonly containers: RunningContainers;
  readonly dockerStatus: () => DockerStatus;
  /** Whether the client was heard lately, on whatever path. */
  readonly isHeard: () => boolean;
  /** Puts interface and routes right. */
  readonly reconcile: () => Promise<unknown>;
  /** Starts the client's container again; false where this server does not manage it. */
  readonly restartClient: () => Promise<boolean>;
  /** Other faults are found than before. */
  readonly onFaults: () => void;
}

/** Whether containers answer, from a moment after the start on. */
export class ReachabilityWatch implements AsyncDisposable {
  readonly #cleanup = new AsyncDisposableStack();
  #loading: Promise<void> | undefined;
  #reachability: Reachability | undefined;

  constructor(readonly deps: WatchDeps) {
    // Of a network that no Engine tells of, no container is known.
    if (deps.docker.mode === "off") return;
    this.#cleanup.use(SYSTEM_CLOCK.after(START_MS, () => {
      this.#loading = this.#load();
    }));
  }

  /** The networks that do not answer, lost large packets, and a blocked sharing port. */
  get faults(): readonly Fault[] {
    return this.#reachability?.faults ?? [];
  }

  /** Routes have changed, maybe. */
  changed(): void {
    this.#reachability?.changed();
  }

  /** The status with what is known here. */
  shownIn(status: DockerStatus): DockerStatus {
    const networks = status.networks.map((network) => ({
      ...network,
      reachable: this.#reachability?.answering(network.name) ?? "unknown",
    }));
    return { ...status, networks };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loading;
    await this.#cleanup.disposeAsync();
  }

  async #load(): Promise<void> {
    const [
      { Reachability },
      { LargePackets },
      { openPortLook },
      { ReachabilityProbe },
      { SizeProbe },
      { kernelRoute },
      { SleepClock },
    ] = await Promise.all([
      import("./reachability.ts"),
      import("./large_packets.ts"),
      import("../sharing/open_port_look.ts"),
      import("../../system/reachability/reachability_probe.ts"),
      import("../../system/reachability/size_probe.ts"),
      import("../../system/reachability/kernel_route.ts"),
      import("../../ffi/libc/sleep_clock.ts"),
    ]);
    const {
      settings,
      mtu,
      sharing,
      routeController,
      paths,
      containers,
      dockerStatus,
      isHeard,
      reconcile,
      restartClient,
      onFaults,
    } = this.deps;
    const { address, address6, peer, peer6 } = settings;
    const own = address6 === undefined ? [address] : [address, address6];
    const probe = new ReachabilityProbe();
    const large = new LargePackets({ probe: new SizeProbe(), mtu });
    const sleep = this.#cleanup.use(new SleepClock());
    const reachability = this.#reachability = this.#cleanup.use(
      new Reachability({
        client: peer6 === undefined ? [peer] : [peer, peer6],
        networks: () => {
          const active = routeController.status.flatMap(({ prefix, state }) =>
            state === "active" ? parsePrefix(prefix) ?? [] : []
          );
          return probedNetworks(routedSubnets(routeController.subnets, active), containers.containers);
        },
        // Without the Engine it is not known which containers are still there; a silent client is another fault's matter.
        path: () => dockerStatus().state === "connected" && isHeard() ? paths.used : undefined,
        firewallFault: () => paths.client?.description?.firewall?.fault,
        routeOf: (to) => kernelRoute(to, own),
        probe,
        large,
        port: openPortLook(sharing, settings.name),
        onFaults,
        slept: () => sleep.take(),
        repair: async (step, reason) => {
          switch (step) {
            case "routes":
              await reconcile();
              return true;
            case "rules":
              paths.sendChange("");
              return true;
            case "path":
              return paths.leave();
            case "attachment":
              return paths.reopen(reason);
            case "client":
              return await restartClient();
          }
        },
      }),
    );
    this.#cleanup.use(containers.onChange(() => reachability.changed()));
    paths.onSwitched = () => reachability.changed();
  }
}
