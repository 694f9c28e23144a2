import { describe, expect, test } from 'vitest'
import { directoryWith, EXAMPLE, labDirectory, RECIPE, HOST } from './lab.fixture.ts'
import { render } from './text/diagnostic.ts'
import { openLab } from './open.ts'
import { Failure } from '../engine/error.ts'
import { readRecipe } from './recipe.ts'

const said = (text: string) => readRecipe('image.yaml', new TextEncoder().encode(text)).diagnostics.flatMap(render)

test('defaults', () => {
  expect(readRecipe('image.yaml', new TextEncoder().encode(RECIPE)).recipe).toEqual({
    suite: 'trixie',
    variant: 'minbase',
    packages: [],
    exclude: [],
    size: '1G',
    init: '/sbin/init',
    shell: '/bin/sh',
  })
})

describe('each mistake has its place and a way out', () => {
  test.each<[string, string, readonly string[]]>([
    [
      'YAML',
      'suite: "trixie\n',
      [
        'image.yaml:1:8 this quote is never closed',
        '    suite: "trixie',
        '           ~',
        '  way out: add the closing quote',
      ],
    ],
    [
      'empty',
      '',
      [
        'image.yaml:1:1 the file is empty',
        '  way out: lab:minimal (vm-images/minimal/image.yaml) is a complete example',
      ],
    ],
    [
      'an unknown key',
      `${RECIPE}shel: /bin/sh\n`,
      [
        'image.yaml:5:1 unknown key "shel" in a recipe',
        '    shel: /bin/sh',
        '    ~~~~',
        '  way out: did you mean "shell"?',
      ],
    ],
    [
      'a missing key',
      RECIPE.replace('init: /sbin/init\n', ''),
      ['image.yaml:1:1 missing key "init" in a recipe', '    suite: trixie', '    ~~~~~', '  way out: add "init:"'],
    ],
    [
      'another type',
      RECIPE.replace('[]', 'dropbear'),
      [
        'image.yaml:2:11 packages: expected a list',
        '    packages: dropbear',
        '              ~~~~~~~~',
        '  way out: lab:minimal (vm-images/minimal/image.yaml) is a complete example',
      ],
    ],
    [
      'another word',
      `${RECIPE}variant: small\n`,
      [
        'image.yaml:5:10 variant: this value is not known',
        '    variant: small',
        '             ~~~~~',
        '  way out: write minbase, essential, required, important, apt, standard',
      ],
    ],
    // Both would be read by others than us: mmdebstrap's hook is a line of shell on the host.
    [
      'a shell with a command',
      `${RECIPE}shell: "/bin/sh; reboot"\n`,
      [
        'image.yaml:5:8 shell: "/bin/sh; reboot" is not allowed',
        '    shell: "/bin/sh; reboot"',
        '           ~~~~~~~~~~~~~~~~~',
        '  way out: write an absolute path of letters, digits, ".", "_" and "-"',
      ],
    ],
    [
      'an init with another parameter',
      RECIPE.replace('/sbin/init', '"/sbin/init quiet"'),
      [
        'image.yaml:4:7 init: "/sbin/init quiet" is not allowed',
        '    init: "/sbin/init quiet"',
        '          ~~~~~~~~~~~~~~~~~~',
        '  way out: write an absolute path of letters, digits, ".", "_" and "-"',
      ],
    ],
    [
      'a second option for dpkg',
      `${RECIPE}exclude: ["/a\\npre-invoke=reboot"]\n`,
      [
        'image.yaml:5:11 exclude.0: "/a\\npre-invoke=reboot" is not allowed',
        '    exclude: ["/a\\npre-invoke=reboot"]',
        '              ~~~~~~~~~~~~~~~~~~~~~~~',
        '  way out: write a pattern of absolute paths on one line',
      ],
    ],
  ])('%s', (_, text, lines) => {
    expect(said(text)).toEqual(lines)
  })
})

test('the lab is not right while a recipe of it is wrong, and both are reported', () => {
  const recipe = directoryWith({ 'image.yaml': 'suite: [\n' })
  const files = labDirectory(EXAMPLE.replace('cpus: 2', 'cpus: two').replace('vm-images/minimal', recipe))
  const opened = () => openLab({ cwd: files, toolRoot: files, host: HOST })
  expect(opened).toThrow(Failure)
  expect(opened).toThrow('2 problems in lab.yaml and image.yaml')
})
