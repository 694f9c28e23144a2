/** `lab init`: a new lab, and the commands that come next. */
import { readFileSync, realpathSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parse } from 'yaml'
import { userError } from '../engine/error.ts'
import { table } from '../engine/text.ts'
import { which } from '../host/which.ts'
import { exampleLabs } from '../init/examples.ts'
import { initLab } from '../init/init.ts'
import { quoteWord } from '../linux/kbuild/shell-commands.ts'
import { TOOL_ROOT } from './shared/app.ts'
import { defineCommand } from './command.ts'

const EXAMPLES = join(TOOL_ROOT, 'examples')

/** The experiment that comes first in a lab file that ships with the tool. */
function firstExperiment(directory: string): string {
  const { experiments } = parse(readFileSync(join(directory, 'lab.yaml'), 'utf8')) as { experiments: object }
  return Object.keys(experiments)[0] ?? ''
}

async function listed() {
  const examples = await exampleLabs(EXAMPLES)
  return {
    text: table(
      [{ head: 'EXAMPLE' }, { head: 'QUESTION' }],
      examples.map(({ name, question }) => [name, question]),
    ),
    data: examples,
  }
}

export const command = defineCommand({
  usage: 'init [dir]',
  about: 'create a lab: a commented lab.yaml with one probe and one experiment, or a copy of an example',
  options: [
    ['--from <name>', 'copy an example instead of the commented template'],
    ['--list', 'name the examples, each with its question, and create nothing'],
  ],
  examples: [
    ['lab init ~/my-lab', 'a lab that runs, outside this repository'],
    ['cd ~/my-lab && lab run hello', 'its one experiment'],
    ['lab init --from fsync ~/my-lab', 'the lab that times fsync() by journal mode, to run or to change'],
  ],
  work: async (_session, [dir], { from, list }) => {
    if (list === true) {
      if (from !== undefined || dir !== undefined)
        throw userError({ place: '--list', fact: 'it creates nothing', wayOut: 'use it alone' })
      return await listed()
    }
    const directory = resolve(dir ?? '.')
    const made = await initLab(directory, from === undefined ? undefined : { root: EXAMPLES, name: from })
    // npm links the program from its bin directory.
    const lab = which('lab') === undefined ? quoteWord(realpathSync(join(TOOL_ROOT, 'lab'))) : 'lab'
    const away = relative(process.cwd(), directory)
    const next = [
      ...(away === '' ? [] : [`cd ${quoteWord(away.startsWith('-') ? `./${away}` : away)}`]),
      `${lab} doctor`,
      `${lab} run ${firstExperiment(directory)}`,
    ]
    return {
      text: [`made the lab ${made.name}: ${made.files.join(', ')}`, 'next:', ...next.map((line) => `  ${line}`)].join(
        '\n',
      ),
      data: { ...made, next },
    }
  },
})
