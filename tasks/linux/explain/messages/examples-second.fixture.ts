import type { Example } from './example.fixture.ts'

export const SECOND: readonly Example[] = [
  [
    'loading objects: field Count: program count: load program: invalid argument',
    'program cannot be loaded',
    /log level 1/,
  ],
  [
    'load program: bad address (hit verifier bug, increase LogSizeStart to fit the log and check dmesg)',
    'log of the verifier is too long',
    /LogSizeStart/,
  ],
  ['/bin/sh: 1: ./tools/objtool/objtool: not found', 'objtool is not in the build tree', /modules_prepare/],
  [
    "make[1]: *** No rule to make target 'tools/objtool/objtool', needed by '/src/x.o'.  Stop.",
    'objtool is not in the build tree',
    /linux-headers/,
  ],
  [
    'configure: error: *** objtool binary /src/tools/objtool/objtool not found',
    'objtool is not in the build tree',
    /build directory/,
  ],
  [
    "[ 1.0] do_init_module: 'x'->init suspiciously returned 9, it should follow 0/-E convention",
    'init of a module returned a positive number',
    /keeps the module loaded/,
  ],
  ['WARNING: "do_thing" [/tmp/x.ko] undefined!', 'symbols without a version or definition', /EXPORT_SYMBOL/],
  ["insmod: error inserting 'x.ko': -1 Unknown symbol in module", 'module refused', /modprobe/],
  ['x: Unknown symbol do_thing', 'module needs a symbol that is not there', /do_thing/],
  [
    "ls: cannot access '/sys/kernel/debug/tracing/events/none': No such file or directory",
    'a file of the kernel',
    /no events of a group none/,
  ],
  ["x.c:1:2: error: 'struct kprobe' has no member named 'fault_handler'", 'compiler error', /5\.14/],
  ["x.c:1:2: error: too many arguments to function 'class_create'", 'compiler error', /6\.4/],
  ["x.c:1:2: error: passing argument 4 of 'proc_create' from incompatible pointer type", 'compiler error', /proc_ops/],
  ['WARN: skipping perf event due to error: Permission denied', 'an error by its number', /goes on without it/],
  [
    '[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(1,0)',
    'boot: no root device',
    /-initrd/,
  ],
  [
    '[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(254,0)',
    'boot: no root device',
    /format=qcow2/,
  ],
]
