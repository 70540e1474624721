/**
 * `docker-connector-client run`: opens the interface in the Docker machine, finds the server, and carries packets until
 * it is asked to stop.
 *
 * @module
 */
import { loadHeartbeatProof } from "../program/heartbeat_key.ts";
import { getLogger } from "../program/log.ts";
import { lastHeardSeconds, peerState, problemStatus, tunnelCounters } from "../program/status.ts";
import { OperationError } from "../core/error.ts";
import { equalAddress, formatAddress, nextAddress } from "../core/net/address.ts";
import { formatEndpoint } from "../core/net/endpoint.ts";
import { maskPrefix } from "../core/net/prefix.ts";
import type { DataPlane } from "../dataplane/data_plane.ts";
import { SystemError } from "../ffi/libc/errno.ts";
import type { UdpSocket } from "../ffi/udp/udp_socket.ts";
import { readSysctl } from "../ffi/libc/proc_linux.ts";
import { resolveHost } from "../ffi/resolve/resolve.ts";
import {
  leastBridgeMtu,
  listContainerBridges,
  listDefaultGateways,
  listMachineAddresses,
  listOwnAddresses,
} from "../system/routing/machine_networks.ts";
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
import { Names } from "./names/names.ts";
import { BridgePairs } from "./firewall/bridge_pairs.ts";
import { Https } from "./https/https.ts";
import { FirewallReconciler } from "./firewall/firewall_reconciler.ts";
import type { ClientRunOptions } from "./run_command.ts";
import type { ClientStatus } from "./status/status_document.ts";
import { Attachments } from "./tunnel/attachments.ts";
import { DirectListener } from "./tunnel/direct_listener.ts";
import { Ipv6Tunnel } from "./tunnel/ipv6_tunnel.ts";
import { PacketLengths } from "./tunnel/packet_lengths.ts";
import { SelfDescription } from "./tunnel/self_description.ts";
import { connectToFirst, gatherCandidates } from "./tunnel/server_candidates.ts";
import { ServerLinks } from "./tunnel/server_links.ts";
import { TunnelReconciler } from "./tunnel/tunnel_reconciler.ts";

const log = getLogger("client");

/** The interface's name; firewall rules name it too, so it is fixed. */
const INTERFACE_NAME = "connector0";

const SOURCES = { resolve: resolveHost, gateways: listDefaultGateways };

/**
 * Runs the client.
 *
 * @returns the exit status when it was asked to stop
 * @throws {OperationError} when it cannot start or has to end
 */
export async function runClient(options: ClientRunOptions): Promise<number> {
  const { control, offload, host, port, addr, mtu, heartbeatMs } = options;
  const program = "docker-connector-client";
  await using tunnel = new TunnelProgram({ program, control, offload, log, lostWithoutControl: UNHEALTHY });
  const { cleanup, dataPlane } = tunnel;
  const device = await tunnel.openDevice(INTERFACE_NAME);
  const candidates = await gatherCandidates(host, SOURCES);
  const socket = await tunnel.openSocket(unspecifiedEndpoint(candidates[0]?.address.family ?? 4));
  const candidate = connectToFirst(socket, candidates, port);
  const router = await platformRouter();
  const base = await configureInterface(router, device.name, options);
  warnWithoutForwarding();

  const ipv6 = new Ipv6Tunnel({ router, base, carryIpv6: (isOn) => dataPlane.carryIpv6(isOn) });
  const networks = () => ipv6.addr6 === undefined ? [addr] : [addr, ipv6.addr6];
  const pairs = new BridgePairs();
  let tellServer = () => {};
  const names = cleanup.use(
    new Names({
      networks,
      desktop: () => ipv6.interface.peer6 === undefined ? [base.peer] : [base.peer, ipv6.interface.peer6],
      bridges: listContainerBridges,
      ownAddresses: listOwnAddresses,
      onRedirects: () => firewall.wake(),
    }),
  );
  const firewall: FirewallReconciler = cleanup.use(
    new FirewallReconciler({
      firewall: new LinuxFirewall(),
      bridges: listContainerBridges,
      pairs: () => pairs.wanted,
      interfaceName: device.name,
      chain: options.chain,
      sources: networks,
      direct: () => direct.rules,
      redirect: () => names.redirect,
      https: () => https.redirects,
      onQuickCheck: () => tellServer(),
    }),
  );
  const proof = await loadHeartbeatProof(options.key);
  const https = cleanup.use(
    new Https({
      proof,
      networks,
      onRedirects: () => firewall.wake(),
      onDescription: () => tellServer(),
    }),
  );
  const direct: DirectListener = cleanup.use(
    new DirectListener({
      proof,
      desktop: base.peer,
      own: base.address,
      addresses: listMachineAddresses,
      onPeers: () => firewall.wake(),
      onEndpoints: () => tellServer(),
      lets: (peer) => firewall.lets(peer),
    }),
  );
  firewall.wake();
  const self = new SelfDescription({
    networks,
    bridges: listContainerBridges,
    firewall: () => firewall.facts,
    direct: () => direct.endpoints,
    certificateKey: () => https.certificateKey,
    heartbeatMs,
  });
  const lengths = new PacketLengths({
    mtu,
    cutsTcp: device.offload.tcp,
    leastBridgeMtu,
    onChange: (peer) => dataPlane.followPeer(peer),
  });
  const link = cleanup.use(
    new ServerLinks({
      port,
      heartbeatMs,
      proof,
      description: () => self.current,
      mtu,
      socket,
      candidate,
      gatherCandidates: () => gatherCandidates(host, SOURCES),
      anyHost: host === undefined,
      onCommands: (commands) => {
        const faulty = pairs.take(commands) + names.take(commands) + https.take(commands);
        firewall.wake();
        return faulty;
      },
      onIpv6: (addr6) =>
        void ipv6.follow(addr6).then(() => {
          firewall.wake();
          names.follow();
        }),
      onEngineMtu: (mtu) => lengths.follow(mtu),
      onDirect: (terms) => direct.follow(terms),
      dataPlane,
      onStreamSilent: () => void attachments?.release(),
    }),
  );
  tellServer = () => link.describeIfChanged();

  await tunnel.startDataPlane({
    role: "client",
    tun: device,
    udp: socket,
    onMessage: (message) => link.handleMessage(message),
  });
  if (options.capture !== undefined) {
    const { captureToFile } = await import("../tunnel/capture_to_file.ts");
    await captureToFile(tunnel, device.name, options.capture);
  }
  const attachments = openAttachments(control, dataPlane, link);
  if (attachments !== undefined) cleanup.use(attachments);
  const reconciler = new TunnelReconciler({ router, wanted: () => ipv6.interface, networks });
  await tunnel.startReconciling(() => {
    self.refreshSubnets();
    lengths.refresh();
    direct.refresh();
    link.onNetworkChange(hasLostAddress(socket));
    link.describeIfChanged();
    names.follow();
    return ipv6.whileSettled(() => reconciler.reconcile());
  });
  await serveStatus(tunnel, () => {
    const heardSeconds = lastHeardSeconds(dataPlane.counters, Date.now());
    return {
      interface: interfaceStatus(ipv6.interface, reconciler.fault),
      server: {
        host: link.udp.host,
        endpoint: formatEndpoint(link.udp.endpoint),
        lastHeardSeconds: heardSeconds,
        state: peerState(link.isUp, heardSeconds),
        ...problemStatus(link.udp.lookUpFault),
      },
      heartbeats: link.heartbeats,
      counters: tunnelCounters(dataPlane.counters, link.drops),
      dataPlane: { offload: device.offload.tcp },
      firewall: firewall.status,
      names: names.status(firewall.redirectFault),
    };
  });
  link.udp.start();
  log.info("tunnel is up", {
    interface: base.name,
    address: formatAddress(base.address),
    peer: formatAddress(base.peer),
    host: link.udp.host,
    endpoint: formatEndpoint(link.udp.endpoint),
  });
  // The tunnel does not wait for its name server.
  names.follow();
  return await tunnel.waitForStop();
}

/**
 * Takes the streams that `attach` hands over. The tunnel works by UDP without them, so a path that cannot be used is only logged.
 */
function openAttachments(control: string, dataPlane: DataPlane, link: ServerLinks): Attachments | undefined {
  try {
    const attachments = new Attachments({
      control,
      onAttached: ({ input, output }) => {
        dataPlane.attachStream({ input, output, isFramed: false });
        // Anyone who runs a command in this container is root in it already; to the server this end proves the key.
        dataPlane.bindStream();
        link.openStream();
      },
      onDetached: async () => {
        link.closeStream();
        await dataPlane.detachStream();
      },
    });
    dataPlane.onStreamEnded = (reason) => {
      log.info("the stream through the Engine has ended", { reason });
      void attachments.release();
    };
    return attachments;
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    log.warn(`${error.report}; until then packets go by UDP alone`);
    return undefined;
  }
}

/** Whether a socket sends from an address that this machine has no more. */
function hasLostAddress(socket: UdpSocket): boolean {
  try {
    const { address } = socket.localEndpoint();
    return !listOwnAddresses().some((own) => equalAddress(own, address));
  } catch (error) {
    if (error instanceof SystemError) return false;
    throw error;
  }
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

/** Warns when this machine does not forward IPv4. Docker switches it on; the client may not write the setting. */
function warnWithoutForwarding(): void {
  if (readSysctl("net/ipv4/ip_forward") !== "0") return;
  log.warn("IPv4 forwarding is off, containers cannot be reached; run: sysctl -w net.ipv4.ip_forward=1");
}

/** What does not work without a control socket. */
const UNHEALTHY = '"health" reports a failure';

/**
 * Serves the status socket. The tunnel works without it, so a path that cannot be used is only logged.
 *
 * @throws {ControlSocketInUse} when another client runs
 */
async function serveStatus(tunnel: TunnelProgram, status: () => OwnStatus<ClientStatus>): Promise<void> {
  try {
    await tunnel.serveStatus<ClientStatus>(status, async () => {
      const { clientFaults, clientSummary } = await import("./faults/client_faults.ts");
      return { find: clientFaults, summarize: clientSummary };
    });
  } catch (error) {
    if (!(error instanceof OperationError) || error instanceof ControlSocketInUse) throw error;
    log.warn(`${error.report}; until then the tunnel works, but ${UNHEALTHY}`);
  }
}
