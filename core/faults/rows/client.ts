import { row, type Why } from "../row.ts";

/** Faults of the client in Docker's machine, as the server knows them. */
export const CLIENT_FAULTS = {
  "client.never-heard": row<{ readonly listen: string; readonly why?: string }>({
    severity: "error",
    title: "No client has made itself known",
    after: 9,
    text: ({ listen, why }) =>
      `Nothing comes from a client to ${listen}${
        why === undefined ? "" : `, nor through the Engine: ${why}`
      }`,
    remedy: () =>
      'Start the client: "docker start mac-connector"; "docker logs mac-connector" says where it looks for the server',
  }),
  "client.silent": row<{ readonly seconds: number }>({
    severity: "error",
    title: "The client is silent",
    after: 2,
    text: ({ seconds }) =>
      `Nothing has come from the client for ${seconds} s, neither by UDP nor through the Engine`,
    remedy: () =>
      'Look at its log, "docker logs mac-connector", or start it again: "docker restart mac-connector"',
  }),
  "client.other-port": row<{ readonly own: number; readonly theirs: number }>({
    severity: "error",
    title: "Client and server have different ports",
    after: 5,
    text: ({ own, theirs }) => `The server listens on port ${own}, the client sends to port ${theirs}`,
    remedy: ({ own }) => `Start the client with "--port ${own}", or let the server make the container`,
  }),
  "client.wrong-key": row<{ readonly count: number; readonly endpoint?: string }>({
    severity: "error",
    title: "A client has another key",
    after: 2,
    text: ({ count, endpoint }) =>
      `${count === 1 ? "A heartbeat" : `${count} heartbeats`}${
        endpoint === undefined ? "" : ` (the last from ${endpoint})`
      } had no valid proof of this server's key`,
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
    remedy: () =>
      'See its rules, "iptables -S DOCKER-USER", and allow the tunnel\'s interface before what drops',
  }),
  "firewall.unread-rule": row<Why>({
    severity: "warning",
    title: "A rule in Docker's machine cannot be read",
    after: 5,
    text: ({ why }) => `${why}. Whether it stops packets is not known`,
    remedy: () => "Put that rule into a chain of its own, and jump to it from there",
  }),
  "firewall.not-open": row<Why>({
    severity: "warning",
    title: "The firewall of Docker's machine may stop packets",
    after: 5,
    text: ({ why }) => why,
    remedy: () => 'See "docker logs mac-connector"; without a firewall there, nothing has to be done',
  }),
} as const;
