import { mustRun } from "../../topology/process.ts";
import { type Cell, RECOVERY_LIMIT } from "../cell.ts";
import { CONTAINER_NETWORK, type Lab } from "../lab.ts";

const NETWORK = { victim: "container network", limitMs: RECOVERY_LIMIT } as const;
const { name, subnet, address } = CONTAINER_NETWORK;

/** Idle connections are not concerned: on those the desktop is the next to send, which begins an entry of its own. */
const ENDS_FIRST_SENDER = {
  endsTransfer:
    "the Engine deletes the kernel's entries for the container's connections, and its next packet is answered by a reset",
} as const;

/** The bridge of the network, as the kernel calls it. */
async function bridge(lab: Lab): Promise<string> {
  const id = await lab.scene.docker(`network inspect --format {{.Id}} ${name}`);
  return `br-${id.slice(0, 12)}`;
}

async function connect({ scene }: Lab): Promise<void> {
  await scene.docker(`network connect --ip ${address} ${name} page`);
}

async function disconnect({ scene }: Lab): Promise<void> {
  await scene.docker(`network disconnect ${name} page`);
}

/** The network of the container that answers. */
export const NETWORK_CELLS: readonly Cell[] = [
  {
    ...NETWORK,
    fault: "restart",
    how: "`docker network disconnect` of the container, and `connect`",
    holdMs: { long: 2_000, short: 500 },
    ...ENDS_FIRST_SENDER,
    make: disconnect,
    end: connect,
  },
  {
    ...NETWORK,
    fault: "address change",
    how: "`docker network rm`, and `create` with the same subnet and another bridge",
    holdMs: { long: 2_000, short: 500 },
    ...ENDS_FIRST_SENDER,
    make: async (lab) => {
      await disconnect(lab);
      await lab.scene.docker(`network rm ${name}`);
    },
    end: async (lab) => {
      await lab.scene.docker(`network create --subnet ${subnet} ${name}`);
      await connect(lab);
    },
  },
  {
    ...NETWORK,
    fault: "down and up",
    how: "its bridge set down, and up",
    holdMs: { long: 4_000, short: 1_500 },
    endsTransfer:
      "the kernel forgets what it masquerades when the bridge goes down, and answers the container's next packet by a reset",
    make: async (lab) =>
      void await mustRun(["ip", "-n", lab.network.vm.name, "link", "set", await bridge(lab), "down"]),
    end: async (lab) =>
      void await mustRun(["ip", "-n", lab.network.vm.name, "link", "set", await bridge(lab), "up"]),
  },
];
