import { row, type Why } from "../row.ts";

/** Faults that the client and the accessor know of their server. */
export const PEER_FAULTS = {
  "server.unknown-name": row<{ readonly host: string }>({
    severity: "error",
    title: "The server's name has no address",
    after: 3,
    text: ({ host }) => `${host} cannot be resolved here`,
    remedy: () => "Correct the host of the command line, or leave it out: the usual places are searched",
  }),
  "server.silent": row<{ readonly server: string; readonly heard: string }>({
    severity: "error",
    title: "The server is silent",
    after: 5,
    text: ({ server, heard }) => `${server} was heard ${heard}`,
    remedy: () => "Start docker-connector there, or check host, port and token",
  }),
  "server.no-network": row<Why>({
    severity: "error",
    title: "No network leads to the server",
    after: 3,
    text: ({ why }) => why,
    remedy: () => "Connect this machine to a network; it is tried again by itself",
  }),
} as const;
