import { describe, expect, test } from 'vitest'
import { changed, complaints } from '../lab.fixture.ts'

/** The first complaint without its excerpt: message and way out. */
function said(text: string): { count: string; message: string; wayOut: string } {
  const [count = '', first = '', ...rest] = complaints(text).split('\n')
  const wayOut = rest.find((line) => line.startsWith('  way out: ')) ?? ''
  return { count, message: first.replace(/^lab\.yaml:\d+:\d+ /, ''), wayOut: wayOut.replace('  way out: ', '') }
}

describe('each as one problem, in words for people', () => {
  const SOURCE = '      url: https://cdn.kernel.org/pub/linux/kernel/v5.x/linux-5.4.tar.xz\n'
  const SHA = '      sha256: bf338980b1670bca287f9994b7441c2361907635879169c64ae78364efc5f491\n'
  const FORMS =
    'its keys are url + sha256; or package + suite + version + sha256; or prebuilt + version + sha256; or file + sha256; or tree; or git + ref'
  test.each([
    // Unknown and missing keys.
    ['    cpus: 2', '    cpu: 2', 'unknown key "cpu" in vm default', 'did you mean "cpus"?'],
    ['    cpus: 2', '    vcpus: 2', 'unknown key "vcpus" in vm default', 'did you mean "cpus"?'],
    [
      '    compat: auto',
      '    memory: 1G',
      'unknown key "memory" in kernel v5.4',
      '"memory" is a key of a vm: look at the indentation',
    ],
    [
      'lab: copyout',
      'lab: copyout\nzebra: 1',
      'unknown key "zebra" in the lab file',
      'the keys of this mapping are lab, kernels, images, vms, probes, experiments',
    ],
    [
      '    accel: auto',
      '    <<: { a: 1 }',
      'unknown key "<<" in vm default',
      'YAML merge keys are not part of this format: write the keys out, or *name as the whole value',
    ],
    [
      'lab: copyout\n',
      '',
      'missing key "lab" in the lab file',
      'add "lab:", the name of the lab: of its state, its cache entries and its VMs',
    ],
    ['      sha256: bf', '      sha265: bf', 'unknown key "sha265" in source of kernel v5.4', 'did you mean "sha256"?'],
    // The forms of a source.
    [
      SHA,
      '',
      'missing key "sha256" in source of kernel v5.4',
      'add "sha256:", the SHA-256 of the file, as sha256sum prints it',
    ],
    [
      '      suite: bullseye\n',
      '',
      'missing key "suite" in source of kernel v5.10',
      'add "suite:", the Debian suite that has the package, for example bullseye',
    ],
    [SOURCE, `${SOURCE}      git: x\n`, 'source of kernel v5.4 has both "url" and "git"', 'keep one of the two'],
    [
      SOURCE,
      SOURCE.replace('url', 'uri'),
      'source of kernel v5.4 has none of the keys url, package, prebuilt, file, tree, git',
      'did you mean "url"?',
    ],
    [
      `    source:\n${SOURCE}${SHA}`,
      '    source: linux-5.4.tar.xz\n',
      'source of kernel v5.4: expected a mapping, found text',
      FORMS,
    ],
    [
      `    source:\n${SOURCE}${SHA}`,
      '    source: {}\n',
      'source of kernel v5.4 has none of the keys url, package, prebuilt, file, tree, git',
      FORMS,
    ],
    [
      `    source:\n${SOURCE}${SHA}`,
      '    source:\n',
      'source of kernel v5.4: expected a mapping, found nothing',
      'indent its entries below it, or delete the key',
    ],
    [
      'url: https:',
      'url: ftp:',
      'source.url of kernel v5.4: "ftp://cdn.kernel.org/pub/linux/kernel/v5.x/linux-5.4.tar.xz" is not allowed',
      'a URL begins with https:// or http://',
    ],
    [
      'bf338980b1670bca',
      'BF338980b1670bca',
      'source.sha256 of kernel v5.4: "BF338980b1670bca287f9994b7441c2361907635879169c64ae78364e…" is not allowed',
      'a sha256 is 64 lower-case hexadecimal digits',
    ],
    // Types.
    [
      '    cpus: 2',
      '    cpus: "2"',
      'cpus of vm default: expected a whole number or a mapping, found text',
      'write 2, without quotes',
    ],
    [
      '    cpus: 2',
      '    cpus: 1.5',
      'cpus of vm default: expected a whole number, found a number with a fraction',
      'number of CPUs, 1 to 64 (default: 2), or { sockets, cores }',
    ],
    [
      '    accel: auto',
      '    deterministic: true',
      'deterministic of vm default: expected yes or no, found the truth value true',
      'write yes',
    ],
    [
      '    accel: auto',
      '    accel: false',
      'accel of vm default: expected kvm or tcg or auto, found the truth value false',
      'write kvm or tcg or auto',
    ],
    ...['010', '0xa', '1e1', '10.0'].map((text): [string, string, string, string] => [
      'repeat: 5',
      `repeat: ${text}`,
      `${text} without quotes is the number 10`,
      'write it in plain decimal digits',
    ]),
    [
      'repeat: 5',
      'repeat: "010"',
      'repeat of experiment readiter: expected a whole number or a mapping, found text',
      'write 10, without quotes',
    ],
    ['times: ${count}', 'times: 010', '010 without quotes is the number 10', 'write it in plain decimal digits'],
    [
      'repeat: 5',
      'parallel: automatic',
      'parallel of experiment readiter: "automatic" is not auto',
      'write a whole number, or auto',
    ],
    ['repeat: 5', 'parallel: autom', 'parallel of experiment readiter: "autom" is not auto', 'did you mean "auto"?'],
    [
      'repeat: 5',
      'before: [reboot]',
      'before[0] of experiment readiter: "reboot" is not drop-caches',
      'write drop-caches, or { sysctl: ... }, { remount: ... }, { pin: ... }, { run: ... }',
    ],
    [
      'repeat: 5',
      'maps: { t: { a: 1.5 } }',
      'maps.t.a of experiment readiter: expected a whole number, found a number with a fraction',
      'a value (a whole number, text, ${workload.pid} or a parameter), or fields of a struct',
    ],
    [
      'repeat: 5',
      'maps: { t: { a: { b: [1] } } }',
      'maps.t.a.b of experiment readiter: expected a whole number or text, found a list',
      'a whole number, text, ${workload.pid} or a parameter',
    ],
    ['    cpus: 2', '    cpus: 0x2', '0x2 without quotes is the number 2', 'write it in plain decimal digits'],
    [
      '    cpus: 2',
      '    cpus:',
      'cpus of vm default: expected a whole number or a mapping, found nothing',
      'write a value, or delete the key',
    ],
    [
      'kernel: { use: v5.4, fallback: [v5.10] }',
      'kernel: [v5.4]',
      'kernel of vm default: expected text or a mapping, found a list',
      'the name of a kernel, or { use, fallback }',
    ],
    [
      'kernel: { use: v5.4, fallback: [v5.10] }',
      'kernel: 5.4',
      'kernel of vm default: expected text; 5.4 without quotes is a number',
      'quote it: "5.4"',
    ],
    [
      'kernel: { use: v5.4, fallback: [v5.10] }',
      'kernel: { fallback: [v5.10] }',
      'missing key "use" in kernel of vm default',
      'add "use:", the kernel to boot',
    ],
    [
      'NOTRACE: y',
      'NOTRACE: true',
      'options.KPROBE_EVENTS_ON_NOTRACE of kernel v5.4: expected a whole number or text, found the truth value true',
      'write y or n',
    ],
    [
      'KPROBE_EVENTS_ON_NOTRACE',
      'CONFIG_KPROBE_EVENTS',
      'the name "CONFIG_KPROBE_EVENTS" in options of kernel v5.4 is not allowed',
      'an option is named without CONFIG_, with letters, digits and "_"',
    ],
    ['NR_CPUS: 8', 'PHYSICAL_START: 0x1000', '0x1000 without quotes is the number 4096', 'quote it: "0x1000"'],
    [
      'probes:\n  readiter',
      'probes:\n  - readiter',
      'probes: expected a mapping, found a list',
      'write "name: value" entries, without "- "',
    ],
    // Limits.
    ['    cpus: 2', '    cpus: 65', 'cpus of vm default: 65 is too large', 'write at most 64'],
    ['repeat: 5', 'repeat: 0', 'repeat of experiment readiter: 0 is too small', 'write at least 1'],
    [
      'functions: [copy_page_to_iter, copyout]',
      'functions: []',
      'parallelPath.functions of kernel v5.4: the list is empty',
      'name at least one',
    ],
    [
      'order: ["ext4 file read", "/copyout to 0x[0-9a-f]+ len ${bytes}/"]',
      'order: []',
      'expect[0].order of experiment readiter: the list is empty',
      'name at least one',
    ],
    [
      '    memory: 1G',
      '    memory: 512',
      'memory of vm default: expected text; 512 without quotes is a number',
      'a size is a whole number with K, M or G, for example 64M',
    ],
    [
      '    memory: 1G',
      '    memory: 1GiB',
      'memory of vm default: "1GiB" is not allowed',
      'a size is a whole number with K, M or G, for example 64M',
    ],
    // Values from a list.
    [
      '    accel: auto',
      '    accel: kwm',
      'accel of vm default: "kwm" is not one of kvm, tcg, auto',
      'did you mean "kvm"?',
    ],
    [
      '    accel: auto',
      '    accel: fast',
      'accel of vm default: "fast" is not one of kvm, tcg, auto',
      'write kvm or tcg or auto',
    ],
    ['fs: ext4', 'fs: xfs', 'disks.data.fs of vm default: "xfs" is not ext4, the only value', 'write ext4'],
    [
      'per: read',
      'per: raed',
      'expect[0].per of experiment readiter: "raed" is not one of sequence, read, run',
      'did you mean "read"?',
    ],
    // Parameters.
    [
      'bytes: [16]',
      'bytes: [0.5]',
      'params.bytes[0] of experiment readiter: expected text; 0.5 without quotes is a number',
      'quote it: "0.5"',
    ],
    [
      'bytes: [16]',
      'bytes: [1.10]',
      'params.bytes[0] of experiment readiter: expected text; 1.10 without quotes is the number 1.1',
      'quote it: "1.10"',
    ],
    ['bytes: [16]', 'bytes: [0755]', '0755 without quotes is the number 755', 'quote it: "0755"'],
    ['bytes: [16]', 'bytes: [1e3]', '1e3 without quotes is the number 1000', 'quote it: "1e3"'],
    [
      'bytes: [16]',
      'bytes: 16',
      'params.bytes of experiment readiter: expected a list, found a number',
      'write it as a list: [16]',
    ],
    [
      'bytes: [16]',
      'bytes: [yes, true]',
      'params.bytes[1] of experiment readiter: expected a whole number or text, found the truth value true',
      'quote it: "true"',
    ],
    ['times: ${count}', 'times: -1', 'expect[0].times of experiment readiter: -1 is too small', 'write at least 0'],
    [
      'times: ${count}',
      'times: often',
      'expect[0].times of experiment readiter: "often" is not allowed',
      'times is a whole number or one parameter, for example ${count}',
    ],
    // Names and paths.
    [
      '  minimal: {',
      '  "a b": {',
      'the name "a b" in images is not allowed',
      'a name has letters, digits, ".", "_" and "-", begins with a letter or digit, and has at most 63 of them',
    ],
    [
      'recipe: vm-images/minimal',
      'recipe: "a\\0b"',
      'recipe of image minimal: "a\\x00b" is not allowed',
      'a path is not empty and has no control characters',
    ],
  ])('%j -> %j', (from, to, message, wayOut) => {
    const { count, ...rest } = said(changed([from, to]))
    expect(rest).toEqual({ message, wayOut })
    // Images: the reference to the renamed one dangles, rightly.
    expect(count).toBe(to.includes('a b') ? '2 problems in lab.yaml' : '1 problem in lab.yaml')
  })
})
