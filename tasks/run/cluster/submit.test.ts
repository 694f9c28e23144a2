import { describe, expect, test } from 'vitest'
import { userError } from '../../engine/error.ts'
import { withTaken } from './submit.ts'

const refused = userError({ place: 'sbatch', fact: 'Slurm refuses the job: limit reached', wayOut: 'ask for less' })
const plan = { resume: 'lab run cost --on slurm:uni --kernel v5.10 --resume' }

describe('a failure after Slurm took some jobs', () => {
  test('names them, and how the rest is submitted', () => {
    expect(withTaken(refused, ['17', '18'], plan)).toMatchObject({
      kind: 'user',
      parts: {
        place: 'sbatch',
        fact: 'Slurm refuses the job: limit reached',
        lines: ['2 jobs of the plan had been submitted and will run: 17, 18'],
        wayOut: '`lab run cost --on slurm:uni --kernel v5.10 --resume` submits the rest; ask for less',
      },
    })
  })

  test('is as it was where Slurm took none', () => expect(withTaken(refused, [], plan)).toBe(refused))

  test('is as it was where it is a bug', () => {
    const bug = new TypeError('x')
    expect(withTaken(bug, ['17'], plan)).toBe(bug)
  })
})
