import type { Config } from "../../core/config/config.ts";
import type { BindingPolicy } from "../../core/docker/binding_policy.ts";
import { OperationError } from "../../core/error.ts";
import { nextAddress } from "../../core/net/address.ts";
import { ENGINE_MTU } from "../../core/path/engine_mtu.ts";
import { platform } from "../../ffi/platform.ts";
import { socketAddressCodec } from "../../ffi/udp/udp_socket.ts";
import { loadHeartbeatProof } from "../../program/heartbeat_key.ts";
import { getLogger } from "../../program/log.ts";
import { recordInterface } from "../../system/interface/stale_interface.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { DirectWay } from "../../system/routing/direct_way_linux.ts";
import { platformRouter } from "../../system/routing/platform_router.ts";
import type { InterfaceSettings, Router } from "../../system/routing/router.ts";
import type { TunnelProgram } from "../../tunnel/tunnel_program.ts";
import { INTERFACE_NAME, type ServerRunOptions } from "../commands.ts";
import type { HostNames } from "../hosts/host_names.ts";
import type { DirectPath } from "../paths/direct_path.ts";
import { InterfaceMtu } from "../paths/interface_mtu.ts";
import { type OwnDirectDeps, Paths } from "../paths/paths.ts";
import { fullControlText, revisionText } from "./control_text.ts";

const log = getLogger("server");

/** Opens the interface, the socket and the paths to the client, and starts the data plane. */
export async function openTunnel(
  tunnel: TunnelProgram,
  { control, capture }: ServerRunOptions,
  active: () => Config,
  policy: BindingPolicy,
  lead: (way: DirectWay | undefined) => void,
  hosts: HostNames,
  https: { readonly commands: () => readonly string[]; readonly take: (key: string | undefined) => void },
) {
  const config = active();
  const device = await tunnel.openDevice(INTERFACE_NAME);
  const socket = await tunnel.openSocket({ address: config.host, port: config.port });
  const router = await platformRouter();
  const settings = await configureInterface(router, device.name, config);
  tunnel.cleanup.use(await recordInterface(control, settings));

  const { dataPlane } = tunnel;
  const addr6 = settings.address6 === undefined ? undefined : config.addr6;
  // A device with offload exchanges large packets with its kernel, whatever its MTU.
  const engineMtu = device.offload.tcp ? undefined : Math.max(ENGINE_MTU, config.mtu);
  const mtu = new InterfaceMtu({ router, settings, engineMtu });
  const paths = tunnel.cleanup.use(
    new Paths({
      startedAt: tunnel.startedAt,
      proof: await loadHeartbeatProof(policy.key),
      keyPending: policy.isOpen,
      mtu: config.mtu,
      socket,
      codec: socketAddressCodec(socket.family),
      dataPlane,
      preference: config.path,
      hasIpv6: addr6 !== undefined,
      controlText: () => fullControlText(active().bridgePairs, hosts.commands),
      revisionText: (revision, direct) =>
        revisionText(
          revision,
          addr6,
          active().bridgePairs,
          engineMtu,
          direct,
          hosts.fullCommands,
          https.commands(),
        ),
      onDescription: ({ certificateKey }) => https.take(certificateKey),
      onUse: (path) => void mtu.follow(path),
      lead,
    }),
  );
  // Its end comes before that of the paths, which stop one after the other.
  tunnel.cleanup.use(mtu);
  await tunnel.startDataPlane({
    role: "server",
    tun: device,
    udp: socket,
    onMessage: (message) => paths.handleMessage(message, SYSTEM_CLOCK.wallClock()),
  });
  if (capture !== undefined) {
    const { captureToFile } = await import("../../tunnel/capture_to_file.ts");
    await captureToFile(tunnel, device.name, capture);
  }
  paths.openDirect(platform.os === "linux" ? await directOpener(device.name) : undefined);
  if (engineMtu !== undefined) {
    // The other end of the tunnel is the router that would have reported it.
    dataPlane.answerTooLong({
      mtu: config.mtu,
      source4: settings.peer.bytes,
      source6: settings.peer6?.bytes,
    });
  }
  return { device, socket, router, mtu, paths };
}

/** Loads what opens the direct path. */
async function directOpener(interfaceName: string): Promise<(deps: OwnDirectDeps) => DirectPath> {
  const { DirectPath } = await import("../paths/direct_path.ts");
  return (deps) => new DirectPath({ ...deps, interfaceName });
}

/**
 * Configures the interface, with IPv6 where the system has it.
 *
 * @returns the active settings
 */
async function configureInterface(router: Router, name: string, config: Config): Promise<InterfaceSettings> {
  const { mtu, addr: { address: peer }, addr6 } = config;
  const base: InterfaceSettings = { name, mtu, address: nextAddress(peer), peer };
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
