/** Which kernel a tree on the command line is for, where an experiment boots several. */
import { expect, test } from 'vitest'
import { treeFor } from '../../build/artefacts.ts'
import { changed, open } from '../../config/lab.fixture.ts'
import { choicesFor } from './choices.ts'

const PREBUILT = `images:
  minimal:`
function example() {
  const { lab } = open(
    changed(
      [
        PREBUILT,
        `  debian-12:
    source: { prebuilt: linux-image-6.1.0-50-cloud-amd64, version: 6.1.176-1, sha256: ${'e'.repeat(64)} }
${PREBUILT}`,
      ],
      ['    repeat: 5\n', '    repeat: 5\n    matrix: { kernel: [debian-12, v5.4, v5.10] }\n'],
    ),
  )
  return { lab, experiment: lab.experiments['readiter'] ?? expect.unreachable() }
}

/** The tree of each kernel, with `--source` and these arms. */
function treesOf(kernels: readonly string[]) {
  const { lab, experiment } = example()
  const some = { ...experiment, matrix: { ...experiment.matrix, kernel: kernels } }
  const choices = choicesFor(lab, some, { source: '/linux' }, {})
  return kernels.map((kernel) => treeFor(choices, kernel))
}

test('a tree is for the only kernel of a matrix that is built', () => {
  expect(treesOf(['debian-12', 'v5.4'])).toEqual([undefined, '/linux'])
  expect(treesOf(['v5.10', 'debian-12'])).toEqual(['/linux', undefined])
})

test('a tree for two kernels that are built is refused, since both would be the same kernel', () => {
  const fact = 'it is the tree of one kernel, and experiment readiter builds v5.4 and v5.10'
  expect(() => treesOf(['debian-12', 'v5.4', 'v5.10'])).toThrow(fact)
})

test('only the arms that will run count', () => {
  const { lab, experiment } = example()
  const options = { source: '/linux', only: 'kernel=v5.10' }
  const choices = choicesFor(lab, experiment, options, {})
  expect([treeFor(choices, 'v5.10'), treeFor(choices, 'v5.4')]).toEqual(['/linux', undefined])
})

test('without a matrix it is for whichever kernel the VM boots', () => {
  const { lab, experiment } = example()
  const plain = { ...experiment, matrix: {} }
  expect(treeFor(choicesFor(lab, plain, { source: '/linux' }, {}), 'v5.4')).toBe('/linux')
  expect(treeFor(choicesFor(lab, plain, {}, {}), 'v5.4')).toBeUndefined()
})
