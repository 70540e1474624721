import type { Config } from "../../core/config/config.ts";
import type { BindingPolicy } from "../../core/docker/binding_policy.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { formatPrefix } from "../../core/net/prefix.ts";
import { loadHeartbeatProof } from "../../program/heartbeat_key.ts";
import type { Router } from "../../system/routing/router.ts";
import type { RouteController } from "../routing/route_controller.ts";
import type { DockerStatus } from "../status/status_document.ts";
import type { Paths } from "../paths/paths.ts";
import type { ContainerController, RunningClientListener } from "./container_controller.ts";
import type { NetworkWatcher } from "./network_watcher.ts";
import { NO_CONTAINERS, type RunningContainers } from "./running_containers.ts";

export interface DockerDeps {
  readonly config: Config;
  /** The value of `--image`. */
  readonly image: string | undefined;
  readonly policy: BindingPolicy;
  readonly router: Pick<Router, "listOtherRoutes">;
  readonly interfaceName: string;
  readonly routeController: RouteController;
  readonly paths: Pick<Paths, "requireKey" | "setContainer">;
  /** Disposes of everything that is started. */
  readonly cleanup: AsyncDisposableStack;
}

/**
 * Wires the parts of a run that concern Docker: watches the Engine's networks and manages the client container, unless
 * that is off. Modules are loaded only where they are needed.
 *
 * @returns the status of a moment, the running containers, and what the client's container is started again by
 */
export async function wireDocker(
  deps: DockerDeps,
): Promise<{
  readonly status: () => DockerStatus;
  readonly containers: RunningContainers;
  /** Starts the client's container again; false where this server does not manage it. */
  readonly restartClient: () => Promise<boolean>;
}> {
  const { config, routeController, cleanup } = deps;
  if (config.docker.mode === "off") {
    const { removeStaleContainer } = await import("./no_client_container.ts");
    const ending = new AbortController();
    cleanup.defer(() => ending.abort());
    void removeStaleContainer(ending.signal);
    const none = { socket: null, engine: null, api: null, networks: [], container: null };
    const status: DockerStatus = { state: "off", ...none };
    return { status: () => status, containers: NO_CONTAINERS, restartClient: () => Promise.resolve(false) };
  }
  const [{ NetworkWatcher }, { ContainerList }] = await Promise.all([
    import("./network_watcher.ts"),
    import("./container_list.ts"),
  ]);
  const containers = new ContainerList();
  const client = await containerController(deps, () => watcher);
  const watcher: NetworkWatcher = cleanup.use(
    new NetworkWatcher(config.docker, routeController, client, containers),
  );
  return { status: () => watcher.status, containers, restartClient: () => client.restart() };
}

async function containerController(
  { config, image, policy, router, interfaceName, paths }: DockerDeps,
  watcher: () => NetworkWatcher,
): Promise<ContainerController> {
  const onRunning: RunningClientListener = (client) => paths.setContainer(client);
  if (!policy.managesClient) {
    const { NoClientContainer } = await import("./no_client_container.ts");
    return new NoClientContainer(undefined, onRunning);
  }
  const [{ ClientContainer }, { ClientImage }, { isLocalEngine }] = await Promise.all([
    import("./client_container.ts"),
    import("./client_image.ts"),
    import("./local_engine.ts"),
  ]);
  const proofs = new Map<string, Awaited<ReturnType<typeof loadHeartbeatProof>>>();
  return new ClientContainer({
    image: new ClientImage(image),
    settings: {
      host: reachableHost(config.host),
      port: config.port,
      addr: formatPrefix(config.addr),
      mtu: config.mtu,
    },
    policy,
    onRunning,
    requireKey: async (key) => {
      if (key === undefined) return paths.requireKey(undefined);
      const proof = proofs.get(key) ?? await loadHeartbeatProof(key);
      proofs.set(key, proof);
      paths.requireKey(proof);
    },
    isLocal: (engine) =>
      isLocalEngine(engine, watcher().networks, () => router.listOtherRoutes(interfaceName, 4)),
  });
}

/**
 * Returns the address at which the container reaches the server: the one that it listens on. If that is the loopback or
 * every address, the client searches, since the desktop has another address in each kind of virtual machine.
 */
function reachableHost(host: IpAddress): string | undefined {
  const text = formatAddress(host);
  return /^(127\.|0\.0\.0\.0$|::1?$)/.test(text) ? undefined : text;
}
