/**
 * The keys of the tunnel itself: addr, addr6, host, port, mtu, key, docker.
 *
 * @module
 */
import type { DockerSetting } from "./config.ts";
import type { KeyReader } from "./draft.ts";
import type { KeyName } from "./keys.ts";
import { found, problem, quote, type Reading } from "./result.ts";
import { readListenAddress, readMtu, readPort, readVirtualNetwork, readVirtualNetwork6 } from "./values.ts";

const UNIX_SCHEME = "unix://";

/** Reads where the Docker Engine is: `auto`, `off` or `unix:///PATH`. */
export function readDocker(text: string): Reading<DockerSetting> {
  if (text === "auto" || text === "off") return found({ mode: text });
  if (/^unix:\/\/\/.*[^/]$/.test(text)) {
    return found({ mode: "socket", path: text.slice(UNIX_SCHEME.length) });
  }
  if (/^\/.*[^/]$/.test(text)) return problem(`${quote(text)} is a path; expected "${UNIX_SCHEME}${text}"`);
  if (/^(tcp|https?|ssh|npipe):/.test(text)) {
    return problem(`${quote(text)} is no unix socket; expected one as in "unix:///var/run/docker.sock"`);
  }
  return problem(
    `${quote(text)} is unknown; expected auto, off or a socket as in "unix:///var/run/docker.sock"`,
  );
}

/** How the lines of these keys are read. */
export const tunnelKeys = {
  addr(reader, draft) {
    const addr = reader.value("CIDR", readVirtualNetwork);
    reader.end();
    if (addr !== undefined) draft.addr = addr;
  },
  addr6(reader, draft) {
    const addr6 = reader.value(
      "CIDR",
      (text) => text === "off" ? found(undefined) : readVirtualNetwork6(text),
    );
    reader.end();
    if (addr6 !== undefined) draft.addr6 = addr6;
  },
  host(reader, draft) {
    const host = reader.value("ADDRESS", readListenAddress);
    reader.end();
    if (host !== undefined) draft.host = host;
  },
  port(reader, draft) {
    const port = reader.value("PORT", readPort);
    reader.end();
    if (port !== undefined) draft.port = port;
  },
  mtu(reader, draft) {
    const mtu = reader.value("BYTES", readMtu);
    reader.end();
    if (mtu !== undefined) draft.mtu = mtu;
  },
  key(reader, draft) {
    const key = reader.value<string>("SECRET", found);
    reader.end();
    if (key !== undefined) draft.key = key;
  },
  docker(reader, draft) {
    const docker = reader.value("auto, off or a socket", readDocker);
    reader.end();
    if (docker !== undefined) draft.docker = docker;
  },
} as const satisfies Partial<Record<KeyName, KeyReader>>;
