import { remedyNodes } from "./faults.js";
import { make } from "./format.js";

const KINDS = { ok: "good", warn: "warn", fail: "bad", skip: "" };

/**
 * Runs the doctor on the server and shows what it found.
 *
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} place
 */
export async function showDoctor(button, place) {
  button.disabled = true;
  place.replaceChildren(make("p.note", {}, "Looking"));
  const start = performance.now();
  try {
    const response = await fetch("/v1/doctor");
    if (!response.ok) throw new Error(await response.text());
    const { ok, checks } = await response.json();
    const took = `${((performance.now() - start) / 1000).toFixed(1)} s`;
    const faults = checks.flatMap((check) => check.faults).length;
    const result = ok ? "Nothing is wrong" : faults === 1 ? "1 fault" : `${faults} faults`;
    place.replaceChildren(
      make("p.note", {}, make(`span.state.${ok ? "good" : "bad"}`, {}, result), ` after ${took}`),
      make("ul.checks", {}, ...checks.map(checkItem)),
    );
  } catch (error) {
    place.replaceChildren(make("p", {}, `Cannot run the doctor: ${error.message}`));
  }
  button.disabled = false;
}

function checkItem({ area, state, text, faults }) {
  const kind = KINDS[state.toLowerCase()] ?? "";
  return make(
    "li",
    {},
    make(`span.state${kind === "" ? "" : `.${kind}`}`, {}, state),
    make("strong", {}, area),
    make("span.seen", {}, text),
    ...faults.map((fault) =>
      make("div.found", {}, make("p", {}, `${fault.title}: ${fault.text}`), make("p.fix", {}, ...remedyNodes(fault.remedy)))
    ),
  );
}
