/** `lab init`: a new lab, and the two commands that come next. */
import { realpathSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { which } from '../host/which.ts'
import { initLab } from '../init/init.ts'
import { TOOL_ROOT } from './shared/app.ts'
import { defineCommand } from './command.ts'

/** A word as a POSIX shell takes it. */
const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`

export const command = defineCommand({
  usage: 'init [dir]',
  about: 'create a lab: a commented lab.yaml, one probe, one experiment that runs',
  examples: [
    ['lab init ~/my-lab', 'a lab that runs, outside this repository'],
    ['cd ~/my-lab && lab run hello', 'its one experiment'],
  ],
  work: async (_session, [dir]) => {
    const directory = resolve(dir ?? '.')
    const made = await initLab(directory)
    // npm links the program from its bin directory.
    const lab = which('lab') === undefined ? shellWord(realpathSync(join(TOOL_ROOT, 'lab'))) : 'lab'
    const away = relative(process.cwd(), directory)
    const next = [
      ...(away === '' ? [] : [`cd ${shellWord(away.startsWith('-') ? `./${away}` : away)}`]),
      `${lab} doctor`,
      `${lab} run hello`,
    ]
    return {
      text: [`made the lab ${made.name}: ${made.files.join(', ')}`, 'next:', ...next.map((line) => `  ${line}`)].join(
        '\n',
      ),
      data: { ...made, next },
    }
  },
})
