import { expect, test } from 'vitest'
import { flameSvg } from '../export/flame-svg.ts'
import type { CallGraph } from '../events/call-graph.ts'
import { callStacks } from './call-stacks.ts'
import { differenceOf, flameOf } from './flame-boxes.ts'
import { addedUp, foldedText, type FoldedStack, type Frame } from './folded.ts'
import { stackTree } from './stack-tree.ts'

const stack = (weight: number, ...names: string[]): FoldedStack => ({
  frames: names.map((name): Frame => ({ name, kind: 'kernel' })),
  weight,
})
const COLOUR = { ink: 'k', soft: 'o', kernel: 'k', program: 'p', task: 't', lost: 'l', more: 'more', less: 'less' }

test('a box is as wide as its share, below the one that called it', () => {
  const { boxes, left } = flameOf(stackTree([stack(3, 'a', 'b'), stack(1, 'a', 'c'), stack(4, 'd')]))
  expect(boxes.map(({ name, depth, x, width, weight }) => [name, depth, x, width, weight])).toEqual([
    ['all', 0, 0, 1, 8],
    ['a', 1, 0, 0.5, 4],
    ['d', 1, 0.5, 0.5, 4],
    ['b', 2, 0, 0.375, 3],
    ['c', 2, 0.375, 0.125, 1],
  ])
  expect(left).toBe(0)
})

test('what is too narrow is left out and counted', () => {
  const { boxes, left } = flameOf(stackTree([stack(100_000, 'a'), stack(1, 'b')]))
  expect([boxes.map(({ name }) => name), left]).toEqual([['all', 'a'], 1])
})

test('of two arms, also what only one of them has is drawn', () => {
  const { boxes } = differenceOf(
    stackTree([stack(1, 'a', 'gone'), stack(1, 'a')]),
    stackTree([stack(30, 'a', 'new'), stack(10, 'b')]),
  )
  expect(boxes.map(({ name, width, shares }) => [name, width, shares])).toEqual([
    ['all', 1, [1, 1]],
    ['a', 0.875, [1, 0.75]],
    ['b', 0.125, [0, 0.25]],
    ['gone', 0.25, [0.5, 0]],
    ['new', 0.375, [0, 0.75]],
  ])
  const svg = flameSvg({ boxes, left: 0 }, 'x', { colours: COLOUR, show: String, sides: ['one', 'two'] })
  const fillOf = (name: string) => new RegExp(`<title>${name}: [^<]*</title><rect [^>]*fill="(\\w+)"`).exec(svg)?.[1]
  expect(['new', 'gone', 'all'].map(fillOf)).toEqual(['more', 'less', 't'])
  expect(svg).toContain('<title>gone: 50.0% of one, 0.00% of two (-50.00 points)</title>')
})

test('where a name ends in its title is known, whatever is in the name or in that of an arm', () => {
  const root = stackTree([stack(1, 'a: b', 'é<&>')])
  const svg = flameSvg(differenceOf(root, root), 'x', { colours: COLOUR, show: String, sides: ['m=c: d', 'm=e: f'] })
  const titles = [...svg.matchAll(/data-n="(\d+)"><title>([^<]*)</g)].map(([, length, title = '']) =>
    title.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&').slice(0, Number(length)),
  )
  expect(titles).toEqual(['all', 'a: b', 'é<&>'])
})

test('what a guest calls itself is no markup', () => {
  const flame = flameOf(stackTree([stack(1, '</title><script>alert(1)</script>')]))
  expect(flameSvg(flame, '"<x', { colours: COLOUR, show: String })).not.toMatch(/<script|"<x/)
})

test('the same stack of several runs is one', () => {
  expect(foldedText(addedUp([stack(1, 'a', 'b'), stack(5, 'c'), stack(2, 'a', 'b')]))).toBe('c 5\na;b 3\n')
})

test('calls: each with the time that it took itself; one without an end has none, what it called has', () => {
  const call = (name: string, ns: number | null, ...children: CallGraph['roots']) =>
    ({ kind: 'call', name, ns, children }) as const
  const message = { kind: 'message', text: 'hello' } as const
  const roots = [call('read', 100, call('copy', 30, message), call('lock', 20)), call('open', null, call('walk', 7))]
  const graph: CallGraph = { pid: 1, comm: 'cat', roots, calls: 5, unclosed: 1, orphans: 0 }
  expect(foldedText(addedUp(callStacks([graph])))).toBe(
    'cat;read 50\ncat;read;copy 30\ncat;read;lock 20\ncat;open;walk 7\n',
  )
})
