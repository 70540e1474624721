/**
 * What is compared.
 *
 * @module
 */

/** All of them, in the order of tables and charts. */
export const SUBJECTS = [
  "plain route",
  "VXLAN",
  "wireguard-go",
  "wireguard-go of 2022",
  "docker-connector",
  "docker-connector over gvproxy",
  "docker-connector by the engine path",
  "gvproxy alone",
  "exec stream",
  "accessor",
] as const;

/** Those that need an Engine; all have the same one. */
export const ENGINE_SUBJECTS = ["docker-connector by the engine path", "exec stream"] as const;

/** One of them. */
export type Subject = (typeof SUBJECTS)[number];

/** The versions that labels name. */
export interface PeerVersions {
  /** The newest wireguard-go, the one of the machine's own suite, gvproxy, and the Engine of the lanes that have one. */
  readonly wireguardGo: string;
  readonly wireguardGoOf2022: string;
  readonly gvproxy: string;
  readonly engine: string;
  /** What encrypts in the accessor: libcrypto or wasm. */
  readonly cipher: string;
}

/** A package's version without Debian's own part. */
export function upstreamVersion(version: string): string {
  return version.trim().replace(/^\d+:/, "").replace(/[-+~].*$/, "");
}

/** How tables and charts write a subject: with its version where that is another project's. */
export function labelOf(subject: Subject, versions: PeerVersions): string {
  if (subject === "wireguard-go") return `wireguard-go ${versions.wireguardGo}`.trim();
  if (subject === "wireguard-go of 2022") return `wireguard-go ${versions.wireguardGoOf2022}`.trim();
  if (subject === "gvproxy alone") return `gvproxy ${versions.gvproxy} alone`;
  if (subject === "docker-connector over gvproxy") return "docker-connector, gvproxy";
  if (subject === "docker-connector by the engine path") return "docker-connector, Engine's stream";
  if (subject === "exec stream") return `exec stream, Engine ${versions.engine}`.trim();
  if (subject === "accessor") return `docker-accessor ${versions.cipher}`.trim();
  return subject;
}
