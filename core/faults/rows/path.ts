import { row, type Why } from "../row.ts";

/** Faults of the paths to the client. */
export const PATH_FAULTS = {
  "path.none": row<Why>({
    severity: "error",
    title: "No path leads to the client",
    after: 2,
    text: ({ why }) => `No path is up: ${why}`,
    remedy: () => 'See which hop is broken: "docker-connector doctor"',
  }),
  "path.udp-blocked": row<Why>({
    severity: "warning",
    title: "UDP does not pass",
    after: 8,
    text: ({ why }) => `Datagrams do not pass between client and server: ${why}`,
    remedy: () => 'Allow the UDP port in the firewall; or write "path engine" into the config file',
  }),
  "path.engine-refused": row<Why>({
    severity: "warning",
    title: "The path through the Docker Engine is down",
    after: 8,
    text: ({ why }) => `The Engine answers, but its stream to the client is not up: ${why}`,
    remedy: () => 'Packets go by UDP; write "path udp" into the config file to leave it so',
  }),
  "path.preference-down": row<Why & { readonly wanted: string; readonly used?: string }>({
    severity: "error",
    title: "The configured path is down",
    after: 5,
    text: ({ wanted, used, why }) =>
      `${
        used === undefined ? "No packets pass" : `Packets go by ${used}`
      }, since "path ${wanted}" is set and ${wanted} is down: ${why}`,
    remedy: () => 'Write "path auto" into the config file, so that another path is taken',
  }),
  "path.mtu": row<{ readonly mtu: number; readonly passes: number }>({
    severity: "error",
    title: "Large packets do not pass",
    after: 0,
    text: ({ mtu, passes }) => `Packets of ${mtu} bytes are lost, those of ${passes} bytes pass`,
    remedy: ({ passes }) =>
      `Write "mtu ${passes}" into the config file and give the client "--mtu ${passes}"`,
  }),
} as const;
