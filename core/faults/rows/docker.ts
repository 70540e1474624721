import { row, type Why } from "../row.ts";

/** Faults of the Docker Engine and of the client container. */
export const DOCKER_FAULTS = {
  "docker.engine-down": row<Why>({
    severity: "error",
    title: "No Docker Engine answers",
    after: 3,
    text: ({ why }) => why,
    remedy: () => 'Start Docker; or name its socket with a line "docker unix:///PATH" in the config file',
  }),
  "container.missing": row<Why>({
    severity: "error",
    title: "The client container cannot be made",
    after: 5,
    text: ({ why }) => why,
    remedy: () =>
      'Load the image: "docker load -i mac-docker-connector.tar", or give --image a name or a tar',
  }),
  "container.stopped": row<Why & { readonly name: string }>({
    severity: "error",
    title: "The client container does not run",
    after: 5,
    text: ({ name, why }) => `${name}: ${why}`,
    remedy: ({ name }) =>
      `See why it ends: "docker logs ${name}"; another client may have the interface ("docker ps")`,
  }),
  "container.conflict": row<{ readonly name: string }>({
    severity: "error",
    title: "Another container has the client's name",
    after: 0,
    text: ({ name }) => `A container ${name} exists that docker-connector has not made`,
    remedy: ({ name }) => `Rename or remove it: "docker rename ${name} OTHER"`,
  }),
  "container.outdated": row<Why>({
    severity: "warning",
    title: "The client container is not the newest",
    after: 30,
    text: ({ why }) => why,
    remedy: () => 'Load the newest image: "docker load -i mac-docker-connector.tar"',
  }),
} as const;
