/**
 * Where programs that bring a Docker Engine put its socket for a user.
 *
 * @module
 */
import type { SearchPlace } from "./search_place.ts";

/** Where a user's sockets are looked for. */
export interface UserPlaces {
  /** The home folder; undefined where it is not known. */
  readonly home: string | undefined;
  /** The user. */
  readonly user: number;
}

/** Folders and profiles that are followed, of each program and user. */
const MAX_PROFILES = 16;

/**
 * Paths at which a user's Engine may listen, the likeliest first. Each is what the program's own documentation or its output
 * names: Docker Desktop, Colima (also where it follows XDG), Rancher Desktop, OrbStack, Docker Desktop for Linux, Lima,
 * Podman's machine as of versions 4.0, 4.2, 4.5 and 5; on Linux rootless Docker and Podman.
 */
export async function userSockets(place: SearchPlace, { home, user }: UserPlaces): Promise<string[]> {
  const below = home === undefined ? [] : [
    ".docker/run/docker.sock",
    ...await profiles(place, home, ".colima", "default", "docker.sock"),
    ...await profiles(place, home, ".config/colima", "default", "docker.sock"),
    ".rd/docker.sock",
    ".orbstack/run/docker.sock",
    ".docker/desktop/docker.sock",
    ...await profiles(place, home, ".lima", "docker", "sock/docker.sock"),
    ...["", "podman-machine-default/", "qemu/"].map((folder) =>
      `.local/share/containers/podman/machine/${folder}podman.sock`
    ),
  ];
  const beside = place.os === "darwin"
    ? await temporarySockets(place, user)
    : [`/run/user/${user}/docker.sock`, `/run/user/${user}/podman/podman.sock`];
  return [...below.map((path) => `${home}/${path}`), ...beside];
}

/** The sockets of a program's profiles, whether they are there or not for the usual one. */
async function profiles(
  place: SearchPlace,
  home: string,
  folder: string,
  usual: string,
  socket: string,
): Promise<string[]> {
  const others = (await place.list(`${home}/${folder}`)).filter((name) =>
    name !== usual && !name.startsWith("_") && !name.startsWith(".")
  );
  return [usual, ...others.slice(0, MAX_PROFILES)].map((name) => `${folder}/${name}/${socket}`);
}

/**
 * Podman 5 puts its socket where TMPDIR of the user's session leads, /var/folders/XX/YYYY/T; only the owner tells whose
 * such a folder is.
 */
async function temporarySockets(place: SearchPlace, user: number): Promise<string[]> {
  for (const first of await place.list("/var/folders")) {
    for (const second of await place.list(`/var/folders/${first}`)) {
      const folder = `/var/folders/${first}/${second}/T`;
      if (await place.owner(folder) === user) return [`${folder}/podman/podman-machine-default-api.sock`];
    }
  }
  return [];
}
