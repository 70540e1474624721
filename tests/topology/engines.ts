/**
 * The Docker Engines that tests run: those of tools/debian/fetched_packages.ts and the machine's own.
 *
 * @module
 */
import {
  absenceOf,
  FETCHED_ENGINES,
  type FetchedEngine,
  fetchedPackages,
} from "../../tools/debian/fetched_packages.ts";
import { adminPath } from "../../tools/packages.ts";
import { ENGINE_NEEDS, type Needs } from "./gate.ts";

/** Names of Engines; `installed` is the machine's own dockerd. */
export type EngineName = FetchedEngine | "installed";

/** An Engine that a test can start. */
export interface EngineKind {
  readonly name: EngineName;
  /** For the names of tests. */
  readonly title: string;
  /** What the tests with it need. */
  readonly needs: Needs;
  /** Folder with its programs as from `/`; undefined for the machine's own. */
  readonly root: string | undefined;
  readonly isPodman: boolean;
}

/** Names the Engine of all tests that leave it open, to try them with another one. */
const ENGINE_VARIABLE = "DOCKER_CONNECTOR_TEST_ENGINE";

/** Finds an Engine. */
export function engineKind(name: EngineName): EngineKind {
  const isPodman = name.startsWith("podman");
  const program = isPodman ? "Podman" : "Docker Engine";
  if (name === "installed") {
    return { name, title: `the installed ${program}`, needs: ENGINE_NEEDS, root: undefined, isPodman };
  }
  const files = fetchedPackages(name);
  if (files !== undefined) {
    return { name, title: `${program} ${files.version}`, needs: ENGINE_NEEDS, root: files.root, isPodman };
  }
  const needs = { ...ENGINE_NEEDS, absence: absenceOf(name) };
  return { name, title: `${program} of ${name}`, needs, root: undefined, isPodman };
}

/** All Engines, the newest first. */
export const ENGINES: readonly EngineKind[] = [...FETCHED_ENGINES, "installed" as const].map(engineKind);

function defaultEngine(): EngineKind {
  const asked = Deno.env.get(ENGINE_VARIABLE);
  if (asked === undefined) {
    // Where the newest cannot be had, as on another distribution, that one's own serves.
    return ENGINES.find(({ needs, isPodman }) => needs.absence === undefined && !isPodman) ??
      engineKind("installed");
  }
  const found = ENGINES.find(({ name }) => name === asked);
  if (found !== undefined) return found;
  throw new TypeError(`${ENGINE_VARIABLE}=${asked} is none of ${ENGINES.map(({ name }) => name).join(", ")}`);
}

/** The Engine of tests that are about no particular one: the newest that this machine has. */
export const DEFAULT_ENGINE: EngineKind = defaultEngine();

/** PATH on which an Engine's own programs come first, for dockerd and the docker command. */
export function enginePath({ root, isPodman }: EngineKind): string {
  return root === undefined || isPodman ? adminPath() : `${root}/usr/bin:${root}/usr/sbin:${adminPath()}`;
}
