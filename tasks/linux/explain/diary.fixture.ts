/**
 * A diary of a week of kernel tracing, in the form of the activity log that the project began with: prose, terminal
 * copies and the kernel's own messages, newest day first. The prose is made to look like messages where it can.
 */
import { LOG } from '../ftrace/trace-log.fixture.ts'

const trace = (...lists: (readonly string[])[]): string =>
  lists.map((list) => `\`\`\`\n${list.join('\n')}\n\`\`\``).join('\n\n')

const NULL_CHECK = `0: (bf) r6 = r1
1: (b7) r1 = 0
2: (7b) *(u64 *)(r10 -8) = r1
3: (bf) r2 = r10
4: (07) r2 += -8
5: (18) r1 = 0xffff9addc0f18300
7: (85) call bpf_map_lookup_elem#1
8: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'`

const WIDE = `0: (bf) r6 = r1
5: (18) r1 = 0xffff9addc4f82200
7: (85) call bpf_map_lookup_elem#1
8: (15) if r0 == 0x0 goto pc+10
 R0=map_value(id=0,off=0,ks=4,vs=4,imm=0) R6=ctx(id=0,off=0,imm=0) R10=fp0
9: (79) r1 = *(u64 *)(r6 +16)
10: (79) r2 = *(u64 *)(r0 +0)
 R0=map_value(id=0,off=0,ks=4,vs=4,imm=0) R1=inv(id=0) R6=ctx(id=0,off=0,imm=0) R10=fp0
invalid access to map value, value_size=4 off=0 size=8
R0 min value is outside of the array range`

const DIRECT = `0: (79) r3 = *(u64 *)(r1 +112)
1: (79) r4 = *(u64 *)(r1 +104)
2: (71) r5 = *(u8 *)(r4 +0)
R4 invalid mem access 'inv'`

export const DIARY = {
  prose: `## diary

- The verifier says "invalid mem access" for anything, and I no longer believe that copyout is a notrace function. A colleague could not
  probe notrace functions either; her kernel was out of memory, mine has no init, and systemd froze.
- EINVAL from kprobe_events: strace shows the write, and the BTF of vmlinux failed to load last week. asm goto is not supported by my clang.
- There was an undefined reference somewhere in the linker's output. The version code 263936 is that of 4.7; kern_version must fit.
- 8: (I think) r1 was NULL. 12: (maybe) the char value is 50, the map value too.
- cgroup v1 support is refused by newer distributions; VFS: nothing. Lost events: none, I hope.
- grep copyout in kallsyms finds the symbol t copyout, see ffffffff81 above.`,
  traces: trace(...Object.values(LOG)),
  '5/2': `- dmesg has two of them

[ 4631.148994] trace_kprobe: Could not probe notrace function copy_page_to_iter
[ 4723.077755] trace_kprobe: Could not probe notrace function copy_page_to_iter

$ strace ./hello
bpf(BPF_PROG_LOAD, {prog_type=BPF_PROG_TYPE_KPROBE, insn_cnt=15, insns=0x561fad0ee2a0, license="GPL", kern_version=328704, prog_flags=0}, 120) = 4
write(5, "p:__x64_sys_write __x64_sys_writ"..., 33) = 33
$ strace ./iter f
bpf(BPF_PROG_LOAD, {prog_type=BPF_PROG_TYPE_KPROBE, insn_cnt=11, insns=0x55b5b14462b0, license="GPL", kern_version=328704, prog_flags=0}, 120) = 4
write(5, "p:copy_page_to_iter copy_page_to"..., 37) = -1 EINVAL (Invalid argument)`,
  '27/1': `bpf_load.c:(.text+0x48): undefined reference to \`test_attr__enabled'
bpf_load.c:(.text+0x72): undefined reference to \`test_attr__open'
collect2: error: ld returned 1 exit status`,
  '22/1': `bpf_load_program() err=13\n${DIRECT}\n${DIRECT}\n\`\`\``,
  '19/1': `$ cat /proc/kallsyms | grep copyout
          (null) T nanosleep_copyout
          (null) t copyout
          (null) t raw_cmd_copyout.isra.9	[floppy]
$ cat /proc/kallsyms | grep giulia
          (null) t copy_page_to_iter_giulia.part.13
          (null) T copy_page_to_iter_giulia
          (null) r __ksymtab_copy_page_to_iter_giulia
          (null) r __kstrtab_copy_page_to_iter_giulia
$ cat /proc/kallsyms | grep raw_copy
          (null) t qxl_draw_copyarea	[qxl]
`,
  '11/1': `buffer on user side = 0x559d5718d450, file value 31
read map value 50

buffer on user side = 0x556bd56843e0, file value 31
read buffer from map: 0x556bd56843e0, map value ffffffe0

buffer on user side = 0x5620219e54b0, file value 31
read map value ffffffb0

buffer on user side = 0x5561a6778460, file value 31
read map value 60

read buffer from map: 0x7f7efc861000, map value 0
read buffer from map: 0x55cbd9f9d3e0, map value ffffffe0
read buffer from map: 0x7fe39d34a000, map value 0
read buffer from map: 0x559f59142270, map value 70`,
  '7/1': `bpf_load_program() err=13
${NULL_CHECK}
ERROR: loading BPF program (errno 13):
${NULL_CHECK}

-----------------------------------------

bpf_load_program() err=13
${WIDE}
ERROR: loading BPF program (errno 13):
${WIDE}
\`\`\``,
} as const
