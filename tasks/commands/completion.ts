/**
 * `lab completion`: what a shell needs to complete the names of commands, options, experiments, kernels, VMs and runs.
 */
import { userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { factsOf } from './completion/facts.ts'
import { SCRIPTS } from './completion/scripts.ts'
import { candidates } from './completion/words.ts'
import { defineCommand } from './command.ts'

/**
 * Words with other characters than these would have to be quoted in one of the shells; whoever wants them types them.
 */
const OFFERED = /^[\w@~=.,:/+-]+$/

const lineOf = ([word, about]: readonly [string, string?]): string =>
  about === undefined ? word : `${word}\t${printable(about, 80)}`

/** The answer to a shell, one word a line; `:files` at the end where names of files fit as well. */
async function wordsFor(words: readonly string[]): Promise<string> {
  const at = words.findIndex((word) => word === '-f' || word === '--file')
  const found = await candidates(words, factsOf(at < 0 ? undefined : words[at + 1]))
  const offered = found.words.filter(([word]) => OFFERED.test(word))
  return [...offered.map(lineOf), ...(found.files ? [':files'] : [])].join('\n')
}

export const command = defineCommand({
  usage: 'completion <shell> [words...]',
  about: 'completion for bash, zsh or fish: names of commands, options, experiments, kernels, VMs and runs',
  examples: [
    ['source <(lab completion bash)', 'in ~/.bashrc'],
    ['source <(lab completion zsh)', 'in ~/.zshrc, after compinit'],
    ['lab completion fish | source', 'in ~/.config/fish/config.fish'],
    ['lab completion words -- run re', 'what the scripts ask: the words that fit, one a line'],
  ],
  work: async (_session, [shell, words]) => {
    if (shell === 'words') {
      const text = await wordsFor(words)
      return text === '' ? 0 : { text, data: text.split('\n') }
    }
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined
    if (script !== undefined) return { text: script.trimEnd(), verbatim: true, data: script }
    throw userError({
      place: 'lab completion',
      fact: `there is no completion for ${printable(shell, 60)}`,
      wayOut: `name one of ${Object.keys(SCRIPTS).join(', ')}`,
    })
  },
})
