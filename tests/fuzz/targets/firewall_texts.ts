/**
 * The output of iptables-save, and the repair that follows from it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { desiredRules } from "../../../core/firewall/desired_rules.ts";
import { FIREWALL_TABLES, RuleSnapshot } from "../../../core/firewall/rule.ts";
import { diffRules } from "../../../core/firewall/rule_patch.ts";
import { prefix } from "../../literals.ts";
import { textTarget } from "../target.ts";

const WANTED = desiredRules({
  interfaceName: "connector0",
  chain: "DOCKER-USER",
  sources: [prefix("192.168.251.0/24")],
  pairs: [],
}, 4);

/** One line of a script for iptables-restore. */
const LINE = /^(?:\*(?:raw|filter|nat)|COMMIT|-D \S+ .*docker-connector.*|-I \S+ 1 .*docker-connector.*)$/;

export const firewallTexts = textTarget({
  name: "firewall-texts",
  modules: ["core/firewall/rule.ts", "core/firewall/rule_patch.ts"],
  share: 1,
  take(text) {
    const saved = new RuleSnapshot(text);
    for (const table of FIREWALL_TABLES) {
      for (const chain of saved.chainsOf(table)) assert.ok(saved.hasChain(table, chain));
    }
    const { script, inserted, deleted } = diffRules(saved, WANTED);
    assert.equal(script === "", inserted + deleted === 0);
    for (const line of script.split("\n")) {
      if (line !== "") assert.match(line, LINE, "it touches a rule that is not its own");
    }
  },
});
