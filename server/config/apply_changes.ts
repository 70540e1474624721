/**
 * Applies the changes of a configuration, part by part.
 *
 * @module
 */
import { setLogLevel } from "../../program/log.ts";
import { changedPairs, concerns, type ConfigChange } from "../../core/config/changes.ts";
import type { Config } from "../../core/config/config.ts";
import type { Part } from "../../core/config/key.ts";
import type { ClientLink } from "../tunnel/client_link.ts";
import { changeControlText } from "../tunnel/control_text.ts";
import type { RouteController } from "../routing/route_controller.ts";
import type { LazySharing } from "../sharing/lazy_sharing.ts";

/** The parts of the server that follow the configuration. */
export interface ApplyDeps {
  readonly routeController: Pick<RouteController, "refresh">;
  readonly link: Pick<ClientLink, "sendChange">;
  readonly sharing: Pick<LazySharing, "apply">;
  /** False where a flag has set the log level. */
  readonly mayChangeLevel: boolean;
}

type Apply = (changes: readonly ConfigChange[], config: Config, deps: ApplyDeps) => Promise<void> | void;

/** What each part of the tunnel does with changes that concern it, in this order. */
const TUNNEL_PARTS: Readonly<Record<Exclude<Part, "sharing">, Apply>> = {
  log: (_, { logLevel }, { mayChangeLevel }) => {
    if (mayChangeLevel) setLogLevel(logLevel);
  },
  client: (changes, _, { link }) => {
    const pairs = changedPairs(changes);
    if (pairs.length > 0) link.sendChange(changeControlText(pairs));
  },
  routes: (_changes, _config, { routeController }) => routeController.refresh(),
};

/**
 * Applies the changes that concern the tunnel. The client gets its part even where routes cannot be changed.
 *
 * @param config the configuration that the changes lead to
 * @throws {OperationError} where no route can be changed at all
 */
export async function applyTunnelChanges(...[changes, config, deps]: Parameters<Apply>): Promise<void> {
  for (const [part, apply] of Object.entries(TUNNEL_PARTS) as [Part, Apply][]) {
    if (concerns(part, changes)) await apply(changes, config, deps);
  }
}

/**
 * Applies all changes of a reload. A part that fails does not keep the others from theirs.
 *
 * @param config the configuration that the changes lead to
 * @throws {OperationError} the failure of the last part that failed
 */
export async function applyChanges(...[changes, config, deps]: Parameters<Apply>): Promise<void> {
  try {
    await applyTunnelChanges(changes, config, deps);
  } finally {
    if (concerns("sharing", changes)) await deps.sharing.apply(config);
  }
}
