import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TOOL_ROOT } from '../../commands/shared/app.ts'
import { MANIFEST } from '../run.fixture.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { Kept } from './kept.ts'
import { Material } from './material.ts'

test('of a long patch the first lines are shown, which is said, and all options are counted', () => {
  const [results, kernel] = [tempDir(), `kernel-${'1'.repeat(32)}`]
  const dir = join(results, '.inputs', kernel)
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'patch.diff'), '+int a;\n'.repeat(5000))
  const options = Array.from({ length: 20_000 }, (_, index) => `CONFIG_OPTION_${index}=y\n`)
  writeFileSync(join(dir, 'config'), options.join(''))
  const manifest = { ...MANIFEST, inputs: { lab: '', image: '', kernel } }
  const { text } = new Material(new Kept(results, TOOL_ROOT)).kernel(manifest)
  expect(text).toContain('5000 lines of diff (only the first 4000 are shown)')
  expect(text).toContain('20000 options are set')
})

test('a patch has its lines, each marked for what it is', () => {
  const [results, kernel] = [tempDir(), `kernel-${'0'.repeat(32)}`]
  const dir = join(results, '.inputs', kernel)
  mkdirSync(dir, { recursive: true })
  const patch = ['--- a/f', '+++ b/f', '@@ -1,3 +1,3 @@', ' int a;', '-int <b>;', '+int c;', ' int d;', '']
  writeFileSync(join(dir, 'patch.diff'), patch.join('\n'))
  writeFileSync(join(dir, 'config'), 'CONFIG_BPF=y\n# CONFIG_NET is not set\nCONFIG_HZ=250\n')
  const kept = new Kept(results, TOOL_ROOT)
  const manifest = { ...MANIFEST, inputs: { lab: '', image: '', kernel } }
  const { text } = new Material(kept).kernel(manifest)
  expect(text).toContain('7 lines of diff')
  const [, shown = ''] = /<pre class="diff"[^>]*>([^]*?)<\/pre>/.exec(text) ?? []
  expect(shown.split('\n')).toEqual([
    '<span class="file">--- a/f</span>',
    '<span class="file">+++ b/f</span>',
    '<span class="hunk">@@ -1,3 +1,3 @@</span>',
    ' int a;',
    '<span class="del">-int &lt;b&gt;;</span>',
    '<span class="add">+int c;</span>',
    ' int d;',
    '',
  ])
})
