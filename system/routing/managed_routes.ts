import { type OperationError, reportOf } from "../../core/error.ts";
import { formatPrefix, type Prefix } from "../../core/net/prefix.ts";
import { FlapDamper } from "../../core/routing/flap_damper.ts";
import { halvesOf } from "../../core/routing/halves.ts";
import { describeInterface } from "../../core/routing/interface_owner.ts";
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
  /** Whether its halves are to be routed in its place. */
  readonly isHalved?: boolean;
  /** The interface of the VPN that most likely did it, should it be taken away again and again. */
  readonly suspect?: string;
}

/** What became of a route. */
export interface RouteState {
  readonly prefix: Prefix;
  readonly isActive: boolean;
  /** The prefixes that the system has for it, by their text: itself, its halves, or what is left of them. */
  readonly installed: ReadonlyMap<string, Prefix>;
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
    const present = [...installedOf(this.#routes).values()];
    if (present.length === 0) return;
    const now = this.now();
    const lost = new Set((await this.router.listMissing(present, this.interfaceName)).map(formatPrefix));
    if (lost.size === 0) return;
    for (const [key, route] of this.#routes) {
      const installed = new Map([...route.installed].filter(([text]) => !lost.has(text)));
      if (installed.size === route.installed.size) continue;
      this.#damper.down(key, now);
      this.#routes.set(key, { ...route, installed });
    }
  }

  /** The program that took routes away is gone: the next `apply` puts them back at once, and they are contested no more. */
  forgive(): void {
    this.#damper.forgive(this.now());
  }

  /**
   * Applies these routes and no others; one that failed before is tried again, and none holds the others up. One call
   * has to end before the next.
   *
   * @param until when it is aborted, what is left to remove stays
   * @throws {OperationError} when no route can be changed at all
   */
  async apply(wanted: readonly DesiredPrefix[], until?: AbortSignal): Promise<void> {
    const now = this.#appliedAt = this.now();
    const before = this.#routes;
    const held = installedOf(before);
    const isHeld = ([text]: readonly [string, Prefix]) => held.has(text);
    const plan = wanted.map((route) => {
      const key = formatPrefix(route.prefix);
      return { route, key, parts: partsOf(route, key) };
    });
    for (const { key, parts } of plan) {
      // A program that answers halves with changes of its own would take turns with this one without end: each time counts.
      if (parts.length > 1 && before.has(key) && !parts.some(isHeld)) this.#damper.down(key, now);
    }
    const due = plan.filter(({ key, parts }) => !parts.every(isHeld) && this.#damper.mayRestore(key, now));
    const missing = due.flatMap(({ key, parts }) =>
      parts.filter((part) => !isHeld(part)).map(([text, prefix]) => ({
        text,
        prefix,
        isLost: this.#damper.isDown(key),
      }))
    );
    // What takes a route's place comes before that goes, so that no packet is without one.
    const refusals = await this.#add(missing);
    for (const { text, prefix } of missing) if (!refusals.has(text)) held.set(text, prefix);
    for (const { key, parts } of due) if (parts.every(isHeld)) this.#damper.up(key, this.now());
    // The whole stays until both halves are there.
    const kept = plan.filter(({ key, parts }) => parts.length > 1 && !parts.every(isHeld) && held.has(key));
    const needed = new Set([
      ...plan.flatMap(({ parts }) => parts.map(([text]) => text)),
      ...kept.map(({ key }) => key),
    ]);
    await this.#remove([...held].filter(([text]) => !needed.has(text)).map(([, prefix]) => prefix), until);
    this.#routes = new Map(plan.map(({ route, key, parts }) => {
      const whole: [string, Prefix][] = kept.some((each) => each.key === key) ? [[key, route.prefix]] : [];
      const installed = new Map([...whole, ...parts.filter(isHeld)]);
      const refused = parts.find(([text]) => refusals.has(text));
      const refusal = route.fault ?? (refused && refusals.get(refused[0]));
      const isActive = refusal === undefined && (whole.length > 0 || installed.size === parts.length);
      const contest = this.#damper.isFlapping(key, now) ? this.#contested(key, route.suspect) : undefined;
      const fault = refusal ?? contest ?? route.warning;
      this.#tell(fault, before.get(key)?.fault, fault === route.fault || fault === route.warning);
      return [key, { prefix: route.prefix, isActive, installed, fault }];
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
    for (const { error } of failures) this.log.error(error.report);
    this.log.info("routes removed", { routes: summarizePrefixes(prefixes) });
  }

  /**
   * Adds prefixes.
   *
   * @param missing what is not there, and whether that is because it was taken away
   * @returns what failed, by prefix
   */
  async #add(
    missing: readonly { readonly text: string; readonly prefix: Prefix; readonly isLost: boolean }[],
  ): Promise<Map<string, RouteProblem>> {
    if (missing.length === 0) return new Map();
    const failures = await this.router.addRoutes(missing.map(({ prefix }) => prefix), this.interfaceName);
    const refusals = new Map(failures.map(({ prefix, error }) => [formatPrefix(prefix), problemOf(error)]));
    const added = missing.filter(({ text }) => !refusals.has(text));
    for (const [isLost, message] of [[false, "routes added"], [true, "lost routes put back"]] as const) {
      const some = added.filter((each) => each.isLost === isLost).map(({ prefix }) => prefix);
      if (some.length > 0) this.log.info(message, { routes: summarizePrefixes(some) });
    }
    return refusals;
  }

  #contested(prefix: string, suspect: string | undefined): RouteProblem {
    const cannot = `Cannot keep ${prefix} routed to ${this.interfaceName}`;
    const pauses = "the route is put back with pauses of up to 30 s";
    if (suspect === undefined) {
      return {
        cause: "removed",
        message: `${cannot}: another program takes the route away again and again`,
        remedy: `Find the VPN or firewall program that does; ${pauses}`,
      };
    }
    const owner = describeInterface(suspect);
    return {
      cause: "removed",
      owner: suspect,
      message:
        `${cannot}: another program takes the route away again and again, most likely that of ${owner}`,
      remedy:
        `Let the VPN of ${suspect} leave other routes alone (split tunnel, access to local networks); ${pauses}`,
    };
  }
}

/** What the system refused. */
function problemOf(error: OperationError): RouteProblem {
  const { message, remedy } = error;
  if (!(error instanceof RouteTaken)) return { cause: "failed", message, remedy };
  return { cause: "taken", message, remedy, ...error.owner === undefined ? {} : { owner: error.owner } };
}

/** The prefixes that the system is to have for a route, each with its text; `key` is the route's own. */
function partsOf(
  { prefix, fault, isHalved }: DesiredPrefix,
  key: string,
): readonly (readonly [string, Prefix])[] {
  if (fault !== undefined) return [];
  const halves = isHalved === true ? halvesOf(prefix) : undefined;
  return halves?.map((half) => [formatPrefix(half), half] as const) ?? [[key, prefix]];
}

/** All that the system has, by its text. */
function installedOf(routes: ReadonlyMap<string, RouteState>): Map<string, Prefix> {
  return new Map([...routes.values()].flatMap(({ installed }) => [...installed]));
}

/** Prefixes for a log line: all of a few, a count of many. */
export function summarizePrefixes(prefixes: readonly Prefix[]): string {
  return prefixes.length > 8 ? `${prefixes.length} prefixes` : prefixes.map(formatPrefix).join(" ");
}
