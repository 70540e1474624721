import type { Config } from "../../core/config/config.ts";
import { platform } from "../../ffi/platform.ts";
import type { InterfaceSettings } from "../../system/routing/router.ts";
import type { RunningContainers } from "../docker/running_containers.ts";
import type { RouteController } from "../routing/route_controller.ts";
import { type AudienceDeps, audienceOf, isReached } from "./audience.ts";
import { LazyNames } from "./lazy_names.ts";

export interface NamesWireDeps {
  readonly settings: InterfaceSettings;
  readonly containers: RunningContainers;
  readonly config: () => Config;
  readonly routeController: Pick<RouteController, "subnets">;
}

/** Wires the names of containers; nothing is opened before `apply`. */
export function wireNames({ settings, containers, config, routeController }: NamesWireDeps): LazyNames {
  const { address, address6, peer, peer6, name: interfaceName } = settings;
  const addresses = [address, address6].filter((one) => one !== undefined);
  // The client sends for containers whose network leads nowhere else, by its own address.
  const ownAddresses = [...addresses, peer, peer6].filter((one) => one !== undefined);
  const deps: AudienceDeps = { config, ownAddresses, subnets: () => routeController.subnets };
  return new LazyNames({
    ...{ containers, interfaceName, addresses, hasIpv6: address6 !== undefined },
    audienceOf: (sender) => audienceOf(sender, deps),
    isReached: (reached, audience) => isReached(reached, audience, deps),
    needsLoopback: platform.os === "darwin",
  });
}
