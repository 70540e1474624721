/**
 * Completions: the words that could come next on a command line, and the scripts that ask for them. A script
 * only carries words to the program and candidates back, so that one that was installed once keeps up with
 * the program.
 *
 * @module
 */

import { COMPLETIONS, HELP as HELP_WORD, SHELLS, VERSION } from "./arguments.ts";
import type { Command, Program } from "./command.ts";
import type { Part } from "./flag.ts";
import type { Suggestion } from "./value_syntax.ts";

/** The answer that leaves the word to the shell's own completion of paths. */
const PATHS = ":paths";

type Candidate = Suggestion;

/**
 * Answers `completions SHELL [WORD...]`.
 *
 * @param words the words of the command line up to the one being typed; none to ask for the script
 * @returns the shell's script; or a line for each candidate, for zsh and fish with a tab and its meaning
 */
export async function answerCompletions(
  program: Program,
  shell: string,
  words: readonly string[],
): Promise<string> {
  const current = words.at(-1);
  if (current === undefined) return completionScript(program.program, shell);
  const found = await candidates(program, words.slice(0, -1), current);
  const lines = found.map(([word, meaning]) =>
    shell === "bash" || meaning === "" ? word : `${word}\t${meaning}`
  );
  return lines.map((text) => `${text}\n`).join("");
}

function completionScript(program: string, shell: string): string {
  const text = shell === "bash" ? BASH : shell === "zsh" ? ZSH : FISH;
  return text.replaceAll("PROGRAM", program).replaceAll("FUNCTION", `_${program.replaceAll("-", "_")}`);
}

async function candidates(
  program: Program,
  before: readonly string[],
  current: string,
): Promise<readonly Candidate[]> {
  if (before[0] === HELP_WORD) return ofHelp(program, before.slice(1), current);
  if (before[0] === COMPLETIONS) {
    return before.length > 1 ? [] : starting(current, SHELLS.map((name) => [name, ""]));
  }
  let choices: readonly Command[] = program.commands;
  for (const [index, word] of before.entries()) {
    const command = choices.find(({ name }) => name === word);
    if (command === undefined) return [];
    if (command.members.length === 0) return await ofCommand(command, before.slice(index + 1), current);
    choices = command.members;
  }
  const known: Candidate[] = choices.map(({ name, brief }) => [name, brief]);
  if (before.length === 0) {
    known.push([COMPLETIONS, "Complete the command line in a shell."]);
    known.push([HELP_WORD, "Show the page of a command."], [VERSION, "Show the version."]);
  }
  known.push(HELP);
  if (before.length === 0) known.push(["--version", "Show the version."]);
  return starting(current, known);
}

/** The commands that `help` knows a page of. */
function ofHelp(program: Program, before: readonly string[], current: string): readonly Candidate[] {
  let choices: readonly Command[] = program.commands;
  for (const word of before) choices = choices.find(({ name }) => name === word)?.members ?? [];
  const known = choices.map(({ name, brief }): Candidate => [name, brief]);
  if (before.length === 0) known.push([COMPLETIONS, "Complete the command line in a shell."]);
  return starting(current, known);
}

const HELP: Candidate = ["--help", "Show help."];

async function ofCommand(
  { parts }: Command,
  before: readonly string[],
  current: string,
): Promise<readonly Candidate[]> {
  if (before.includes("--")) return [];
  const named = (word: string) => parts.find(({ name }) => name === word.replace(/^--?/, "--"));
  const awaiting = named(before.at(-1) ?? "");
  if (awaiting?.syntax !== undefined) return await values(awaiting, "", current, []);
  const [joined, flag] = /^(--?[^=]+)=/.exec(current) ?? [];
  if (joined !== undefined && flag !== undefined) {
    const part = named(flag);
    return part?.syntax === undefined ? [] : await values(part, joined, current, []);
  }
  const words = parts.find(({ name }) => name === undefined);
  if (!current.startsWith("-") && (current !== "" || words !== undefined)) {
    return words === undefined ? [] : await values(words, "", current, wordsOf(before, named));
  }
  const given = new Set(before.map((word) => named(word.replace(/=.*$/s, ""))));
  const flags = parts.flatMap((part): Candidate[] => {
    const { name, description, hidden } = part;
    return name === undefined || hidden || given.has(part) ? [] : [[name, description]];
  });
  // One dash, as in upstream v1, is completed with one dash.
  const single = /^-[^-]/.test(current);
  const spelled = [...flags, HELP].map(([name, meaning]): Candidate => [
    single ? name.slice(1) : name,
    meaning,
  ]);
  return starting(current, spelled);
}

/** The words that belong to no flag. */
function wordsOf(
  before: readonly string[],
  named: (word: string) => Part<unknown> | undefined,
): readonly string[] {
  return before.filter((word, index) =>
    !word.startsWith("-") && named(before[index - 1] ?? "")?.syntax === undefined
  );
}

/**
 * The values of a flag, or the words, that fit the word being typed.
 *
 * @param joined the part of that word before the value
 * @param before the words before it
 */
async function values(
  { syntax }: Part<unknown>,
  joined: string,
  current: string,
  before: readonly string[],
): Promise<readonly Candidate[]> {
  if (syntax?.isPath && before.length === 0) return [[PATHS, ""]];
  const known = before.length > 0 ? [] : (syntax?.choices ?? []).map((choice): Candidate => [choice, ""]);
  const found = await syntax?.suggest?.(before) ?? [];
  return starting(current, [...known, ...found].map(([word, meaning]) => [joined + word, meaning]));
}

function starting(current: string, known: readonly Candidate[]): readonly Candidate[] {
  return known.filter(([word]) => word.startsWith(current));
}

// Runs in bash 3.2 too, which macOS has: no negative subscripts, no mapfile, no compopt. Bash splits words at
// "=" and wants back only what comes after it; the program takes and gives whole words.
const BASH = String.raw`# bash completion for PROGRAM
FUNCTION() {
  local -a words=()
  local index last=-1 joined= candidate
  for ((index = 1; index <= COMP_CWORD; index++)); do
    if [[ $last -ge 0 && ( \${COMP_WORDS[index]} == = || \${COMP_WORDS[index - 1]} == = ) ]]; then
      words[last]+=\${COMP_WORDS[index]}
    else
      words[++last]=\${COMP_WORDS[index]}
    fi
  done
  [[ $COMP_WORDBREAKS == *=* && \${words[last]} == -*=* ]] && joined=\${words[last]%%=*}=
  COMPREPLY=()
  while IFS= read -r candidate; do
    if [[ $candidate == :paths ]]; then
      compopt -o default 2>/dev/null ||
        while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "$2")
    else
      COMPREPLY+=("\${candidate#"$joined"}")
    fi
  done < <(PROGRAM completions bash "\${words[@]}" 2>/dev/null)
}
complete -F FUNCTION PROGRAM
`.replaceAll("\\${", "${");

// Works both sourced and as a file "_PROGRAM" in a folder of fpath.
const ZSH = String.raw`#compdef PROGRAM
FUNCTION() {
  local -a candidates
  local candidate
  for candidate in "\${(@f)$(PROGRAM completions zsh "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}"; do
    if [[ $candidate == :paths ]]; then
      compset -P '-*='
      _files
      return
    fi
    [[ -n $candidate ]] && candidates+=("\${\${candidate//:/\\:}/$'\t'/:}")
  done
  _describe PROGRAM candidates
}
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then
  FUNCTION "$@"
else
  compdef FUNCTION PROGRAM
fi
`.replaceAll("\\${", "${");

const FISH = String.raw`# fish completion for PROGRAM
function FUNCTION
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for candidate in (PROGRAM completions fish $words[2..-1] "$current" 2>/dev/null)
        if test "$candidate" = :paths
            set -l joined (string match -r -- '^-[^=]*=' "$current")
            for path in (__fish_complete_path (string replace -r -- '^-[^=]*=' '' "$current"))
                printf '%s\n' "$joined$path"
            end
        else
            printf '%s\n' $candidate
        end
    end
end
complete -c PROGRAM -f -a '(FUNCTION)'
`;
