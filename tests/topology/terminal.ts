/**
 * Programs on a terminal of their own.
 *
 * @module
 */

/**
 * The argv that runs a command on a terminal of its own, by script(1), whose exit status is the command's.
 *
 * script(1) hands the command to a shell. The shell is replaced by the command: some shells would stay, and Ctrl-C, which
 * the terminal sends to both, would end them with a status of their own.
 *
 * @param words the command; they hold nothing that a shell would change
 */
export function onTerminal(words: readonly string[]): string[] {
  return ["script", "--quiet", "--return", "--command", `exec ${words.join(" ")}`, "/dev/null"];
}
