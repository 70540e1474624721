/**
 * `docker-accessor run`: opens the interface, logs in to the server, and carries packets until it is asked to stop.
 *
 * @module
 */
import { getLogger } from "../program/log.ts";
import { peerState, problemStatus } from "../program/status.ts";
import type { TunnelCounters } from "../program/status_document.ts";
import { dropsByReason } from "../core/counters.ts";
import { type IpAddress, parseAddress } from "../core/net/address.ts";
import { formatEndpoint, formatHostPort, type HostPort } from "../core/net/endpoint.ts";
import type { Prefix } from "../core/net/prefix.ts";
import type { DataPlane } from "../dataplane/data_plane.ts";
import { ACCESSOR_SLOT } from "../dataplane/worker_channel.ts";
import { SessionController } from "../dataplane/sessions/session_controller.ts";
import { resolveHost } from "../ffi/resolve/resolve.ts";
import { platformRouter } from "../system/routing/platform_router.ts";
import { interfaceStatus, TunnelProgram, unspecifiedEndpoint } from "../tunnel/tunnel_program.ts";
import type { AccessorStatus } from "./status/status_document.ts";
import { EndpointResolver, socketFamily } from "./tunnel/endpoint_resolver.ts";
import { JoinedNetwork } from "./tunnel/joined_network.ts";
import { ServerNames } from "./tunnel/server_names.ts";
import type { ServerLink } from "./tunnel/server_link.ts";

const log = getLogger("accessor");

/** The interface's name on Linux; macOS picks a utun of its own. */
const INTERFACE_NAME = "accessor0";
/** The session's address before the server has sent it: no packet is for it. */
const NO_ADDRESS: IpAddress = { family: 4, bytes: new Uint8Array(4) };

export interface AccessorRunOptions {
  /** Where the server's `expose` listens. */
  readonly remote: HostPort;
  /** Never printed. */
  readonly token: string;
  /** Networks that are not routed, nor those inside them. */
  readonly exclude: readonly Prefix[];
  readonly control: string;
  /** A new file for captured packets. */
  readonly capture?: string | undefined;
  /** False: the kernel cuts and joins nothing, packets are carried one by one. */
  readonly offload: boolean;
}

/**
 * Runs the accessor.
 *
 * @returns the exit status when it was asked to stop
 * @throws {OperationError} when it cannot start or has to end
 */
export async function runAccessor(options: AccessorRunOptions): Promise<number> {
  const { control, offload, remote } = options;
  const host = formatHostPort(remote);
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
  await tunnel.startDataPlane({ role: "accessor", tun: device, onMessage: () => {} });

  if (options.capture !== undefined) {
    const { captureToFile } = await import("../tunnel/capture_to_file.ts");
    await captureToFile(tunnel, device.name, options.capture);
  }
  // The Worker may speak before there is somebody to listen.
  const late: { link?: ServerLink } = {};
  const plane = await SessionController.attach(dataPlane, {
    socket,
    offload,
    slots: 1,
    onDatagram: (bytes, source) => late.link?.takeDatagram(bytes, source),
    onText: (_slot, bytes) => late.link?.takeText(bytes),
    onWanted: () => late.link?.takeWanted(),
    onConfirmed: (_slot, localIndex) => late.link?.takeConfirmed(localIndex),
    onNotice: (line) => log.info(line),
  });
  plane.setSession(ACCESSOR_SLOT, { address: NO_ADDRESS });
  const network = cleanup.use(
    new JoinedNetwork({
      router,
      interfaceName: device.name,
      excluded: options.exclude,
      server: () => late.link?.endpoint?.address,
      onAddress: (address) => plane.setAddress(ACCESSOR_SLOT, address),
      onSources: (sources, virtualNetwork) => {
        plane.setExposedRoutes(sources);
        plane.setVirtualNetwork(virtualNetwork);
      },
    }),
  );
  const names = cleanup.use(new ServerNames(device.name));
  await network.clearLeftovers();
  const { ServerLink, peer } = await handshakes;
  const finder = new EndpointResolver(remote, addresses, { resolve: resolveHost, family });
  const link = late.link = cleanup.use(
    new ServerLink({
      ...{ host, peer, plane, socket, finder },
      // The interface has its address before the resolver is led there.
      onLogin: (login) => void network.join(login).then(() => names.join(login)),
    }),
  );
  await tunnel.startReconciling(() => {
    link.noteNetworkChange();
    return network.reconcile();
  });
  await tunnel.serveStatus<AccessorStatus>(() => ({
    interface: network.interface === undefined ? null : interfaceStatus(network.interface, network.fault),
    server: {
      host,
      endpoint: link.endpoint === undefined ? null : formatEndpoint(link.endpoint),
      lastHeardSeconds: link.lastHeardSeconds,
      lastHandshakeSeconds: link.handshakeSeconds,
      state: peerState(link.isUp, link.lastHeardSeconds),
      ...serverProblem(link.faults),
    },
    routes: network.routes,
    ...names.status === undefined ? {} : { names: names.status },
    counters: counters(plane, dataPlane, link.malformed),
    dataPlane: { offload: device.offload.tcp, cipher: plane.backend },
  }), async () => {
    const { accessorFaults, accessorSummary } = await import("./faults/accessor_faults.ts");
    return { find: accessorFaults, summarize: accessorSummary };
  });
  log.info("connecting", { host, interface: device.name, cipher: plane.backend });
  link.takeWanted();
  return await tunnel.waitForStop(plane.failure);
}

function serverProblem(faults: ServerLink["faults"]) {
  const cause = (["unknown-name", "no-network"] as const).find((each) => faults[each] !== undefined);
  return cause === undefined ? {} : { cause, ...problemStatus(faults[cause]) };
}

async function loadHandshakes(token: string) {
  const { loadTokenPeer } = await import("./tunnel/token_peer.ts");
  const [peer, { ServerLink }] = await Promise.all([loadTokenPeer(token), import("./tunnel/server_link.ts")]);
  return { peer, ServerLink };
}

function counters(plane: SessionController, dataPlane: DataPlane, malformedText: number): TunnelCounters {
  const { sentPackets, sentBytes, receivedPackets, receivedBytes } = plane.stats(ACCESSOR_SLOT);
  const drops = dropsByReason(plane.counters);
  for (const [reason, count] of Object.entries(dropsByReason(dataPlane.counters))) {
    drops[reason] = (drops[reason] ?? 0) + count;
  }
  return {
    outbound: { packets: sentPackets, bytes: sentBytes },
    inbound: { packets: receivedPackets, bytes: receivedBytes },
    drops: { ...drops, malformedText },
  };
}
