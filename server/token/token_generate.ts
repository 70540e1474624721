/**
 * `docker-connector token generate`.
 *
 * @module
 */

import { EXIT_OK } from "../../cli/exit_status.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { generateToken, TOKEN_ENTROPY } from "../../core/token/generate.ts";
import { tokenStrength } from "../../core/token/strength.ts";

/**
 * Prints a strong token, and advice on a terminal.
 *
 * @param name the beginning of the token; undefined for none
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
 * Makes a strong token.
 *
 * @param name the beginning of the token; undefined for none
 */
export function newToken(name: string | undefined): string {
  const random = strongToken();
  return name === undefined ? random : `${name}-${random}`;
}

/** Draws again if a token looks weak, as one in some thousands does. */
function strongToken(): string {
  for (;;) {
    const token = generateToken(crypto.getRandomValues(new Uint8Array(TOKEN_ENTROPY)));
    if (!tokenStrength(token).isWeak) return token;
  }
}
