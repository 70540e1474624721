/**
 * The work of `docker-connector token generate`.
 *
 * @module
 */

import { exitDone } from "../cli/exit_status.ts";
import type { Terminal } from "../cli/terminal.ts";
import { generateToken, TOKEN_ENTROPY } from "../core/token/generate.ts";
import { tokenStrength } from "../core/token/strength.ts";

/**
 * Prints a strong token, and to a person what to do with it.
 *
 * @param name what it begins with; undefined: nothing
 * @returns the exit status
 */
export function printToken(name: string | undefined, terminal: Terminal): number {
  const random = strongToken();
  terminal.out(`${name === undefined ? random : `${name}-${random}`}\n`);
  if (terminal.outIsTerminal) {
    terminal.err("Give it an address: docker-connector config add token TOKEN 192.168.251.3\n");
  }
  return exitDone;
}

/** One in some thousands looks weak by chance. */
function strongToken(): string {
  for (;;) {
    const token = generateToken(crypto.getRandomValues(new Uint8Array(TOKEN_ENTROPY)));
    if (!tokenStrength(token).isWeak) return token;
  }
}
