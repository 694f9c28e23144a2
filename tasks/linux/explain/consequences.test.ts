/** What is left out because another line says why, and what is only written about. */
import { describe, expect, test } from 'vitest'
import { explainText } from './index.ts'

const rules = (...lines: string[]): string[] => explainText(lines.join('\n')).map(({ rule }) => rule)

const CALL = 'bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_HASH, key_size=8, value_size=8, max_entries=1}, 72)'

describe('a call of a strace', () => {
  test('that is made again with success is no failure', () => {
    expect(rules(`${CALL} = -1 EINVAL (Invalid argument)`, `${CALL} = 3`)).toEqual([])
  })
  test('that fails again, or of which the success belongs to another command, is one', () => {
    expect(rules(`${CALL} = -1 EINVAL (Invalid argument)`, `${CALL} = -1 EINVAL (Invalid argument)`)).toEqual([
      'bpf() refused',
    ])
    expect(rules(`${CALL} = -1 EINVAL (Invalid argument)`, 'bpf(BPF_PROG_LOAD, {insn_cnt=2}, 72) = 3')).toEqual([
      'bpf() refused',
    ])
  })
  test('that fails once and succeeds elsewhere is one', () => {
    const later = Array.from({ length: 9 }, () => 'close(3) = 0')
    expect(rules(`${CALL} = -1 EINVAL (Invalid argument)`, ...later, `${CALL} = 3`)).toEqual(['bpf() refused'])
  })
})

const MALFORMED = 'in-kernel BTF is malformed'

describe('a message that somebody says is not there', () => {
  test.each([
    [`I don't see the message "${MALFORMED}" in dmesg.`],
    [`it no longer prints ${MALFORMED}`],
    [`I have BTF in this kernel, and I don't see the message\n"${MALFORMED}" in dmesg`],
  ])('%s', (text) => {
    expect(rules(...text.split('\n'))).toEqual([])
  })
  test('is explained where it is quoted behind a colon, or below a sentence that has ended', () => {
    expect(rules(`I don't get it: ${MALFORMED}`)).toEqual(['module BTF'])
    expect(rules('It does not print more.', MALFORMED)).toContain('module BTF')
  })
})

test('without its initial file system, the panic that follows is no news', () => {
  const panic = '[ 1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)'
  expect(rules('[ 1.0] RAMDISK: EOF while reading compressed data', panic)).toEqual(['boot: initramfs'])
  expect(rules('[ 1.0] nothing', panic)).toEqual(['boot: no root device'])
})

test('the exception of bcc repeats what its first line says better', () => {
  const lines = [
    'create_probe_event: open(/sys/kernel/tracing/kprobe_events): No such file or directory',
    "Exception: Failed to attach BPF program b'p' to kprobe b'f', it's not traceable",
  ]
  expect(explainText(lines.join('\n')).map(({ what }) => what)).toEqual(['/sys/kernel/tracing/kprobe_events: ENOENT'])
  expect(rules(lines[1] ?? '')).toEqual(['probe refused'])
})

test('a log of the verifier that is cut before its reason is named as that', () => {
  const log = ['0: (b7) r1 = 0    ; R1_w=0', '1: (bf) r2 = r10   ; R2_w=fp0 R10=fp0', '2: (95) exit']
  const fixes = (...lines: string[]) => explainText(lines.join('\n')).flatMap((finding) => finding.fixes)
  const refused = "libbpf: prog 'p': BPF program load failed: Permission denied"
  expect(fixes(refused, ...log).join('\n')).toMatch(/is cut/)
  expect(fixes(refused).join('\n')).not.toMatch(/is cut/)
})

test('a trace below a line without a rule says which line it belongs to', () => {
  const [finding] = explainText(
    [
      '[ 1.000001] foo: the device answered nonsense',
      '[ 1.000002] CPU: 2 PID: 3368 Comm: x Not tainted 5.10.0',
      '[ 1.000003] Call Trace:',
      '[ 1.000004]  dump_stack+0x6b/0x83',
      '[ 1.000005]  foo_read+0x1/0x2',
      '[ 1.000006]  vfs_read+0x1/0x2',
    ].join('\n'),
  )
  expect(finding).toMatchObject({ cause: expect.stringContaining('foo: the device answered nonsense') })
})

test('a page fault by a reserved bit is a broken page table and not an address', () => {
  const [finding] = explainText(
    [
      '[ 1.000001] BUG: unable to handle page fault for address: ffff888058a67000',
      '[ 1.000002] #PF: supervisor write access in kernel mode',
      '[ 1.000003] #PF: error_code(0x000b) - reserved bit violation',
      '[ 1.000004] Oops: 000b [#1] SMP NOPTI',
      '[ 1.000005] RIP: 0010:clear_page_orig+0x12/0x40',
    ].join('\n'),
  )
  expect(finding).toMatchObject({ cause: expect.stringContaining('page table entry itself') })
})

test('the last lines of libbpf are left out where an earlier one says more', () => {
  const last = "libbpf: failed to load BPF skeleton 'x': -22"
  expect(rules("libbpf: prog 'p': relo #1: no matching targets found", last)).toEqual([
    'CO-RE: the kernel has no such type or field',
  ])
  expect(rules(last)).toEqual(['program cannot be loaded'])
})

test('BTF that could not be made is not missed a second time', () => {
  const missing = "libbpf: failed to find '.BTF' ELF section in vmlinux"
  expect(rules('btf_encoder__encode: btf__dedup failed!', missing)).toEqual(['BTF of the kernel cannot be made'])
  expect(rules(missing)).toEqual(['no BTF in the file'])
})

test('a root device that is missing is explained by the line with its error number only', () => {
  const panic = '[ 1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)'
  const findings = explainText(
    ['[ 1.0] VFS: Cannot open root device "(null)" or unknown-block(0,0): error -19', panic].join('\n'),
  )
  expect(findings).toMatchObject([{ cause: expect.stringContaining('rootfstype=') }])
})

test('checks of the kernel that are known by their place say what they mean', () => {
  const freed = ['[ 1.000001] kernel BUG at mm/slub.c:304!', '[ 1.000002] RIP: 0010:__slab_free+0x1cc/0x320']
  expect(explainText(freed.join('\n'))).toMatchObject([{ cause: expect.stringContaining('freed before') }])
  const hooked = ['[ 1.000001] WARNING: CPU: 1 PID: 4 at kernel/trace/ftrace.c:2234 ftrace_bug+0x1ea/0x212']
  expect(explainText(hooked.join('\n'))).toMatchObject([{ cause: expect.stringContaining('ftrace found other bytes') }])
})

test('what Falco makes of an error of libbpf is left out', () => {
  const falco = 'libpman: failed to load BPF object (errno: 22 | message: Invalid argument)'
  expect(rules("libbpf: prog 'p': failed to load: -22", falco)).toEqual(['program cannot be loaded'])
  expect(rules(falco)).toEqual(['Falco: driver'])
})

test('a kernel without BTF does not lack a type as well', () => {
  expect(rules('libbpf: failed to parse target BTF: -2', 'libbpf: failed to perform CO-RE relocations: -2')).toEqual([
    'no BTF in the kernel',
  ])
})

test('a trace of an access that is allowed to fail is no crash', () => {
  const frames = ['fixup_exception+0x45/0x60', 'do_general_protection+0x49/0x150', '__probe_kernel_read+0x54/0x80']
  const text = ['[ 1.000001] Call Trace:', ...frames.map((frame) => `[ 1.000002]  ${frame}`)].join('\n')
  expect(explainText(text)).toMatchObject([{ cause: expect.stringContaining('nothing crashed') }])
})
