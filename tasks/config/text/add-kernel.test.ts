import { expect, test } from 'vitest'
import { Failure } from '../../engine/error.ts'
import { withKernel } from './add-kernel.ts'

const LAB = `# A lab.
lab: x
kernels:
  # The old one.
  v5.4:
    source: { tree: ../linux }   # mine
    options: { A: y }

# Images of the guest.
images:
  minimal: { recipe: lab:minimal }
`
const KERNEL = {
  source: { prebuilt: 'linux-image-6.1.0', version: '6.1-1', sha256: 'ab' },
  config: ['lab:base', 'lab:guest'],
}

test('a kernel is added behind the others; comments, blanks and everything else stay', () => {
  const { text, name } = withKernel(LAB, 'debian-12', KERNEL, 'lab.yaml')
  expect(name).toBe('debian-12')
  expect(text).toBe(
    LAB.replace(
      '    options: { A: y }\n',
      `    options: { A: y }
  debian-12:
    source:
      prebuilt: linux-image-6.1.0
      version: 6.1-1
      sha256: ab
    config: [lab:base, lab:guest]
`,
    ),
  )
})

test('a name that is taken gets a number; other indentation and a file that ends in the section are fine', () => {
  const { text, name } = withKernel('kernels:\n    a:\n        x: 1', 'a', KERNEL, 'lab.yaml')
  expect(name).toBe('a-2')
  expect(text).toBe(
    'kernels:\n    a:\n        x: 1\n    a-2:\n      source:\n        prebuilt: linux-image-6.1.0\n        version: 6.1-1\n        sha256: ab\n      config: [lab:base, lab:guest]\n',
  )
})

test.each(['lab: x\n', 'kernels: { a: { x: 1 } }\n', 'kernels: [\n'])('%j is not changed', (text) => {
  expect(() => withKernel(text, 'a', KERNEL, 'lab.yaml')).toThrow(Failure)
})
