/**
 * Which figures of a kept result the READMEs show, and in which words.
 *
 * @module
 */

/** A page's language; the benchmark's own page has all figures. */
export type Language = "en" | "zh" | "bench";

/** A line of the table. The first metric and subject are of results since 2026-11-27, others of older ones. */
export interface KeptRow {
  readonly metrics: readonly string[];
  readonly subjects: readonly string[];
  /** @param label the subject with its version; absent in old results */
  readonly en: (label?: string) => string;
  readonly zh: (label?: string) => string;
}

const FROM_DESKTOP = ["tcp.to.1"];
const FROM_ACCESSOR = ["accessor.tcp.to", "sessions.tcp.to"];

/** The lines. */
export const KEPT_ROWS: readonly KeptRow[] = [
  {
    metrics: FROM_DESKTOP,
    subjects: ["plain route"],
    en: () => "desktop to container: plain route, no tunnel",
    zh: () => "桌面到容器：普通路由，无隧道",
  },
  {
    metrics: FROM_DESKTOP,
    subjects: ["VXLAN"],
    en: () => "desktop to container: VXLAN in the kernel",
    zh: () => "桌面到容器：内核 VXLAN",
  },
  {
    metrics: FROM_DESKTOP,
    subjects: ["docker-connector"],
    en: () => "desktop to container: this, not encrypted",
    zh: () => "桌面到容器：本项目，不加密",
  },
  {
    metrics: FROM_DESKTOP,
    subjects: ["docker-connector over gvproxy"],
    en: () => "the same behind a network in user space (gvproxy)",
    zh: () => "同上，经过用户态网络（gvproxy）",
  },
  {
    metrics: FROM_ACCESSOR,
    subjects: ["accessor", "encrypted (libcrypto)"],
    en: () => "accessor to server: this, encrypted",
    zh: () => "accessor 到服务端：本项目，加密",
  },
  {
    metrics: FROM_ACCESSOR,
    subjects: ["wireguard-go"],
    en: (label = "wireguard-go of 2022") => `accessor to server: ${label}, encrypted`,
    zh: (label = "2022 年的 wireguard-go") => `accessor 到服务端：${label}，加密`,
  },
];

/** What stands above and below a table. */
export const SENTENCES: Readonly<
  Record<Language, { readonly heading: string; readonly source: (link: string, command: string) => string }>
> = {
  en: {
    heading: "one TCP stream",
    source: (link, command) => `Medians of [one run](${link}). \`${command}\` repeats it.`,
  },
  zh: {
    heading: "单条 TCP 连接",
    source: (link, command) => `以上是[同一次测量](${link})的中位数，用 \`${command}\` 重复。`,
  },
  bench: {
    heading: "",
    source: (link, command) => `All figures of [this run](${link}). \`${command}\` repeats it.`,
  },
};
