/**
 * Which version of the Docker Engine API to speak.
 *
 * @module
 */

/**
 * The versions whose answers are known here. 1.24 is the least that Engine 25 to 28 accept, 1.44 the least that
 * Engine 29 does (MinAPIVersion of moby's api/common.go); what is asked for here is the same in all of them.
 */
export const KNOWN_API_VERSIONS = { least: "1.24", most: "1.44" } as const;

/**
 * The version to speak with an Engine: the newest that both know, or the Engine's least where that is newer still,
 * since it is the nearest to what is known here.
 *
 * @param most the newest version that the Engine speaks, as in "1.41"
 * @param least the oldest that it speaks; undefined for an Engine that does not say
 * @returns the version; undefined for an Engine that is too old and for texts that are no versions
 */
export function chooseApiVersion(most: string, least: string = KNOWN_API_VERSIONS.least): string | undefined {
  const engine = { most: rank(most), least: rank(least) };
  if (Number.isNaN(engine.most) || Number.isNaN(engine.least)) return undefined;
  if (engine.most < rank(KNOWN_API_VERSIONS.least)) return undefined;
  if (engine.least > rank(KNOWN_API_VERSIONS.most)) return least;
  return engine.most < rank(KNOWN_API_VERSIONS.most) ? most : KNOWN_API_VERSIONS.most;
}

/** A number that orders versions: 1.9 comes before 1.10. NaN for what is no version. */
function rank(version: string): number {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,3})$/.exec(version) ?? [];
  return Number(major) * 1000 + Number(minor);
}
