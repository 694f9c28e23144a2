import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { directoryWith } from './lab.fixture.ts'
import { diskFiles, pathProblem, resolvePath } from './paths.ts'

describe('paths', () => {
  const tool = () =>
    directoryWith({
      'kernel/config/guest.config': '',
      'vm-images/minimal/image.yaml': '',
      'vm-images/notes': '',
      'bpf/readiter.bpf.c': '',
      'bpf/workloads/readfile.c': '',
      'linux/Kbuild': '',
      'plain/file': '',
    })

  test.each([
    ['config', 'lab:guest', 'kernel/config/guest.config'],
    ['recipe', 'lab:minimal', 'vm-images/minimal'],
    ['probe', 'lab:readiter', 'bpf/readiter.bpf.c'],
    ['workload', 'lab:readfile', 'bpf/workloads/readfile.c'],
    ['tree', 'linux', 'linux'],
    ['config', './kernel/../kernel/config/guest.config', 'kernel/config/guest.config'],
  ] as const)('%s %s', (use, text, expected) => {
    const root = tool()
    const roots = { labDir: root, toolRoot: root }
    expect(resolvePath(use, text, roots)).toBe(path.join(root, expected))
    expect(pathProblem(use, text, roots, diskFiles)).toBeUndefined()
  })

  test('absolute paths stand for themselves', () => {
    const root = tool()
    const roots = { labDir: '/nowhere', toolRoot: '/nowhere' }
    expect(pathProblem('tree', path.join(root, 'linux'), roots, diskFiles)).toBeUndefined()
    expect(resolvePath('tree', path.join(root, 'linux'), roots)).toBe(path.join(root, 'linux'))
  })

  test.each([
    ['config', 'lab:gest', 'the lab ships no configuration fragment called "gest"', 'did you mean "lab:guest"?'],
    ['recipe', 'lab:x', 'the lab ships no recipe called "x"', 'shipped: lab:minimal'],
    [
      'config',
      'lab:../config/guest',
      'the lab ships no configuration fragment called "../config/guest"',
      'shipped: lab:guest',
    ],
    ['tree', 'lab:linux', 'the lab ships no kernel tree', 'give a path'],
    ['probe', 'bpf', 'probe source "bpf" is not a file', 'name a file'],
    ['recipe', 'bpf/readiter.bpf.c', 'recipe "bpf/readiter.bpf.c" is not a directory', 'name a directory'],
    ['recipe', 'plain', '"plain" is not a recipe: it has no image.yaml', 'name a directory that holds image.yaml'],
    ['tree', 'plain', '"plain" is not a kernel tree: it has no Kbuild', 'name a directory that holds Kbuild'],
    [
      'tree',
      '~/linux',
      'kernel tree "~/linux" does not exist',
      'write the path out: no shell reads it, and "~" stands for nothing here',
    ],
    [
      'probe',
      'zebra/x.c',
      'probe source "zebra/x.c" does not exist',
      'create it, or correct the path (relative to the lab file)',
    ],
    ['probe', '/zebra/x.c', 'probe source "/zebra/x.c" does not exist', 'create it, or correct the path'],
    [
      'workload',
      'bpf/workloads/readfil.c',
      'workload source "bpf/workloads/readfil.c" does not exist',
      'did you mean "bpf/workloads/readfile.c"?',
    ],
  ] as const)('%s %s: %s', (use, text, message, wayOut) => {
    const root = tool()
    expect(pathProblem(use, text, { labDir: root, toolRoot: root }, diskFiles)).toEqual({ message, wayOut })
  })

  test('a recipe whose image.yaml may not be read', () => {
    const kind = (file: string) => (file.endsWith('.yaml') ? ('unreadable' as const) : ('directory' as const))
    const files = { kind, list: () => [], read: () => undefined, real: () => undefined }
    expect(pathProblem('recipe', 'img', { labDir: '/l', toolRoot: '/t' }, files)).toEqual({
      message: 'image.yaml of recipe "img" cannot be read',
      wayOut: 'give yourself read permission',
    })
  })

  test('a file that may not be read', () => {
    const files = { kind: () => 'unreadable' as const, list: () => [], read: () => undefined, real: () => undefined }
    expect(pathProblem('probe', 'x.c', { labDir: '/l', toolRoot: '/t' }, files)).toEqual({
      message: 'probe source "x.c" cannot be read',
      wayOut: 'give yourself read permission',
    })
  })
})
