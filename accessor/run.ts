/**
 * `docker-accessor run`: opens the interface, logs in to the server, and carries packets until it is asked to stop.
 *
 * @module
 */
import { EXIT_OK } from "../cli/exit_status.ts";
import { getLogger } from "../program/log.ts";
import { programStatus, type TunnelCounters } from "../program/status_document.ts";
import { dropsByReason } from "../core/counters.ts";
import { formatAddress, type IpAddress, parseAddress } from "../core/net/address.ts";
import { type Endpoint, formatEndpoint } from "../core/net/endpoint.ts";
import { formatRemote } from "../core/net/host_port.ts";
import { sessionDropsByReason } from "../core/sharing/session_counters.ts";
import { DataPlane } from "../dataplane/data_plane.ts";
import { SessionPlane } from "../dataplane/sessions/session_controller.ts";
import { resolveHost } from "../ffi/resolve/resolve.ts";
import { makeWay, serveControlSocket } from "../system/control/control_socket.ts";
import { platformRouter } from "../system/routing/platform_router.ts";
import { ProgramPages } from "../system/process/memory_trim.ts";
import { ReconcileLoop } from "../system/routing/reconcile_loop.ts";
import { platformRouteWatch } from "../system/routing/route_watch.ts";
import { StopSignal } from "../system/process/stop_signal.ts";
import { openTunnelDevice, openTunnelSocket } from "../system/interface/tunnel_device.ts";
import { JoinedNetwork } from "./tunnel/joined_network.ts";
import type { AccessorRunOptions } from "./options.ts";
import { ServerFinder, socketFamily } from "./tunnel/endpoint_resolver.ts";
import type { ServerLink } from "./tunnel/server_link.ts";
import type { AccessorStatus } from "./status/status_document.ts";
import { SLOT } from "./tunnel/slot.ts";

const log = getLogger("accessor");

/** The interface's name on Linux; macOS picks a utun of its own. */
const INTERFACE_NAME = "accessor0";
/** The session's address until the server has told it: no packet is for it. */
const NO_ADDRESS: IpAddress = { family: 4, bytes: new Uint8Array(4) };

/**
 * Runs the accessor.
 *
 * @returns the exit status when it was asked to stop
 * @throws {OperationError} when it cannot start or cannot go on
 */
export async function runAccessor(options: AccessorRunOptions): Promise<number> {
  const startedAt = Date.now();
  const dataPlane = new DataPlane();
  using stop = new StopSignal(() => log.info("SIGHUP: nothing to do; SIGTERM stops the program"));
  using _pages = new ProgramPages();
  await makeWay(options.control, "docker-accessor");
  await using cleanup = new AsyncDisposableStack();

  // The Worker starts while the code of handshakes is loaded, and that before the token's keys are derived on a thread of their own.
  const handshakes = loadHandshakes(options.token);
  // Whoever awaits it sees the failure, unless something else fails first.
  handshakes.catch(() => {});
  const device = cleanup.use(await openTunnelDevice({ name: INTERFACE_NAME, offload: options.offload }));
  const { host } = options.remote;
  const addresses = await resolveHost(host);
  const family = parseAddress(host)?.family ?? socketFamily(addresses);
  const socket = cleanup.use(await openTunnelSocket(anyLocal(family)));
  const router = await platformRouter();

  await dataPlane.start({
    role: "accessor",
    tun: device,
    connected: false,
    offload: options.offload,
    onNotice: (text) => log.info(text),
    onMessage: () => {},
  });
  cleanup.defer(() => dataPlane.stop());

  let link: ServerLink | undefined = undefined;
  const plane = await SessionPlane.attach(dataPlane, {
    socket,
    offload: options.offload,
    slots: 1,
    onDatagram: (bytes, source) => link?.takeDatagram(bytes, source),
    onText: (_slot, bytes) => link?.takeText(bytes),
    onWanted: () => link?.takeWanted(),
    onConfirmed: (_slot, localIndex) => link?.takeConfirmed(localIndex),
    onNotice: (line) => log.info(line),
  });
  plane.setSession(SLOT, { address: NO_ADDRESS });

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
  link = cleanup.use(
    new ServerLink({
      remote: options.remote,
      peer,
      plane,
      socket,
      finder: new ServerFinder(options.remote, addresses, { resolve: resolveHost, family }),
      onLogin: (login) => void network.join(login),
    }),
  );
  const running = link;
  cleanup.use(
    new ReconcileLoop({
      work: () => {
        running.noteNetworkChange();
        return network.reconcile();
      },
      watch: await platformRouteWatch(),
    }),
  );

  const status = (): AccessorStatus => ({
    ...programStatus("docker-accessor", startedAt, Date.now()),
    interface: network.interface === undefined ? null : {
      name: device.name,
      mtu: network.interface.mtu,
      address: formatAddress(network.interface.address),
      peer: formatAddress(network.interface.peer),
      ...network.fault === undefined ? {} : { fault: network.fault },
    },
    server: {
      host: formatRemote(options.remote),
      endpoint: running.endpoint === undefined ? null : formatEndpoint(running.endpoint),
      lastHeardSeconds: running.lastHeardSeconds,
      lastHandshakeSeconds: running.handshakeSeconds,
      state: running.isUp ? "up" : "silent",
    },
    routes: network.routes,
    counters: counters(plane, dataPlane, running.malformed),
    dataPlane: { offload: device.offload.tcp, aead: plane.backend },
  });
  cleanup.use(await serveControlSocket(options.control, "docker-accessor", status));
  log.info("connecting", {
    server: formatRemote(options.remote),
    interface: device.name,
    aead: plane.backend,
  });
  link.start();

  const signal = await Promise.race([stop.received, dataPlane.failure, plane.failure]);
  log.info("stopping", { signal });
  return EXIT_OK;
}

async function loadHandshakes(token: string) {
  const { loadTokenPeer } = await import("./tunnel/token_peer.ts");
  const [peer, { ServerLink }] = await Promise.all([loadTokenPeer(token), import("./tunnel/server_link.ts")]);
  return { peer, ServerLink };
}

function anyLocal(family: 4 | 6): Endpoint {
  return { address: { family, bytes: new Uint8Array(family === 4 ? 4 : 16) }, port: 0 };
}

function counters(plane: SessionPlane, dataPlane: DataPlane, malformedTexts: number): TunnelCounters {
  const { sentPackets, sentBytes, receivedPackets, receivedBytes } = plane.facts(SLOT);
  const drops = sessionDropsByReason(plane.counters);
  for (const [reason, count] of Object.entries(dropsByReason(dataPlane.counters))) {
    drops[reason] = (drops[reason] ?? 0) + count;
  }
  return {
    outbound: { packets: sentPackets, bytes: sentBytes },
    inbound: { packets: receivedPackets, bytes: receivedBytes },
    drops: { ...drops, malformedText: malformedTexts },
  };
}
