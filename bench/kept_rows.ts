/**
 * Which figures of a kept result the READMEs show.
 *
 * @module
 */
import words from "./kept_words.json" with { type: "json" };

/** A page's language; the benchmark's own page is English too, and has more figures. */
export type Language = "en" | "zh" | "bench";

/** Words of the front pages. */
export const WORDS = words;

/** A line of the table. The first metric and subject are of results since 2026-11-27, others of older ones. */
export interface KeptRow {
  readonly metrics: readonly string[];
  readonly subjects: readonly string[];
  /** Key in kept_words.json. */
  readonly word: "plain" | "vxlan" | "connector" | "gvproxy" | "engine" | "accessor" | "wireguard";
}

const FROM_DESKTOP = ["tcp.to.1"];
const FROM_ACCESSOR = ["accessor.tcp.to", "sessions.tcp.to"];

/** The lines. */
export const KEPT_ROWS: readonly KeptRow[] = [
  { metrics: FROM_DESKTOP, subjects: ["plain route"], word: "plain" },
  { metrics: FROM_DESKTOP, subjects: ["VXLAN"], word: "vxlan" },
  { metrics: FROM_DESKTOP, subjects: ["docker-connector"], word: "connector" },
  { metrics: FROM_DESKTOP, subjects: ["docker-connector over gvproxy"], word: "gvproxy" },
  { metrics: FROM_DESKTOP, subjects: ["docker-connector by the engine path"], word: "engine" },
  { metrics: FROM_ACCESSOR, subjects: ["accessor", "encrypted (libcrypto)"], word: "accessor" },
  { metrics: FROM_ACCESSOR, subjects: ["wireguard-go"], word: "wireguard" },
];

/** The sentence below a page's figures. */
export function sourceOf(language: Language, link: string, command: string): string {
  const sentence = language === "bench"
    ? "From [this run]({link}), which has more. `{command}` repeats it."
    : words[language].source;
  return sentence.replace("{link}", link).replace("{command}", command);
}
