/** `lab lock`: writes lab.lock, or says what is not as it has it. */
import { readLabLock } from '../config/lock-file.ts'
import { EXIT, userError } from '../engine/error.ts'
import { hostStep } from '../build/host-tools.ts'
import { checkLabLock, lockStep } from '../build/lab-lock.ts'
import { toolsFor } from '../build/artefacts.ts'
import { openApp } from './shared/app.ts'
import { defineCommand } from './command.ts'

export const command = defineCommand({
  usage: 'lock',
  about: 'write lab.lock: packages with versions and hashes, tools, sources; images are then built from these packages',
  options: [['--check', 'list the differences from lab.lock, and write nothing']],
  work: async (session, _words, options) => {
    const { lab, context } = openApp(session)
    await hostStep(context, toolsFor(lab, Object.keys(lab.kernels), []))
    if (options.check !== true) {
      const { file, lock } = await lockStep(lab, context)
      const packages = Object.values(lock.images).reduce((sum, image) => sum + image.packages.length, 0)
      const built = Object.values(lock.kernels).filter(({ bzImage }) => bzImage !== undefined).length
      return {
        text: [
          `${file}: ${packages} packages with their hashes, ${Object.keys(lock.tools).length} tools, ${Object.keys(lock.kernels).length} kernel sources (${built} with the binary that was built here)`,
          'keep it beside lab.yaml: from now on images are built from these packages',
        ].join('\n'),
        data: { file, lock },
      }
    }
    const lock = readLabLock(lab.directory)
    if (lock === undefined)
      throw userError({ place: lab.directory, fact: 'there is no lab.lock', wayOut: '`lab lock` writes one' })
    const differences = await checkLabLock(lab, lock, context)
    return {
      text:
        differences.length === 0
          ? 'everything is as in lab.lock'
          : [
              ...differences.map(({ what, fact }) => `${what}: ${fact}`),
              `${differences.length} not as in lab.lock; \`lab lock\` records the current state`,
            ].join('\n'),
      data: { same: differences.length === 0, differences },
      status: differences.length === 0 ? EXIT.done : EXIT.experiment,
    }
  },
})
