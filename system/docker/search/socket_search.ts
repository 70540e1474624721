import { type DockerContext, readDockerContext, socketPath } from "./docker_context.ts";
import { type SearchEnvironment, SYSTEM_ENVIRONMENT } from "./search_environment.ts";
import { type SearchedUser, searchedUsers, userSockets } from "./user_sockets.ts";

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
  const { people, notes } = await searchedUsers(system);
  const owners = new Map<string, number>();
  const contexts: string[] = [];
  for await (const { context, user } of contextsOf(system, people)) {
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
async function* contextsOf(
  system: SearchEnvironment,
  people: readonly SearchedUser[],
): AsyncGenerator<{ readonly context: DockerContext; readonly user: number }, void> {
  const folder = system.env("DOCKER_CONFIG");
  const places = folder?.startsWith("/")
    ? [{ user: await system.owner(folder), folder, path: "" }]
    : people.map(({ user, home }) => ({ user, folder: home, path: ".docker" }));
  for (const { user, folder, path } of places) {
    if (user === undefined || folder === undefined) continue;
    yield { user, context: await readDockerContext(system, { folder, path }) };
  }
}
