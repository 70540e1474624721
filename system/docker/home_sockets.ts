/**
 * Socket paths of the programs that bring a Docker Engine.
 *
 * @module
 */
import type { SearchEnvironment } from "./search_environment.ts";

/** A user whose sockets are searched. */
export interface SocketUser {
  /** The home folder; undefined where it is not known. */
  readonly home: string | undefined;
  /** The user id. */
  readonly user: number;
}

/** Folders and profiles that are followed, of each program and user. */
const MAX_PROFILES = 16;

/**
 * Lists paths at which a user's Engine may listen, the likeliest first, as the programs document or print them: Docker
 * Desktop, Colima (also with XDG), Rancher Desktop, OrbStack, Docker Desktop for Linux, Lima, Podman's machine of
 * versions 4.0, 4.2, 4.5 and 5; on Linux rootless Docker and Podman.
 */
export async function userSockets(system: SearchEnvironment, { home, user }: SocketUser): Promise<string[]> {
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
