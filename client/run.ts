/**
 * `docker-connector-client run`: opens the interface in the Docker machine, finds the server, and carries packets until it
 * is asked to stop.
 *
 * @module
 */
import { loadHeartbeatProof } from "../program/heartbeat_key.ts";
import { EXIT_OK } from "../cli/exit_status.ts";
import { getLogger } from "../program/log.ts";
import { type InterfaceStatus, programStatus } from "../program/status_document.ts";
import { lastHeardSeconds, tunnelCounters } from "../program/tunnel_counters.ts";
import { Counter } from "../core/counters.ts";
import { OperationError } from "../core/error.ts";
import type { ServerPlace } from "../core/tunnel/candidate_selector.ts";
import { formatAddress, nextAddress } from "../core/net/address.ts";
import { type Endpoint, formatEndpoint } from "../core/net/endpoint.ts";
import { networkOf, type Prefix } from "../core/net/prefix.ts";
import { DataPlane } from "../dataplane/data_plane.ts";
import { resolveHost } from "../ffi/resolve/resolve.ts";
import { SystemError } from "../ffi/libc/system_error.ts";
import type { UdpSocket } from "../ffi/udp/udp_socket.ts";
import { listContainerBridges } from "../system/interface/container_bridges.ts";
import { listDefaultGateways } from "../system/routing/default_gateways.ts";
import {
  type ControlSocket,
  ControlSocketInUse,
  serveControlSocket,
} from "../system/control/control_socket.ts";
import { LinuxFirewall } from "../system/firewall/firewall_linux.ts";
import { platformRouter } from "../system/routing/platform_router.ts";
import { ReconcileLoop } from "../system/routing/reconcile_loop.ts";
import { platformRouteWatch } from "../system/routing/route_watch.ts";
import { ProgramPages } from "../system/process/memory_trim.ts";
import { StopSignal } from "../system/process/stop_signal.ts";
import { openTunnelDevice, openTunnelSocket } from "../system/interface/tunnel_device.ts";
import { BridgePairs } from "./firewall/bridge_pairs.ts";
import { FirewallKeeper } from "./firewall/firewall_reconciler.ts";
import { warnWithoutForwarding } from "./firewall/forwarding.ts";
import { Ipv6Tunnel } from "./tunnel/ipv6_tunnel.ts";
import type { ClientRunOptions } from "./options.ts";
import { SelfDescription } from "./tunnel/self_description.ts";
import { ServerLink } from "./tunnel/server_link.ts";
import { findPlaces } from "./tunnel/server_candidates.ts";
import type { ClientStatus } from "./status/status_document.ts";
import { TunnelKeeper } from "./tunnel/tunnel_reconciler.ts";

const log = getLogger("client");

/** The interface's name; firewall rules name it too, so it is fixed. */
const INTERFACE_NAME = "connector0";

/**
 * Runs the client.
 *
 * @returns the exit status when it was asked to stop
 * @throws {OperationError} when it cannot start or cannot go on
 */
export async function runClient(options: ClientRunOptions): Promise<number> {
  const startedAt = Date.now();
  const dataPlane = new DataPlane();
  using stop = new StopSignal(() => log.info("SIGHUP: nothing to do; SIGTERM stops the program"));
  using _pages = new ProgramPages();
  await using cleanup = new AsyncDisposableStack();

  const device = cleanup.use(await openTunnelDevice({ name: INTERFACE_NAME, offload: options.offload }));
  const sources = { resolve: resolveHost, gateways: listDefaultGateways };
  const places = await findPlaces(options.host, sources);
  const socket = cleanup.use(await openTunnelSocket(anyLocal(places[0]?.address.family ?? 4)));
  const place = connectToFirst(socket, places, options.port);

  const router = await platformRouter();
  const { address } = options.addr;
  const peer = nextAddress(address);
  const base = { name: device.name, mtu: options.mtu, address, peer };
  await router.configureInterface(base);
  await router.addRoute(networkOf(options.addr), device.name);
  warnWithoutForwarding();

  const ipv6 = new Ipv6Tunnel({ router, base, carryIpv6: (isOn) => dataPlane.carryIpv6(isOn) });
  const networks = () => ipv6.addr6 === undefined ? [options.addr] : [options.addr, ipv6.addr6];
  const pairs = new BridgePairs();
  let tellServer = () => {};
  const firewall = cleanup.use(
    new FirewallKeeper({
      firewall: new LinuxFirewall(),
      bridges: listContainerBridges,
      pairs: () => pairs.wanted,
      interfaceName: device.name,
      chain: options.chain,
      sources: networks,
      onGlance: () => tellServer(),
    }),
  );
  firewall.wake();
  const self = new SelfDescription({
    networks,
    bridges: listContainerBridges,
    firewall: () => firewall.facts,
  });

  const { counters } = dataPlane;
  const link = cleanup.use(
    new ServerLink({
      port: options.port,
      heartbeatMs: options.heartbeatMs,
      proof: await loadHeartbeatProof(options.key),
      description: () => self.current,
      mtu: options.mtu,
      socket,
      place,
      findPlaces: () => findPlaces(options.host, sources),
      isSearch: options.host === undefined,
      onCommands: (commands) => {
        const faulty = pairs.take(commands);
        firewall.wake();
        return faulty;
      },
      onIpv6: (addr6) => void ipv6.follow(addr6).then(() => firewall.wake()),
      traffic: () => ({
        received: counters[Counter["inbound.packets"]] ?? 0,
        sent: counters[Counter["outbound.packets"]] ?? 0,
      }),
    }),
  );

  tellServer = () => link.describeIfChanged();

  await dataPlane.start({
    role: "client",
    tun: device,
    udp: socket,
    connected: true,
    offload: options.offload,
    onNotice: (text) => log.info(text),
    onMessage: (bytes) => link.takeMessage(bytes),
  });
  cleanup.defer(() => dataPlane.stop());
  const keeper = new TunnelKeeper({ router, base, networks });
  cleanup.use(
    new ReconcileLoop({
      work: () => {
        self.lookAtBridges();
        link.describeIfChanged();
        return ipv6.whileSettled(() => keeper.reconcile());
      },
      watch: await platformRouteWatch(),
    }),
  );

  const status = (): ClientStatus => {
    const now = Date.now();
    return {
      ...programStatus("docker-connector-client", startedAt, now),
      interface: {
        name: device.name,
        mtu: options.mtu,
        address: formatAddress(address),
        peer: formatAddress(peer),
        ...ipv6Addresses(ipv6.addr6),
        ...keeper.fault === undefined ? {} : { fault: keeper.fault },
      },
      server: {
        host: link.host,
        endpoint: formatEndpoint(link.endpoint),
        lastHeardSeconds: lastHeardSeconds(counters, now) ?? null,
        state: link.isUp ? "up" : "silent",
      },
      heartbeats: link.heartbeats,
      counters: tunnelCounters(counters, link.drops),
      dataPlane: { offload: device.offload.tcp },
      firewall: firewall.status,
    };
  };
  cleanup.use(await openStatusSocket(options.control, status));
  link.start();

  log.info("tunnel is up", {
    interface: device.name,
    address: formatAddress(address),
    peer: formatAddress(peer),
    host: link.host,
    server: formatEndpoint(link.endpoint),
  });
  const signal = await Promise.race([stop.received, dataPlane.failure]);
  log.info("stopping", { signal });
  return EXIT_OK;
}

/**
 * Opens the status socket. The tunnel does not need it, so a path that cannot be used is only told.
 *
 * @throws {ControlSocketInUse} when another client runs
 */
async function openStatusSocket(path: string, status: () => ClientStatus): Promise<ControlSocket | null> {
  try {
    return await serveControlSocket(path, "docker-connector-client", status);
  } catch (error) {
    if (!(error instanceof OperationError) || error instanceof ControlSocketInUse) throw error;
    log.warn(`${error.report}; until then the tunnel works, but "health" reports a failure`);
    return null;
  }
}

function anyLocal(family: 4 | 6): Endpoint {
  return { address: { family, bytes: new Uint8Array(family === 4 ? 4 : 16) }, port: 0 };
}

/**
 * Connects to the first place that this machine has a route to.
 *
 * @throws {OperationError} "unavailable" when there is none
 */
function connectToFirst(socket: UdpSocket, places: readonly ServerPlace[], port: number): ServerPlace {
  let refusal: OperationError | undefined;
  for (const place of places) {
    const server: Endpoint = { address: place.address, port };
    try {
      socket.connect(server);
      return place;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      refusal ??= new OperationError(
        "unavailable",
        `Cannot reach the server at ${formatEndpoint(server)}: ${error.message}`,
        "Check --host and this machine's routes",
        { cause: error },
      );
    }
  }
  throw refusal ?? new OperationError("unavailable", "Cannot reach the server: its host has no address");
}

function ipv6Addresses(addr6: Prefix | undefined): Pick<InterfaceStatus, "address6" | "peer6"> {
  if (addr6 === undefined) return {};
  return { address6: formatAddress(addr6.address), peer6: formatAddress(nextAddress(addr6.address)) };
}
