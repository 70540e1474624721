import { diffConfigs } from "../core/config/changes.ts";
import type { Config } from "../core/config/config.ts";
import { BindingPolicy } from "../core/docker/binding_policy.ts";
import type { Fault } from "../core/faults/fault_table.ts";
import { formatAddress } from "../core/net/address.ts";
import { formatEndpoint } from "../core/net/endpoint.ts";
import { parsePrefix } from "../core/net/prefix.ts";
import { platform } from "../ffi/platform.ts";
import { getLogger, setLogLevel } from "../program/log.ts";
import { progressLine } from "../program/progress.ts";
import { watchFile } from "../system/config/file_watch.ts";
import { InterfaceReconciler } from "../system/interface/interface_reconciler.ts";
import { resetStaleInterface } from "../system/interface/stale_interface.ts";
import type { DirectWay } from "../system/routing/direct_way_linux.ts";
import type { InterfaceSettings } from "../system/routing/router.ts";
import type { FaultRules } from "../tunnel/fault_monitor.ts";
import { interfaceStatus, TunnelProgram } from "../tunnel/tunnel_program.ts";
import { isHeard } from "./faults/server_facts.ts";
import type { ServerRunOptions } from "./commands.ts";
import { applyChanges, applyServices, applyTunnelChanges } from "./config/apply_changes.ts";
import { ConfigReloader } from "./config/config_reloader.ts";
import { type InitialConfig, initialConfig } from "./config/initial_config.ts";
import { wireDocker } from "./docker/wire.ts";
import type { ServerFacts } from "./faults/server_facts.ts";
import { LazyHttps } from "./https/lazy_https.ts";
import { HostNames } from "./hosts/host_names.ts";
import { CONTAINERS_PATH, listedContainer } from "./names/listed_container.ts";
import { wireNames } from "./names/wire.ts";
import { LazyProxies } from "./proxy/lazy_proxies.ts";
import type { DirectRoutes } from "./routing/direct_routes.ts";
import { ReachabilityWatch } from "./reachability/watch_reachability.ts";
import { RouteController } from "./routing/route_controller.ts";
import { LazySharing } from "./sharing/lazy_sharing.ts";
import { clientStatus } from "./status/client_status.ts";
import type { ServerStatus } from "./status/status_document.ts";
import { openTunnel } from "./tunnel/open_tunnel.ts";
import { LazyWeb } from "./web/lazy_web.ts";
import { trafficSample } from "./web/traffic_sample.ts";

const log = getLogger("server");

/** Milliseconds that removing the routes may take at the end: on macOS each costs two programs. */
const MAX_CLEAR_TIME = 2_000;

/**
 * `docker-connector run`: opens the interface and the socket, routes the networks of the containers, and carries
 * packets until it is asked to stop.
 *
 * @returns the exit status when it was asked to stop
 * @throws {OperationError} when it cannot start or has to end
 */
export async function runServer(options: ServerRunOptions): Promise<number> {
  const { control, offload, image } = options;
  await using tunnel = new TunnelProgram({ program: "docker-connector", control, offload, log });
  const { cleanup, dataPlane } = tunnel;
  const initial = await prepare(tunnel, options);
  const { config } = initial;
  const policy = new BindingPolicy(config, image);
  const follower = new ConfigReloader({
    initial,
    apply: (changes, config) =>
      applyChanges(changes, config, { ...parts, names, https: https ?? { apply: async () => {} } }),
  });
  const active = () => follower.config;
  let lead = (_way: DirectWay | undefined) => {};
  let https: LazyHttps | undefined;
  const hosts = cleanup.use(
    new HostNames({
      server: () => ({ ipv4: mtu.settings.address, ipv6: mtu.settings.address6 }),
      sendChange: (text) => paths.sendChange(text),
    }),
  );
  const { device, socket, router, mtu, paths } = await openTunnel(
    tunnel,
    options,
    active,
    policy,
    (way) => lead(way),
    hosts,
    { commands: () => https?.commands ?? [], take: (key) => https?.take(key) },
  );

  const sharing = cleanup.use(new LazySharing({ dataPlane, offload }));
  const web = cleanup.use(
    new LazyWeb({
      status: () => tunnel.document?.() as ServerStatus,
      sample: () => trafficSample(dataPlane, paths),
      containers: () => config.docker.mode === "off" ? undefined : docker.containers.containers,
      doctor: async () => {
        const { diagnose } = await import("./doctor/doctor.ts");
        return await diagnose(control, options.configFile);
      },
    }),
  );
  const interfaceName = device.name;
  const ipv6 = mtu.settings.address6 !== undefined;
  const direct = platform.os === "linux" ? await openDirectRoutes(mtu.settings) : {};
  const routeController = new RouteController({ router, interfaceName, ipv6, ...direct, config: active });
  lead = (way) => routeController.lead(way);
  cleanup.defer(() => routeController.clear(AbortSignal.timeout(MAX_CLEAR_TIME)));
  const proxies = cleanup.use(new LazyProxies(proxiesDeps(mtu.settings, config, routeController)));
  const mayChangeLevel = options.logLevel === undefined;
  const parts = { routeController, paths, sharing, hosts, proxies, web, mayChangeLevel };
  await applyTunnelChanges(diffConfigs(undefined, config), config, parts);
  await applyServices(diffConfigs(undefined, config), config, parts);

  const docker = await wireDocker({
    config,
    image,
    policy,
    router,
    interfaceName,
    routeController,
    paths,
    cleanup,
  });
  const names = cleanup.use(
    wireNames({ settings: mtu.settings, containers: docker.containers, config: active, routeController }),
  );
  const secure = https = cleanup.use(
    new LazyHttps({
      containers: docker.containers,
      proof: () => paths.proof,
      keyPending: () => paths.keyPending,
      publish: () => paths.sendChange(""),
    }),
  );
  // Puts back what a VPN, a sleep or another program took from the interface and its routes.
  const reconciler = new InterfaceReconciler({
    router,
    wanted: () => mtu.settings,
    onRepaired: () => getLogger("route").info("interface put right again", { interface: interfaceName }),
  });
  const reachability = cleanup.use(
    new ReachabilityWatch({
      ...{ docker: config.docker, settings: mtu.settings, routeController, paths },
      mtu: () => mtu.settings.mtu,
      sharing,
      containers: docker.containers,
      dockerStatus: docker.status,
      isHeard: () => isHeard(clientStatus(dataPlane, paths, socket)),
      reconcile: () => routeController.reconcile(reconciler),
      restartClient: docker.restartClient,
      onFaults: () => void tunnel.document?.(),
    }),
  );
  await tunnel.startReconciling(() => {
    paths.refresh();
    reachability.changed();
    return routeController.reconcile(reconciler);
  });
  const extraFaults: ExtraFaults = [() => reachability.faults];
  await tunnel.serveStatus<ServerStatus>(
    () => ({
      interface: interfaceStatus(mtu.settings, reconciler.fault),
      ...clientStatus(dataPlane, paths, socket),
      paths: paths.status,
      routes: routeController.status,
      docker: reachability.shownIn(docker.status()),
      dataPlane: { offload: device.offload.tcp },
      sharing: sharing.status,
      names: names.status,
      https: secure.status,
      hosts: hosts.status,
      proxies: proxies.status,
      web: web.status,
      config: follower.status,
    }),
    () => loadFaultRules(extraFaults),
    {
      [CONTAINERS_PATH]: () => ({
        containers: docker.containers.containers.map((one) =>
          listedContainer(one, names.domain, active().https)
        ),
      }),
    },
  );
  await followFile(tunnel, follower, initial, options.watch);

  log.info("tunnel is up", {
    interface: interfaceName,
    address: formatAddress(mtu.settings.address),
    peer: formatAddress(mtu.settings.peer),
    listen: formatEndpoint(socket.localEndpoint()),
    config: initial.file,
  });
  // The tunnel waits neither for its accessors, nor for names and its page.
  void sharing.apply(follower.config);
  void names.apply(follower.config);
  void web.apply(follower.config);
  void secure.apply(follower.config);
  const line = progressLine();
  if (line !== undefined) {
    const { showStartUp } = await import("./status/start_up.ts");
    cleanup.use(showStartUp(line, () => ({ docker: docker.status(), isUp: paths.status.inUse !== null })));
  }
  const { serveCaptures } = await import("./capture/capture_service.ts");
  await serveCaptures(tunnel, interfaceName);
  return await tunnel.waitForStop();
}

/** What parts of the server have found wrong themselves; each adds a function. */
type ExtraFaults = readonly (() => readonly Fault[])[];

async function loadFaultRules(extra: ExtraFaults): Promise<FaultRules<ServerFacts>> {
  const [{ serverFaults }, { serverSummary }] = await Promise.all([
    import("./faults/server_faults.ts"),
    import("./faults/server_summary.ts"),
  ]);
  return {
    find: (facts) => serverFaults(facts, extra.flatMap((find) => find())),
    summarize: serverSummary,
  };
}

/** Reads the config file, and clears the way of what a killed run has left. */
async function prepare(tunnel: TunnelProgram, options: ServerRunOptions): Promise<InitialConfig> {
  const initial = await initialConfig(options);
  if (options.logLevel === undefined) setLogLevel(initial.config.logLevel);
  await tunnel.claimControlSocket();
  const stale = await resetStaleInterface(options.control);
  if (stale !== undefined) {
    log.info("took addresses and routes from a killed run's interface", { interface: stale.name });
  }
  return initial;
}

/** Where proxies listen, and for whom. */
function proxiesDeps(
  { address, address6 }: InterfaceSettings,
  { addr, addr6 }: Config,
  routeController: RouteController,
) {
  const hasIpv6 = address6 !== undefined && addr6 !== undefined;
  return {
    addresses: hasIpv6 ? [address, address6] : [address],
    networks: hasIpv6 ? [addr, addr6] : [addr],
    routes: () => routeController.status.flatMap(({ prefix }) => parsePrefix(prefix) ?? []),
  };
}

async function openDirectRoutes(
  { address, peer, mtu }: InterfaceSettings,
): Promise<{ readonly direct: DirectRoutes }> {
  const { DirectRoutes } = await import("./routing/direct_routes.ts");
  const { addDirectRoutes, removeDirectRoutes } = await import("../system/routing/direct_way_linux.ts");
  const changes = { add: addDirectRoutes, remove: removeDirectRoutes };
  return { direct: new DirectRoutes({ source: address, peer, mtu, ...changes }) };
}

/** Reads the config file again when it changes, and at SIGHUP. */
async function followFile(
  tunnel: TunnelProgram,
  follower: ConfigReloader,
  { file, exists }: InitialConfig,
  watch: boolean,
): Promise<void> {
  tunnel.cleanup.use(follower);
  tunnel.onHangup = () => {
    log.info("SIGHUP: reading the config file again", { file });
    void follower.reload();
  };
  if (watch) {
    tunnel.cleanup.use(watchFile(file, () => void follower.reload()));
    // The file may have been saved between the first read and the watch.
    if (exists) await follower.reload();
  }
}
