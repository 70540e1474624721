/**
 * `docker-connector run`: opens the interface and the socket, routes the containers' networks, and carries packets until
 * it is asked to stop.
 *
 * @module
 */
import { getLogger, setLogLevel } from "../program/log.ts";
import { loadHeartbeatProof } from "../program/heartbeat_key.ts";
import { EXIT_OK } from "../cli/exit_status.ts";
import { programStatus } from "../program/status_document.ts";
import { lastHeardSeconds, tunnelCounters } from "../program/tunnel_counters.ts";
import type { BridgePair } from "../core/config/config.ts";
import { plan } from "../core/config/plan.ts";
import { BindingPolicy } from "../core/docker/binding_policy.ts";
import { OperationError } from "../core/error.ts";
import { formatAddress, nextAddress } from "../core/net/address.ts";
import { formatEndpoint } from "../core/net/endpoint.ts";
import type { Prefix } from "../core/net/prefix.ts";
import { DataPlane } from "../dataplane/data_plane.ts";
import { socketAddressCodec } from "../ffi/udp/udp_socket.ts";
import { makeWay, serveControlSocket } from "../system/control/control_socket.ts";
import { watchFile } from "../system/config/file_watch.ts";
import { recordInterface } from "../system/interface/interface_record.ts";
import { clearLeftInterface } from "../system/interface/stale_interface.ts";
import { platformRouter } from "../system/routing/platform_router.ts";
import type { InterfaceSettings, Router } from "../system/routing/router.ts";
import { ProgramPages } from "../system/process/memory_trim.ts";
import { StopSignal } from "../system/process/stop_signal.ts";
import { openTunnelDevice, openTunnelSocket } from "../system/interface/tunnel_device.ts";
import { applySteps, applyTunnelSteps } from "./config/apply_changes.ts";
import { ClientLink } from "./tunnel/client_link.ts";
import { ConfigFollower } from "./config/config_reloader.ts";
import { ContainerRoutes } from "./docker/container_routes.ts";
import { fullControlText, revisionText } from "./tunnel/control_text.ts";
import { followDocker } from "./docker/follow_docker.ts";
import { IdleKeyLog } from "./config/ineffective_settings.ts";
import { initialConfig } from "./config/initial_config.ts";
import { INTERFACE_NAME } from "./routing/interface_name.ts";
import type { ServerRunOptions } from "./options.ts";
import { RoutePlanner } from "./routing/route_controller.ts";
import { SharingSwitch } from "./sharing/lazy_sharing.ts";
import { describedStatus, type ServerStatus } from "./status/status_document.ts";

const log = getLogger("server");

/** Milliseconds that removing the routes may take at the end: on macOS each costs two programs. */
const CLEAR_LIMIT = 2_000;

/**
 * Runs the server.
 *
 * @returns the exit status when it was asked to stop
 * @throws {OperationError} when it cannot start or cannot go on
 */
export async function runServer(options: ServerRunOptions): Promise<number> {
  const startedAt = Date.now();
  const dataPlane = new DataPlane();
  let onHangup = () => {};
  using stop = new StopSignal(() => onHangup());
  using _pages = new ProgramPages();
  const initial = await initialConfig(options);
  const { config, file, exists, idle } = initial;
  if (options.logLevel === undefined) setLogLevel(config.logLevel);
  await makeWay(options.control, "docker-connector");
  const left = await clearLeftInterface(options.control);
  if (left !== undefined) {
    log.info("took addresses and routes from a killed run's interface", { interface: left.name });
  }
  await using cleanup = new AsyncDisposableStack();

  const device = cleanup.use(await openTunnelDevice({ name: INTERFACE_NAME, offload: options.offload }));
  const socket = cleanup.use(await openTunnelSocket({ address: config.host, port: config.port }));
  const router = await platformRouter();
  const peer = config.addr.address;
  const address = nextAddress(peer);
  const settings = await configureInterface(
    router,
    { name: device.name, mtu: config.mtu, address, peer },
    config.addr6,
  );
  const addr6 = settings.address6 === undefined ? undefined : config.addr6;
  cleanup.use(await recordInterface(options.control, settings));

  const policy = new BindingPolicy(config, options.image);
  let pairs: readonly BridgePair[] = config.bridgePairs;
  const codec = await socketAddressCodec(socket.family);
  const link = cleanup.use(
    new ClientLink({
      startedAt,
      proof: await loadHeartbeatProof(policy.key),
      mayDemand: policy.isOpen,
      mtu: config.mtu,
      socket,
      codec,
      bindPeer: (socketAddress) => dataPlane.bindPeer(socketAddress),
      controlText: () => fullControlText(pairs),
      // The original's client carries IPv4 only, so IPv6 waits until the client has shown that it is ours.
      onBound: () => dataPlane.carryIpv6(false),
      onDescribed: () => dataPlane.carryIpv6(addr6 !== undefined),
      revisionText: (revision) => revisionText(revision, addr6, pairs),
    }),
  );
  await dataPlane.start({
    role: "server",
    tun: device,
    udp: socket,
    connected: false,
    offload: options.offload,
    onNotice: (text) => log.info(text),
    onMessage: (bytes, source, fromPeer) => link.takeMessage(bytes, source, fromPeer, Date.now()),
  });
  cleanup.defer(() => dataPlane.stop());

  const sharing = cleanup.use(new SharingSwitch({ dataPlane, offload: options.offload }));
  const routes = new ContainerRoutes(router, device.name);
  const planner = new RoutePlanner(router, routes, addr6 !== undefined, () => follower.config);
  cleanup.defer(() => planner.clear(AbortSignal.timeout(CLEAR_LIMIT)));
  const idleKeys = new IdleKeyLog();
  const parts = { planner, link, sharing, mayChangeLevel: options.logLevel === undefined };
  const follower = new ConfigFollower({
    initial,
    idleKeys,
    apply: async (steps, config) => {
      pairs = config.bridgePairs;
      await applySteps(steps, config, parts);
    },
  });
  const firstSteps = plan(undefined, config);
  await applyTunnelSteps(firstSteps, parts);
  idleKeys.tell(config, idle);

  const dockerStatus = await followDocker({
    config,
    options,
    policy,
    router,
    interfaceName: device.name,
    planner,
    link,
    cleanup,
  });
  const { RouteReconciler } = await import("./routing/route_reconciler.ts");
  const reconciler = cleanup.use(await RouteReconciler.start(router, settings, planner));

  const status = (): ServerStatus => {
    const now = Date.now();
    const { client } = link;
    return {
      ...programStatus("docker-connector", startedAt, now),
      interface: {
        name: device.name,
        mtu: config.mtu,
        address: formatAddress(address),
        peer: formatAddress(peer),
        ...(addr6 === undefined ? {} : {
          address6: formatAddress(nextAddress(addr6.address)),
          peer6: formatAddress(addr6.address),
        }),
        ...(reconciler.fault === undefined ? {} : { fault: reconciler.fault }),
      },
      listen: formatEndpoint(socket.localEndpoint()),
      client: client === undefined ? null : {
        endpoint: formatEndpoint(client.endpoint),
        lastHeardSeconds: lastHeardSeconds(dataPlane.counters, now) ??
          Math.floor((now - client.lastHeartbeat) / 1000),
        ...describedStatus(client.description),
      },
      routes: routes.status,
      docker: dockerStatus(),
      counters: tunnelCounters(dataPlane.counters, { heartbeatRefused: link.refused }),
      dataPlane: { offload: device.offload.tcp },
      sharing: sharing.status,
      config: follower.status,
    };
  };
  cleanup.use(await serveControlSocket(options.control, "docker-connector", status));
  cleanup.use(follower);
  onHangup = () => {
    log.info("SIGHUP: reading the config file again", { file });
    void follower.reload();
  };
  if (options.watch) {
    cleanup.use(watchFile(file, () => void follower.reload()));
    // What was saved between the first read and the watch.
    if (exists) await follower.reload();
  }

  log.info("tunnel is up", {
    interface: device.name,
    address: formatAddress(address),
    peer: formatAddress(peer),
    listen: formatEndpoint(socket.localEndpoint()),
    config: file,
  });
  // The tunnel does not wait for its accessors.
  void sharing.apply(firstSteps, follower.config);
  const signal = await Promise.race([stop.received, dataPlane.failure]);
  log.info("stopping", { signal });
  return EXIT_OK;
}

/**
 * Configures the interface, with IPv6 where the system has it.
 *
 * @returns the settings in force
 */
async function configureInterface(
  router: Router,
  base: InterfaceSettings,
  addr6: Prefix | undefined,
): Promise<InterfaceSettings> {
  if (addr6 !== undefined) {
    const settings = { ...base, address6: nextAddress(addr6.address), peer6: addr6.address };
    try {
      await router.configureInterface(settings);
      return settings;
    } catch (error) {
      if (!(error instanceof OperationError) || error.code !== "unavailable") throw error;
      log.warn(`IPv6 stays off: ${error.report}`);
    }
  }
  await router.configureInterface(base);
  return base;
}
