/**
 * The scripts that tie a shell's completion to a program. They only carry words to the program and candidates back, so
 * that a script that was installed once keeps up with the program.
 *
 * @module
 */

/** The answer that leaves the word to the shell's own completion of paths. */
export const PATHS = ":paths";

/**
 * The script for a shell.
 *
 * @param program the program's name
 * @param shell `bash`, `zsh` or `fish`
 */
export function completionScript(program: string, shell: string): string {
  const text = shell === "bash" ? BASH : shell === "zsh" ? ZSH : FISH;
  return text.replaceAll("PROGRAM", program).replaceAll("FUNCTION", `_${program.replaceAll("-", "_")}`);
}

// Runs in bash 3.2 too, which macOS has: no negative subscripts, no mapfile, no compopt. Bash splits words at "=" and
// wants back only what comes after it; the program takes and gives whole words.
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
