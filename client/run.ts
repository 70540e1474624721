/**
 * `docker-connector-client run`: opens the interface in the Docker machine, finds the server, and carries packets until
 * it is asked to stop.
 *
 * @module
 */
import { loadHeartbeatProof } from "../program/heartbeat_key.ts";
import { getLogger } from "../program/log.ts";
import { lastHeardSeconds, peerState, tunnelCounters } from "../program/status.ts";
import { Counter } from "../core/counters.ts";
import { OperationError } from "../core/error.ts";
import type { ServerCandidate } from "../core/tunnel/candidate_selector.ts";
import { formatAddress, nextAddress } from "../core/net/address.ts";
import { type Endpoint, formatEndpoint } from "../core/net/endpoint.ts";
import { maskPrefix, type Prefix } from "../core/net/prefix.ts";
import type { DataPlane } from "../dataplane/data_plane.ts";
import { resolveHost } from "../ffi/resolve/resolve.ts";
import { SystemError } from "../ffi/libc/system_error.ts";
import type { UdpSocket } from "../ffi/udp/udp_socket.ts";
import { listContainerBridges } from "../system/interface/container_bridges.ts";
import { listDefaultGateways } from "../system/routing/default_gateways.ts";
import { ControlSocketInUse } from "../system/control/control_socket.ts";
import { LinuxFirewall } from "../system/firewall/firewall_linux.ts";
import { platformRouter } from "../system/routing/platform_router.ts";
import type { InterfaceSettings, Router } from "../system/routing/router.ts";
import {
  interfaceStatus,
  type OwnStatus,
  TunnelProgram,
  unspecifiedEndpoint,
} from "../tunnel/tunnel_program.ts";
import { BridgePairs } from "./firewall/bridge_pairs.ts";
import { FirewallReconciler } from "./firewall/firewall_reconciler.ts";
import { warnWithoutForwarding } from "./firewall/forwarding.ts";
import { Ipv6Tunnel } from "./tunnel/ipv6_tunnel.ts";
import type { ClientRunOptions } from "./options.ts";
import { SelfDescription } from "./tunnel/self_description.ts";
import { ServerLink } from "./tunnel/server_link.ts";
import { gatherCandidates } from "./tunnel/server_candidates.ts";
import type { ClientStatus } from "./status/status_document.ts";
import { TunnelReconciler } from "./tunnel/tunnel_reconciler.ts";

const log = getLogger("client");

/** The interface's name; firewall rules name it too, so it is fixed. */
const INTERFACE_NAME = "connector0";

/**
 * Runs the client.
 *
 * @returns the exit status when it was asked to stop
 * @throws {OperationError} when it cannot start or has to end
 */
export async function runClient(options: ClientRunOptions): Promise<number> {
  const { control, offload } = options;
  await using tunnel = new TunnelProgram({ program: "docker-connector-client", control, offload, log });
  const { cleanup, dataPlane } = tunnel;
  const device = await tunnel.openDevice(INTERFACE_NAME);
  const { socket, candidate } = await connectToServer(tunnel, options);
  const router = await platformRouter();
  const base = await configureInterface(router, device.name, options);
  warnWithoutForwarding();

  const ipv6 = new Ipv6Tunnel({ router, base, carryIpv6: (isOn) => dataPlane.carryIpv6(isOn) });
  const networks = () => ipv6.addr6 === undefined ? [options.addr] : [options.addr, ipv6.addr6];
  const pairs = new BridgePairs();
  let tellServer = () => {};
  const firewall = cleanup.use(
    new FirewallReconciler({
      firewall: new LinuxFirewall(),
      bridges: listContainerBridges,
      pairs: () => pairs.wanted,
      interfaceName: device.name,
      chain: options.chain,
      sources: networks,
      onQuickCheck: () => tellServer(),
    }),
  );
  firewall.wake();
  const self = new SelfDescription({
    networks,
    bridges: listContainerBridges,
    firewall: () => firewall.facts,
  });
  const link = cleanup.use(
    await openLink(options, socket, candidate, dataPlane, { self, pairs, firewall, ipv6 }),
  );
  tellServer = () => link.describeIfChanged();

  await tunnel.startDataPlane({
    role: "client",
    tun: device,
    udp: socket,
    connected: true,
    onMessage: (bytes) => link.handleMessage(bytes),
  });
  const reconciler = new TunnelReconciler({ router, base, networks });
  await tunnel.startReconciling(() => {
    self.refreshSubnets();
    link.describeIfChanged();
    return ipv6.whileSettled(() => reconciler.reconcile());
  });
  await serveStatus(tunnel, () => ({
    interface: interfaceStatus({ ...base, ...ipv6Addresses(ipv6.addr6) }, reconciler.fault),
    ...linkStatus(link, dataPlane),
    dataPlane: { offload: device.offload.tcp },
    firewall: firewall.status,
  }));
  link.start();
  logUp(base, link);
  return await tunnel.waitForStop();
}

const SOURCES = { resolve: resolveHost, gateways: listDefaultGateways };

/** Opens the socket and connects it to the first candidate that this machine has a route to. */
async function connectToServer(tunnel: TunnelProgram, { host, port }: ClientRunOptions) {
  const candidates = await gatherCandidates(host, SOURCES);
  const socket = await tunnel.openSocket(unspecifiedEndpoint(candidates[0]?.address.family ?? 4));
  return { socket, candidate: connectToFirst(socket, candidates, port) };
}

async function configureInterface(
  router: Router,
  name: string,
  { mtu, addr }: ClientRunOptions,
): Promise<InterfaceSettings> {
  const base = { name, mtu, address: addr.address, peer: nextAddress(addr.address) };
  await router.configureInterface(base);
  await router.addRoute(maskPrefix(addr), name);
  return base;
}

interface LinkDeps {
  readonly self: SelfDescription;
  readonly pairs: BridgePairs;
  readonly firewall: FirewallReconciler;
  readonly ipv6: Ipv6Tunnel;
}

async function openLink(
  { host, port, heartbeatMs, key, mtu }: ClientRunOptions,
  socket: UdpSocket,
  candidate: ServerCandidate,
  { counters }: DataPlane,
  { self, pairs, firewall, ipv6 }: LinkDeps,
): Promise<ServerLink> {
  return new ServerLink({
    port,
    heartbeatMs,
    proof: await loadHeartbeatProof(key),
    description: () => self.current,
    mtu,
    socket,
    candidate,
    gatherCandidates: () => gatherCandidates(host, SOURCES),
    anyHost: host === undefined,
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
  });
}

function linkStatus(link: ServerLink, { counters }: DataPlane) {
  const heardSeconds = lastHeardSeconds(counters, Date.now());
  return {
    server: {
      host: link.host,
      endpoint: formatEndpoint(link.endpoint),
      lastHeardSeconds: heardSeconds,
      state: peerState(link.isUp, heardSeconds),
    },
    heartbeats: link.heartbeats,
    counters: tunnelCounters(counters, link.drops),
  } as const;
}

function logUp({ name, address, peer }: InterfaceSettings, link: ServerLink): void {
  log.info("tunnel is up", {
    interface: name,
    address: formatAddress(address),
    peer: formatAddress(peer),
    host: link.host,
    endpoint: formatEndpoint(link.endpoint),
  });
}

/**
 * Serves the status socket. The tunnel works without it, so a path that cannot be used is only logged.
 *
 * @throws {ControlSocketInUse} when another client runs
 */
async function serveStatus(tunnel: TunnelProgram, status: () => OwnStatus<ClientStatus>): Promise<void> {
  try {
    await tunnel.serveStatus<ClientStatus>(status);
  } catch (error) {
    if (!(error instanceof OperationError) || error instanceof ControlSocketInUse) throw error;
    log.warn(`${error.report}; until then the tunnel works, but "health" reports a failure`);
  }
}

/**
 * Connects to the first candidate that this machine has a route to.
 *
 * @throws {OperationError} "unavailable" when there is none
 */
function connectToFirst(
  socket: UdpSocket,
  candidates: readonly ServerCandidate[],
  port: number,
): ServerCandidate {
  let refusal: OperationError | undefined;
  for (const candidate of candidates) {
    const server: Endpoint = { address: candidate.address, port };
    try {
      socket.connect(server);
      return candidate;
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

function ipv6Addresses(addr6: Prefix | undefined): Pick<InterfaceSettings, "address6" | "peer6"> {
  return addr6 === undefined ? {} : { address6: addr6.address, peer6: nextAddress(addr6.address) };
}
