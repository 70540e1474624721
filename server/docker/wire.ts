/**
 * Wires the parts of a run that concern Docker. Modules are loaded only where they are needed.
 *
 * @module
 */
import { loadHeartbeatProof } from "../../program/heartbeat_key.ts";
import type { Config } from "../../core/config/config.ts";
import type { BindingPolicy } from "../../core/docker/binding_policy.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { formatPrefix } from "../../core/net/prefix.ts";
import type { Router } from "../../system/routing/router.ts";
import type { ClientLink } from "../tunnel/client_link.ts";
import type { ClientController, NetworkWatcher } from "./network_watcher.ts";
import { DOCKER_OFF } from "./docker_status.ts";
import type { ServerRunOptions } from "../options.ts";
import type { RouteController } from "../routing/route_controller.ts";
import type { DockerStatus } from "../status/status_document.ts";

/** Collaborators from the rest of the run. */
export interface DockerDeps {
  readonly config: Config;
  readonly options: Pick<ServerRunOptions, "image">;
  readonly policy: BindingPolicy;
  readonly router: Pick<Router, "listOtherRoutes">;
  /** The tunnel's interface. */
  readonly interfaceName: string;
  readonly routeController: RouteController;
  readonly link: Pick<ClientLink, "requireKey">;
  /** Disposes of everything that is started. */
  readonly cleanup: AsyncDisposableStack;
}

/** Watches the Engine's networks and manages the client container, unless that is off; returns the status. */
export async function wireDocker(deps: DockerDeps): Promise<() => DockerStatus> {
  const { config, routeController, cleanup } = deps;
  if (config.docker.mode === "off") {
    const { removeStaleContainer } = await import("./no_client_container.ts");
    const ending = new AbortController();
    cleanup.defer(() => ending.abort());
    void removeStaleContainer(ending.signal);
    return () => DOCKER_OFF;
  }
  const { NetworkWatcher } = await import("./network_watcher.ts");
  const client = await controller(deps, () => discovery);
  const discovery: NetworkWatcher = cleanup.use(new NetworkWatcher(config.docker, routeController, client));
  return () => discovery.status;
}

async function controller(
  { config, options, policy, router, interfaceName, link }: DockerDeps,
  discovery: () => NetworkWatcher,
): Promise<ClientController> {
  if (!policy.managesClient) return new (await import("./no_client_container.ts")).NoClientContainer();
  const [{ ClientContainer }, { ClientImage }, { isLocalEngine }] = await Promise.all([
    import("./client_container.ts"),
    import("./client_image.ts"),
    import("./local_engine.ts"),
  ]);
  const proofs = new Map<string, Awaited<ReturnType<typeof loadHeartbeatProof>>>();
  return new ClientContainer({
    image: new ClientImage(options.image),
    settings: {
      host: reachableHost(config.host),
      port: config.port,
      addr: formatPrefix(config.addr),
      mtu: config.mtu,
    },
    policy,
    requireKey: async (key) => {
      if (key === undefined) return link.requireKey(undefined);
      const proof = proofs.get(key) ?? await loadHeartbeatProof(key);
      proofs.set(key, proof);
      link.requireKey(proof);
    },
    isLocal: (engine) =>
      isLocalEngine(engine, discovery().networks, () => router.listOtherRoutes(interfaceName, 4)),
  });
}

/**
 * Returns the address at which the container reaches the server: the one that it listens on. If that is the loopback or
 * every address, the client searches, since the desktop has another address in each kind of virtual machine.
 */
function reachableHost(host: IpAddress): string | undefined {
  const { family, bytes } = host;
  const isLoopback = family === 4
    ? bytes[0] === 127
    : bytes.every((octet, at) => octet === (at === 15 ? 1 : 0));
  return isLoopback || bytes.every((octet) => octet === 0) ? undefined : formatAddress(host);
}
