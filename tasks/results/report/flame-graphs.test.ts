import { expect, test } from 'vitest'
import { Exhibits } from './exhibits.ts'
import { flameGraphsHtml, type ArmStacks } from './flame-graphs.ts'

const arm = (name: string): ArmStacks => ({
  arm: name,
  name: 'waits',
  unit: undefined,
  stacks: [{ frames: [{ name: 'vfs_read', kind: 'kernel' }], weight: 28_879 }],
  runs: [],
  read: 1,
  of: 1,
  notes: [],
})
const graphs = (count: number) => {
  const exhibits = new Exhibits()
  const arms = Array.from({ length: count }, (_, index) => arm(`n=${index}`))
  const { text } = flameGraphsHtml('x', { head: 'Stacks', option: '--stacks' }, arms, exhibits)
  return { text: text.replaceAll(/\s+/g, ' '), captions: exhibits.figures.map(({ caption }) => caption) }
}

test('arms and differences that are not drawn are counted', () => {
  expect(graphs(5).text).not.toContain('Not drawn')
  const { text, captions } = graphs(6)
  expect(captions).toHaveLength(10)
  expect(text).toContain('Not drawn of waits: 1 more difference. <code>lab trace RUN --stacks</code>')
  expect(graphs(8).text).toContain('Not drawn of waits: 2 more arms and 3 more differences.')
})

test('what was counted is written as in tables', () =>
  expect(graphs(1).captions).toEqual([expect.stringContaining('x, n=0: waits, 28\u202f879 in 1 stack of 1 run.')]))
