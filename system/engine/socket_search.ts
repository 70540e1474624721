/**
 * Where the Docker Engine's socket may be.
 *
 * A service runs as root and has no Docker settings of its own, so those of the person at the screen count: on macOS the
 * owner of the console, on both systems whoever called sudo.
 *
 * @module
 */

import { backEnd } from "../../ffi/back_end.ts";

/** What the search looks at; a test gives its own. */
export interface SearchPlace {
  /** The system. */
  readonly os: string;
  /** A variable of the environment. */
  env(name: string): string | undefined;
  /** The text of a file; undefined where there is none or it cannot be read. */
  read(path: string): Promise<string | undefined>;
  /** User id of the owner of a file; undefined where there is none. */
  owner(path: string): Promise<number | undefined>;
  /** Names in a folder; none where there is no such folder. */
  list(path: string): Promise<readonly string[]>;
}

/** What was found. */
export interface SocketSearch {
  /** Paths of sockets, the likeliest first, none twice; whether anyone listens there has to be tried. */
  readonly paths: readonly string[];
  /** Said where DOCKER_HOST names what cannot be used, so that there are no paths. */
  readonly fault?: string;
}

/**
 * Sockets below a home folder: Docker Desktop, Colima, Rancher Desktop, OrbStack, Docker Desktop for Linux, Lima's
 * template "docker", Podman's machine. Each is what the program's own documentation names.
 */
const HOME_SOCKETS = [
  ".docker/run/docker.sock",
  ".colima/default/docker.sock",
  ".rd/docker.sock",
  ".orbstack/run/docker.sock",
  ".docker/desktop/docker.sock",
  ".lima/docker/sock/docker.sock",
  ".local/share/containers/podman/machine/podman.sock",
];

/** Sockets of a user's session on Linux: rootless Docker and Podman. */
const SESSION_SOCKETS = ["docker.sock", "podman/podman.sock"];

/** The search on the running system. */
export const systemPlace: SearchPlace = {
  os: backEnd.os,
  env: (name) => Deno.env.get(name),
  read: (path) => Deno.readTextFile(path).catch(() => undefined),
  owner: async (path) => (await Deno.stat(path).catch(() => undefined))?.uid ?? undefined,
  list: async (path) => {
    try {
      return await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
    } catch {
      return [];
    }
  },
};

/**
 * Finds the sockets. DOCKER_HOST alone counts where it is set, as it does for `docker` itself; then come the contexts in
 * use, then the usual places.
 */
export async function searchSockets(place: SearchPlace = systemPlace): Promise<SocketSearch> {
  const given = place.env("DOCKER_HOST");
  if (given !== undefined && given !== "") {
    const path = socketPath(given);
    if (path !== undefined) return { paths: [path] };
    const fault = `DOCKER_HOST is ${given}, which is no unix socket; unset it, or name a socket as in ` +
      '"docker unix:///var/run/docker.sock" in the config file';
    return { paths: [], fault };
  }
  const users = await userIds(place);
  const homes = await homeFolders(place, users);
  const paths: (string | undefined)[] = [];
  for (const home of homes) paths.push(await contextSocket(place, home));
  paths.push("/var/run/docker.sock");
  for (const home of homes) paths.push(...HOME_SOCKETS.map((socket) => `${home}/${socket}`));
  if (place.os === "linux") {
    for (const user of users) paths.push(...SESSION_SOCKETS.map((socket) => `/run/user/${user}/${socket}`));
    paths.push("/run/podman/podman.sock");
  }
  return { paths: [...new Set(paths.filter((path) => path !== undefined))] };
}

/** The absolute path of "unix:///PATH". */
function socketPath(host: string): string | undefined {
  return /^unix:\/\/(\/[^\0]+)$/.exec(host)?.[1];
}

/** Whose settings count, root's left out. */
async function userIds(place: SearchPlace): Promise<number[]> {
  const sudo = Number(place.env("SUDO_UID"));
  const screen = place.os === "darwin" ? await place.owner("/dev/console") : undefined;
  return [...new Set([sudo, screen ?? 0])].filter((user) => Number.isInteger(user) && user > 0);
}

/** The users' home folders, and that of the environment. */
async function homeFolders(place: SearchPlace, users: readonly number[]): Promise<string[]> {
  const homes: (string | undefined)[] = [];
  for (const user of users) homes.push(await homeOf(place, user));
  homes.push(place.env("HOME"));
  return [...new Set(homes.filter((home) => home?.startsWith("/") === true))].filter((home) =>
    home !== undefined
  );
}

/** Users of macOS are not in /etc/passwd; their homes are in /Users and belong to them. */
async function homeOf(place: SearchPlace, user: number): Promise<string | undefined> {
  if (place.os !== "darwin") {
    const lines = (await place.read("/etc/passwd") ?? "").split("\n").map((line) => line.split(":"));
    return lines.find(([, , id]) => id === String(user))?.[5];
  }
  for (const name of await place.list("/Users")) {
    if (await place.owner(`/Users/${name}`) === user) return `/Users/${name}`;
  }
  return undefined;
}

/**
 * The socket of the context that `docker` uses there. A context named NAME is described by
 * ~/.docker/contexts/meta/SHA256(NAME)/meta.json (docker/cli, cli/context/store/metadatastore.go); the context "default"
 * stands for the usual socket and has no file.
 */
async function contextSocket(place: SearchPlace, home: string): Promise<string | undefined> {
  const folder = `${home}/.docker`;
  const configured = fieldOf(parse(await place.read(`${folder}/config.json`)), "currentContext");
  const name = place.env("DOCKER_CONTEXT") || configured;
  if (typeof name !== "string" || name === "" || name === "default") return undefined;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(name));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const meta = parse(await place.read(`${folder}/contexts/meta/${hex}/meta.json`));
  const host = fieldOf(fieldOf(fieldOf(meta, "Endpoints"), "docker"), "Host");
  return typeof host === "string" ? socketPath(host) : undefined;
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldOf(value: unknown, name: string): unknown {
  const fields: Readonly<Record<string, unknown>> = typeof value === "object" && value !== null
    ? { ...value }
    : {};
  return fields[name];
}
