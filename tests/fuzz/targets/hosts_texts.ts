/**
 * Hosts files, and the commands that tell a client of them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { HostRecords } from "../../../core/hosts/host_records.ts";
import { dnsCommand, hostCommands } from "../../../core/hosts/host_commands.ts";
import { parseHostsFile } from "../../../core/hosts/hosts_file.ts";
import { encodeControl, parseControl } from "../../../core/protocol/control.ts";
import { address } from "../../literals.ts";
import { textTarget } from "../target.ts";

const SERVER = { ipv4: address("192.168.251.2"), ipv6: address("fdc0:c0de:251::2") };

export const hostsTexts = textTarget({
  name: "hosts-texts",
  modules: [
    "core/hosts/host_commands.ts",
    "core/hosts/hosts_file.ts",
    "core/hosts/host_records.ts",
    "core/net/host_name.ts",
  ],
  share: 2,
  take(text) {
    const { entries, faulty } = parseHostsFile(text, ["test", ".local"]);
    assert.ok(faulty <= text.split(/\r\n|\n|\r/).length);
    const { commands } = hostCommands(entries, SERVER, [4, 6]);
    const whole = ["version 2", "revision 1", ...dnsCommand(["test"]), ...commands].join();
    // What the server writes, a client reads without a fault.
    assert.ok(encodeControl(whole, 1400).length > 0);
    assert.equal(new HostRecords().take(parseControl(whole)), 0, whole.slice(0, 200));
  },
});
