import { row, type Why } from "../row.ts";

/** Faults of the client in Docker's machine, as the server knows them. */
export const CLIENT_FAULTS = {
  "client.never-heard": row<{ readonly listen: string }>({
    severity: "error",
    title: "No client has made itself known",
    after: 10,
    text: ({ listen }) => `Nothing has come from a client to ${listen} since the start`,
    remedy: () =>
      'Start the client: "docker start mac-connector"; see its log with "docker logs mac-connector"',
  }),
  "client.silent": row<{ readonly seconds: number }>({
    severity: "error",
    title: "The client is silent",
    after: 2,
    text: ({ seconds }) => `The client was heard ${seconds} s ago`,
    remedy: () => 'Start it again: "docker restart mac-connector"',
  }),
  "client.other-port": row<{ readonly own: number; readonly theirs: number }>({
    severity: "error",
    title: "Client and server have different ports",
    after: 5,
    text: ({ own, theirs }) => `The server listens on port ${own}, the client sends to port ${theirs}`,
    remedy: ({ own }) => `Start the client with "--port ${own}", or let the server make the container`,
  }),
  "client.wrong-key": row<{ readonly count: number }>({
    severity: "error",
    title: "A client has another key",
    after: 2,
    text: ({ count }) => `${count} heartbeats had no valid proof of this server's key`,
    remedy: () => "Give client and server the same key (config line key, DOCKER_CONNECTOR_KEY of the client)",
  }),
  "client.version": row<{ readonly own: string; readonly theirs: string }>({
    severity: "warning",
    title: "Client and server are of different versions",
    after: 10,
    text: ({ own, theirs }) => `The server is of version ${own}, the client of version ${theirs}`,
    remedy: () => "Load the image of the server's version; the server then makes the container again",
  }),
  "firewall.blocks": row<Why>({
    severity: "error",
    title: "The firewall of Docker's machine stops packets",
    after: 3,
    text: ({ why }) => why,
    remedy: () => "Remove that rule, or allow the tunnel's interface before it",
  }),
} as const;
