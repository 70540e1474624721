import { type Command, defineCommand } from "../../cli/command.ts";
import { optionalWord, valueFlag } from "../../cli/flag.ts";
import {
  countSyntax,
  fileSyntax,
  networkSyntax,
  snapLengthSyntax,
  socketSyntax,
} from "../../cli/value_syntax.ts";
import { DEFAULT_SERVER_CONTROL } from "../commands.ts";

/** `capture`: packets of the tunnel, from the running server. */
export const captureCommand: Command = defineCommand(
  "capture",
  {
    brief: "Capture the tunnel's packets for tcpdump.",
    description:
      "Writes the packets between the running server and its client as pcapng, until interrupted, after 1000000 " +
      "packets, 256 MB or an hour. Needs root. Without FILE they go to stdout.",
    examples: ["capture tunnel.pcap", "capture --network web --count 100 - | tcpdump -n -r -"],
  },
  {
    network: valueFlag(
      "--network",
      {
        ...networkSyntax,
        suggest: async () => await (await import("../completion/suggestions.ts")).suggestNetworks(),
      },
      "Only packets of this network: the name of a Docker network, or as in 172.20.0.0/16.",
    ),
    count: valueFlag("--count", countSyntax, "End after so many packets."),
    snap: valueFlag("--snap", snapLengthSyntax, "Keep so many bytes of each packet. Default: 65535, all."),
    control: valueFlag("--control", socketSyntax, `The control socket. Default: ${DEFAULT_SERVER_CONTROL}.`),
    file: optionalWord(fileSyntax, 'The file to make; "-" is stdout.'),
  },
  async ({ control = DEFAULT_SERVER_CONTROL, file = "-", ...settings }, terminal) => {
    const { capturePackets } = await import("./capture.ts");
    return await capturePackets({ ...settings, control, file }, terminal);
  },
);
