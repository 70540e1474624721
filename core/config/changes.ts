import { type Config, CONFIG_KEYS, type Field, FIELDS, fieldText, keyOf } from "./config.ts";
import type { Part } from "./key.ts";
import { type NetworkPair, pairName } from "./keys/networks.ts";

/** The change of one field. */
export type ConfigChange = {
  [F in Field]: {
    /** The field. */
    readonly field: F;
    /** The value before; undefined also at the start. */
    readonly from: Config[F] | undefined;
    /** The value after. */
    readonly to: Config[F];
  };
}[Field];

/**
 * Lists the fields that differ, in the order of the documentation.
 *
 * @param previous the active configuration; undefined at the start: then every live field differs
 * @param next the configuration to activate
 */
export function diffConfigs(previous: Config | undefined, next: Config): ConfigChange[] {
  return FIELDS.filter((field) =>
    previous === undefined
      ? !needsRestart(field)
      : fieldText(field, previous[field]) !== fieldText(field, next[field])
  ).map((field) => ({ field, from: previous?.[field], to: next[field] }) as ConfigChange);
}

/** Tells whether any of the changes concerns a part of the running server. */
export function concerns(part: Part, changes: readonly ConfigChange[]): boolean {
  return changes.some(({ field }) => {
    const { effect } = keyOf(field);
    return typeof effect === "object" && effect.includes(part);
  });
}

function needsRestart(field: Field): boolean {
  return CONFIG_KEYS[field].effect === "restart";
}

/** A change that waits for a restart. Neither text holds a secret. */
export interface RestartNotice {
  /** The key. */
  readonly key: string;
  /** What is active. */
  readonly running: string;
  /** What the file says. */
  readonly written: string;
}

/** Lists the changes that wait for a restart, for people. */
export function restartNotices(changes: readonly ConfigChange[]): RestartNotice[] {
  return changes.filter(({ field }) => needsRestart(field)).map(({ field, from, to }) => {
    const { name, secret, format } = keyOf(field);
    if (!secret) return { key: name, running: format(from), written: format(to) };
    const written = to === undefined ? "none" : from === undefined ? "a secret" : "another secret";
    return { key: name, running: from === undefined ? "none" : "a secret", written };
  });
}

/**
 * Makes the configuration that is active after a reload: what reloads live is as written, the rest as
 * running. Compared with it, a later file still shows which changes wait for a restart.
 */
export function activeConfig(running: Config, written: Config): Config {
  const stays = FIELDS.filter(needsRestart).map((field) => [field, running[field]]);
  return Object.freeze({ ...written, ...Object.fromEntries(stays) });
}

/**
 * Lists the pairs that a client has to change, those to disconnect first. A pair without a line any more is disconnected. A
 * line `A-B` disconnects even what no line connected: the rule may be left from an earlier run.
 */
export function changedPairs(changes: readonly ConfigChange[]): NetworkPair[] {
  return changes.flatMap((change) => {
    if (change.field !== "bridgePairs") return [];
    const before = new Map(change.from?.map((pair) => [pairName(pair), pair]));
    const after = new Set(change.to.map(pairName));
    const removed = [...before.values()].filter((pair) => pair.connect && !after.has(pairName(pair)));
    const changed = change.to.filter((pair) => before.get(pairName(pair))?.connect !== pair.connect);
    return [...removed.map((pair) => ({ ...pair, connect: false })), ...changed]
      .sort((a, b) => Number(a.connect) - Number(b.connect));
  });
}

/** Names the lines that have no effect while `expose` is off, since no accessor can log in. */
export function linesWithoutExpose(config: Config): string[] {
  if (config.expose !== undefined) return [];
  return FIELDS.flatMap((field) => {
    const { needsExpose } = keyOf(field);
    const values: readonly unknown[] = [config[field]].flat();
    return needsExpose && values.some((value) => needsExpose.applies(value)) ? [needsExpose.line] : [];
  });
}
