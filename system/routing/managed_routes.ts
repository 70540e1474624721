import { type OperationError, reportOf } from "../../core/error.ts";
import { formatPrefix, type Prefix } from "../../core/net/prefix.ts";
import { FlapDamper } from "../../core/routing/flap_damper.ts";
import type { RouteProblem } from "../../core/routing/route_problem.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { RouteTaken } from "./interface_drift.ts";
import type { Router } from "./router.ts";

/** A route that is to be active, or would be if nothing stood against it; host bits are clear. */
export interface DesiredPrefix {
  readonly prefix: Prefix;
  /** Why it must not be active. */
  readonly fault?: RouteProblem;
  /** What is to be said of it although it may be active. */
  readonly warning?: RouteProblem;
}

/** What became of a route. */
export interface RouteState {
  readonly prefix: Prefix;
  readonly isActive: boolean;
  /** Why it is not as it should be, or what is to be said of it; undefined when it is as it should be. */
  readonly fault: RouteProblem | undefined;
}

/** Where it is said what happens; the programs' loggers are such. */
export interface RouteLog {
  info(message: string, fields: Readonly<Record<string, string>>): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Adds and removes the routes of one interface, remembers what became of each, and puts back what other programs take away. */
export class ManagedRoutes {
  #routes = new Map<string, RouteState>();
  readonly #damper = new FlapDamper();
  #appliedAt = 0;

  /**
   * @param log told of what happens; of a fault once, until it changes
   * @param now milliseconds on a monotonic clock
   */
  constructor(
    readonly router: Pick<Router, "addRoutes" | "removeRoutes" | "listMissing">,
    readonly interfaceName: string,
    readonly log: RouteLog,
    readonly now: () => number = SYSTEM_CLOCK.now,
  ) {}

  /** Every wanted route and its state. */
  get all(): RouteState[] {
    return [...this.#routes.values()];
  }

  /** Milliseconds until a route that was taken away is to be put back; undefined where none waits. */
  get nextDeadline(): number | undefined {
    return this.#damper.nextDeadline(this.#appliedAt);
  }

  /**
   * Compares with the routing table: a route that is gone is put back by the next `apply`, soon or later, depending on how
   * often it was taken away. Calls of this and `apply` have to end before the next.
   *
   * @throws {OperationError} when the table cannot be read
   */
  async detectDrift(): Promise<void> {
    const active = this.all.filter(({ isActive }) => isActive);
    if (active.length === 0) return;
    const now = this.now();
    const lost = await this.router.listMissing(active.map(({ prefix }) => prefix), this.interfaceName);
    for (const prefix of lost) this.#damper.down(formatPrefix(prefix), now);
  }

  /**
   * Applies these routes and no others; one that failed before is tried again, and none holds the others up. One call
   * has to end before the next.
   *
   * @param until when it is aborted, what is left to remove stays
   * @throws {OperationError} when no route can be changed at all
   */
  async apply(wanted: readonly DesiredPrefix[], until?: AbortSignal): Promise<void> {
    const isInForce = (key: string) => this.#routes.get(key)?.isActive === true && !this.#damper.isDown(key);
    const allowed = new Set(wanted.filter(({ fault }) => fault === undefined).map(keyOf));
    const unwanted = [...this.#routes].filter(([key]) => isInForce(key) && !allowed.has(key));
    await this.#remove(unwanted.map(([, { prefix }]) => prefix), until);
    const now = this.#appliedAt = this.now();
    const missing = wanted.filter((route) =>
      route.fault === undefined && !isInForce(keyOf(route)) && this.#damper.mayRestore(keyOf(route), now)
    );
    const refusals = await this.#add(missing.map(({ prefix }) => prefix));
    const before = this.#routes;
    this.#routes = new Map(wanted.map((route) => {
      const key = keyOf(route);
      const refusal = route.fault ?? refusals.get(key);
      const isActive = refusal === undefined && !this.#damper.isDown(key);
      const contest = this.#damper.isFlapping(key, now) ? this.#contested(key) : undefined;
      const fault = refusal ?? contest ?? route.warning;
      this.#tell(fault, before.get(key)?.fault, fault === route.fault || fault === route.warning);
      return [key, { prefix: route.prefix, isActive, fault }];
    }));
    for (const key of before.keys()) if (!this.#routes.has(key)) this.#damper.remove(key);
  }

  #tell(fault: RouteProblem | undefined, before: RouteProblem | undefined, isDecided: boolean): void {
    const report = fault && reportOf(fault);
    if (report === undefined || report === (before && reportOf(before))) return;
    this.log[isDecided ? "warn" : "error"](report);
  }

  async #remove(prefixes: readonly Prefix[], until: AbortSignal | undefined): Promise<void> {
    if (prefixes.length === 0) return;
    const failures = await this.router.removeRoutes(prefixes, this.interfaceName, until);
    for (const prefix of prefixes) this.#routes.delete(formatPrefix(prefix));
    for (const { error } of failures) this.log.error(error.report);
    this.log.info("routes removed", { routes: summarizePrefixes(prefixes) });
  }

  /** What failed, by prefix. */
  async #add(prefixes: readonly Prefix[]): Promise<Map<string, RouteProblem>> {
    if (prefixes.length === 0) return new Map();
    const failures = await this.router.addRoutes(prefixes, this.interfaceName);
    const refusals = new Map(failures.map(({ prefix, error }) => [formatPrefix(prefix), problemOf(error)]));
    const added = prefixes.filter((prefix) => !refusals.has(formatPrefix(prefix)));
    const { restored = [], fresh = [] } = Object.groupBy(
      added,
      (prefix) => this.#damper.isDown(formatPrefix(prefix)) ? "restored" : "fresh",
    );
    for (const prefix of restored) this.#damper.up(formatPrefix(prefix), this.now());
    if (fresh.length > 0) this.log.info("routes added", { routes: summarizePrefixes(fresh) });
    if (restored.length > 0) this.log.info("lost routes put back", { routes: summarizePrefixes(restored) });
    return refusals;
  }

  #contested(prefix: string): RouteProblem {
    return {
      cause: "removed",
      message:
        `Cannot keep ${prefix} routed to ${this.interfaceName}: another program takes the route away again and again`,
      remedy: "Find the VPN or firewall program that does; it is put back with pauses of up to 30 s",
    };
  }
}

/** What the system refused. */
function problemOf(error: OperationError): RouteProblem {
  const { message, remedy } = error;
  if (!(error instanceof RouteTaken)) return { cause: "failed", message, remedy };
  return { cause: "taken", message, remedy, ...error.owner === undefined ? {} : { owner: error.owner } };
}

const keyOf = ({ prefix }: DesiredPrefix) => formatPrefix(prefix);

/** Prefixes for a log line: all of a few, a count of many. */
export function summarizePrefixes(prefixes: readonly Prefix[]): string {
  return prefixes.length > 8 ? `${prefixes.length} prefixes` : prefixes.map(formatPrefix).join(" ");
}
