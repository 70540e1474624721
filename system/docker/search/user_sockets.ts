/**
 * Whose Docker Engine is looked for, and where each user's may listen.
 *
 * A service runs as root and has no Docker settings of its own, so those of the person at the screen count: on macOS the
 * owner of the console, on Linux the only person with a session, on both systems the caller of sudo.
 *
 * @module
 */
import type { SearchEnvironment } from "./search_environment.ts";

/** A user whose sockets are searched: the id, and the home folder where it is known. */
export interface SearchedUser {
  readonly user: number;
  readonly home: string | undefined;
}

/** The users whose settings count, with their homes, and the home of the environment with its owner; notes for the log. */
export async function searchedUsers(
  system: SearchEnvironment,
): Promise<{ readonly people: SearchedUser[]; readonly notes: string[] }> {
  const { users, notes } = await userIds(system);
  const people: SearchedUser[] = [];
  for (const user of users) people.push({ user, home: await homeOf(system, user) });
  const home = system.env("HOME");
  if (!home?.startsWith("/") || people.some((person) => person.home === home)) return { people, notes };
  const user = await system.owner(home);
  if (user !== undefined) people.push({ user, home });
  return { people, notes };
}

/** Lists those users, without root. */
async function userIds(system: SearchEnvironment): Promise<{ users: number[]; notes: string[] }> {
  const callers = [Number(system.env("SUDO_UID"))].filter((user) => Number.isInteger(user) && user > 0);
  if (system.os === "darwin") {
    const screen = [system.console() ?? 0].filter((user) => user > 0);
    return { users: [...new Set([...callers, ...screen])], notes: [] };
  }
  if (callers.length > 0) return { users: callers, notes: [] };
  const users = await peopleWithSessions(system);
  if (users.length < 2) return { users, notes: [] };
  // Any of them could offer an Engine of their own, which then decides on this machine's routes.
  const note = `users ${users.join(", ")} have sessions on this machine, so no one's own Docker Engine is ` +
    'looked for; name the socket as in "docker unix:///run/user/1000/docker.sock" in the config file';
  return { users: [], notes: [note] };
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

/** Folders and profiles that are followed, of each program and user. */
const MAX_PROFILES = 16;

/**
 * Lists paths at which a user's Engine may listen, the likeliest first, as the programs document or print them: Docker
 * Desktop, Colima (also with XDG), Rancher Desktop, OrbStack, Docker Desktop for Linux, Lima, Podman's machine of
 * versions 4.0, 4.2, 4.5 and 5; on Linux rootless Docker and Podman.
 */
export async function userSockets(
  system: SearchEnvironment,
  { home, user }: SearchedUser,
): Promise<string[]> {
  const below = home === undefined ? [] : [
    ".docker/run/docker.sock",
    ...await profiles(system, home, ".colima", "default", "docker.sock"),
    ...await profiles(system, home, ".config/colima", "default", "docker.sock"),
    ".rd/docker.sock",
    ".orbstack/run/docker.sock",
    ".docker/desktop/docker.sock",
    ...await profiles(system, home, ".lima", "docker", "sock/docker.sock"),
    ...["", "podman-machine-default/", "qemu/"].map((folder) =>
      `.local/share/containers/podman/machine/${folder}podman.sock`
    ),
  ];
  const beside = system.os === "darwin"
    ? await temporarySockets(system, user)
    : [`/run/user/${user}/docker.sock`, `/run/user/${user}/podman/podman.sock`];
  return [...below.map((path) => `${home}/${path}`), ...beside];
}

/** Lists the sockets of a program's profiles; that of the default one even if it does not exist. */
async function profiles(
  system: SearchEnvironment,
  home: string,
  folder: string,
  usual: string,
  socket: string,
): Promise<string[]> {
  const others = (await system.list(`${home}/${folder}`)).filter((name) =>
    name !== usual && !name.startsWith("_") && !name.startsWith(".")
  );
  return [usual, ...others.slice(0, MAX_PROFILES)].map((name) => `${folder}/${name}/${socket}`);
}

/**
 * Lists the sockets below TMPDIR of the user's session, /var/folders/XX/YYYY/T, where Podman 5 puts its own. Only its
 * owner tells whose folder it is.
 */
async function temporarySockets(system: SearchEnvironment, user: number): Promise<string[]> {
  for (const first of await system.list("/var/folders")) {
    for (const second of await system.list(`/var/folders/${first}`)) {
      const folder = `/var/folders/${first}/${second}/T`;
      if (await system.owner(folder) === user) return [`${folder}/podman/podman-machine-default-api.sock`];
    }
  }
  return [];
}
