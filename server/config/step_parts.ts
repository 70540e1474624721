/**
 * Which part of the server puts each step of a configuration in force.
 *
 * @module
 */
import type { Step } from "../../core/config/plan.ts";

/** A part of the server that follows the configuration. */
export type Part = "log" | "routes" | "client" | "sharing";

/** The parts that a step concerns; none has to do with the keys that this version does nothing with. */
export const STEP_PARTS: Readonly<Record<Exclude<Step["kind"], "needs-restart">, readonly Part[]>> = {
  "remove-token": ["sharing"],
  "add-token": ["sharing"],
  "set-pong": ["sharing"],
  "set-expose": ["routes", "sharing"],
  "add-route": ["routes", "sharing"],
  "remove-route": ["routes", "sharing"],
  "expose-route": ["sharing"],
  "network-on": ["routes"],
  "network-off": ["routes"],
  "connect-bridges": ["client"],
  "disconnect-bridges": ["client"],
  "set-log-level": ["log"],
  "set-hosts": [],
  "add-proxy": [],
  "remove-proxy": [],
  "set-dns": [],
  "set-web": [],
};

/** Whether any of the steps concerns a part. */
export function concerns(part: Part, steps: readonly Step[]): boolean {
  return steps.some(({ kind }) => kind !== "needs-restart" && STEP_PARTS[kind].includes(part));
}
