/**
 * The scripts that bash, zsh and fish read. Each asks `lab completion words -- WORDS`, whose answer has a line for each
 * word that fits: the word, a tab and what it is. A last line `:files` asks the shell for names of files as well.
 */

/**
 * Bash gives COMP_WORDS split at `=` and `@`; `_get_comp_words_by_ref` is in a package of its own, so the line is read
 * without it.
 */
const BASH = String.raw`# lab completion for bash: source <(lab completion bash)
_lab() {
  local line=${'$'}{COMP_LINE:0:COMP_POINT} cur word about IFS
  local -a words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  cur=${'$'}{words[-1]}
  # Readline replaces what follows the last of its own word breaks: the part before it is not to be given back.
  local keep=${'$'}{cur%"${'$'}{COMP_WORDS[COMP_CWORD]}"}
  case ${'$'}{COMP_WORDS[COMP_CWORD]} in = | @ | :) keep=$cur ;; esac
  COMPREPLY=()
  while IFS=$'\t' read -r word about; do
    if [[ $word == :files ]]; then
      compopt -o filenames
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
    else
      [[ $word == *= || $word == */ ]] && compopt -o nospace
      COMPREPLY+=("${'$'}{word#"$keep"}")
    fi
  done < <("${'$'}{words[0]}" completion words -- "${'$'}{words[@]:1}" 2>/dev/null)
}
complete -F _lab lab
`

const ZSH = String.raw`#compdef lab
# lab completion for zsh: source <(lab completion zsh), after compinit
_lab() {
  local word about files=
  local -a plain open
  while IFS=$'\t' read -r word about; do
    case $word in
      :files) files=yes ;;
      *=|*/) open+=("${'$'}{word//:/\\:}:$about") ;;
      *) plain+=("${'$'}{word//:/\\:}:$about") ;;
    esac
  done < <("${'$'}{words[1]}" completion words -- "${'$'}{(@)words[2,CURRENT]}" 2>/dev/null)
  (( ${'$'}{#plain} )) && _describe 'lab' plain
  (( ${'$'}{#open} )) && _describe 'lab' open -S ''
  [[ -n $files ]] && _files
  return 0
}
compdef _lab lab
`

const FISH = String.raw`# lab completion for fish: lab completion fish | source
function __lab_words
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] completion words -- $words[2..-1] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c lab -f -a '(__lab_words)'
`

/** By the name of the shell. */
export const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH }
