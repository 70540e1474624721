/**
 * JSON of a Docker Engine, and what follows from it: networks and routes, containers, names and web servers, the client container.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  isClientCandidate,
  isManaged,
  keyOfEnvironment,
  lacksDevice,
} from "../../../core/docker/client_container.ts";
import { readContainer, readListedContainers } from "../../../core/docker/container.ts";
import { changesOf, chooseApiVersion } from "../../../core/docker/engine_api.ts";
import { readContainers, readNetworks } from "../../../core/docker/engine_json.ts";
import { hasNamespace, repositoryOf, splitTag } from "../../../core/docker/image_name.ts";
import { certificateNames, webCommand, webTargets } from "../../../core/https/web_target.ts";
import { answerQuery } from "../../../core/names/answer.ts";
import { decode, query, zoneOf } from "../../../core/names/zone_fixture.ts";
import { formatPrefix } from "../../../core/net/prefix.ts";
import { parseControl } from "../../../core/protocol/control.ts";
import { textTarget } from "../target.ts";

/** The words of a command line, as core/https makes them, have no blanks and no commas. */
const COMMAND = /^web [^ ,]+ \d+$/;

export const engineJson = textTarget({
  name: "engine-json",
  modules: [
    "core/docker/",
    "core/https/web_target.ts",
    "core/names/container_names.ts",
    "core/names/zone.ts",
  ],
  share: 4,
  take(text) {
    for (const line of text.split("\n", 8)) changesOf(line);
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch {
      return;
    }
    if (typeof answer === "string") {
      chooseApiVersion(answer);
      lacksDevice(answer);
      keyOfEnvironment([answer]);
      [repositoryOf, hasNamespace, splitTag].forEach((read) => read(answer as string));
    }
    readNetworks(answer)?.networks.forEach(({ subnets }) => subnets.forEach(formatPrefix));
    for (const container of readContainers(answer) ?? []) {
      isManaged(container);
      isClientCandidate(container, undefined);
    }
    readListedContainers(answer);
    const containers = [readContainer(answer) ?? []].flat();
    for (const target of webTargets(containers)) {
      const command = webCommand(target);
      assert.match(command, COMMAND);
      assert.equal(parseControl(command).length, 1);
    }
    for (const name of certificateNames(containers, "container.internal")) {
      assert.ok(name.length <= 255, name);
    }
    const zone = zoneOf(containers);
    for (const name of [...zone.names.keys()].slice(0, 4)) {
      assert.ok(name.length <= 253, name);
      decode(answerQuery(zone, query(name, "A"), undefined, 0) ?? assert.fail(name));
    }
  },
});
