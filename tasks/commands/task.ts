/** `lab task`: what is due of one block of a plan. Jobs of a cluster call it; people may. */
import { resolve } from 'node:path'
import { userError } from '../engine/error.ts'
import { blockTask } from '../run/cluster/block-task.ts'
import { readPlan } from '../run/cluster/stored-plan.ts'
import { defineCommand } from './command.ts'
import { wholeNumber } from './shared/values.ts'

export const command = defineCommand({
  usage: 'task <plan> <block>',
  about: 'do what is due of one block of a plan of `lab run --on slurm`; its jobs call this',
  options: [
    ['--from <n>', 'the block that number 0 means', wholeNumber('a number of a block', 0, 2 ** 20)],
    ['--scratch <dir>', "a directory on this node's own disk, to which the inputs of the runs are copied once"],
  ],
  examples: [['lab task .lab/slurm/0123456789ab 3', 'the fourth repeat of every arm']],
  work: async ({ context }, [dir, number], { from = 0, scratch }) => {
    const path = resolve(dir)
    const plan = await readPlan(path)
    const block = from + wholeNumber('a number of a block', 0, 2 ** 20)([number], 'block')
    if (block >= plan.blocks)
      throw userError({
        place: `block ${block}`,
        fact: `plan ${plan.id} has ${plan.blocks} blocks, from 0`,
        wayOut: `give a number up to ${plan.blocks - 1}`,
      })
    const { runs, made, passed, by } = await blockTask(
      { dir: path, plan, block, scratch: scratch === undefined ? undefined : resolve(scratch) },
      context,
    )
    const where = `block ${block + 1} of ${plan.blocks} of ${plan.experiment}`
    const text =
      by !== undefined
        ? `${where}: ${by} is at it`
        : `${where}: ${made === 0 ? 'nothing was due' : `${made} results made`}, ${passed} of ${runs} runs passed`
    return { text, data: { block, runs, made, passed, ...(by !== undefined && { by }) } }
  },
})
