/**
 * The search for the Docker Engine's socket.
 *
 * A service runs as root and has no Docker settings of its own, so those of the person at the screen count: on macOS the
 * owner of the console, on Linux the only person with a session, on both systems the caller of sudo.
 *
 * @module
 */
import { type DockerContext, readDockerContext, socketPath } from "./docker_context.ts";
import { type SocketUser, userSockets } from "./home_sockets.ts";
import { type SearchEnvironment, SYSTEM_ENVIRONMENT } from "./search_environment.ts";

/** Result of a search. */
export interface SocketSearch {
  /** Paths of sockets, the likeliest first, none twice; whether anyone listens there has to be tried. */
  readonly paths: readonly string[];
  /** By path, the user whose settings or home name it: the socket has to be that user's or root's. */
  readonly owners?: ReadonlyMap<string, number>;
  /** The socket of the context in use. */
  readonly context?: string;
  /** Notes for the log. */
  readonly notes?: readonly string[];
  /** Set if DOCKER_HOST cannot be used; then there are no paths. */
  readonly fault?: string;
}

/**
 * Finds the sockets. If DOCKER_HOST is set it alone counts, as for `docker` itself; else come the contexts in use, then
 * the usual paths.
 *
 * @throws {Deno.errors.NotCapable} when the runtime denies access, which is a mistake in this program
 */
export async function searchSockets(system: SearchEnvironment = SYSTEM_ENVIRONMENT): Promise<SocketSearch> {
  const given = system.env("DOCKER_HOST");
  if (given !== undefined && given !== "") {
    const path = socketPath(given);
    if (path !== undefined) return { paths: [path] };
    const fault = `DOCKER_HOST is ${given}, which is no unix socket; unset it, or name a socket as in ` +
      '"docker unix:///var/run/docker.sock" in the config file';
    return { paths: [], fault };
  }
  const { users, note } = await userIds(system);
  const people = await peopleOf(system, users);
  const notes = note === undefined ? [] : [note];
  const owners = new Map<string, number>();
  const contexts: string[] = [];
  for (const { context, user } of await contextsOf(system, people)) {
    if (context.note !== undefined) notes.push(context.note);
    if (context.path === undefined) continue;
    contexts.push(context.path);
    owners.set(context.path, user);
  }
  const usual: string[] = [];
  for (const person of people) {
    for (const path of await userSockets(system, person)) {
      usual.push(path);
      if (!owners.has(path)) owners.set(path, person.user);
    }
  }
  const ofSystem = ["/var/run/docker.sock", ...system.os === "linux" ? ["/run/podman/podman.sock"] : []];
  for (const path of ofSystem) owners.delete(path);
  const [first = "", ...last] = ofSystem;
  return {
    paths: [...new Set([...contexts, first, ...usual, ...last])],
    owners,
    ...contexts[0] === undefined ? {} : { context: contexts[0] },
    notes,
  };
}

/** The context in use of each person; DOCKER_CONFIG stands for all of them where it is set. */
async function contextsOf(
  system: SearchEnvironment,
  people: readonly SocketUser[],
): Promise<{ readonly context: DockerContext; readonly user: number }[]> {
  const named = system.env("DOCKER_CONTEXT");
  const read = system.readUser.bind(system);
  const folder = system.env("DOCKER_CONFIG");
  if (folder?.startsWith("/")) {
    const user = await system.owner(folder);
    if (user === undefined) return [];
    return [{ context: await readDockerContext({ settings: { folder, path: "" }, named, read }), user }];
  }
  const contexts: { context: DockerContext; user: number }[] = [];
  for (const { home, user } of people) {
    if (home === undefined) continue;
    const settings = { folder: home, path: ".docker" };
    contexts.push({ context: await readDockerContext({ settings, named, read }), user });
  }
  return contexts;
}

/** Lists the users whose settings count, without root. */
async function userIds(system: SearchEnvironment): Promise<{ users: number[]; note?: string }> {
  const sudo = Number(system.env("SUDO_UID"));
  const callers = [sudo].filter((user) => Number.isInteger(user) && user > 0);
  if (system.os === "darwin") {
    const screen = system.console() ?? 0;
    return { users: [...new Set([...callers, ...screen > 0 ? [screen] : []])] };
  }
  if (callers.length > 0) return { users: callers };
  const people = await peopleWithSessions(system);
  // Any of them could offer an Engine of their own, which then decides on this machine's routes.
  if (people.length > 1) {
    return {
      users: [],
      note:
        `users ${
          people.join(", ")
        } have sessions on this machine, so no one's own Docker Engine is looked for; ` +
        'name the socket as in "docker unix:///run/user/1000/docker.sock" in the config file',
    };
  }
  return { users: people };
}

/**
 * The owners of the folders that a session, or lingering, makes (pam_systemd(8)). Users of people begin at 1000; from 60514 to
 * 65535 systemd and login screens have theirs (systemd, docs/UIDS-GIDS.md).
 */
async function peopleWithSessions(system: SearchEnvironment): Promise<number[]> {
  const people: number[] = [];
  for (const name of await system.list("/run/user")) {
    const user = /^\d{1,10}$/.test(name) ? Number(name) : 0;
    const isPerson = user >= 1000 && (user < 60_514 || user > 65_535);
    if (isPerson && await system.owner(`/run/user/${name}`) === user) people.push(user);
  }
  return people.sort((a, b) => a - b);
}

/** The users with their homes, and the home of the environment with its owner. */
async function peopleOf(system: SearchEnvironment, users: readonly number[]): Promise<SocketUser[]> {
  const people: SocketUser[] = [];
  for (const user of users) people.push({ user, home: await homeOf(system, user) });
  const home = system.env("HOME");
  if (!home?.startsWith("/") || people.some((person) => person.home === home)) return people;
  const user = await system.owner(home);
  return user === undefined ? people : [...people, { user, home }];
}

/** Users of macOS are not in /etc/passwd; their homes are in /Users and belong to them. */
async function homeOf(system: SearchEnvironment, user: number): Promise<string | undefined> {
  if (system.os !== "darwin") {
    const lines = (await system.read("/etc/passwd") ?? "").split("\n").map((line) => line.split(":"));
    const home = lines.find(([, , id]) => id === String(user))?.[5];
    return home?.startsWith("/") ? home : undefined;
  }
  for (const name of await system.list("/Users")) {
    if (await system.owner(`/Users/${name}`) === user) return `/Users/${name}`;
  }
  return undefined;
}
