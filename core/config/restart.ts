/**
 * The keys that a running server does not take over.
 *
 * @module
 */
import { formatAddress } from "../net/address.ts";
import { formatPrefix } from "../net/prefix.ts";
import type { Config, DockerSetting } from "./config.ts";
import { type KeyName, KEYS } from "./keys.ts";

/** A key whose changes wait for a restart. */
export type RestartKey = Extract<typeof KEYS[number], { readonly reload: "needs a restart" }>["name"];

/** A key of which the file says something other than what is in force. Neither text holds a secret. */
export interface RestartStep {
  /** The kind of the step. */
  readonly kind: "needs-restart";
  /** The key. */
  readonly key: RestartKey;
  /** What is in force. */
  readonly running: string;
  /** What the file says. */
  readonly written: string;
}

// The texts are for people; `key` never shows more than whether there is one.
const texts: { readonly [key in RestartKey]: (config: Config) => string } = {
  addr: ({ addr }) => formatPrefix(addr),
  addr6: ({ addr6 }) => addr6 === undefined ? "off" : formatPrefix(addr6),
  host: ({ host }) => formatAddress(host),
  port: ({ port }) => String(port),
  mtu: ({ mtu }) => String(mtu),
  docker: ({ docker }) => dockerText(docker),
  key: ({ key }) => key === undefined ? "none" : "a secret",
};

function dockerText(docker: DockerSetting): string {
  return docker.mode === "socket" ? `unix://${docker.path}` : docker.mode;
}

/** The keys that differ, in the order of the documentation. */
export function restartSteps(running: Config, written: Config): RestartStep[] {
  const steps: RestartStep[] = [];
  for (const { name } of KEYS) {
    if (!isRestartKey(name)) continue;
    const [from, to] = [texts[name](running), texts[name](written)];
    const rekeyed = name === "key" && running.key !== written.key;
    if (rekeyed && from === to) {
      steps.push({ kind: "needs-restart", key: name, running: from, written: "another secret" });
    } else if (from !== to) steps.push({ kind: "needs-restart", key: name, running: from, written: to });
  }
  return steps;
}

function isRestartKey(name: KeyName): name is RestartKey {
  return Object.hasOwn(texts, name);
}

/**
 * The configuration in force after a reload: what reloads live as it is written, the rest as it is running. Compared
 * with it, a later file still shows which changes wait for a restart.
 */
export function configInForce(running: Config, written: Config): Config {
  const { addr, addr6, host, port, mtu, docker, key } = running;
  return Object.freeze({ ...written, addr, addr6, host, port, mtu, docker, key });
}
