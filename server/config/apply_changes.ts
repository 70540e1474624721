/**
 * Puts the steps of a configuration in force, part by part.
 *
 * @module
 */
import { setLogLevel } from "../../program/log.ts";
import type { Config } from "../../core/config/config.ts";
import type { Step } from "../../core/config/plan.ts";
import type { ClientLink } from "../tunnel/client_link.ts";
import { changeControlText } from "../tunnel/control_text.ts";
import type { RoutePlanner } from "../routing/route_controller.ts";
import type { LazySharing } from "../sharing/lazy_sharing.ts";
import { concerns } from "./step_parts.ts";

/** The parts of the server that follow the configuration. */
export interface FollowingParts {
  readonly planner: Pick<RoutePlanner, "refresh">;
  readonly link: Pick<ClientLink, "sendChange">;
  readonly sharing: Pick<LazySharing, "apply">;
  /** False where a flag has set the log level. */
  readonly mayChangeLevel: boolean;
}

/**
 * Puts the steps in force that concern the tunnel; the client is told even where routes cannot be changed.
 *
 * @throws {OperationError} where no route can be changed at all
 */
export async function applyTunnelSteps(steps: readonly Step[], parts: FollowingParts): Promise<void> {
  const { planner, link, mayChangeLevel } = parts;
  for (const step of steps) {
    if (step.kind === "set-log-level" && mayChangeLevel) setLogLevel(step.level);
  }
  const pairs = steps.flatMap((step) =>
    step.kind === "connect-bridges" || step.kind === "disconnect-bridges" ? [step.pair] : []
  );
  if (pairs.length > 0) link.sendChange(changeControlText(pairs));
  if (concerns("routes", steps)) await planner.refresh();
}

/**
 * Puts all steps of a reload in force. A part that fails does not keep the others from theirs.
 *
 * @param config the configuration that they lead to
 * @throws {OperationError} what made the last part fail that did
 */
export async function applySteps(
  steps: readonly Step[],
  config: Config,
  parts: FollowingParts,
): Promise<void> {
  try {
    await applyTunnelSteps(steps, parts);
  } finally {
    await parts.sharing.apply(steps, config);
  }
}
