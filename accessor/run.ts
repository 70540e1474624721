/**
 * `docker-accessor run`: opens the interface, logs in to the server, and carries packets until it is asked to stop.
 *
 * @module
 */
import { getLogger } from "../program/log.ts";
import { peerState } from "../program/status.ts";
import type { TunnelCounters } from "../program/status_document.ts";
import { dropsByReason } from "../core/counters.ts";
import { type IpAddress, parseAddress } from "../core/net/address.ts";
import { formatEndpoint } from "../core/net/endpoint.ts";
import { formatHostPort, type HostPort } from "../core/net/host_port.ts";
import type { DataPlane } from "../dataplane/data_plane.ts";
import { SessionController } from "../dataplane/sessions/session_controller.ts";
import type { UdpSocket } from "../ffi/udp/udp_socket.ts";
import { resolveHost } from "../ffi/resolve/resolve.ts";
import { platformRouter } from "../system/routing/platform_router.ts";
import { interfaceStatus, TunnelProgram, unspecifiedEndpoint } from "../tunnel/tunnel_program.ts";
import { JoinedNetwork } from "./tunnel/joined_network.ts";
import type { AccessorRunOptions } from "./options.ts";
import { EndpointResolver, socketFamily } from "./tunnel/endpoint_resolver.ts";
import type { ServerLink } from "./tunnel/server_link.ts";
import type { AccessorStatus } from "./status/status_document.ts";
import { SLOT } from "./tunnel/slot.ts";

const log = getLogger("accessor");

/** The interface's name on Linux; macOS picks a utun of its own. */
const INTERFACE_NAME = "accessor0";
/** The session's address before the server has sent it: no packet is for it. */
const NO_ADDRESS: IpAddress = { family: 4, bytes: new Uint8Array(4) };

/**
 * Runs the accessor.
 *
 * @returns the exit status when it was asked to stop
 * @throws {OperationError} when it cannot start or has to end
 */
export async function runAccessor(options: AccessorRunOptions): Promise<number> {
  const { control, offload, remote } = options;
  await using tunnel = new TunnelProgram({ program: "docker-accessor", control, offload, log });
  const { cleanup, dataPlane } = tunnel;
  await tunnel.claimControlSocket();

  // The Worker starts while the code of handshakes is loaded, and that before a thread derives the token's keys.
  const handshakes = loadHandshakes(options.token);
  // The failure is seen below, unless something else fails first.
  handshakes.catch(() => {});
  const device = await tunnel.openDevice(INTERFACE_NAME);
  const addresses = await resolveHost(remote.host);
  const family = parseAddress(remote.host)?.family ?? socketFamily(addresses);
  const socket = await tunnel.openSocket(unspecifiedEndpoint(family));
  const router = await platformRouter();
  await tunnel.startDataPlane({ role: "accessor", tun: device, connected: false, onMessage: () => {} });

  let link: ServerLink | undefined = undefined;
  const plane = await attachSession(dataPlane, socket, offload, () => link);
  const network = cleanup.use(
    new JoinedNetwork({
      router,
      interfaceName: device.name,
      excluded: options.exclude,
      server: () => link?.endpoint?.address,
      onAddress: (address) => plane.setAddress(SLOT, address),
      onSources: (sources, virtualNetwork) => {
        plane.setExposedRoutes(sources);
        plane.setVirtualNetwork(virtualNetwork);
      },
    }),
  );
  await network.clearLeftovers();
  const { ServerLink, peer } = await handshakes;
  const finder = new EndpointResolver(remote, addresses, { resolve: resolveHost, family });
  const running = cleanup.use(
    new ServerLink({ remote, peer, plane, socket, finder, onLogin: (login) => void network.join(login) }),
  );
  link = running;
  await tunnel.startReconciling(() => {
    running.noteNetworkChange();
    return network.reconcile();
  });
  await tunnel.serveStatus<AccessorStatus>(() => ({
    interface: network.interface === undefined ? null : interfaceStatus(network.interface, network.fault),
    server: serverStatus(running, remote),
    routes: network.routes,
    counters: counters(plane, dataPlane, running.malformed),
    dataPlane: { offload: device.offload.tcp, cipher: plane.backend },
  }));
  log.info("connecting", { host: formatHostPort(remote), interface: device.name, cipher: plane.backend });
  running.start();
  return await tunnel.waitForStop(plane.failure);
}

/** Starts the session plane with one session, whose events go to the link. */
async function attachSession(
  dataPlane: DataPlane,
  socket: UdpSocket,
  offload: boolean,
  link: () => ServerLink | undefined,
): Promise<SessionController> {
  const plane = await SessionController.attach(dataPlane, {
    socket,
    offload,
    slots: 1,
    onDatagram: (bytes, source) => link()?.takeDatagram(bytes, source),
    onText: (_slot, bytes) => link()?.takeText(bytes),
    onWanted: () => link()?.takeWanted(),
    onConfirmed: (_slot, localIndex) => link()?.takeConfirmed(localIndex),
    onNotice: (line) => log.info(line),
  });
  plane.setSession(SLOT, { address: NO_ADDRESS });
  return plane;
}

async function loadHandshakes(token: string) {
  const { loadTokenPeer } = await import("./tunnel/token_peer.ts");
  const [peer, { ServerLink }] = await Promise.all([loadTokenPeer(token), import("./tunnel/server_link.ts")]);
  return { peer, ServerLink };
}

function serverStatus(link: ServerLink, remote: HostPort): AccessorStatus["server"] {
  return {
    host: formatHostPort(remote),
    endpoint: link.endpoint === undefined ? null : formatEndpoint(link.endpoint),
    lastHeardSeconds: link.lastHeardSeconds,
    lastHandshakeSeconds: link.handshakeSeconds,
    state: peerState(link.isUp, link.lastHeardSeconds),
  };
}

function counters(plane: SessionController, dataPlane: DataPlane, malformedTexts: number): TunnelCounters {
  const { sentPackets, sentBytes, receivedPackets, receivedBytes } = plane.stats(SLOT);
  const drops = dropsByReason(plane.counters);
  for (const [reason, count] of Object.entries(dropsByReason(dataPlane.counters))) {
    drops[reason] = (drops[reason] ?? 0) + count;
  }
  return {
    outbound: { packets: sentPackets, bytes: sentBytes },
    inbound: { packets: receivedPackets, bytes: receivedBytes },
    drops: { ...drops, malformedText: malformedTexts },
  };
}
