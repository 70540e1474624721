/**
 * The version of the Docker Engine API to speak.
 *
 * @module
 */

/**
 * The versions whose answers this program knows. 1.24 is the oldest that Engine 25 to 28 accept, 1.44 the oldest that
 * Engine 29 does (MinAPIVersion of moby's api/common.go); what is asked for here is the same in all of them.
 */
export const KNOWN_API_VERSIONS = { min: "1.24", max: "1.44" } as const;

/**
 * Chooses the newest version that both know, or the Engine's oldest if that is newer still: it is the nearest to the
 * known ones.
 *
 * @param max the newest version that the Engine speaks, as in "1.41"
 * @param min the oldest that it speaks, if it says so
 * @returns undefined for an Engine that is too old and for texts that are not versions
 */
export function chooseApiVersion(max: string, min: string = KNOWN_API_VERSIONS.min): string | undefined {
  const engine = { max: rank(max), min: rank(min) };
  if (Number.isNaN(engine.max) || Number.isNaN(engine.min)) return undefined;
  if (engine.max < rank(KNOWN_API_VERSIONS.min)) return undefined;
  if (engine.min > rank(KNOWN_API_VERSIONS.max)) return min;
  return engine.max < rank(KNOWN_API_VERSIONS.max) ? max : KNOWN_API_VERSIONS.max;
}

/** Maps a version to a number, so that 1.9 comes before 1.10; NaN for other texts. */
function rank(version: string): number {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,3})$/.exec(version) ?? [];
  return Number(major) * 1000 + Number(minor);
}
