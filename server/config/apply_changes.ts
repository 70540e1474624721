import { changedPairs, concerns, type ConfigChange } from "../../core/config/changes.ts";
import type { Config } from "../../core/config/config.ts";
import { setLogLevel } from "../../program/log.ts";
import type { RouteController } from "../routing/route_controller.ts";
import type { LazyHttps } from "../https/lazy_https.ts";
import type { LazyNames } from "../names/lazy_names.ts";
import type { LazySharing } from "../sharing/lazy_sharing.ts";
import type { HostNames } from "../hosts/host_names.ts";
import type { LazyProxies } from "../proxy/lazy_proxies.ts";
import type { Paths } from "../paths/paths.ts";
import type { LazyWeb } from "../web/lazy_web.ts";
import { changeControlText } from "../tunnel/control_text.ts";

/** The parts of the server that follow the configuration. */
export interface ApplyDeps {
  readonly routeController: Pick<RouteController, "refresh">;
  readonly paths: Pick<Paths, "sendChange" | "prefer">;
  readonly sharing: Pick<LazySharing, "apply">;
  readonly names: Pick<LazyNames, "apply">;
  readonly https: Pick<LazyHttps, "apply">;
  readonly web: Pick<LazyWeb, "apply">;
  readonly hosts: Pick<HostNames, "apply" | "commands">;
  readonly proxies: Pick<LazyProxies, "apply">;
  /** False where a flag has set the log level. */
  readonly mayChangeLevel: boolean;
}

/**
 * Applies the changes that concern the tunnel. The client gets its part even where routes cannot be changed.
 *
 * @throws {OperationError} where no route can be changed at all
 */
export async function applyTunnelChanges(
  changes: readonly ConfigChange[],
  config: Config,
  { routeController, paths, hosts, mayChangeLevel }: Pick<
    ApplyDeps,
    "routeController" | "paths" | "hosts" | "mayChangeLevel"
  >,
): Promise<void> {
  if (mayChangeLevel && concerns("log", changes)) setLogLevel(config.logLevel);
  const pairs = changedPairs(changes);
  if (pairs.length > 0) paths.sendChange(changeControlText(pairs, hosts.commands));
  if (concerns("paths", changes)) paths.prefer(config.path);
  if (concerns("routes", changes)) await routeController.refresh();
}

/** Applies the changes that concern what the desktop has for containers. Nothing of it fails: it is tried again, and shown. */
export async function applyServices(
  changes: readonly ConfigChange[],
  config: Config,
  { hosts, proxies }: Pick<ApplyDeps, "hosts" | "proxies">,
): Promise<void> {
  if (concerns("proxies", changes)) await proxies.apply(config);
  if (concerns("hosts", changes)) await hosts.apply(config);
}

/**
 * Applies all changes of a reload. A part that fails does not keep the others from theirs.
 *
 * @throws {OperationError} the failure of the last part that failed
 */
export async function applyChanges(
  changes: readonly ConfigChange[],
  config: Config,
  deps: ApplyDeps,
): Promise<void> {
  try {
    await applyTunnelChanges(changes, config, deps);
  } finally {
    if (concerns("web", changes)) await deps.web.apply(config);
    await applyServices(changes, config, deps);
    if (concerns("sharing", changes)) await deps.sharing.apply(config);
    if (concerns("names", changes)) await deps.names.apply(config);
    if (concerns("https", changes)) await deps.https.apply(config);
  }
}
