/**
 * The work of `docker-connector token generate`.
 *
 * @module
 */

import { EXIT_OK } from "../../cli/exit_status.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { generateToken, TOKEN_ENTROPY } from "../../core/token/generate.ts";
import { tokenStrength } from "../../core/token/strength.ts";

/**
 * Prints a strong token, and to a person what to do with it.
 *
 * @param name what it begins with; undefined: nothing
 * @returns the exit status
 */
export function printToken(name: string | undefined, terminal: Terminal): number {
  terminal.out(`${newToken(name)}\n`);
  if (terminal.outIsTerminal) {
    terminal.err(
      'Write "token TOKEN ADDRESS" into the config file to use it. In one step: docker-connector token add NAME\n',
    );
  }
  return EXIT_OK;
}

/**
 * A strong token.
 *
 * @param name what it begins with; undefined: nothing
 */
export function newToken(name: string | undefined): string {
  const random = strongToken();
  return name === undefined ? random : `${name}-${random}`;
}

/** One in some thousands looks weak by chance. */
function strongToken(): string {
  for (;;) {
    const token = generateToken(crypto.getRandomValues(new Uint8Array(TOKEN_ENTROPY)));
    if (!tokenStrength(token).isWeak) return token;
  }
}
